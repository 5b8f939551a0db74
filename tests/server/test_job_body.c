/* test_job_body.c - what a client asks to be trained: tests/cases/jobs. */
#include "../../core/base/mem.h"
#include "../../server/wire/jobs.h"
#include "../check.h"
#include "cases.h"

#include <string.h>

static int setup(void **state)
{
    UNUSED_STATE;
    latd_wire_init();
    return 0;
}

static struct latd_job_ask ask, again;

TEST(job_body, bad_ones_are_refused_by_name)
{
    struct wire_case c;
    size_t bad = 0, n = 0;

    UNUSED_STATE;
    for (; case_open(&c, "jobs/bad", n); n++) {
        struct lat_err err = {0};
        char *normal = NULL;
        enum lat_code code =
            latd_wire_job_decode(&ask, &normal, c.body, c.body_len, &err);

        bad += !case_expected(&c, code, &err) || normal;
        case_close(&c);
    }
    CHECK(n > 40);
    CHECK(bad == 0);
}

/* As a case has them. */
static void lines_of(char *out, size_t size, const struct latd_job_ask *a)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < a->n_lines && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s=%s", i ? " " : "",
                               a->lines[i].key, a->lines[i].value);
}

/* And what is kept of it decodes to the same. */
TEST(job_body, good_ones_become_lines_of_a_recipe)
{
    struct wire_case c;
    size_t bad = 0, n = 0;
    char lines[2048];

    UNUSED_STATE;
    for (; case_open(&c, "jobs/ok", n); n++) {
        struct lat_err err = {0};
        char *normal = NULL, *second = NULL;
        enum lat_code code =
            latd_wire_job_decode(&ask, &normal, c.body, c.body_len, &err);

        if (code)
            print_error("%s: %s\n", c.name, err.msg);
        CHECK(code == LAT_OK);
        lines_of(lines, sizeof(lines), &ask);
        bad += !case_same("recipe", lines, case_get(&c, "Recipe"), c.name);
        CHECK(latd_wire_job_decode(&again, &second, normal, strlen(normal),
                                   NULL) == LAT_OK);
        CHECK(memcmp(&ask, &again, sizeof(ask)) == 0);
        assert_string_equal(normal, second);
        lat_free(normal);
        lat_free(second);
        case_close(&c);
    }
    CHECK(n > 8);
    CHECK(bad == 0);
}

TEST(job_body, of_more_than_a_mebibyte_is_not_read)
{
    size_t len = (1 << 20) + 1;
    char *body = lat_calloc(len + 1, 1), *normal = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    memset(body, ' ', len);
    CHECK(latd_wire_job_decode(&ask, &normal, body, len, &err) == LAT_ETOOBIG);
    CHECK(strstr(err.msg, "at most 1048576") && !normal);
    lat_free(body);
}

TEST(job_body, survives_any_failed_allocation)
{
    struct wire_case c;
    size_t n = 0;
    long after = 0;
    enum lat_code code;

    UNUSED_STATE;
    while (case_open(&c, "jobs/ok", n++) && !strstr(c.name, "whole"))
        case_close(&c);
    do {
        char *normal = NULL;
        struct lat_err err = {0};

        lat__mem_fail_after = after++;
        code = latd_wire_job_decode(&ask, &normal, c.body, c.body_len, &err);
        lat__mem_fail_after = -1;
        CHECK(!code == !!normal);
        lat_free(normal);
    } while (code && after < 1000);
    CHECK(after > 10 && code == LAT_OK);
    case_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(job_body, bad_ones_are_refused_by_name),
        T(job_body, good_ones_become_lines_of_a_recipe),
        T(job_body, of_more_than_a_mebibyte_is_not_read),
        T(job_body, survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
