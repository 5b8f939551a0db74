/* test_wire.c - the small pieces: base64, writing, errors, multipart. */
#include "../../core/base/mem.h"
#include "../../server/wire.h"
#include "../../server/wire/json.h"
#include "../../server/wire/multipart.h"
#include "../check.h"

#include <string.h>

/* ---- base64 ---- */

static enum lat_code decode64(char **out, size_t *len, const char *text,
                              struct lat_err *err)
{
    return lat_base64_decode(out, len, text, strlen(text), err);
}

TEST(base64, has_the_vectors_of_rfc_4648)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct lat_buf b = {0};
        char *got = NULL;
        size_t len = 99;

        lat_base64_encode(&b, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(b.v, pairs[i][1]);
        lat_buf_fini(&b);
        CHECK(decode64(&got, &len, pairs[i][1], NULL) == LAT_OK);
        CHECK(len == strlen(pairs[i][0]));
        assert_string_equal(got, pairs[i][0]);
        lat_free(got);
    }
}

TEST(base64, comes_back_for_all_lengths_and_bytes)
{
    unsigned char bytes[300];

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 37 + (i >> 3));
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        struct lat_buf b = {0};
        char *got = NULL;
        size_t len = 0;

        lat_base64_encode(&b, bytes, n);
        CHECK(lat_base64_decode(&got, &len, b.v, b.len, NULL) == LAT_OK);
        CHECK(len == n && memcmp(got, bytes, n) == 0);
        lat_free(got);
        lat_buf_fini(&b);
    }
}

TEST(base64, refuses_what_is_not_to_the_letter)
{
    static const char *const bad[] = {
        "Zg=",  "Zg",       "Z",    "Zg==Zg==", "Zm9v\n",     "Zm 9v===",
        "Zm9-", "Zm9_",     "=m9v", "Z===",     "Zg=v",       "Zh==",
        "Zm9=", "Zm9vYg=a", "====", "Zm9v====", "Zm\xc3\xa9="};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_err err = {0};
        char *got = NULL;
        size_t len;

        CHECK(decode64(&got, &len, bad[i], &err) == LAT_EINVAL && !got);
        assert_string_equal(err.word, "invalid_base64");
    }
}

/* ---- writing ---- */

TEST(write, escapes_and_mends_what_is_not_utf8)
{
    struct lat_buf b = {0};

    UNUSED_STATE;
    latd_write_string(&b, "a\"\\\n\x7f\xc3\xa9\xff\xed\xa0\x80\xf4\x90\x80\x80"
                          "\xe2\x82");
    assert_string_equal(b.v, "\"a\\\"\\\\\\u000a\\u007f\xc3\xa9"
                             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                             "\xef\xbf\xbd\xef\xbf\xbd\"");
    lat_buf_fini(&b);
    latd_write_number(&b, 360.0);
    lat_buf_puts(&b, " ");
    latd_write_number(&b, 0.1);
    lat_buf_puts(&b, " ");
    latd_write_number(&b, 1.0 / 3.0);
    assert_string_equal(b.v, "360 0.1 0.33333333333333331");
    lat_buf_fini(&b);
}

TEST(error, is_openai_s_and_rfc_9457_s)
{
    struct lat_err err = {0};
    struct lat_buf b = {0};
    json_t *root, *inner;
    const char *value = NULL;

    UNUSED_STATE;
    (void)lat_fail_word(&err, LAT_EUNFIT, "missing_channel", "no \"II\"");
    (void)lat_at(&err, LAT_EUNFIT, "input[0].channels");
    latd_wire_error_encode(&b, &err, 422, "req_1");
    root = json_loads(b.v, 0, NULL);
    CHECK(root);
    inner = json_object_get(root, "error");
    assert_string_equal(json_string_value(json_object_get(inner, "message")),
                        "no \"II\"");
    assert_string_equal(json_string_value(json_object_get(inner, "type")),
                        "invalid_request_error");
    assert_string_equal(json_string_value(json_object_get(inner, "param")),
                        "input[0].channels");
    assert_string_equal(json_string_value(json_object_get(inner, "code")),
                        "missing_channel");
    assert_string_equal(json_string_value(json_object_get(root, "title")),
                        "Missing channel");
    CHECK(json_integer_value(json_object_get(root, "status")) == 422);
    json_decref(root);
    lat_buf_fini(&b);
    assert_string_equal(latd_wire_error_header(&value, LAT_EMEDIA, 1),
                        "Accept-Encoding");
    assert_string_equal(value, "identity");
    CHECK(!latd_wire_error_header(&value, LAT_EMEDIA, 2));
    assert_string_equal(latd_wire_error_header(&value, LAT_ENONFINITE, 0),
                        "x-should-retry");
}

/* ---- multipart ---- */

static enum lat_code split(struct latd_part **parts, size_t *n,
                           const char *body, struct lat_err *err)
{
    return latd_multipart_split(parts, n, "multipart/form-data; boundary=B",
                                body, strlen(body), err);
}

TEST(multipart, gives_parts_to_the_byte)
{
    const char *body = "--B\r\n"
                       "Content-Disposition: form-data; name=\"file\"; "
                       "filename=\"C:\\\\x\\\\a;b.csv\"\r\n"
                       "Content-Type: text/csv\r\n\r\n"
                       "one\r\n--Bless\r\n\r\n--B\r\n"
                       "content-disposition: form-data; name=model\r\n\r\n"
                       "\r\n--B--\r\n";
    struct latd_part *p = NULL;
    size_t n = 0;

    UNUSED_STATE;
    CHECK(split(&p, &n, "--B--", NULL) == LAT_OK && n == 0);
    /* a line that begins like a boundary is one */
    CHECK(split(&p, &n, body, NULL) == LAT_EFORMAT);
    body = "--B\r\n"
           "Content-Disposition: form-data; name=\"file\"; "
           "filename=\"C:\\\\x\\\\a;b.csv\"\r\n"
           "Content-Type: text/csv\r\n\r\n"
           "one\r\n--\r\n\r\n--B\r\n"
           "content-disposition: form-data; name=model\r\n\r\n"
           "\r\n--B  \r\n"
           "Content-Disposition: form-data; filename=\"../../etc/x.npy\"; "
           "name=\"file\"\r\n\r\nz\r\n--B--\r\n";
    CHECK(split(&p, &n, body, NULL) == LAT_OK && n == 3);
    assert_string_equal(p[0].name, "file");
    assert_string_equal(p[0].file, "a;b.csv");
    CHECK(p[0].len == 9 && memcmp(p[0].data, "one\r\n--\r\n", 9) == 0);
    assert_string_equal(p[1].name, "model");
    CHECK(p[1].len == 0);
    assert_string_equal(p[2].file, "x.npy");
    CHECK(p[2].len == 1 && p[2].data[0] == 'z');
    lat_free(p);
}

TEST(multipart, refuses_what_is_cut_short_or_wrong)
{
    static const char *const bad[] = {
        "",
        "x",
        "--C\r\n",
        "--B",
        "--Bx\r\n",
        "--B\r\n",
        "--B\r\nContent-Disposition: form-data; name=a\r\n",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nabc",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nabc\r\n--B",
        "--B\r\n\r\nabc\r\n--B--",
        "--B\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nabc\r\n--B--",
        "--B\r\nContent-Disposition: attachment; name=a\r\n\r\nabc\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=a\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nabc\r\n--B--",
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_err err = {0};
        struct latd_part *p = NULL;
        size_t n;

        CHECK(split(&p, &n, bad[i], &err) == LAT_EFORMAT && !p);
        assert_string_equal(err.word, "invalid_multipart");
    }
}

TEST(multipart, survives_any_failed_allocation)
{
    struct lat_buf b = {0};
    struct latd_part *p = NULL;
    size_t n_parts = 0;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    for (int i = 0; i < 20; i++)
        lat_buf_puts(&b, "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n"
                         "x\r\n");
    lat_buf_puts(&b, "--B--");
    do {
        lat__mem_fail_after = n++;
        code = split(&p, &n_parts, b.v, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !p));
    } while (code);
    CHECK(n > 2 && n_parts == 20);
    lat_free(p);
    lat_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(base64, has_the_vectors_of_rfc_4648),
        T(base64, comes_back_for_all_lengths_and_bytes),
        T(base64, refuses_what_is_not_to_the_letter),
        T(write, escapes_and_mends_what_is_not_utf8),
        T(error, is_openai_s_and_rfc_9457_s),
        T(multipart, gives_parts_to_the_byte),
        T(multipart, refuses_what_is_cut_short_or_wrong),
        T(multipart, survives_any_failed_allocation),
    };

    latd_wire_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
