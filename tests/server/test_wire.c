/* test_wire.c - texts to values and back: base64, long arrays, multipart. */
#include "../../core/base/mem.h"
#include "../../server/wire.h"
#include "../../server/wire/base64.h"
#include "../../server/wire/json.h"
#include "../../server/wire/multipart.h"
#include "../check.h"

#include <string.h>

/* ---- base64 ---- */

static enum lat_code decode64(char **out, size_t *len, const char *text,
                              struct lat_err *err)
{
    return latd_base64_decode(out, len, text, strlen(text), err);
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

        latd_base64_encode(&b, pairs[i][0], strlen(pairs[i][0]));
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

        latd_base64_encode(&b, bytes, n);
        CHECK(latd_base64_decode(&got, &len, b.v, b.len, NULL) == LAT_OK);
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

/* ---- the envelope ---- */

static enum lat_code open_doc(struct latd_doc *doc, const char *text,
                              struct lat_err *err)
{
    return latd_doc_open(doc, text, strlen(text), err);
}

TEST(doc, takes_out_samples_and_leaves_the_rest)
{
    const char *text = "{\"input\": [{\"data\": [ [1, -2.5e0],[null,4] ], "
                       "\"id\": \"x\"}, {\"data\":[7]}, \"data:,a\"],"
                       " \"data\": [1, [2]]}";
    struct latd_doc doc;
    const json_t *input;
    const struct latd_piece *p;
    size_t len;

    UNUSED_STATE;
    CHECK(open_doc(&doc, text, NULL) == LAT_OK);
    CHECK(doc.scan.n_pieces == 3);
    input = json_object_get(doc.root, "input");
    p = latd_doc_piece(&doc, json_object_get(json_array_get(input, 0), "data"));
    CHECK(p && p->n_rows == 2 && p->n == 2 && p->nested && !p->bad);
    CHECK(p->v[0] == 1.0f && p->v[1] == -2.5f && p->v[3] == 4.0f);
    CHECK(isnan(p->v[2]));
    CHECK((uintptr_t)p->v % 64 == 0);
    p = latd_doc_piece(&doc, json_object_get(json_array_get(input, 1), "data"));
    CHECK(p && p->n_rows == 1 && p->n == 1 && !p->nested && p->v[0] == 7.0f);
    CHECK(strncmp(latd_doc_text(&doc, json_array_get(input, 2), &len),
                  "data:,a", 7) == 0 &&
          len == 7);
    /* not beneath input: jansson's */
    CHECK(json_array_size(json_object_get(doc.root, "data")) == 2);
    latd_doc_close(&doc);
}

TEST(doc, takes_a_text_with_escapes_the_slow_way)
{
    struct latd_doc doc;
    const json_t *v;
    const char *text;
    size_t len;

    UNUSED_STATE;
    CHECK(open_doc(&doc, "{\"input\": {\"data\": \"ab\\/c\"}}", NULL) ==
          LAT_OK);
    v = json_object_get(json_object_get(doc.root, "input"), "data");
    text = latd_doc_text(&doc, v, &len);
    CHECK(doc.scan.n_pieces == 0 && len == 4);
    assert_string_equal(text, "ab/c");
    latd_doc_close(&doc);
}

TEST(doc, names_the_element_that_is_wrong)
{
    static const struct {
        const char *text, *param, *word;
        enum lat_code code;
    } bad[] = {
        {"{\"input\":[0,1]}", "input[0]", NULL, LAT_EINVAL},
        {"{\"input\":[{},{\"data\":[[1],[1,NaN]]}]}", "input[1].data[1][1]",
         "invalid_json", LAT_EFORMAT},
        {"{\"input\":{\"data\":[1,\"a\"]}}", "input.data[1]", "invalid_sample",
         LAT_EINVAL},
        {"{\"input\":{\"data\":[[[1]]]}}", "input.data[0][0]", "invalid_sample",
         LAT_EINVAL},
        {"{\"input\":{\"data\":[1,[2]]}}", "input.data[1]", "invalid_sample",
         LAT_EINVAL},
        {"{\"input\":{\"data\":[[1],2]}}", "input.data[1]", "invalid_json",
         LAT_EFORMAT},
        {"{\"input\":{\"data\":[true]}}", "input.data[0]", "invalid_sample",
         LAT_EINVAL},
        {"{\"input\":{\"data\":5}}", "input.data", NULL, LAT_EINVAL},
        {"{\"input\":{\"data\":[1 2]}}", "input.data[0]", "invalid_json",
         LAT_EFORMAT},
        {"{\"input\":{\"data\":[1,]}}", "input.data[1]", "invalid_json",
         LAT_EFORMAT},
        {"{\"input\":{\"data\":[+1]}}", "input.data[0]", "invalid_json",
         LAT_EFORMAT},
        {"{\"input\":{\"data\":[01]}}", NULL, "invalid_json", LAT_EFORMAT},
        {"{\"input\":{\"data\":[.5]}}", "input.data[0]", "invalid_json",
         LAT_EFORMAT},
        {"{\"input\":{\"data\":[1", NULL, "invalid_json", LAT_EFORMAT},
        {"{\"input\":{\"data\":[", NULL, "invalid_json", LAT_EFORMAT},
        {"{\"input\":{\"data\":[[1],", NULL, "invalid_json", LAT_EFORMAT},
        {"{\"input\":{\"data\":[1]]}", "", "invalid_json", LAT_EFORMAT},
        {"{\"input\":{\"data\":[1],\"data\":[2]}}", "", "invalid_json",
         LAT_EFORMAT},
        {"{\"a\":1,\"a\":2}", "", "invalid_json", LAT_EFORMAT},
        {"", "", "invalid_json", LAT_EFORMAT},
        {"[]", "", "invalid_json", LAT_EINVAL},
        {"{\"a\":\"\xff\"}", "", "invalid_json", LAT_EFORMAT},
        {"{} {}", "", "invalid_json", LAT_EFORMAT},
        {"}}}{", "", "invalid_json", LAT_EFORMAT},
        {",", "", "invalid_json", LAT_EFORMAT},
        {"\"open", "", "invalid_json", LAT_EFORMAT},
        {"\"open\\", "", "invalid_json", LAT_EFORMAT},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct latd_doc doc;
        struct lat_err err = {0};

        CHECK(open_doc(&doc, bad[i].text, &err) == bad[i].code);
        CHECK(!doc.root && err.code == bad[i].code && err.msg[0]);
        if (bad[i].param)
            assert_string_equal(err.param, bad[i].param);
        if (bad[i].word)
            assert_string_equal(err.word, bad[i].word);
    }
}

/* It is the one input's fault, so the others are still there. */
TEST(doc, notes_what_is_json_but_no_signal)
{
    const char *text = "{\"input\":[{\"data\":[[1,2],[3,1e999]]},"
                       "{\"data\":[[1,2],[3]]},{\"data\":[1]}]}";
    struct latd_doc doc;

    UNUSED_STATE;
    CHECK(open_doc(&doc, text, NULL) == LAT_OK && doc.scan.n_pieces == 3);
    CHECK(doc.scan.pieces[0].bad->code == LAT_EUNFIT);
    assert_string_equal(doc.scan.pieces[0].bad->param, "[1][1]");
    assert_string_equal(doc.scan.pieces[0].bad->word, "nonfinite_input");
    assert_string_equal(doc.scan.pieces[1].bad->word, "ragged_channels");
    assert_string_equal(doc.scan.pieces[1].bad->param, "[1]");
    CHECK(!doc.scan.pieces[2].bad);
    latd_doc_close(&doc);
}

TEST(doc, refuses_a_depth_bomb_and_says_where)
{
    struct lat_err err = {0};
    struct latd_doc doc;
    struct lat_buf b = {0};

    UNUSED_STATE;
    for (int i = 0; i < 100000; i++)
        lat_buf_puts(&b, "[");
    CHECK(latd_doc_open(&doc, b.v, b.len, &err) == LAT_EFORMAT);
    assert_string_equal(err.msg, "nested deeper than 32 at byte 32");
    lat_buf_fini(&b);
}

/* 64 MB of {} would become gigabytes. */
TEST(doc, refuses_more_values_than_it_has_memory_for)
{
    struct lat_err err = {0};
    struct latd_doc doc;
    struct lat_buf b = {0};

    UNUSED_STATE;
    lat_buf_puts(&b, "{\"input\":[{}");
    for (int i = 0; i < LATD_JSON_VALUES; i++)
        lat_buf_puts(&b, ",{}");
    lat_buf_puts(&b, "]}");
    CHECK(latd_doc_open(&doc, b.v, b.len, &err) == LAT_ETOOBIG);
    assert_string_equal(err.msg,
                        "more than 262144 values that are not samples");
    lat_buf_fini(&b);
}

/* Bytes that are not there any more are counted where jansson complains. */
TEST(doc, finds_the_byte_behind_a_long_array)
{
    struct lat_err err = {0};
    struct latd_doc doc;

    UNUSED_STATE;
    CHECK(open_doc(&doc, "{\"input\":{\"data\":[1,2,3,4,5,6]},\"x\":!}",
                   &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "byte 37") || strstr(err.msg, "byte 38"));
}

TEST(doc, reads_many_numbers_as_they_were_printed)
{
    enum { N = 50000 };
    struct lat_buf b = {0};
    struct latd_doc doc;
    float *v = lat_calloc(N, sizeof(*v));

    UNUSED_STATE;
    CHECK(v);
    for (size_t i = 0; i < N; i++)
        v[i] = (float)(sin((double)i) * pow(10.0, (double)(i % 60) - 30.0));
    lat_buf_puts(&b, "{\"input\":{\"data\":[");
    latd_write_floats(&b, v, N);
    lat_buf_puts(&b, "]}}");
    CHECK(!b.failed);
    CHECK(latd_doc_open(&doc, b.v, b.len, NULL) == LAT_OK);
    CHECK(doc.scan.pieces[0].n == N && doc.scan.pieces[0].n_rows == 1);
    CHECK(memcmp(doc.scan.pieces[0].v, v, N * sizeof(*v)) == 0);
    latd_doc_close(&doc);
    lat_buf_fini(&b);
    lat_free(v);
}

TEST(doc, survives_any_failed_allocation)
{
    const char *text = "{\"model\":\"m\",\"input\":[{\"data\":[[1,2],[3,4]]},"
                       "{\"data\":[[1,2],[3]]},{\"data\":[1e999]},"
                       "\"data:text/csv,abc\"]}";
    struct latd_doc doc;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = open_doc(&doc, text, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !doc.root));
    } while (code);
    CHECK(n > 5);
    latd_doc_close(&doc);
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
        T(doc, takes_out_samples_and_leaves_the_rest),
        T(doc, takes_a_text_with_escapes_the_slow_way),
        T(doc, names_the_element_that_is_wrong),
        T(doc, notes_what_is_json_but_no_signal),
        T(doc, refuses_a_depth_bomb_and_says_where),
        T(doc, refuses_more_values_than_it_has_memory_for),
        T(doc, finds_the_byte_behind_a_long_array),
        T(doc, reads_many_numbers_as_they_were_printed),
        T(doc, survives_any_failed_allocation),
        T(write, escapes_and_mends_what_is_not_utf8),
        T(error, is_openai_s_and_rfc_9457_s),
        T(multipart, gives_parts_to_the_byte),
        T(multipart, refuses_what_is_cut_short_or_wrong),
        T(multipart, survives_any_failed_allocation),
    };

    latd_wire_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
