/* test_fold.c - layers that are done by their neighbours. */
#include "../../core/encoder.h"
#include "ops.h"

enum { ROWS = 5, WIDTH = 12, IN = 3 };

static const char chain[] =
    "conv1d 6 k3 s2 p1, batchnorm, relu, upsample x2, conv1d 4 k5 p2,"
    "batchnorm, relu, upsample x3, conv1d 2 k3 p1, flatten, linear 7";

struct folded {
    struct lat__net *net;
    struct lat__acts *acts;
    float *params, *grads;
    struct lat_ctx ctx;
};

static struct lat__net *net_new(const char *text)
{
    struct lat__net_spec spec = {.input = {1, WIDTH, IN}};
    struct lat__layer_spec *layers;
    struct lat__net *net;

    CHECK(lat__layers_parse(&layers, &spec.n_encoder, text, NULL) == LAT_OK);
    spec.encoder = layers;
    CHECK(lat__net_new(&net, &spec, NULL) == LAT_OK);
    lat_free(layers);
    return net;
}

/* Every layer by itself again. */
static void unfold(struct lat__stack *s)
{
    for (size_t i = 0; i < s->n_layers; i++) {
        s->layers[i].x = i;
        s->layers[i].y = i + 1;
        s->layers[i].up = 1;
        s->layers[i].relu = s->layers[i].folded = false;
    }
}

static struct folded run(bool fold)
{
    struct folded f = {.net = net_new(chain)};
    struct lat__stack *s = &f.net->encoder;
    struct lat_rng rng;

    if (!fold)
        unfold(s);
    lat__rng_seed(&rng, 1);
    f.params = lat_calloc(f.net->n_params, sizeof(float));
    f.grads = lat_calloc(f.net->n_trained, sizeof(float));
    CHECK(f.params && f.grads);
    lat__net_init(f.net, f.params, &rng);
    f.ctx = ctx_new(2, lat__net_scratch(f.net, ROWS, LAT_FLOAT32));
    CHECK(lat__acts_new(&f.acts, s, ROWS, LAT_GRADS_IN, NULL) == LAT_OK);
    lat__acts_rows(f.acts, ROWS);
    noise(f.acts->act[0].v, ROWS * WIDTH * IN, 2);
    noise(f.acts->dact[s->n_layers].v, ROWS * f.net->dims, 3);
    lat__stack_forward(&f.ctx, f.params, f.acts);
    lat__stack_backward(&f.ctx, f.grads, f.params, f.acts);
    return f;
}

static void run_free(struct folded *f)
{
    ctx_free(&f->ctx);
    lat__acts_free(f->acts);
    lat_free(f->grads);
    lat_free(f->params);
    lat__net_free(f->net);
}

static void check_same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(a[i], b[i], 1e-4);
}

TEST(fold, changes_no_value_and_no_gradient)
{
    struct folded a = run(true), b = run(false);
    size_t last = a.net->encoder.n_layers;

    UNUSED_STATE;
    CHECK(a.net->encoder.layers[2].folded && a.net->encoder.layers[3].folded);
    check_same(a.acts->act[last].v, b.acts->act[last].v, ROWS * a.net->dims);
    check_same(a.acts->dact[0].v, b.acts->dact[0].v, ROWS * WIDTH * IN);
    check_same(a.grads, b.grads, a.net->n_trained);
    check_same(a.params, b.params, a.net->n_params); /* and the statistics */
    lat__stack_eval(&a.ctx, a.params, a.acts);
    lat__stack_eval(&b.ctx, b.params, b.acts);
    check_same(a.acts->act[last].v, b.acts->act[last].v, ROWS * a.net->dims);
    run_free(&b);
    run_free(&a);
}

/* add reads the batch normalisation's output as well: relu stays a layer. */
TEST(fold, leaves_alone_what_others_read)
{
    struct lat__net *net = net_new("conv1d 4 k3 p1, batchnorm, relu, add with2,"
                                   "upsample x2, conv1d 2 k3 s2 p1,"
                                   "avgpool, linear 2");

    UNUSED_STATE;
    for (size_t i = 0; i < net->encoder.n_layers; i++) {
        CHECK(!net->encoder.layers[i].folded && !net->encoder.layers[i].relu);
        CHECK(net->encoder.layers[i].up == 1);
    }
    lat__net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(fold, changes_no_value_and_no_gradient),
        T(fold, leaves_alone_what_others_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
