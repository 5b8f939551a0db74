/* test_resnet.c - nets of images: shapes and counts as published, what does
 * not fit, slopes. */
#include "../../core/encoder.h"
#include "ops.h"

static enum lat_code net_of(struct lat__net **net, struct lat__shape in,
                            const char *encoder, struct lat_err *err)
{
    struct lat__layer_spec *e = NULL;
    struct lat__net_spec spec = {.input = in};
    enum lat_code code = lat__layers_parse(&e, &spec.n_encoder, encoder, err);

    spec.encoder = e;
    if (!code)
        code = lat__net_new(net, &spec, err);
    lat_free(e);
    return code;
}

static struct lat__net *resnet(const struct lat__resnet *r, size_t side)
{
    struct lat__net *net = NULL;
    struct lat_buf text = {0};
    struct lat_err err = {0};

    lat__resnet_print(&text, r);
    if (net_of(&net, (struct lat__shape){side, side, 3}, text.v, &err)) {
        print_error("%s: %s\n", text.v, err.msg);
        fail();
    }
    lat_buf_fini(&text);
    return net;
}

static size_t height_of(const struct lat__net *net, const char *kind,
                        size_t least)
{
    size_t h = least;

    for (size_t i = 0; i < net->encoder.n_layers; i++)
        if (strcmp(net->encoder.layers[i].kind->name, kind) == 0)
            h = net->encoder.layers[i].out.h;
    return h;
}

/* Multiplications of one image, and four for each normalised number. */
static double work(const struct lat__net *net)
{
    double sum = 0.0;

    for (size_t i = 0; i < net->encoder.n_layers; i++) {
        const struct lat__layer *l = &net->encoder.layers[i];
        double out = (double)(l->out.h * l->out.w * l->out.c);

        if (strcmp(l->kind->name, "conv2d") == 0)
            sum += out * (double)(l->params[0].in * l->params[0].taps);
        else if (strcmp(l->kind->name, "batchnorm") == 0)
            sum += 4.0 * out;
    }
    return sum;
}

/* torchvision's has 11 689 512 parameters, 513 000 of them in its last layer;
 * the small stem has 1728 instead of 9408.  The work of two views and their
 * projections is printed in the paper: 1.416 and 3.731 thousand millions. */
TEST(resnet, of_18_layers_is_the_published_one)
{
    const struct lat__resnet small = {64, {2, 2, 2, 2}, true, 2};
    const struct lat__resnet large = {64, {2, 2, 2, 2}, false, 0};
    struct lat__net *net = resnet(&small, 32);

    UNUSED_STATE;
    CHECK(net->dims == 512 && height_of(net, "conv2d", 0) == 5);
    CHECK(net->encoder.layers[0].out.h == 34);
    CHECK(net->n_trained == 11689512 - 513000 - 9408 + 1728);
    CHECK_NEAR(2.0 * (work(net) + 512.0 * 2048 + 2048.0 * 256), 1.416e9, 1e-3);
    lat__net_free(net);
    net = resnet(&large, 224);
    CHECK(net->dims == 512 && height_of(net, "conv2d", 0) == 7);
    CHECK(height_of(net, "maxpool", 0) == 56);
    CHECK(net->n_trained == 11689512 - 513000);
    CHECK_NEAR(2.0 * (work(net) + 512.0 * 16384 + 16384.0 * 2048), 3.731e9,
               1e-3);
    lat__net_free(net);
}

TEST(resnet, may_be_small)
{
    const struct lat__resnet r = {8, {1, 2, 0, 0}, true, 1};
    struct lat__net *net = resnet(&r, 32);

    UNUSED_STATE;
    CHECK(net->dims == 16 && height_of(net, "conv2d", 0) == 16);
    lat__net_free(net);
}

TEST(conv2d, says_what_does_not_fit)
{
    static const struct lat__shape image = {8, 6, 3}, signal = {1, 64, 3};
    static const char *const bad[][2] = {
        {"conv2d 4 k9 p1, avgpool", "kernel 9 with padding 1 does not fit 8"},
        {"conv2d 4 k3 p3, avgpool", "kernel 3 with padding 3"},
        {"conv2d 4 k256 p255, avgpool", "kernel 256, at most 255"},
        {"conv1d 4 k3, avgpool", "kernel 3 with padding 0 does not fit 6"},
        {"conv2d 4 k3, maxpool k7, avgpool", "does not fit 6 x 4"},
        {"conv2d 4 k3", "encoder: ends in a map"},
    };
    struct lat__net *net = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CHECK(net_of(&net, image, bad[i][0], &err) == LAT_EFORMAT && !net);
        if (!strstr(err.msg, bad[i][1]))
            print_error("`%s`, expected `%s`\n", err.msg, bad[i][1]);
        CHECK(strstr(err.msg, bad[i][1]));
    }
    CHECK(net_of(&net, signal, "conv2d 4 k1, avgpool", &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "encoder[0] conv2d: the input is not an image"));
}

/* ---- slopes, through all that a residual net is made of but ReLU, whose
 * kinks differences stumble over */

enum { ROWS = 3, SIDE = 7, DIMS = 6 };

struct slope {
    struct lat_ctx ctx;
    struct lat__net *net;
    struct lat__acts *acts;
    float *params, *grads;
    float dy[ROWS * DIMS];
};

static double slope_loss(void *arg)
{
    struct slope *s = arg;

    lat__stack_forward(&s->ctx, s->params, s->acts);
    return times(s->acts->act[s->net->encoder.n_layers].v, s->dy, ROWS * DIMS);
}

static void slope_init(struct slope *s)
{
    static const char text[] =
        "conv2d 4 k3 p2, batchnorm, maxpool k2, conv2d 6 k3 s2 p1, batchnorm, "
        "conv2d 6 k1 s2 from3, batchnorm, add with3, avgpool";
    struct lat__shape in = {SIDE, SIDE, 2};
    struct lat_rng rng;

    CHECK(net_of(&s->net, in, text, NULL) == LAT_OK);
    s->ctx = ctx_new(2, lat__net_scratch(s->net, ROWS, LAT_FLOAT32));
    CHECK(lat__acts_new(&s->acts, &s->net->encoder, ROWS, LAT_GRADS_IN, NULL) ==
          LAT_OK);
    s->params = lat_calloc(s->net->n_params, sizeof(float));
    s->grads = lat_calloc(s->net->n_trained, sizeof(float));
    CHECK(s->params && s->grads && s->net->dims == DIMS);
    lat__rng_seed(&rng, 5);
    lat__net_init(s->net, s->params, &rng);
    noise(s->acts->act[0].v, ROWS * SIDE * SIDE * 2, 6);
    noise(s->dy, ROWS * DIMS, 7);
}

TEST(resnet, backward_matches_differences)
{
    struct slope s = {0};
    size_t n, bad = 0;

    UNUSED_STATE;
    slope_init(&s);
    slope_loss(&s);
    n = s.net->encoder.n_layers;
    memcpy(s.acts->dact[n].v, s.dy, sizeof(s.dy));
    lat__stack_backward(&s.ctx, s.grads, s.params, s.acts);
    for (size_t i = 0; i < s.net->n_trained; i++) {
        float old = s.params[i];
        double up, down;

        s.params[i] = old + 1e-3f;
        up = slope_loss(&s);
        s.params[i] = old - 1e-3f;
        down = slope_loss(&s);
        s.params[i] = old;
        bad += fabs((up - down) / 2e-3 - (double)s.grads[i]) >
               2e-2 * fmax(1.0, fabs((double)s.grads[i]));
    }
    CHECK(bad <= 2); /* where a maximum goes over to its neighbour */
    lat__acts_free(s.acts);
    lat__net_free(s.net);
    lat_free(s.params);
    lat_free(s.grads);
    ctx_free(&s.ctx);
}

/* In files a conv2d's weight is (out, in, rows, columns). */
TEST(conv2d, has_the_order_of_pytorch_in_files)
{
    const struct lat__param p = {
        .out = 2, .in = 3, .taps = 4, .side = 2, .n_dims = 4};
    float block[24], file[24], back[24];

    UNUSED_STATE;
    for (size_t i = 0; i < 24; i++)
        block[i] = (float)i;
    lat__param_export(file, block, &p);
    /* out 1, in 2, row 1, column 0 is tap 2: (2 * 3 + 2) * 2 + 1 */
    CHECK(file[((1 * 3 + 2) * 2 + 1) * 2 + 0] == 17.0f);
    lat__param_import(back, file, &p);
    assert_memory_equal(back, block, sizeof(back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(resnet, of_18_layers_is_the_published_one),
        T(resnet, may_be_small),
        T(conv2d, says_what_does_not_fit),
        T(resnet, backward_matches_differences),
        T(conv2d, has_the_order_of_pytorch_in_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
