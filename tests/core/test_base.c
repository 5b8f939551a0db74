/* test_base.c - errors, memory, digests, the generator, the team. */
#include "../../core/base/mem.h"
#include "../../core/base/rng.h"
#include "../../core/base/team.h"
#include "../../core/latent/base.h"
#include "../check.h"

#include <string.h>

TEST(err, reads_from_outside_to_inside)
{
    struct lat_err err = {0};
    enum lat_code code;

    UNUSED_STATE;
    code = lat_fail_word(&err, LAT_EUNFIT, "unknown_unit", "unit is %s", "mX");
    code = lat_at(&err, code, "unit");
    code = lat_at(&err, code, "[%d]", 2);
    code = lat_at(&err, code, "channels");
    code = lat_wrap(&err, code, "record %d", 100);
    CHECK(code == LAT_EUNFIT && err.code == LAT_EUNFIT);
    assert_string_equal(err.msg, "record 100: unit is mX");
    assert_string_equal(err.param, "channels[2].unit");
    assert_string_equal(err.word, "unknown_unit");
}

TEST(err, may_be_null_and_never_overflows)
{
    struct lat_err err = {0};
    char lng[2000];

    UNUSED_STATE;
    memset(lng, 'x', sizeof(lng) - 1);
    lng[sizeof(lng) - 1] = '\0';
    CHECK(lat_fail(NULL, LAT_EIO, "gone") == LAT_EIO);
    CHECK(lat_wrap(NULL, LAT_EIO, "gone") == LAT_EIO);
    for (int i = 0; i < 10; i++) {
        lat_fail(&err, LAT_EIO, "%s", lng);
        lat_wrap(&err, LAT_EIO, "%s", lng);
        lat_at(&err, LAT_EIO, "%s", lng);
    }
    CHECK(strlen(err.msg) < sizeof(err.msg));
    CHECK(strlen(err.param) < sizeof(err.param));
}

TEST(mem, is_zeroed_aligned_and_refuses_overflow)
{
    unsigned char *p = lat_calloc(3, 7);

    UNUSED_STATE;
    CHECK(p && (uintptr_t)p % 64 == 0);
    for (size_t i = 0; i < 21; i++)
        CHECK(p[i] == 0);
    lat_free(p);
    CHECK(lat_calloc(SIZE_MAX / 2, 3) == NULL);
}

TEST(buf, grows_and_remembers_a_failure)
{
    struct lat_buf b = {0};

    UNUSED_STATE;
    for (int i = 0; i < 1000; i++)
        lat_buf_printf(&b, "%d,", i);
    CHECK(!b.failed && b.len == 3890 && strlen(b.v) == b.len);
    lat_buf_fini(&b);
    lat__mem_fail_after = 0;
    lat_buf_puts(&b, "x");
    lat__mem_fail_after = -1;
    lat_buf_puts(&b, "y");
    CHECK(b.failed && b.len == 0);
    lat_buf_fini(&b);
}

TEST(sha256, matches_the_standard)
{
    struct lat_sha256 h;
    uint8_t digest[LAT_DIGEST];
    char hex[LAT_DIGEST_HEX];

    UNUSED_STATE;
    lat_sha256_init(&h);
    lat_sha256_add(&h, "a", 1);
    lat_sha256_add(&h, "bc", 2);
    lat_sha256_end(&h, digest);
    lat_digest_hex(hex, digest);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb"
                             "410ff61f20015ad");
}

TEST(rng, repeats_itself_and_has_the_right_moments)
{
    struct lat_rng r, again;
    double sum = 0.0, sum2 = 0.0;
    enum { N = 100000 };

    UNUSED_STATE;
    lat__rng_seed(&r, 7);
    lat__rng_seed(&again, 7);
    for (int i = 0; i < N; i++) {
        double x = lat__rng_normal(&r);

        CHECK(x == lat__rng_normal(&again));
        sum += x;
        sum2 += x * x;
        CHECK(lat__rng_below(&r, 5) < 5);
        (void)lat__rng_below(&again, 5);
    }
    CHECK_NEAR(sum / N, 0.0, 0.02);
    CHECK_NEAR(sum2 / N, 1.0, 0.02);
}

static void count_part(void *arg, size_t part)
{
    ((int *)arg)[part]++;
}

TEST(team, does_each_part_once_on_any_number_of_threads)
{
    UNUSED_STATE;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct lat_team *t = NULL;
        int parts[LAT_PARTS] = {0};

        CHECK(lat__team_new(&t, threads, NULL) == LAT_OK);
        for (int i = 0; i < 200; i++)
            lat__team_run(t, count_part, parts);
        for (size_t i = 0; i < LAT_PARTS; i++)
            CHECK(parts[i] == 200);
        lat__team_free(t);
    }
}

/* Slow enough for rounds to begin and end meanwhile. */
static void count_slowly(void *arg, size_t part)
{
    volatile unsigned x = 0;

    for (unsigned i = 0; i < 20000; i++)
        x += i;
    ((int *)arg)[part]++;
}

TEST(team, does_what_is_aside_once_and_each_round_as_well)
{
    UNUSED_STATE;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct lat_team *t = NULL;
        int parts[LAT_PARTS] = {0}, aside[LAT_PARTS] = {0};

        CHECK(lat__team_new(&t, threads, NULL) == LAT_OK);
        for (int i = 0; i < 50; i++) {
            lat__team_aside(t, count_slowly, aside);
            for (int k = 0; k < i % 7; k++)
                lat__team_run(t, count_part, parts);
            lat__team_await(t);
            lat__team_await(t);
            for (size_t k = 0; k < LAT_PARTS; k++)
                CHECK(aside[k] == i + 1);
        }
        for (size_t i = 0; i < LAT_PARTS; i++)
            CHECK(parts[i] == 7 * 21 /* i % 7, of 49, and 0 */);
        lat__team_aside(t, count_slowly, aside);
        lat__team_free(t); /* with parts that nobody took */
    }
}

TEST(file, is_replaced_whole_or_not_at_all)
{
    char dir[] = "/tmp/latent-test-XXXXXX", path[64];
    struct lat_err err = {0};
    char *got = NULL;
    size_t len = 0;

    UNUSED_STATE;
    CHECK(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/f", dir);
    CHECK(lat_file_write(path, "old", 3, &err) == LAT_OK);
    CHECK(lat_file_write(path, "newer", 5, &err) == LAT_OK);
    CHECK(lat_file_read(&got, &len, path, 5, &err) == LAT_OK);
    CHECK(len == 5 && strcmp(got, "newer") == 0);
    lat_free(got);
    CHECK(lat_file_read(&got, &len, path, 4, &err) == LAT_ETOOBIG);
    CHECK(remove(path) == 0);
    CHECK(lat_file_read(&got, &len, path, 4, &err) == LAT_ENOENT);
    CHECK(remove(dir) == 0); /* nothing was left beside it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(err, reads_from_outside_to_inside),
        T(err, may_be_null_and_never_overflows),
        T(mem, is_zeroed_aligned_and_refuses_overflow),
        T(buf, grows_and_remembers_a_failure),
        T(sha256, matches_the_standard),
        T(rng, repeats_itself_and_has_the_right_moments),
        T(team, does_each_part_once_on_any_number_of_threads),
        T(team, does_what_is_aside_once_and_each_round_as_well),
        T(file, is_replaced_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
