/* test_embeddings.c - the body of POST /v1/embeddings, case by case, and its
 * reply. */
#define _GNU_SOURCE
#include "../../core/base/mem.h"
#include "../../server/wire.h"
#include "../check.h"
#include "cases.h"

#include <jansson.h>

#include <string.h>

static enum lat_code decode(struct latd_embed_req *req,
                            const struct wire_case *c, long fail_after,
                            struct lat_err *err)
{
    const char *max = case_get(c, "Max-Inputs");
    struct latd_embed_limits limits = {
        max ? (size_t)strtoul(max, NULL, 10) : 2048, false, 50000000};
    char *type, *encoding;
    struct latd_body body = case_body(c, &type, &encoding);
    enum lat_code code;

    lat__mem_fail_after = fail_after;
    code = latd_wire_embed_decode(req, &body, &limits, err);
    lat__mem_fail_after = -1;
    lat_free(type);
    lat_free(encoding);
    return code;
}

TEST(embeddings, bad_bodies_are_refused_by_name)
{
    struct wire_case c;
    size_t bad = 0, n = 0;

    UNUSED_STATE;
    for (; case_open(&c, "embeddings/bad", n); n++) {
        struct latd_embed_req req;
        struct lat_err err = {0};
        enum lat_code code = decode(&req, &c, -1, &err);

        if (case_get(&c, "Needs")) {
            if (code)
                print_error("%s: %s\n", c.name, err.msg);
            bad += code != LAT_OK;
        } else {
            bad += !case_expected(&c, code, &err);
        }
        if (code == LAT_OK)
            latd_wire_embed_fini(&req);
        case_close(&c);
    }
    CHECK(n > 100);
    CHECK(bad == 0);
}

static bool right_samples(const struct wire_case *c,
                          const struct lat_signal *sig)
{
    const char *p = case_get(c, "Samples");
    size_t n = sig->n_channels * sig->n_samples, i = 0;
    char *end;

    for (; p && *p; p = end + strspn(end, " ")) {
        float want = strtof(p, &end);

        if (i == n || end == p ||
            !(sig->v[i] == want || (isnan(want) && isnan(sig->v[i])))) {
            print_error("%s: sample %zu\n", c->name, i);
            return false;
        }
        i++;
    }
    if (i != n)
        print_error("%s: %zu samples, expected %zu\n", c->name, n, i);
    return i == n;
}

/* WIDTH HEIGHT TYPE, and pixels that can be decoded. */
static bool right_picture(const struct wire_case *c,
                          const struct latd_picture *p)
{
    struct lat_image *image = NULL;
    char got[64];

    snprintf(got, sizeof(got), "%zu %zu %s", p->info.width, p->info.height,
             lat_picture_type(p->info.format));
    if (lat_picture_decode(&image, NULL, &p->file, 0, NULL))
        return false;
    lat_image_free(image);
    return case_same("picture", got, case_get(c, "Picture"), c->name);
}

static bool right_signal(const struct wire_case *c,
                         const struct lat_signal *sig)
{
    return sig->n_channels == strtoul(case_get(c, "Channels"), NULL, 10) &&
           sig->rate_hz > 0.0 && sig->channels[0].unit[0] &&
           right_samples(c, sig);
}

static bool right(const struct wire_case *c, const struct latd_embed_req *req)
{
    const struct latd_embed_input *in = &req->inputs[0];

    return req->n == strtoul(case_get(c, "Inputs"), NULL, 10) &&
           (in->picture ? right_picture(c, in->picture)
                        : right_signal(c, in->sig)) &&
           (!case_get(c, "Id") ||
            strcmp(req->inputs[0].id, case_get(c, "Id")) == 0) &&
           strcmp(req->model, "toy") == 0;
}

TEST(embeddings, good_bodies_become_the_same_samples)
{
    struct wire_case c;
    size_t bad = 0, n = 0;

    UNUSED_STATE;
    for (; case_open(&c, "embeddings/ok", n); n++) {
        struct latd_embed_req req;
        struct lat_err err = {0};
        enum lat_code code = decode(&req, &c, -1, &err);

        if (code || !right(&c, &req)) {
            print_error("%s: %s %s\n", c.name, err.param, err.msg);
            bad++;
        }
        if (code == LAT_OK)
            latd_wire_embed_fini(&req);
        case_close(&c);
    }
    CHECK(n > 20);
    CHECK(bad == 0);
}

/* Whichever allocation fails, the answer is "out of memory" and nothing is
 * lost; the address sanitizer sees what is. */
TEST(embeddings, decoding_survives_any_failed_allocation)
{
    struct wire_case c;

    UNUSED_STATE;
    for (size_t k = 0; case_open(&c, "embeddings/ok", k); k++) {
        struct latd_embed_req req;
        enum lat_code code;
        long n = 0;

        do {
            struct lat_err err = {0};

            code = decode(&req, &c, n++, &err);
            if (code && code != LAT_ENOMEM)
                print_error("%s: %ld: %s\n", c.name, n, err.msg);
            CHECK(code == LAT_OK || code == LAT_ENOMEM);
        } while (code);
        CHECK(n > 1);
        latd_wire_embed_fini(&req);
        case_close(&c);
    }
}

TEST(embeddings, options_are_read)
{
    struct wire_case c;
    struct latd_embed_req req;
    size_t n = 0;

    UNUSED_STATE;
    while (case_open(&c, "embeddings/ok", n++) &&
           !strstr(c.name, "windowing-tile"))
        case_close(&c);
    CHECK(decode(&req, &c, -1, NULL) == LAT_OK);
    CHECK(req.cut.mode == LAT_TILE && req.cut.hop == 360 && req.pool_mean);
    CHECK(req.cut.positional && req.partial && req.block == -1);
    CHECK(req.encoding == LATD_FLOAT && !req.normalize && !req.timeout_ms);
    latd_wire_embed_fini(&req);
    case_close(&c);
}

/* ---- replies ---- */

static const float latent[6] = {0.0213f, 0.1187f,  0.0f,
                                0.0542f, -0.0311f, 0.2204f};

static struct lat_card toy_card(void)
{
    struct lat_card card = {.name = "toy", .dims = 6, .partitioned = true};

    card.blocks[LAT_INV] = (struct lat_range){0, 3};
    card.blocks[LAT_VAR] = (struct lat_range){3, 5};
    card.blocks[LAT_FREE] = (struct lat_range){5, 6};
    return card;
}

/* The reply with these options, as JSON; what follows it in *rest. */
static json_t *encode(struct latd_embed_req req, const char **rest,
                      struct lat_buf *b)
{
    struct lat_card card = toy_card();
    struct lat_err bad = {.code = LAT_EUNFIT, .msg = "no", .param = "input[1]"};
    struct latd_embed_item items[2] = {
        {.id = "a\"b", .z = latent, .cache = "miss"},
        {.input = 1, .err = &bad},
    };
    struct latd_embed_reply reply = {.model = "toy@3",
                                     .card = &card,
                                     .req = &req,
                                     .items = items,
                                     .n = 2,
                                     .tokens = 3};
    size_t json_len = 0;

    CHECK(latd_wire_embed_encode(b, &json_len, &reply, NULL) == LAT_OK);
    *rest = b->v + json_len;
    return json_loadb(b->v, json_len, JSON_REJECT_DUPLICATES, NULL);
}

static const json_t *item(const json_t *root, size_t i, const char *name)
{
    return json_object_get(json_array_get(json_object_get(root, "data"), i),
                           name);
}

TEST(reply, is_openai_s_with_more)
{
    struct latd_embed_req req = {
        .block = -1, .include = LATD_INCLUDE_PARTITIONS | LATD_INCLUDE_GATES};
    struct lat_buf b = {0};
    const char *rest;
    json_t *root = encode(req, &rest, &b), *part;

    UNUSED_STATE;
    CHECK(root && !*rest);
    assert_string_equal(json_string_value(json_object_get(root, "object")),
                        "list");
    CHECK(json_array_size(item(root, 0, "embedding")) == 6);
    CHECK((float)json_real_value(
              json_array_get(item(root, 0, "embedding"), 1)) == latent[1]);
    assert_string_equal(json_string_value(item(root, 0, "id")), "a\"b");
    CHECK(json_is_null(item(root, 0, "gates")) && !item(root, 0, "task"));
    part = json_object_get(item(root, 0, "partitions"), "variant");
    CHECK(json_array_size(json_object_get(part, "values")) == 2);
    CHECK_NEAR(json_number_value(json_object_get(part, "norm")), 0.062488,
               1e-5);
    CHECK(json_array_size(item(root, 1, "embedding")) == 0);
    assert_string_equal(
        json_string_value(json_object_get(item(root, 1, "error"), "param")),
        "input[1]");
    CHECK(json_integer_value(json_object_get(json_object_get(root, "usage"),
                                             "prompt_tokens")) == 3);
    json_decref(root);
    lat_buf_fini(&b);
}

/* One item of a gated model, with what there is of it. */
static json_t *encode_gated(const struct lat_image_code *code,
                            enum latd_encoding encoding, struct lat_buf *b)
{
    const struct lat_card card = {
        .name = "pic",
        .modality = LAT_IMAGES,
        .dims = 4,
        .features = 2,
        .gate = {LAT_GATES_HARD, 0.5, 1.0, 0.8},
    };
    const struct latd_embed_req req = {
        .block = -1,
        .encoding = encoding,
        .include = LATD_INCLUDE_GATES | LATD_INCLUDE_FEATURES,
    };
    const struct latd_embed_item it = {.z = code->latent, .code = *code};
    const struct latd_embed_reply reply = {.model = "pic@1",
                                           .card = &card,
                                           .req = &req,
                                           .items = &it,
                                           .n = 1,
                                           .mode = LAT_GATES_HARD};
    size_t json_len = 0;

    CHECK(latd_wire_embed_encode(b, &json_len, &reply, NULL) == LAT_OK);
    return json_loadb(b->v, json_len, JSON_REJECT_DUPLICATES, NULL);
}

static void check_list(const json_t *list, const char *want)
{
    char *got = json_dumps(list, JSON_COMPACT | JSON_ENCODE_ANY);

    assert_string_equal(got, want);
    lat_free(got);
}

/* Open and not 0; open and 0; near the threshold on either side; shut. */
TEST(reply, of_gates_tells_active_open_and_undecided)
{
    float z[4] = {1.0f, 0.0f, 0.0f, 0.0f};
    float logit[4] = {2.0f, 0.125f, -0.125f, -4.0f};
    float p[4] = {0.875f, 0.53125f, 0.46875f, 0.0f}, h[2] = {0.5f, 2.0f};
    const struct lat_image_code code = {
        .latent = z, .features = h, .logit = logit, .probability = p};
    struct lat_buf b = {0};
    json_t *root = encode_gated(&code, LATD_SPARSE, &b);
    const json_t *gates = item(root, 0, "gates");

    UNUSED_STATE;
    check_list(item(root, 0, "embedding"), "{\"indices\":[0],\"values\":[1]}");
    check_list(json_object_get(gates, "active"), "[0]");
    check_list(json_object_get(gates, "undecided"), "[1,2]");
    CHECK(json_integer_value(json_object_get(gates, "open_count")) == 2);
    CHECK(json_integer_value(json_object_get(gates, "active_count")) == 1);
    CHECK_NEAR(json_number_value(json_object_get(gates, "expected_active")),
               1.875, 1e-9);
    CHECK(json_is_false(json_object_get(gates, "all_shut")));
    check_list(item(root, 0, "features"), "[0.5,2]");
    json_decref(root);
    lat_buf_fini(&b);
}

TEST(reply, of_shut_gates_is_zeros_and_says_so)
{
    float z[4] = {0.0f}, logit[4] = {-1.0f, 0.0f, 3.0f, -9.0f};
    float p[4] = {0.25f, 0.5f, 0.9375f, 0.0f};
    const struct lat_image_code code = {
        .latent = z, .logit = logit, .probability = p};
    struct lat_buf b = {0};
    json_t *root = encode_gated(&code, LATD_FLOAT, &b);
    const json_t *gates = item(root, 0, "gates");

    UNUSED_STATE;
    check_list(item(root, 0, "embedding"), "[0,0,0,0]");
    check_list(json_object_get(gates, "active"), "[]");
    CHECK(json_is_true(json_object_get(gates, "all_shut")));
    CHECK(json_integer_value(json_object_get(gates, "open_count")) == 1);
    CHECK(json_is_null(item(root, 0, "features")));
    json_decref(root);
    lat_buf_fini(&b);
}

TEST(reply, of_one_partition_is_of_unit_length_when_asked)
{
    struct latd_embed_req req = {.block = LAT_VAR, .normalize = true};
    struct lat_buf b = {0};
    const char *rest;
    json_t *root = encode(req, &rest, &b);
    const json_t *v = item(root, 0, "embedding");
    double x = json_number_value(json_array_get(v, 0)),
           y = json_number_value(json_array_get(v, 1));

    UNUSED_STATE;
    CHECK(json_array_size(v) == 2);
    CHECK_NEAR(x * x + y * y, 1.0, 1e-6);
    CHECK_NEAR(y / x, -0.0311 / 0.0542, 1e-6);
    json_decref(root);
    lat_buf_fini(&b);
}

TEST(reply, as_base64_and_as_bytes_has_the_same_floats)
{
    struct latd_embed_req req = {.block = -1, .encoding = LATD_BASE64};
    struct lat_buf b = {0};
    const char *rest;
    json_t *root = encode(req, &rest, &b);

    UNUSED_STATE;
    assert_string_equal(json_string_value(item(root, 0, "embedding")),
                        "Vn2uPPwY8z0AAAAA0gBePW3F/ryKsGE+");
    json_decref(root);
    lat_buf_fini(&b);
    req.encoding = LATD_BYTES;
    req.include = LATD_INCLUDE_PARTITIONS;
    root = encode(req, &rest, &b);
    CHECK(b.len - (size_t)(rest - b.v) == 2 * sizeof(latent));
    CHECK(memcmp(rest, latent, sizeof(latent)) == 0);
    CHECK(memcmp(rest + sizeof(latent), latent, sizeof(latent)) == 0);
    json_decref(root);
    lat_buf_fini(&b);
}

TEST(reply, never_lets_nan_out)
{
    struct latd_embed_req req = {.block = -1};
    struct lat_card card = toy_card();
    float z[6] = {0, 1, 2, NAN, 4, 5};
    struct latd_embed_item items[2] = {{.z = latent}, {.z = z}};
    struct latd_embed_reply reply = {
        .model = "toy@3", .card = &card, .req = &req, .items = items, .n = 2};
    struct lat_buf b = {0};
    struct lat_err err = {0};
    size_t len;

    UNUSED_STATE;
    CHECK(latd_wire_embed_encode(&b, &len, &reply, &err) == LAT_ENONFINITE);
    assert_string_equal(err.word, "nonfinite_output");
    CHECK(b.len == 0);
}

TEST(reply, survives_any_failed_allocation)
{
    struct latd_embed_req req = {.block = -1,
                                 .encoding = LATD_BYTES,
                                 .include = LATD_INCLUDE_PARTITIONS};
    struct lat_card card = toy_card();
    struct latd_embed_item one = {.z = latent, .cache = "hit"};
    struct latd_embed_reply reply = {
        .model = "toy@3", .card = &card, .req = &req, .items = &one, .n = 1};
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        struct lat_buf b = {0};
        size_t len;

        lat__mem_fail_after = n++;
        code = latd_wire_embed_encode(&b, &len, &reply, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
        lat_buf_fini(&b);
    } while (code);
    CHECK(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(embeddings, bad_bodies_are_refused_by_name),
        T(embeddings, good_bodies_become_the_same_samples),
        T(embeddings, decoding_survives_any_failed_allocation),
        T(embeddings, options_are_read),
        T(reply, is_openai_s_with_more),
        T(reply, of_gates_tells_active_open_and_undecided),
        T(reply, of_shut_gates_is_zeros_and_says_so),
        T(reply, of_one_partition_is_of_unit_length_when_asked),
        T(reply, as_base64_and_as_bytes_has_the_same_floats),
        T(reply, never_lets_nan_out),
        T(reply, survives_any_failed_allocation),
    };

    latd_wire_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
