/* test_doc.c - long arrays are taken out of a JSON text, the rest is read. */
#include "../../core/base/mem.h"
#include "../../server/wire.h"
#include "../../server/wire/json.h"
#include "../check.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(doc, takes_out_samples_and_leaves_the_rest),
        T(doc, takes_a_text_with_escapes_the_slow_way),
        T(doc, names_the_element_that_is_wrong),
        T(doc, notes_what_is_json_but_no_signal),
        T(doc, refuses_a_depth_bomb_and_says_where),
        T(doc, refuses_more_values_than_it_has_memory_for),
        T(doc, finds_the_byte_behind_a_long_array),
        T(doc, reads_many_numbers_as_they_were_printed),
        T(doc, survives_any_failed_allocation),
    };

    latd_wire_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
