/* test_encoder.c - layers as text, nets, parameters, the stack's mirror. */
#include "../../core/base/mem.h"
#include "../../core/encoder.h"
#include "../check.h"

#include <string.h>

static const char ecg_encoder[] =
    "conv1d 16 k7 s2 p3, batchnorm, relu, conv1d 32 k7 s2 p3, batchnorm, relu, "
    "conv1d 64 k5 s2 p2, batchnorm, relu, conv1d 64 k5 s2 p2, batchnorm, relu, "
    "flatten, linear 64";
static const char ecg_task[] =
    "linear 2880, unflatten w45 c64, upsample x2, conv1d 64 k5 p2, relu, "
    "upsample x2, conv1d 32 k5 p2, relu, upsample x2, conv1d 16 k7 p3, relu, "
    "upsample x2, conv1d 1 k7 p3";

static enum lat_code net_of(struct lat__net **net, struct lat__shape in,
                            const char *encoder, const char *task,
                            struct lat_err *err)
{
    struct lat__layer_spec *e = NULL, *t = NULL;
    struct lat__net_spec spec = {.input = in};
    enum lat_code code = lat__layers_parse(&e, &spec.n_encoder, encoder, err);

    if (!code)
        code = lat__layers_parse(&t, &spec.n_task, task, err);
    spec.encoder = e;
    spec.task = t;
    if (!code)
        code = lat__net_new(net, &spec, err);
    lat_free(e);
    lat_free(t);
    return code;
}

/* ---- text */

TEST(layers, are_printed_as_they_were_read)
{
    struct lat__layer_spec *l = NULL;
    struct lat_buf text = {0};
    size_t n = 0;

    UNUSED_STATE;
    CHECK(lat__layers_parse(&l, &n, ecg_task, NULL) == LAT_OK);
    CHECK(n == 13 && l[1].width == 45 && l[1].channels == 64);
    CHECK(l[2].factor == 2 && l[12].out == 1 && l[12].kernel == 7);
    lat__layers_print(&text, l, n);
    assert_string_equal(text.v, ecg_task);
    lat_buf_fini(&text);
    lat_free(l);
    CHECK(lat__layers_parse(&l, &n, " \n", NULL) == LAT_OK && n == 0);
    lat_free(l);
}

TEST(layers, that_cannot_be_read_are_refused_by_place)
{
    static const char *const bad[][2] = {
        {"relu, conv3d 4", "layer 1: unknown kind \"conv3d\""},
        {"conv1d 16 7", "layer 0: conv1d: out is said twice"},
        {"conv1d 16 q7", "layer 0: conv1d: \"q7\" is not a number"},
        {"conv1d 16 k", "\"k\" is not a number"},
        {"linear -3", "\"-3\" is not a number"},
        {"linear 9999999999999999999999", "is not a number up to 1048576"},
        {"relu,, relu", "layer 1: is empty"},
        {"relu,", "layer 1: is empty"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat__layer_spec *l = NULL;
        struct lat_err err = {0};
        size_t n;

        CHECK(lat__layers_parse(&l, &n, bad[i][0], &err) == LAT_EFORMAT);
        if (!strstr(err.msg, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], err.msg);
    }
}

/* ---- nets */

TEST(net, has_shapes_and_one_block)
{
    struct lat__net *net = NULL;
    const struct lat__param *p;
    size_t trained, all;

    UNUSED_STATE;
    CHECK(net_of(&net, (struct lat__shape){1, 720, 1}, ecg_encoder, ecg_task,
                 NULL) == LAT_OK);
    CHECK(net->dims == 64 && net->task.out.w == 720 && net->task.out.c == 1);
    CHECK(net->encoder.layers[11].out.w == 45);
    /* convolutions, normalisations, linear; then the decoder's */
    trained = (7 + 1) * 16 + (7 * 16 + 1) * 32 + (5 * 32 + 1) * 64 +
              (5 * 64 + 1) * 64 + 2 * (16 + 32 + 64 + 64) + (2880 + 1) * 64;
    trained += (64 + 1) * 2880 + (5 * 64 + 1) * 64 + (5 * 64 + 1) * 32 +
               (7 * 32 + 1) * 16 + (7 * 16 + 1) * 1;
    all = trained + 2 * (16 + 32 + 64 + 64);
    CHECK(net->n_trained == trained && net->n_params == all);
    /* trained first, statistics behind */
    p = net->encoder.layers[1].params;
    CHECK(p[0].offset == 8 * 16 && p[2].offset == trained);
    /* either side of a flattened map has its order */
    CHECK(net->encoder.layers[13].params[0].in_spread == 64);
    CHECK(net->encoder.layers[13].params[0].out_spread == 0);
    CHECK(net->task.layers[0].params[0].out_spread == 64);
    CHECK(net->task.layers[0].params[1].out_spread == 64);
    lat__net_free(net);
}

TEST(net, refuses_what_does_not_fit)
{
    static const char *const bad[][3] = {
        {"", "", "encoder: has no layers"},
        {"conv1d 4 k3", "", "encoder: ends in a map"},
        {"flatten", "", "encoder: ends in a map"},
        {"avgpool", "", "no layer has parameters"},
        {"linear 4", "", "encoder[0] linear: wants a vector"},
        {"conv1d 4 k3 x2, avgpool", "", "encoder[0] conv1d: has no factor"},
        {"conv1d 4, avgpool", "", "encoder[0] conv1d: kernel is missing"},
        {"conv1d 4 k99, avgpool", "", "kernel 99 with padding 0 does not fit"},
        {"conv1d 4 k3 p3, avgpool", "", "kernel 3 with padding 3"},
        {"conv1d 4 k3, add with3, avgpool", "",
         "3 activations back from layer 1"},
        {"conv1d 4 k3, add with2, avgpool", "", "cannot be added"},
        {"conv1d 4 k3, conv1d 4 k3 from2, avgpool", "",
         "encoder[0]: no layer reads it"},
        {"conv1d 4 k3, flatten, conv1d 4 k1, avgpool", "",
         "a flattened map goes to a linear layer"},
        {"flatten, linear 8", "unflatten w4 c2",
         "task[0]: only a linear layer's output"},
        {"flatten, linear 8", "linear 8, unflatten w3 c2",
         "8 floats cannot be 3 samples of 2 channels"},
        {"conv1d 500000 k1, conv1d 500000 k1, avgpool", "",
         "activations of more than"},
        {"avgpool, linear 1000000, linear 1000000, linear 1", "",
         "more than 268435456 parameters"},
        {"upsample x1000000, avgpool, linear 1", "", "are too many"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat__net *net = NULL;
        struct lat_err err = {0};

        CHECK(net_of(&net, (struct lat__shape){1, 50, 2}, bad[i][0], bad[i][1],
                     &err) == LAT_EFORMAT);
        CHECK(net == NULL);
        if (!strstr(err.msg, bad[i][2]))
            fail_msg("%s | %s: %s", bad[i][0], bad[i][1], err.msg);
    }
}

TEST(net, new_survives_any_failed_allocation)
{
    struct lat__net *net = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = net_of(&net, (struct lat__shape){1, 720, 1}, ecg_encoder,
                      ecg_task, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !net));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 5);
    lat__net_free(net);
}

TEST(net, starts_as_pytorch_does)
{
    struct lat__net *net = NULL;
    const struct lat__param *w, *bn;
    struct lat_rng rng;
    double sum2 = 0.0, bound;
    float *params;

    UNUSED_STATE;
    CHECK(net_of(&net, (struct lat__shape){1, 720, 1}, ecg_encoder, "", NULL) ==
          LAT_OK);
    params = lat_calloc(net->n_params, sizeof(*params));
    lat__rng_seed(&rng, 3);
    lat__net_init(net, params, &rng);
    w = &net->encoder.layers[13].params[0];
    bound = 1.0 / sqrt(2880.0);
    for (size_t i = 0; i < lat__param_count(w); i++) {
        CHECK(fabs((double)params[w->offset + i]) <= bound);
        sum2 += (double)(params[w->offset + i] * params[w->offset + i]);
    }
    CHECK_NEAR(sum2 / (double)lat__param_count(w) / (bound * bound), 1.0 / 3.0,
               5e-3);
    bn = net->encoder.layers[1].params;
    CHECK(params[bn[0].offset] == 1.0f && params[bn[1].offset] == 0.0f);
    CHECK(params[bn[2].offset] == 0.0f && params[bn[3].offset] == 1.0f);
    lat_free(params);
    lat__net_free(net);
}

/* ---- parameters in files */

/* Two samples of three channels, flattened: PyTorch counts them channel after
 * channel, a0 a1 b0 b1 c0 c1; we sample after sample, a0 b0 c0 a1 b1 c1. */
TEST(params, of_a_flattened_map_have_pytorchs_order)
{
    struct lat__param p = {.out = 2, .in = 6, .taps = 1, .in_spread = 3};
    const float file[12] = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};
    const float want[12] = {0, 10, 2, 12, 4, 14, 1, 11, 3, 13, 5, 15};
    float block[12], back[12];

    UNUSED_STATE;
    lat__param_import(block, file, &p);
    assert_memory_equal(block, want, sizeof(want));
    lat__param_export(back, block, &p);
    assert_memory_equal(back, file, sizeof(file));
}

TEST(params, of_a_convolution_go_from_out_in_taps_to_taps_in_out)
{
    struct lat__param p = {.out = 2, .in = 2, .taps = 3};
    const float file[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const float want[12] = {0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11};
    float block[12];

    UNUSED_STATE;
    lat__param_import(block, file, &p);
    assert_memory_equal(block, want, sizeof(want));
}

/* ---- the stack */

struct trial {
    struct lat__net *net;
    struct lat__acts *a;
    struct lat_ctx ctx;
    float *params, *grads, *weights;
};

enum { ROWS = 3 };

static void trial_open(struct trial *t, struct lat__shape in,
                       const char *layers)
{
    struct lat_rng rng;
    struct lat_err err = {0};
    size_t n;

    if (net_of(&t->net, in, layers, "", &err))
        fail_msg("%s", err.msg);
    CHECK(lat__acts_new(&t->a, &t->net->encoder, ROWS, LAT_GRADS_IN, NULL) ==
          LAT_OK);
    CHECK(lat_kernel_pick(&t->ctx.kernel, "blas", NULL) == LAT_OK);
    t->ctx.team = NULL;
    t->ctx.scratch_len = lat__net_scratch(t->net, ROWS, LAT_FLOAT32);
    t->ctx.scratch = lat_calloc(LAT_PARTS * t->ctx.scratch_len, sizeof(float));
    t->params = lat_calloc(t->net->n_params, sizeof(float));
    t->grads = lat_calloc(t->net->n_trained, sizeof(float));
    n = lat__count(t->a->act[t->net->encoder.n_layers]);
    t->weights = lat_calloc(n, sizeof(float));
    lat__rng_seed(&rng, 11);
    lat__net_init(t->net, t->params, &rng);
    for (size_t i = 0; i < n; i++)
        t->weights[i] = (float)lat__rng_normal(&rng);
    for (size_t i = 0; i < lat__count(t->a->act[0]); i++)
        t->a->act[0].v[i] = (float)lat__rng_normal(&rng);
}

static void trial_close(struct trial *t)
{
    lat_free(t->ctx.scratch);
    lat_free(t->params);
    lat_free(t->grads);
    lat_free(t->weights);
    lat__acts_free(t->a);
    lat__net_free(t->net);
}

static double weighted(void *arg)
{
    struct trial *t = arg;
    const struct lat_tensor y = t->a->act[t->net->encoder.n_layers];
    double sum = 0.0;

    lat__stack_forward(&t->ctx, t->params, t->a);
    for (size_t i = 0; i < lat__count(y); i++)
        sum += (double)(y.v[i] * t->weights[i]);
    return sum;
}

static void check_slopes(const char *layers, struct lat__shape in)
{
    struct trial t = {0};
    struct lat_tensor dy;

    trial_open(&t, in, layers);
    dy = t.a->dact[t.net->encoder.n_layers];
    weighted(&t);
    memcpy(dy.v, t.weights, lat__count(dy) * sizeof(float));
    lat__stack_backward(&t.ctx, t.grads, t.params, t.a);
    check_grad(weighted, &t, t.params, t.grads, t.net->n_trained, 2e-2);
    check_grad(weighted, &t, t.a->act[0].v, t.a->dact[0].v,
               lat__count(t.a->act[0]), 2e-2);
    trial_close(&t);
}

/* No kinks: relu and maxpool have theirs in the tests of their ops. */
TEST(stack, backward_matches_differences)
{
    UNUSED_STATE;
    check_slopes("conv1d 3 k3 s2 p1, batchnorm, conv1d 4 k3, flatten, linear 6,"
                 "unflatten w3 c2, upsample x2, conv1d 2 k3 p1, avgpool, "
                 "linear 3",
                 (struct lat__shape){1, 11, 2});
}

/* The first convolution's output goes three ways, and two of them meet. */
TEST(stack, gradients_of_an_activation_read_twice_are_added)
{
    UNUSED_STATE;
    check_slopes("conv1d 2 k3 p1, conv1d 2 k3 p1, conv1d 2 k1 from2, "
                 "add with2, add with4, add with5, avgpool, linear 3",
                 (struct lat__shape){1, 7, 2});
}

TEST(stack, the_input_may_be_added_too)
{
    UNUSED_STATE;
    check_slopes("conv1d 2 k3 p1, add with2, add with1, avgpool, linear 2",
                 (struct lat__shape){1, 5, 2});
}

/* relu and maxpool pass the gradient where the value came from, so the
 * gradient of a sum of outputs says which inputs those were. */
TEST(stack, relu_and_maxpool_take_part)
{
    struct trial t = {0};
    struct lat_tensor dy;

    UNUSED_STATE;
    trial_open(&t, (struct lat__shape){1, 4, 1},
               "relu, maxpool k2, avgpool, linear 1");
    t.params[0] = 2.0f; /* the weight; its mean is over two samples */
    t.params[1] = 0.5f;
    memcpy(t.a->act[0].v, (float[]){-1, 3, 5, 4}, 4 * sizeof(float));
    lat__acts_rows(t.a, 1);
    lat__stack_eval(&t.ctx, t.params, t.a);
    CHECK_NEAR(t.a->act[4].v[0], 2.0 * 4.0 + 0.5, 1e-6);
    dy = t.a->dact[4];
    dy.v[0] = 1.0f;
    lat__stack_backward(&t.ctx, t.grads, t.params, t.a);
    CHECK_NEAR(t.a->dact[0].v[0], 0.0, 1e-6);
    CHECK_NEAR(t.a->dact[0].v[1], 1.0, 1e-6);
    CHECK_NEAR(t.a->dact[0].v[2], 1.0, 1e-6);
    CHECK_NEAR(t.a->dact[0].v[3], 0.0, 1e-6);
    CHECK_NEAR(t.grads[0], 4.0, 1e-6);
    trial_close(&t);
}

TEST(stack, evaluation_uses_running_statistics_and_leaves_them)
{
    struct trial t = {0};
    const struct lat__param *p;
    float mean, var;

    UNUSED_STATE;
    trial_open(&t, (struct lat__shape){1, 4, 1},
               "batchnorm, flatten, linear 2");
    p = t.net->encoder.layers[0].params;
    lat__stack_forward(&t.ctx, t.params, t.a);
    mean = t.params[p[2].offset];
    var = t.params[p[3].offset];
    CHECK(mean != 0.0f && var != 1.0f); /* training moved them */
    lat__stack_eval(&t.ctx, t.params, t.a);
    CHECK(t.params[p[2].offset] == mean && t.params[p[3].offset] == var);
    CHECK_NEAR(t.a->act[1].v[0], (t.a->act[0].v[0] - mean) / sqrt(var + 1e-5),
               1e-5);
    trial_close(&t);
}

TEST(acts, new_survives_any_failed_allocation)
{
    struct lat__net *net = NULL;
    struct lat__acts *a = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(net_of(&net, (struct lat__shape){1, 720, 1}, ecg_encoder, "", NULL) ==
          LAT_OK);
    do {
        lat__mem_fail_after = n++;
        code = lat__acts_new(&a, &net->encoder, 2, LAT_GRADS, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !a));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 3 && a->dact[0].v == NULL && a->dact[1].v != NULL);
    lat__acts_free(a);
    lat__net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(layers, are_printed_as_they_were_read),
        T(layers, that_cannot_be_read_are_refused_by_place),
        T(net, has_shapes_and_one_block),
        T(net, refuses_what_does_not_fit),
        T(net, new_survives_any_failed_allocation),
        T(net, starts_as_pytorch_does),
        T(params, of_a_flattened_map_have_pytorchs_order),
        T(params, of_a_convolution_go_from_out_in_taps_to_taps_in_out),
        T(stack, backward_matches_differences),
        T(stack, gradients_of_an_activation_read_twice_are_added),
        T(stack, the_input_may_be_added_too),
        T(stack, relu_and_maxpool_take_part),
        T(stack, evaluation_uses_running_statistics_and_leaves_them),
        T(acts, new_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
