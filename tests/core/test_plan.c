/* test_plan.c - plans against the plain stack, and against themselves. */
#include "../../core/base/mem.h"
#include "../../core/base/team.h"
#include "../../core/plan.h"
#include "../check.h"
#include "models.h"

#include <math.h>

static const struct model_spec specs[] = {
    {"conv1d 4 k5 s2 p2, batchnorm, relu, conv1d 6 k3 p1, batchnorm, relu, "
     "maxpool k2, flatten, linear 8",
     "linear 60, unflatten w10 c6, relu, upsample x4, conv1d 1 k3 p1", 40, 1,
     LAT_TASK_RECONSTRUCTION, 5},
    /* normalisation first, a residual, ReLU behind the sum, pooling */
    {"batchnorm, relu, conv1d 5 k3 p1, batchnorm, relu, conv1d 5 k3 p1, "
     "batchnorm, add with4, relu, avgpool, linear 10, batchnorm, relu, "
     "linear 6",
     "linear 2", 31, 3, LAT_TASK_CLASSES, 6},
    /* a strided shortcut; the input read three times with other paddings */
    {"conv1d 7 k7 s2 p3, batchnorm, conv1d 7 k1 s2 from3, add with2, relu, "
     "avgpool, linear 5, conv1d 4 k9 s3 p8 from8, avgpool, linear 5, "
     "add with4, linear 6",
     "", 50, 2, LAT_TASK_NONE, 7},
    /* vectors to maps and back */
    {"flatten, linear 24, relu, unflatten w8 c3, conv1d 3 k3 p2, maxpool k3 "
     "s2 p1, upsample x2, conv1d 2 k5 p2, upsample x3, flatten, batchnorm, "
     "linear 6",
     "", 20, 2, LAT_TASK_NONE, 8},
};

enum { N_SPECS = sizeof(specs) / sizeof(specs[0]) };

static const char *const kernels[] = {"blas", "avx2", "avx512"};

static void fill(float *x, size_t n, uint64_t seed)
{
    struct lat_rng rng;

    lat__rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)lat__rng_normal(&rng);
}

/* The window through the stack in evaluation. */
static void plain(float *y, struct lat_model *m,
                  const struct lat_kernel *kernel, const float *x)
{
    const struct lat__net *net = lat__model_net(m);
    const struct lat_card *card = lat_model_card(m);
    struct lat__conditioner *c = NULL;
    struct lat__acts *a = NULL;
    struct lat_ctx ctx = {.kernel = kernel};
    double *scratch;

    ctx.scratch_len = lat__net_scratch(net, 1, LAT_FLOAT32);
    ctx.scratch = lat_calloc(LAT_PARTS * ctx.scratch_len, sizeof(float));
    CHECK(lat__acts_new(&a, &net->encoder, 1, LAT_NO_GRADS, NULL) == LAT_OK);
    CHECK(lat__conditioner_new(&c, &card->prep, card->input.rate_hz,
                               card->input.window, card->input.n_channels,
                               NULL) == LAT_OK);
    scratch = lat_calloc(lat__conditioner_scratch(c), sizeof(*scratch));
    lat__condition(c, a->act[0].v, x, scratch);
    lat__stack_eval(&ctx, lat__model_params(m), a);
    memcpy(y, a->act[net->encoder.n_layers].v, net->dims * sizeof(*y));
    lat_free(scratch);
    lat__conditioner_free(c);
    lat__acts_free(a);
    lat_free(ctx.scratch);
}

/* How far from the stack, relative to its largest value. */
static const double near[LAT_N_PRECISIONS] = {1e-5, 0.04};

static double largest(const float *v, size_t n)
{
    double most = 1.0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)v[i]));
    return most;
}

static void check_plan(const struct model_spec *spec,
                       const struct lat_kernel *kernel,
                       enum lat_precision precision)
{
    struct lat_model *m = model_of(spec);
    size_t n = spec->window * spec->channels, dims = lat_model_card(m)->dims;
    struct lat_plan *p = NULL;
    struct lat_workspace *ws = NULL;
    float *x = lat_calloc(n, sizeof(*x));
    float *y = lat_calloc(dims, sizeof(*y)), *want = lat_calloc(dims, 4);

    CHECK(lat_plan_new(&p, m, kernel, precision, NULL) == LAT_OK);
    CHECK(lat_workspace_new(&ws, p, NULL) == LAT_OK);
    for (uint64_t seed = 0; seed < 5; seed++) {
        fill(x, n, seed);
        CHECK(lat_embed(p, ws, x, y, NULL) == LAT_OK);
        plain(want, m, kernel, x);
        for (size_t j = 0; j < dims; j++)
            CHECK_NEAR(y[j], want[j], near[precision] * largest(want, dims));
    }
    CHECK(lat_plan_self_test(p, 2, NULL) == LAT_OK);
    lat_workspace_free(ws);
    lat_plan_unref(p);
    lat_model_unref(m);
    lat_free(x);
    lat_free(y);
    lat_free(want);
}

TEST(plan, gives_what_the_stack_gives)
{
    UNUSED_STATE;
    for (size_t k = 0; k < 3; k++) {
        const struct lat_kernel *kernel = NULL;

        if (lat_kernel_pick(&kernel, kernels[k], NULL))
            continue; /* not on this processor */
        for (size_t i = 0; i < N_SPECS * LAT_N_PRECISIONS; i++)
            check_plan(&specs[i / LAT_N_PRECISIONS], kernel,
                       (enum lat_precision)(i % LAT_N_PRECISIONS));
    }
}

struct crowd {
    const struct lat_plan *p;
    struct lat_workspace *ws[LAT_PARTS];
    size_t n, dims;
    float *x, *y; /* WINDOWS of them */
};

enum { WINDOWS = 40 };

static void embed_part(void *arg, size_t part)
{
    struct crowd *c = arg;
    size_t end = lat__part_begin(WINDOWS, part + 1);

    for (size_t i = lat__part_begin(WINDOWS, part); i < end; i++)
        if (lat_embed(c->p, c->ws[part], c->x + i * c->n, c->y + i * c->dims,
                      NULL))
            abort();
}

static void check_crowd(enum lat_precision precision)
{
    struct lat_model *m = model_of(&specs[0]);
    const struct lat_kernel *kernel = NULL;
    struct lat_plan *p = NULL;
    struct crowd c = {.n = 40, .dims = 8};
    float *first = lat_calloc(WINDOWS * 8, sizeof(float));

    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, kernel, precision, NULL) == LAT_OK);
    c.p = p;
    c.x = lat_calloc(WINDOWS * c.n, sizeof(float));
    c.y = lat_calloc(WINDOWS * c.dims, sizeof(float));
    fill(c.x, WINDOWS * c.n, 1);
    for (size_t i = 0; i < LAT_PARTS; i++)
        CHECK(lat_workspace_new(&c.ws[i], p, NULL) == LAT_OK);
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct lat_team *team = NULL;

        CHECK(lat__team_new(&team, threads, NULL) == LAT_OK);
        lat__team_run(team, embed_part, &c);
        lat__team_free(team);
        if (threads == 1)
            memcpy(first, c.y, WINDOWS * c.dims * sizeof(float));
        assert_memory_equal(first, c.y, WINDOWS * c.dims * sizeof(float));
    }
    for (size_t i = WINDOWS; i-- > 0;) { /* the other way round, alone */
        CHECK(lat_embed(p, c.ws[0], c.x + i * c.n, c.y, NULL) == LAT_OK);
        assert_memory_equal(c.y, first + i * c.dims, c.dims * sizeof(float));
    }
    for (size_t i = 0; i < LAT_PARTS; i++)
        lat_workspace_free(c.ws[i]);
    lat_plan_unref(p);
    lat_model_unref(m);
    lat_free(c.x);
    lat_free(c.y);
    lat_free(first);
}

TEST(plan, gives_the_same_bytes_whatever_the_threads_and_the_order)
{
    UNUSED_STATE;
    check_crowd(LAT_FLOAT32);
    check_crowd(LAT_BFLOAT16);
}

TEST(plan, names_its_arithmetic)
{
    struct lat_model *m = model_of(&specs[0]);
    const struct lat_kernel *kernel = NULL;
    enum lat_precision precision = LAT_FLOAT32;
    struct lat_plan *p = NULL;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, "blas", NULL) == LAT_OK);
    CHECK(lat_precision_parse(&precision, "bfloat16"));
    CHECK(!lat_precision_parse(&precision, "float16"));
    CHECK(lat_plan_new(&p, m, kernel, precision, NULL) == LAT_OK);
    assert_string_equal(lat_plan_arithmetic(p), "bfloat16/plain");
    CHECK(lat_plan_precision(p) == LAT_BFLOAT16);
    lat_plan_unref(p);
    lat_model_unref(m);
}

TEST(plan, folds_and_fuses)
{
    struct lat_model *m = model_of(&specs[0]);
    const struct lat_kernel *kernel = NULL;
    struct lat_plan *p = NULL;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, "blas", NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, kernel, LAT_FLOAT32, NULL) == LAT_OK);
    /* two convolutions with all behind them, a pool, a linear layer */
    CHECK(p->n_steps == 4 && p->steps[0].relu && !p->steps[3].relu);
    assert_string_equal(lat_plan_arithmetic(p), "float32/blas");
    CHECK(lat_plan_ref(p) == p);
    lat_plan_unref(p);
    lat_model_unref(m);
    assert_string_equal(lat_plan_card(p)->name, "small"); /* kept by p */
    lat_plan_unref(p);
}

static void check_finite(enum lat_precision precision)
{
    struct lat_model *m = model_of(&specs[0]);
    const struct lat_kernel *kernel = NULL;
    struct lat_plan *p = NULL;
    struct lat_workspace *ws = NULL;
    float x[40], y[8], again[8];
    struct lat_err err = {0};

    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, kernel, precision, NULL) == LAT_OK);
    CHECK(lat_workspace_new(&ws, p, NULL) == LAT_OK);
    fill(x, 40, 3);
    CHECK(lat_embed(p, ws, x, y, NULL) == LAT_OK);
    x[7] = NAN;
    CHECK(lat_embed(p, ws, x, again, &err) == LAT_ENONFINITE);
    /* and it leaves no trace in the workspace */
    fill(x, 40, 3);
    CHECK(lat_embed(p, ws, x, again, NULL) == LAT_OK);
    assert_memory_equal(y, again, sizeof(y));
    lat_workspace_free(ws);
    lat_plan_unref(p);
    lat_model_unref(m);
}

TEST(plan, says_when_a_result_is_not_finite)
{
    UNUSED_STATE;
    check_finite(LAT_FLOAT32);
    check_finite(LAT_BFLOAT16);
}

TEST(plan, new_survives_any_failed_allocation)
{
    struct lat_model *m = model_of(&specs[1]);
    const struct lat_kernel *kernel = NULL;
    struct lat_plan *p = NULL;
    struct lat_workspace *ws = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    do {
        lat__mem_fail_after = n++;
        code = lat_plan_new(&p, m, kernel, LAT_BFLOAT16, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !p));
    } while (code);
    CHECK(n > 3);
    n = 0;
    do {
        lat__mem_fail_after = n++;
        code = lat_workspace_new(&ws, p, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !ws));
    } while (code);
    CHECK(n > 2);
    n = 0;
    do {
        lat__mem_fail_after = n++;
        code = lat_plan_self_test(p, 2, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    lat_workspace_free(ws);
    lat_plan_unref(p);
    lat_model_unref(m);
}

/* A kernel whose sums depend on what it was asked before. */
static void moody(const struct lat_product *q)
{
    static float mood;

    lat__kernel_blas.product(q);
    q->c[0] += mood += 1e-3f;
}

TEST(plan, self_test_finds_a_kernel_that_does_not_repeat_itself)
{
    const struct lat_kernel kernel = {.name = "moody", .product = moody};
    struct lat_model *m = model_of(&specs[0]);
    struct lat_plan *p = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_plan_new(&p, m, &kernel, LAT_FLOAT32, NULL) == LAT_OK);
    CHECK(lat_plan_self_test(p, 1, &err) != LAT_OK);
    CHECK(strstr(err.msg, "kernel moody"));
    lat_plan_unref(p);
    lat_model_unref(m);
}

TEST(model, task_decodes_latents)
{
    struct lat_model *m = model_of(&specs[0]);
    const struct lat__net *net = lat__model_net(m);
    struct lat_ctx ctx = {0};
    struct lat__acts *a = NULL;
    struct lat_tensor y;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&ctx.kernel, NULL, NULL) == LAT_OK);
    ctx.scratch_len = lat__net_scratch(net, 2, LAT_FLOAT32);
    ctx.scratch = lat_calloc(LAT_PARTS * ctx.scratch_len, sizeof(float));
    CHECK(lat__acts_new(&a, &net->task, 2, LAT_NO_GRADS, NULL) == LAT_OK);
    fill(a->act[0].v, 16, 4);
    memcpy(a->act[0].v + 8, a->act[0].v, 8 * sizeof(float));
    lat__model_task(&ctx, m, a);
    y = a->act[net->task.n_layers];
    CHECK(y.n == 2 && y.w == 40 && y.c == 1);
    assert_memory_equal(y.v, y.v + 40, 40 * sizeof(float));
    CHECK(y.v[0] != y.v[20]);
    lat__acts_free(a);
    lat_free(ctx.scratch);
    lat_model_unref(m);
}

/* A linear head: what it says is the softmax of W z + b. */
TEST(plan, says_how_likely_each_class_is)
{
    struct lat_model *m = model_of(&specs[1]), *other = model_of(&specs[0]);
    const struct lat__net *net = lat__model_net(m);
    const struct lat__param *from = net->task.layers[0].params;
    const float *w = lat__model_params(m) + from[0].offset;
    const float *b = lat__model_params(m) + from[1].offset;
    float z[6], likely[2], s[2];
    struct lat_plan *p = NULL;
    struct lat_err err = {0};
    const struct lat_kernel *kernel;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, kernel, LAT_FLOAT32, NULL) == LAT_OK);
    for (uint64_t seed = 0; seed < 5; seed++) {
        fill(z, 6, seed);
        CHECK(lat_plan_classes(p, z, likely, NULL) == LAT_OK);
        for (size_t c = 0; c < 2; c++) {
            s[c] = b[c];
            for (size_t i = 0; i < 6; i++)
                s[c] += w[i * 2 + c] * z[i];
        }
        CHECK_NEAR(likely[0] + likely[1], 1.0, 1e-6);
        CHECK_NEAR(log((double)likely[0] / (double)likely[1]), s[0] - s[1],
                   1e-4);
    }
    z[3] = NAN;
    CHECK(lat_plan_classes(p, z, likely, NULL) == LAT_ENONFINITE);
    lat_plan_unref(p);
    CHECK(lat_plan_new(&p, other, kernel, LAT_FLOAT32, NULL) == LAT_OK);
    CHECK(lat_plan_classes(p, z, likely, &err) == LAT_EUNFIT);
    assert_non_null(strstr(err.msg, "has no classes"));
    lat_plan_unref(p);
    lat_model_unref(m);
    lat_model_unref(other);
}

TEST(plan, classes_survive_any_failed_allocation)
{
    struct lat_model *m = model_of(&specs[1]);
    float z[6] = {0}, likely[2];
    struct lat_plan *p = NULL;
    const struct lat_kernel *kernel;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, kernel, LAT_FLOAT32, NULL) == LAT_OK);
    do {
        lat__mem_fail_after = n++;
        code = lat_plan_classes(p, z, likely, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 2);
    lat_plan_unref(p);
    lat_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(plan, gives_what_the_stack_gives),
        T(plan, gives_the_same_bytes_whatever_the_threads_and_the_order),
        T(plan, names_its_arithmetic),
        T(plan, folds_and_fuses),
        T(plan, says_when_a_result_is_not_finite),
        T(plan, new_survives_any_failed_allocation),
        T(plan, self_test_finds_a_kernel_that_does_not_repeat_itself),
        T(model, task_decodes_latents),
        T(plan, says_how_likely_each_class_is),
        T(plan, classes_survive_any_failed_allocation),
    };

    lat_blas_single();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
