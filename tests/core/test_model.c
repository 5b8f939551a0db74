/* test_model.c - model files: written, read back, refused; cards. */
#include "../../core/base/mem.h"
#include "../check.h"
#include "model_cases.h"

#include <unistd.h>

static void good_file(struct lat_buf *file)
{
    model_bytes(file, &small_model, NULL, NULL);
}

TEST(model, is_what_was_written)
{
    struct lat_model *m = model_of(&small_model);
    const struct lat_card *card = lat_model_card(m);
    const struct lat__net *net = lat__model_net(m);
    float *params = model_params(net, small_model.seed);

    UNUSED_STATE;
    assert_string_equal(card->name, "small");
    CHECK(card->version == 2 && card->dims == 8 && card->partitioned);
    CHECK(card->blocks[LAT_VAR].begin == 4 && card->blocks[LAT_VAR].end == 6);
    CHECK(card->input.n_channels == 1 && card->input.n_names == 3);
    assert_string_equal(card->input.names[2], "V1");
    CHECK(card->input.rate_hz == 360 && card->input.window == 40);
    CHECK(card->prep.low_hz == 0.5 && card->prep.order == 2);
    CHECK(card->prep.scale == LAT_SCALE_STD && card->prep.floor == 0.05);
    CHECK(card->task == LAT_TASK_RECONSTRUCTION);
    assert_memory_equal(lat__model_params(m), params,
                        net->n_params * sizeof(*params));
    lat_free(params);
    lat_model_unref(m);
}

TEST(model, file_is_read_and_written_back_byte_equal)
{
    struct lat_buf file = {0}, again = {0};
    struct lat_model *m = NULL;

    UNUSED_STATE;
    good_file(&file);
    CHECK(file.len % 4 == 0);
    CHECK(lat_model_decode(&m, file.v, file.len, NULL) == LAT_OK);
    CHECK(lat__model_encode(&again, lat__model_net(m), lat__model_params(m),
                            lat_model_card(m)->json, NULL) == LAT_OK);
    CHECK(again.len == file.len);
    assert_memory_equal(again.v, file.v, file.len);
    lat_buf_fini(&file);
    lat_buf_fini(&again);
    lat_model_unref(m);
}

TEST(model, card_is_decoded_and_encoded_equal)
{
    struct lat_model *m = model_of(&small_model);
    const struct lat__card_notes notes = {
        .method = "{\"objective\":\"scl\"}",
        .licence = "\"Apache-2.0\"",
    };
    struct lat__architecture arch = {0};
    struct lat_card card = {0};
    struct lat_buf text = {0};

    UNUSED_STATE;
    CHECK(lat__card_decode(&card, &arch, lat_model_card(m)->json, NULL) ==
          LAT_OK);
    CHECK(lat__card_encode(&text, &card, &arch, &notes, NULL) == LAT_OK);
    assert_string_equal(text.v, lat_model_card(m)->json);
    lat_buf_fini(&text);
    lat__architecture_fini(&arch);
    lat_model_unref(m);
}

/* A unit for each channel, as accelerometer and gyroscope have it. */
TEST(card, has_units_of_its_channels)
{
    static const struct model_spec axes = {
        .encoder = "conv1d 4 k3, flatten, linear 6",
        .task = "",
        .window = 40,
        .channels = 3,
        .kind = LAT_TASK_NONE,
        .seed = 3,
    };
    const struct lat_card *card;
    struct lat_buf file = {0};
    struct lat_model *m = NULL;
    struct lat_buf text = {0};
    struct lat__architecture arch = {0};
    struct lat_card back = {0};
    struct lat_err err = {0};

    UNUSED_STATE;
    model_bytes(&file, &axes, "\"unit\":\"mV\"",
                "\"unit\":[\"g\",\"m/s2\",\"deg/s\"]");
    must(lat_model_decode(&m, file.v, file.len, &err), &err);
    card = lat_model_card(m);
    assert_string_equal(card->input.unit, "");
    assert_string_equal(lat_input_unit(&card->input, 0), "g");
    assert_string_equal(lat_input_unit(&card->input, 2), "deg/s");
    must(lat__card_decode(&back, &arch, card->json, &err), &err);
    must(lat__card_encode(&text, &back, &arch, &(struct lat__card_notes){0},
                          &err),
         &err);
    assert_non_null(strstr(text.v, "\"unit\":[\"g\",\"m/s2\",\"deg/s\"]"));
    lat_model_unref(m);
    m = NULL;
    lat_buf_fini(&file);
    model_bytes(&file, &axes, "\"unit\":\"mV\"",
                "\"unit\":[\"g\",\"g\",\"stone\"]");
    CHECK(lat_model_decode(&m, file.v, file.len, &err) == LAT_EFORMAT);
    assert_non_null(strstr(err.msg, "unit stone is not known"));
    lat_buf_fini(&file);
    lat_buf_fini(&text);
    lat__architecture_fini(&arch);
}

/* The example beside the schema is a card, and its layers fit. */
TEST(card, example_of_the_schema_is_taken)
{
    struct lat__architecture arch = {0};
    struct lat_card card = {0};
    struct lat__net *net;
    struct lat_err err = {0};
    char *text = NULL;
    size_t len = 0;

    UNUSED_STATE;
    must(lat_file_read(&text, &len, src_path("schema/model-card.example.json"),
                       LAT_CARD_MAX, &err),
         &err);
    must(lat__card_decode(&card, &arch, text, &err), &err);
    net = model_net(&arch, &(struct model_spec){.window = card.input.window,
                                                .channels = 1});
    CHECK(net->dims == card.dims && card.blocks[LAT_FREE].begin == 48);
    lat__net_free(net);
    lat__architecture_fini(&arch);
    lat_free(text);
}

TEST(model, identity_and_digests_are_of_their_parts)
{
    struct model_spec other = small_model;
    struct lat_buf file = {0};
    struct lat_model *a = model_of(&small_model), *b, *c = NULL;
    const struct lat_card *ca = lat_model_card(a), *cb, *cc;

    UNUSED_STATE;
    other.seed = 6;
    b = model_of(&other);
    cb = lat_model_card(b);
    assert_string_not_equal(ca->digest, cb->digest);
    assert_string_not_equal(ca->weights_digest, cb->weights_digest);
    assert_string_equal(ca->prep_digest, cb->prep_digest);
    /* the same weights and preprocessing under another name */
    model_bytes(&file, &small_model, "\"name\":\"small\"", "\"name\":\"x\"");
    CHECK(lat_model_decode(&c, file.v, file.len, NULL) == LAT_OK);
    cc = lat_model_card(c);
    assert_string_not_equal(ca->digest, cc->digest);
    assert_string_equal(ca->weights_digest, cc->weights_digest);
    assert_string_equal(ca->prep_digest, cc->prep_digest);
    lat_model_unref(c);
    lat_buf_fini(&file);
    model_bytes(&file, &small_model, "\"floor\":0.05", "\"floor\":0.06");
    CHECK(lat_model_decode(&c, file.v, file.len, NULL) == LAT_OK);
    assert_string_not_equal(ca->prep_digest, lat_model_card(c)->prep_digest);
    lat_model_unref(c);
    lat_buf_fini(&file);
    lat_model_unref(a);
    lat_model_unref(b);
}

static void check_refused(const struct lat_buf *file, const char *what,
                          const char *want)
{
    struct lat_model *m = NULL;
    struct lat_err err = {0};
    enum lat_code code = lat_model_decode(&m, file->v, file->len, &err);

    CHECK(m == NULL);
    if (code != LAT_EFORMAT || !strstr(err.msg, want))
        fail_msg("%s: expected \"%s\", got %d \"%s\"", what, want, code,
                 err.msg);
    CHECK(err.code == LAT_EFORMAT);
}

TEST(model, that_is_hostile_is_refused_by_name)
{
    UNUSED_STATE;
    for (size_t i = 0; i < N_MODEL_CASES; i++) {
        const struct model_case *c = &model_cases[i];
        struct lat_buf file = {0};

        model_case(&file, c);
        check_refused(&file, c->to, c->want);
        lat_buf_fini(&file);
    }
}

TEST(model, whose_lengths_lie_is_refused)
{
    struct lat_buf file = {0};
    size_t len;

    UNUSED_STATE;
    good_file(&file);
    len = file.len;
    lat_buf_put(&file, "beef", 4);
    check_refused(&file, "a tail", "4 bytes behind the last tensor");
    for (file.len = 0; file.len < len; file.len++)
        check_refused(&file, "cut off", "");
    file.len = 7;
    check_refused(&file, "seven bytes", "7 bytes are no safetensors file");
    file.len = len;
    memset(file.v, 0xff, 8);
    check_refused(&file, "a huge header",
                  "header of 18446744073709551615 bytes, at most 16777216");
    memset(file.v + 3, 0, 5);
    check_refused(&file, "a long header", "header of 16777215 bytes in a file");
    lat_buf_fini(&file);
}

/* The first float of the tensor of that name, which is in its own place. */
static void poison(struct lat_buf *file, const char *name, uint32_t bits)
{
    struct lat__safetensors *st = NULL;
    const struct lat__tensor *t;
    size_t at;

    CHECK(lat__safetensors_decode(&st, file->v, file->len, NULL) == LAT_OK);
    t = lat__safetensors_find(st, name);
    CHECK(t != NULL);
    at = (size_t)(st->data - (const unsigned char *)file->v) + t->begin;
    for (size_t i = 0; i < 4; i++)
        file->v[at + i] = (char)(bits >> 8 * i & 0xff);
    lat__safetensors_free(st);
}

TEST(model, whose_weights_are_not_finite_is_refused)
{
    static const uint32_t bad[] = {0x7fc00000, 0x7f800000, 0xff800000};

    UNUSED_STATE;
    for (size_t i = 0; i < 3; i++) {
        struct lat_buf file = {0};

        good_file(&file);
        poison(&file, "encoder.8.weight", bad[i]);
        check_refused(&file, "not finite",
                      "tensor encoder.8.weight: value 0 is not a finite");
        lat_buf_fini(&file);
    }
}

TEST(model, whose_variance_is_negative_is_refused)
{
    struct lat_buf file = {0};

    UNUSED_STATE;
    good_file(&file);
    poison(&file, "encoder.4.running_var", 0xbf800000);
    check_refused(&file, "variance",
                  "tensor encoder.4.running_var: a variance below zero");
    lat_buf_fini(&file);
}

TEST(model, with_pytorchs_counter_of_batches_is_read)
{
    struct lat_buf file = {0};
    struct lat_model *m = NULL;
    char from[64], to[256];
    struct lat__safetensors *st = NULL;
    size_t end;

    UNUSED_STATE;
    good_file(&file);
    CHECK(lat__safetensors_decode(&st, file.v, file.len, NULL) == LAT_OK);
    end = st->tensors[st->n - 1].end;
    lat__safetensors_free(st);
    snprintf(from, sizeof(from), "\"encoder.0.bias\"");
    snprintf(to, sizeof(to),
             "\"encoder.1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":"
             "[],\"data_offsets\":[%zu,%zu]},%s",
             end, end + 8, from);
    respell_header(&file, from, to);
    lat_buf_put(&file, "\1\0\0\0\0\0\0\0", 8);
    CHECK(lat_model_decode(&m, file.v, file.len, NULL) == LAT_OK);
    lat_model_unref(m);
    lat_buf_fini(&file);
}

TEST(tensor, of_each_dtype_becomes_float32)
{
    static const char header[] =
        "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[12,16]},"
        "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[16,24]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
        "\"i\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[24,32]}}";
    /* 1, -2, 2^-24, 65504, 0.333, 0; 1, -3.140625; pi; 7 */
    static const unsigned char data[32] = {
        0,    0x3c, 0,    0xc0, 1,    0,    0xff, 0x7b, 0x55, 0x35, 0,
        0,    0x80, 0x3f, 0x49, 0xc0, 0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21,
        0x09, 0x40, 7,    0,    0,    0,    0,    0,    0,    0};
    static const unsigned char shifted[2] = {0x80, 0x3f};
    struct lat__safetensors *st = NULL;
    struct lat_buf file = {0};
    struct lat_err err = {0};
    unsigned char bytes[32];
    float v[6];

    UNUSED_STATE;
    memcpy(bytes, data, sizeof(bytes));
    memcpy(bytes + 12, shifted, 2);
    put_prefix(&file, sizeof(header) - 1);
    lat_buf_puts(&file, header);
    lat_buf_put(&file, bytes, sizeof(bytes));
    must(lat__safetensors_decode(&st, file.v, file.len, &err), &err);
    CHECK(lat__tensor_floats(v, st, lat__safetensors_find(st, "h"), NULL) ==
          LAT_OK);
    CHECK(v[0] == 1.0f && v[1] == -2.0f && v[2] == 0x1p-24f);
    CHECK(v[3] == 65504.0f && v[5] == 0.0f);
    CHECK_NEAR(v[4], 1.0 / 3.0, 2e-4);
    CHECK(lat__tensor_floats(v, st, lat__safetensors_find(st, "b"), NULL) ==
          LAT_OK);
    CHECK(v[0] == 1.0f && v[1] == -3.140625f);
    CHECK(lat__tensor_floats(v, st, lat__safetensors_find(st, "d"), NULL) ==
          LAT_OK);
    CHECK(v[0] == 3.14159274f);
    CHECK(lat__tensor_floats(v, st, lat__safetensors_find(st, "i"), &err) ==
          LAT_EFORMAT);
    CHECK(lat__safetensors_find(st, "x") == NULL);
    lat__safetensors_free(st);
    lat_buf_fini(&file);
}

TEST(model, decode_survives_any_failed_allocation)
{
    struct lat_buf file = {0};
    struct lat_model *m = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    good_file(&file);
    do {
        lat__mem_fail_after = n++;
        code = lat_model_decode(&m, file.v, file.len, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !m));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 10);
    lat_model_unref(m);
    lat_buf_fini(&file);
}

TEST(model, of_a_file_names_the_path)
{
    char path[] = "/tmp/latent-model-XXXXXX";
    struct lat_buf file = {0};
    struct lat_model *m = NULL;
    struct lat_err err = {0};
    int fd = mkstemp(path);

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_model_read(&m, path, &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, path) && strstr(err.msg, "0 bytes"));
    good_file(&file);
    CHECK(lat_file_write(path, file.v, file.len, NULL) == LAT_OK);
    CHECK(lat_model_read(&m, path, NULL) == LAT_OK);
    CHECK(lat_model_ref(m) == m);
    lat_model_unref(m);
    lat_model_unref(m);
    CHECK(remove(path) == 0);
    CHECK(lat_model_read(&m, path, &err) == LAT_ENOENT);
    lat_buf_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(model, is_what_was_written),
        T(model, file_is_read_and_written_back_byte_equal),
        T(model, card_is_decoded_and_encoded_equal),
        T(card, has_units_of_its_channels),
        T(card, example_of_the_schema_is_taken),
        T(model, identity_and_digests_are_of_their_parts),
        T(model, that_is_hostile_is_refused_by_name),
        T(model, whose_lengths_lie_is_refused),
        T(model, whose_weights_are_not_finite_is_refused),
        T(model, whose_variance_is_negative_is_refused),
        T(model, with_pytorchs_counter_of_batches_is_read),
        T(tensor, of_each_dtype_becomes_float32),
        T(model, decode_survives_any_failed_allocation),
        T(model, of_a_file_names_the_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
