/* test_precision.c - the setting, word by word. */
#include "../../server/precision.h"
#include "../check.h"

#include <string.h>

static enum lat_precision of(const char *setting, const char *model)
{
    enum lat_precision p = LAT_N_PRECISIONS;

    CHECK(latd_precision_of(&p, setting, model, NULL) == LAT_OK);
    return p;
}

TEST(precision, is_float32_where_nothing_is_said)
{
    UNUSED_STATE;
    CHECK(of("", "a") == LAT_FLOAT32);
    CHECK(of("  ", "") == LAT_FLOAT32);
}

TEST(precision, is_that_of_all_models_or_of_one)
{
    static const char some[] = "bfloat16, a=float32 b=bfloat16,ab=float32";

    UNUSED_STATE;
    CHECK(of("bfloat16", "a") == LAT_BFLOAT16);
    CHECK(of(some, "a") == LAT_FLOAT32);
    CHECK(of(some, "b") == LAT_BFLOAT16);
    CHECK(of(some, "c") == LAT_BFLOAT16);
    CHECK(of(some, "ab") == LAT_FLOAT32);
    CHECK(of("a=bfloat16", "a") == LAT_BFLOAT16);
    CHECK(of("a=bfloat16", "ab") == LAT_FLOAT32);
    CHECK(of("a=bfloat16", "") == LAT_FLOAT32);
}

TEST(precision, names_the_word_that_it_cannot_read)
{
    static const char *const bad[] = {"float16", "bfloat16 a=int8", "=",
                                      "a=b=bfloat16"};
    char wide[300];

    UNUSED_STATE;
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        enum lat_precision p = LAT_N_PRECISIONS;
        struct lat_err err = {0};
        const char *last = strrchr(bad[i], ' ');

        CHECK(latd_precision_of(&p, bad[i], "", &err) == LAT_EINVAL);
        CHECK(p == LAT_N_PRECISIONS);
        CHECK(strstr(err.msg, last ? last + 1 : bad[i]) != NULL);
    }
    CHECK(latd_precision_of(&(enum lat_precision){0}, wide, "", NULL) ==
          LAT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(precision, is_float32_where_nothing_is_said),
        T(precision, is_that_of_all_models_or_of_one),
        T(precision, names_the_word_that_it_cannot_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
