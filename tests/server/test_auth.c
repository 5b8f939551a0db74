/* test_auth.c - the file of keys, what a key may, and how much. */
#define _GNU_SOURCE
#include "../../core/base/mem.h"
#include "../../server/auth.h"
#include "../../server/limits.h"
#include "../check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/latentd-keys-XXXXXX";

static int setup(void **state)
{
    int fd = mkstemp(path);

    UNUSED_STATE;
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    UNUSED_STATE;
    return unlink(path);
}

/* lk-N and its line in the file, with more behind. */
static const char *line_of(const char *name, const char *scopes,
                           const char *text, const char *more)
{
    static char line[4][256];
    static unsigned turn;
    uint8_t digest[LAT_DIGEST];
    char hex[LAT_DIGEST_HEX];

    latd_key_digest(digest, text);
    lat_digest_hex(hex, digest);
    turn = (turn + 1) % 4;
    snprintf(line[turn], sizeof(line[turn]), "%s %s %s %s\n", name, scopes, hex,
             more);
    return line[turn];
}

static void write_file(const char *a, const char *b)
{
    struct lat_buf text = {0};

    lat_buf_printf(&text, "# keys\n\n%s%s", a, b);
    CHECK(lat_file_write_private(path, text.v, text.len, NULL) == LAT_OK);
    lat_buf_fini(&text);
}

static struct latd_auth *open_auth(uint64_t rate, uint64_t burst,
                                   uint64_t bytes)
{
    struct latd_auth_options opt = {path, rate, burst, bytes};
    struct latd_auth *auth = NULL;
    struct lat_err err = {0};

    if (latd_auth_open(&auth, &opt, &err))
        print_error("%s\n", err.msg);
    CHECK(auth);
    return auth;
}

TEST(keys, read_back_as_they_were_written)
{
    struct latd_keys keys = {0}, again = {0};
    struct lat_buf text = {0}, second = {0};

    UNUSED_STATE;
    lat_buf_puts(&text, line_of("ci", "read,embed", "a",
                                "created=12 expires=99 rate=5 burst=9"));
    lat_buf_puts(&text, line_of("op.s_1", "admin", "b", "bytes=0"));
    CHECK(latd_keys_parse(&keys, text.v, NULL) == LAT_OK);
    CHECK(keys.n == 2 && keys.v[0].created == 12 && keys.v[0].expires == 99);
    CHECK(keys.v[0].rate == 5 && keys.v[0].burst == 9);
    CHECK(keys.v[0].bytes == LATD_BY_SETTING && keys.v[1].bytes == 0);
    CHECK(keys.v[0].scopes == (1u << LATD_SCOPE_READ | 1u << LATD_SCOPE_EMBED));
    CHECK(latd_keys_find(&keys, "op.s_1") == &keys.v[1]);
    CHECK(!latd_keys_find(&keys, "op"));
    lat_buf_fini(&text);
    latd_keys_print(&text, &keys);
    CHECK(latd_keys_parse(&again, text.v, NULL) == LAT_OK);
    latd_keys_print(&second, &again);
    assert_string_equal(text.v, second.v);
    lat_buf_fini(&text);
    lat_buf_fini(&second);
    latd_keys_fini(&keys);
    latd_keys_fini(&again);
}

TEST(keys, say_what_is_wrong_with_a_line)
{
    static const char zeros[] = "00000000000000000000000000000000"
                                "00000000000000000000000000000000";
    static const struct {
        const char *before, *after, *message;
    } bad[] = {
        {"a read", "", "line 2: expected NAME SCOPES SHA256"},
        {"a/b read ", zeros, "the name of a key has"},
        {"a rea ", zeros, "rea is no scope"},
        {"a none ", zeros, "none is no scope"},
        {"a read, ", zeros, " is no scope"},
        {"a read 00", "", "no SHA-256"},
        {"a read G", zeros + 1, "no SHA-256"},
    };
    static const struct {
        const char *more, *message;
    } options[] = {
        {"rate=-1", "expected NAME=NUMBER"},
        {"rate", "expected NAME=NUMBER"},
        {"rate=99999999999999999999", "expected NAME=NUMBER"},
        {"speed=1", "expected created, expires"},
    };
    struct latd_keys keys;
    char text[512];

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_err err = {0};

        snprintf(text, sizeof(text), "#\n%s%s\n", bad[i].before, bad[i].after);
        CHECK(latd_keys_parse(&keys, text, &err) != LAT_OK);
        if (!strstr(err.msg, bad[i].message))
            fail_msg("%s for %s", err.msg, text);
    }
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct lat_err err = {0};

        CHECK(latd_keys_parse(&keys, line_of("a", "read", "x", options[i].more),
                              &err) == LAT_EFORMAT);
        if (!strstr(err.msg, options[i].message))
            fail_msg("%s for %s", err.msg, options[i].more);
    }
}

TEST(keys, have_one_name_and_one_digest_each)
{
    struct latd_keys keys;
    struct lat_err err = {0};
    char text[512];

    UNUSED_STATE;
    snprintf(text, sizeof(text), "%s%s", line_of("a", "read", "x", ""),
             line_of("a", "read", "y", ""));
    CHECK(latd_keys_parse(&keys, text, &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "line 2: a second key a"));
    snprintf(text, sizeof(text), "%s%s", line_of("a", "read", "x", ""),
             line_of("b", "read", "x", ""));
    CHECK(latd_keys_parse(&keys, text, &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "b is the same key as a"));
}

TEST(keys, that_others_may_write_are_refused)
{
    struct latd_keys keys;
    struct lat_err err = {0};

    UNUSED_STATE;
    write_file(line_of("a", "read", "x", ""), "");
    CHECK(chmod(path, 0620) == 0);
    CHECK(latd_keys_read(&keys, path, &err) == LAT_EACCESS);
    CHECK(strstr(err.msg, "others may write it (mode 620)"));
}

TEST(keys, survive_the_failure_of_each_allocation)
{
    UNUSED_STATE;
    write_file(line_of("a", "read", "x", ""), "");
    for (int n = 0; n < 16; n++) {
        struct latd_auth_options opt = {path, 0, 0, 0};
        struct latd_auth *auth = NULL;
        enum lat_code code;

        lat__mem_fail_after = n;
        code = latd_auth_open(&auth, &opt, NULL);
        lat__mem_fail_after = -1;
        CHECK((code == LAT_OK) == (auth != NULL));
        latd_auth_close(auth);
    }
}

TEST(bucket, grants_what_it_holds_and_fills_again)
{
    struct latd_bucket b = {0};
    uint64_t second = 1000000000u;

    UNUSED_STATE;
    for (int i = 0; i < 3; i++) {
        CHECK(latd_bucket_wait(&b, 2.0, 3.0, second) == 0);
        latd_bucket_take(&b, 1.0);
    }
    CHECK(latd_bucket_wait(&b, 2.0, 3.0, second) == 500);
    CHECK(latd_bucket_wait(&b, 2.0, 3.0, second + second / 4) == 250);
    CHECK(latd_bucket_wait(&b, 2.0, 3.0, 2 * second) == 0);
    latd_bucket_take(&b, 41.0); /* in debt: 40 over, and 0.5 s for each */
    CHECK(latd_bucket_wait(&b, 2.0, 3.0, 2 * second) == 20000);
    CHECK(latd_bucket_wait(&b, 2.0, 3.0, 22 * second) == 0);
    /* a clock that steps back gives nothing and takes nothing */
    CHECK(latd_bucket_wait(&b, 2.0, 3.0, second) == 0);
}

TEST(auth, admits_everybody_without_keys_and_for_probes)
{
    struct latd_who who;
    struct latd_auth *auth;

    UNUSED_STATE;
    CHECK(latd_auth_admit(NULL, &who, NULL, LATD_SCOPE_ADMIN, 0, NULL) ==
          LAT_OK);
    write_file("", "");
    auth = open_auth(0, 0, 0);
    CHECK(latd_auth_count(auth) == 0);
    CHECK(latd_auth_admit(auth, &who, NULL, LATD_SCOPE_NONE, 0, NULL) ==
          LAT_OK);
    CHECK(latd_auth_admit(auth, &who, NULL, LATD_SCOPE_READ, 0, NULL) ==
          LAT_EAUTH);
    latd_auth_close(auth);
}

TEST(auth, knows_a_key_and_its_scopes)
{
    static const struct {
        const char *header;
        enum latd_scope scope;
        enum lat_code code;
        const char *name;
    } asks[] = {
        {"Bearer lk-1", LATD_SCOPE_EMBED, LAT_OK, "ci"},
        {"bearer  lk-1", LATD_SCOPE_READ, LAT_OK, "ci"},
        {"Bearer lk-1", LATD_SCOPE_TRAIN, LAT_EACCESS, "ci"},
        {"Bearer lk-2", LATD_SCOPE_TRAIN, LAT_OK, "boss"},
        {"Bearer lk-3", LATD_SCOPE_READ, LAT_EAUTH, ""},
        {"Bearer ", LATD_SCOPE_READ, LAT_EAUTH, ""},
        {"Basic lk-1", LATD_SCOPE_READ, LAT_EAUTH, ""},
        {"lk-1", LATD_SCOPE_READ, LAT_EAUTH, ""},
    };
    struct latd_auth *auth;

    UNUSED_STATE;
    write_file(line_of("ci", "read,embed", "lk-1", ""),
               line_of("boss", "admin", "lk-2", ""));
    auth = open_auth(0, 0, 0);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct lat_err err = {0};
        struct latd_who who;

        CHECK(latd_auth_admit(auth, &who, asks[i].header, asks[i].scope, 0,
                              &err) == asks[i].code);
        assert_string_equal(who.name, asks[i].name);
        CHECK(!strstr(err.msg, "lk-"));
    }
    latd_auth_close(auth);
}

TEST(auth, refuses_a_key_that_expired)
{
    struct lat_err err = {0};
    struct latd_who who;
    struct latd_auth *auth;

    UNUSED_STATE;
    write_file(line_of("old", "read", "lk-1", "expires=1000"),
               line_of("new", "read", "lk-2", "expires=9999999999"));
    auth = open_auth(0, 0, 0);
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_READ, 0,
                          &err) == LAT_EAUTH);
    assert_string_equal(err.msg, "key old has expired");
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-2", LATD_SCOPE_READ, 0,
                          NULL) == LAT_OK);
    latd_auth_close(auth);
}

TEST(auth, limits_requests_by_key_and_goes_on_counting_over_a_reload)
{
    struct lat_err err = {0};
    struct latd_who who;
    struct latd_auth *auth;

    UNUSED_STATE;
    write_file(line_of("slow", "read", "lk-1", "rate=1 burst=2"),
               line_of("free", "read", "lk-2", "rate=0"));
    auth = open_auth(1, 1, 0);
    for (int i = 0; i < 2; i++)
        CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_READ, 0,
                              NULL) == LAT_OK);
    CHECK(latd_auth_reload(auth, NULL) == LAT_OK);
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_READ, 0,
                          &err) == LAT_EFULL);
    assert_string_equal(err.word, "rate_limited");
    CHECK(who.retry_ms > 0 && who.retry_ms <= 1000);
    for (int i = 0; i < 50; i++)
        CHECK(latd_auth_admit(auth, &who, "Bearer lk-2", LATD_SCOPE_READ, 0,
                              NULL) == LAT_OK);
    latd_auth_close(auth);
}

TEST(auth, limits_bytes_by_the_setting_where_a_key_has_no_limit)
{
    struct lat_err err = {0};
    struct latd_who who;
    struct latd_auth *auth;

    UNUSED_STATE;
    write_file(line_of("a", "embed", "lk-1", ""),
               line_of("b", "embed", "lk-2", ""));
    auth = open_auth(0, 0, 600);
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_EMBED, 6000,
                          NULL) == LAT_OK);
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_EMBED, 1,
                          &err) == LAT_EFULL);
    CHECK(strstr(err.msg, "600 bytes a minute"));
    /* 5401 bytes over, ten a second */
    CHECK(who.retry_ms > 530000 && who.retry_ms <= 540200);
    latd_auth_charge(auth, "b", 700); /* a body without a length */
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-2", LATD_SCOPE_EMBED, 1,
                          NULL) == LAT_EFULL);
    latd_auth_close(auth);
}

TEST(auth, keeps_its_keys_when_the_file_is_broken_and_forgets_revoked_ones)
{
    struct lat_err err = {0};
    struct latd_who who;
    struct latd_auth *auth;

    UNUSED_STATE;
    write_file(line_of("a", "read", "lk-1", ""), "");
    auth = open_auth(0, 0, 0);
    write_file("a read nonsense\n", "");
    CHECK(latd_auth_reload(auth, &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "keys-file") && strstr(err.msg, "line 3"));
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_READ, 0,
                          NULL) == LAT_OK);
    write_file(line_of("b", "read", "lk-2", ""), "");
    CHECK(latd_auth_reload(auth, NULL) == LAT_OK);
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-1", LATD_SCOPE_READ, 0,
                          NULL) == LAT_EAUTH);
    CHECK(latd_auth_admit(auth, &who, "Bearer lk-2", LATD_SCOPE_READ, 0,
                          NULL) == LAT_OK);
    latd_auth_close(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(keys, read_back_as_they_were_written),
        T(keys, say_what_is_wrong_with_a_line),
        T(keys, have_one_name_and_one_digest_each),
        T(keys, that_others_may_write_are_refused),
        T(keys, survive_the_failure_of_each_allocation),
        T(bucket, grants_what_it_holds_and_fills_again),
        T(auth, admits_everybody_without_keys_and_for_probes),
        T(auth, knows_a_key_and_its_scopes),
        T(auth, refuses_a_key_that_expired),
        T(auth, limits_requests_by_key_and_goes_on_counting_over_a_reload),
        T(auth, limits_bytes_by_the_setting_where_a_key_has_no_limit),
        T(auth,
          keeps_its_keys_when_the_file_is_broken_and_forgets_revoked_ones),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
