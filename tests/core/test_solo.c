/* test_solo.c - a checkpoint of solo-learn, small and random, gives here what
 * it gives in PyTorch; what is not one is refused. */
#include "../../core/base/mem.h"
#include "../../core/train/gated.h"
#include "ops.h"

#include <jansson.h>

enum { N = 3, SIDE = 12, FEATURES = 8, DIMS = 6, CLASSES = 3 };

struct solo {
    char *file;
    struct lat__safetensors *st;
    struct lat__gated_recipe r;
    json_t *want;
};

static void solo_init(struct solo *s)
{
    size_t len;

    memset(s, 0, sizeof(*s));
    CHECK(lat_file_read(&s->file, &len,
                        src_path("tests/golden/solo.safetensors"), 1 << 20,
                        NULL) == LAT_OK);
    CHECK(lat__safetensors_decode(&s->st, s->file, len, NULL) == LAT_OK);
    s->want = json_load_file(src_path("tests/golden/solo.json"), 0, NULL);
    assert_non_null(s->want);
    s->r.resnet.stem_pad = 2;
    s->r.data.views.size = SIDE;
    CHECK(lat__solo_describe(&s->r, s->st, NULL) == LAT_OK);
}

static void solo_fini(struct solo *s)
{
    lat__safetensors_free(s->st);
    lat_free(s->file);
    json_decref(s->want);
}

static void values(float *v, size_t n, const json_t *want, const char *name)
{
    const json_t *list = json_object_get(want, name);

    assert_int_equal(json_array_size(list), n);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)json_number_value(json_array_get(list, i));
}

static void check(const float *got, size_t n, const json_t *want,
                  const char *name)
{
    float v[N * 32];

    values(v, n, want, name);
    for (size_t i = 0; i < n; i++)
        check_near((double)got[i], (double)v[i], 2e-5, name, __FILE__,
                   __LINE__);
}

/* One stack of a net in evaluation, from x to its output. */
static void run(float *y, const struct lat__net *net,
                const struct lat__stack *s, float *params, const float *x)
{
    struct lat_ctx ctx = ctx_new(1, lat__net_scratch(net, N, LAT_FLOAT32));
    struct lat__acts *acts = NULL;
    struct lat_tensor out;

    CHECK(lat__acts_new(&acts, s, N, LAT_NO_GRADS, NULL) == LAT_OK);
    memcpy(acts->act[0].v, x, lat__count(acts->act[0]) * sizeof(*x));
    lat__stack_eval(&ctx, params, acts);
    out = acts->act[s->n_layers];
    memcpy(y, out.v, lat__count(out) * sizeof(*y));
    lat__acts_free(acts);
    ctx_free(&ctx);
}

static float *imported(const struct solo *s, const struct lat__net *net,
                       enum lat__gated_part part)
{
    float *params = lat_calloc(net->n_params, sizeof(*params));
    struct lat_err err = {0};

    CHECK(params);
    if (lat__solo_import(params, net, part, s->st, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return params;
}

static void run_head(float *y, const struct solo *s, enum lat__gated_part part,
                     const struct lat__gated_head *head, const float *h)
{
    struct lat__net *net = NULL;
    float *params;

    CHECK(lat__gated_head_new(&net, head, NULL) == LAT_OK);
    params = imported(s, net, part);
    run(y, net, &net->encoder, params, h);
    lat_free(params);
    lat__net_free(net);
}

static void run_body(float *h, float *z, const struct solo *s)
{
    float x[N * SIDE * SIDE * 3];
    struct lat__net *net = NULL;
    float *params;

    values(x, N * SIDE * SIDE * 3, s->want, "x");
    CHECK(lat__gated_body_new(&net, &s->r, NULL) == LAT_OK);
    params = imported(s, net, LAT_PART_BODY);
    run(h, net, &net->encoder, params, x);
    run(z, net, &net->projector, params, h);
    lat_free(params);
    lat__net_free(net);
}

static void run_codes(float *u, float *z, float *logit)
{
    const struct lat_gated_spec spec = {
        .rows = N,
        .dims = DIMS,
        .nonneg = LAT_NONNEG_RELU,
        .gate = {.kind = LAT_GATE_STE, .temperature = 1.0},
        .tau = 0.2};
    const struct lat_gated_batch b = {.z = {z, N, 1, 1, DIMS},
                                      .logit = {logit, N, 1, 1, DIMS}};
    struct lat_gated_loss *l = NULL;
    struct lat_ctx ctx = {0};

    CHECK(lat__gated_loss_new(&l, &spec, NULL) == LAT_OK);
    lat__gated_codes(&ctx, l, &b);
    memcpy(u, l->u, N * DIMS * sizeof(*u));
    lat__gated_loss_free(l);
}

TEST(solo, gives_what_it_gives_in_pytorch)
{
    const struct lat__gated_head gates = {FEATURES, 2, 10, DIMS};
    const struct lat__gated_head classifier = {FEATURES, 1, 0, CLASSES};
    float h[N * FEATURES], z[N * DIMS], logit[N * DIMS], u[N * DIMS];
    float classes[N * CLASSES];
    struct solo s;

    UNUSED_STATE;
    solo_init(&s);
    CHECK(s.r.resnet.width == 4 && s.r.resnet.small && s.r.gate_layers == 2);
    CHECK(s.r.resnet.blocks[0] == 1 && s.r.resnet.blocks[1] == 2);
    CHECK(s.r.resnet.blocks[2] == 0);
    CHECK(s.r.hidden == 10 && s.r.dims == DIMS);
    run_body(h, z, &s);
    check(h, N * FEATURES, s.want, "h");
    check(z, N * DIMS, s.want, "z");
    run_head(logit, &s, LAT_PART_GATES, &gates, h);
    check(logit, N * DIMS, s.want, "logit");
    run_codes(u, z, logit);
    check(u, N * DIMS, s.want, "u");
    run_head(classes, &s, LAT_PART_CLASSES, &classifier, h);
    check(classes, N * CLASSES, s.want, "classes");
    solo_fini(&s);
}

/* What a file without the tensor, or with another, is told. */
static void check_described(struct solo *s, const char *tensor,
                            const char *called, const char *message)
{
    char old[LAT_TENSOR_NAME_MAX];
    struct lat__gated_recipe r = {0};
    struct lat_err err = {0};
    size_t i = 0;

    while (strcmp(s->st->tensors[i].name, tensor) != 0)
        CHECK(++i < s->st->n);
    memcpy(old, s->st->tensors[i].name, sizeof(old));
    snprintf(s->st->tensors[i].name, sizeof(old), "%s", called);
    CHECK(lat__solo_describe(&r, s->st, &err) == LAT_EFORMAT);
    if (!strstr(err.msg, message))
        print_error("`%s`, expected `%s`\n", err.msg, message);
    CHECK(strstr(err.msg, message));
    memcpy(s->st->tensors[i].name, old, sizeof(old));
}

TEST(solo, says_what_is_missing_or_unknown)
{
    struct lat__net *net = NULL;
    float *params;
    struct lat_err err = {0};
    struct solo s;

    UNUSED_STATE;
    solo_init(&s);
    check_described(&s, "classifier.bias", "queue", "tensor queue: not of a");
    check_described(&s, "backbone.conv1.weight", "backbone.aaa",
                    "no residual net of basic blocks");
    check_described(&s, "projector.2.weight", "projector.8.w",
                    "projector.0 or projector.2 is missing");
    check_described(&s, "gating_head.0.weight", "gating_head.1.weight",
                    "tensor gating_head.0.bias: the net has no place");
    check_described(&s, "classifier.bias", "projector.4.weight",
                    "tensor projector.4.weight: the net has no place");
    check_described(&s, "backbone.layer2.0.conv1.weight", "backbone.fc",
                    "the net has no place for it, or a layer before it");
    s.r.dims = DIMS + 1;
    CHECK(lat__gated_body_new(&net, &s.r, NULL) == LAT_OK);
    params = lat_calloc(net->n_params, sizeof(*params));
    CHECK(params);
    CHECK(lat__solo_import(params, net, LAT_PART_BODY, s.st, &err) ==
          LAT_EFORMAT);
    CHECK(strstr(err.msg, "tensor projector.2.weight: its shape does not fit"));
    lat__net_free(net);
    s.r.resnet.blocks[1] = 3;
    CHECK(lat__gated_body_new(&net, &s.r, NULL) == LAT_OK);
    lat_free(params);
    params = lat_calloc(net->n_params, sizeof(*params));
    CHECK(params);
    CHECK(lat__solo_import(params, net, LAT_PART_BODY, s.st, &err) ==
          LAT_EFORMAT);
    CHECK(strstr(err.msg, "backbone.layer2.2.conv1.weight: is missing"));
    lat_free(params);
    lat__net_free(net);
    solo_fini(&s);
}

/* From the file to a model file to the latents that PyTorch gives. */
TEST(solo, becomes_a_model_file_that_gives_the_same)
{
    float x[N * SIDE * SIDE * 3], h[FEATURES], u[DIMS], logit[DIMS];
    float want[3][N * FEATURES];
    const struct lat_kernel *kernel = NULL;
    struct lat_workspace *ws = NULL;
    struct lat_model *m = NULL;
    struct lat_plan *p = NULL;
    struct lat_buf file = {0};
    struct lat_solo how;
    struct solo s;
    bool small = false;

    UNUSED_STATE;
    solo_init(&s);
    values(x, N * SIDE * SIDE * 3, s.want, "x");
    values(want[0], N * FEATURES, s.want, "h");
    values(want[1], N * DIMS, s.want, "logit");
    values(want[2], N * DIMS, s.want, "u");
    CHECK(lat_solo_stem(&small, src_path("tests/golden/solo.safetensors"),
                        NULL) == LAT_OK);
    CHECK(small);
    lat_solo_defaults(&how, small);
    strcpy(how.name, "golden");
    how.image.height = how.image.width = how.image.shorter = SIDE;
    CHECK(lat_solo_import(&file, src_path("tests/golden/solo.safetensors"),
                          &how, NULL) == LAT_OK);
    CHECK(lat_model_decode(&m, file.v, file.len, NULL) == LAT_OK);
    CHECK(lat_model_card(m)->gate.mode == LAT_GATES_HARD);
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, kernel, LAT_FLOAT32, NULL) == LAT_OK);
    CHECK(lat_workspace_new(&ws, p, NULL) == LAT_OK);
    for (size_t i = 0; i < N; i++) {
        struct lat_image_code code = {
            .latent = u, .features = h, .logit = logit};

        CHECK(lat_embed_image(p, ws, x + i * SIDE * SIDE * 3, LAT_GATES_HARD,
                              &code, NULL) == LAT_OK);
        for (size_t k = 0; k < FEATURES; k++)
            CHECK_NEAR(h[k], want[0][i * FEATURES + k], 2e-5);
        for (size_t k = 0; k < DIMS; k++) {
            CHECK_NEAR(logit[k], want[1][i * DIMS + k], 2e-5);
            CHECK_NEAR(u[k], want[2][i * DIMS + k], 2e-5);
        }
    }
    lat_workspace_free(ws);
    lat_plan_unref(p);
    lat_model_unref(m);
    lat_buf_fini(&file);
    solo_fini(&s);
}

static void check_import(void (*spoil)(struct lat_solo *how),
                         const char *message)
{
    struct lat_buf file = {0};
    struct lat_err err = {0};
    struct lat_solo how;

    lat_solo_defaults(&how, true);
    strcpy(how.name, "golden");
    spoil(&how);
    CHECK(lat_solo_import(&file, src_path("tests/golden/solo.safetensors"),
                          &how, &err) != LAT_OK);
    if (!strstr(err.msg, message)) {
        print_error("`%s`, expected `%s`\n", err.msg, message);
        fail();
    }
    lat_buf_fini(&file);
}

static void spoil_name(struct lat_solo *how)
{
    strcpy(how->name, "a/b");
}

static void spoil_top_k(struct lat_solo *how)
{
    how->top_k = DIMS + 1;
}

static void spoil_temperature(struct lat_solo *how)
{
    how->temperature = 0.0;
}

TEST(solo, import_says_what_does_not_fit)
{
    struct lat_err err = {0};
    bool small;

    UNUSED_STATE;
    check_import(spoil_name, "name is not made of letters");
    check_import(spoil_top_k, "the largest 7 of 6 dimensions");
    check_import(spoil_temperature, "gate: temperature is missing or 0");
    CHECK(lat_solo_stem(&small, src_path("tests/golden/solo.json"), &err) ==
          LAT_EFORMAT);
    CHECK(strstr(err.msg, "tests/golden/solo.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(solo, gives_what_it_gives_in_pytorch),
        T(solo, says_what_is_missing_or_unknown),
        T(solo, becomes_a_model_file_that_gives_the_same),
        T(solo, import_says_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
