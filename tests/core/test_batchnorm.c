/* test_batchnorm.c - batch normalisation, in training and in evaluation. */
#include "ops.h"

enum { C_MAX = 150 };

struct norm_run {
    struct lat_tensor y, x, dy, dx;
    float mean[C_MAX], rstd[C_MAX], r_mean[C_MAX], r_var[C_MAX];
    float gamma[C_MAX], beta[C_MAX], dgamma[C_MAX], dbeta[C_MAX];
    bool relu;
    struct lat_ctx ctx;
};

static void run_init(struct norm_run *r, size_t n, size_t w, size_t c,
                     unsigned n_threads)
{
    *r = (struct norm_run){
        .y = tensor(n, 1, w, c, 1),
        .x = tensor(n, 1, w, c, 2),
        .dy = tensor(n, 1, w, c, 3),
        .dx = tensor(n, 1, w, c, 4),
        .ctx = ctx_new(n_threads, 0),
    };
    noise(r->gamma, c, 5);
    noise(r->beta, c, 6);
    for (size_t j = 0; j < c; j++)
        r->r_var[j] = 1.0f;
}

static void run_fini(struct norm_run *r)
{
    ctx_free(&r->ctx);
    lat_free(r->y.v);
    lat_free(r->x.v);
    lat_free(r->dy.v);
    lat_free(r->dx.v);
}

static struct lat_batchnorm norm(struct norm_run *r)
{
    return (struct lat_batchnorm){r->gamma,  r->beta,  r->mean, r->rstd,
                                  r->r_mean, r->r_var, r->relu};
}

static void forward(struct norm_run *r)
{
    const struct lat_batchnorm p = norm(r);

    lat__batchnorm_forward(&r->ctx, r->y, r->x, &p);
}

static void backward(struct norm_run *r)
{
    const struct lat_batchnorm p = norm(r);

    lat__batchnorm_backward(&r->ctx, r->dx, r->dgamma, r->dbeta, r->dy, r->x,
                            &p);
}

static void eval(struct norm_run *r)
{
    const struct lat_batchnorm p = norm(r);

    lat__batchnorm_eval(&r->ctx, r->y, r->x, &p);
}

/* Values 1, 3: mean 2, variance 1, unbiased 2. */
TEST(batchnorm, finds_a_value_worked_by_hand)
{
    struct norm_run r;

    UNUSED_STATE;
    run_init(&r, 2, 1, 1, 1);
    r.x.v[0] = 1.0f;
    r.x.v[1] = 3.0f;
    r.gamma[0] = 10.0f;
    r.beta[0] = 0.5f;
    forward(&r);
    CHECK_NEAR(r.mean[0], 2.0, 1e-6);
    CHECK_NEAR(r.rstd[0], 1.0 / sqrt(1.0 + 1e-5), 1e-6);
    CHECK_NEAR(r.y.v[0], -9.5, 1e-4);
    CHECK_NEAR(r.y.v[1], 10.5, 1e-4);
    CHECK_NEAR(r.r_mean[0], 0.2, 1e-6);
    CHECK_NEAR(r.r_var[0], 0.9 + 0.2, 1e-6);
    eval(&r);
    CHECK_NEAR(r.y.v[1], 2.8 / sqrt(1.1 + 1e-5) * 10.0 + 0.5, 1e-4);
    run_fini(&r);
}

/* A large mean must not drown the variance. */
TEST(batchnorm, normalises_every_channel)
{
    const size_t cs[] = {1, 3, 8, 13, 64, 65, 150};
    struct norm_run r;

    UNUSED_STATE;
    for (size_t t = 0; t < 7; t++) {
        size_t c = cs[t];

        run_init(&r, 11, 70, c, 2);
        for (size_t i = 0; i < lat__count(r.x); i++)
            r.x.v[i] = r.x.v[i] * 0.5f + (float)(i % c) * 10.0f;
        forward(&r);
        for (size_t j = 0; j < c; j++) {
            double sum = 0.0, square = 0.0, n = 11 * 70;

            for (size_t i = j; i < lat__count(r.y); i += c) {
                double z =
                    ((double)r.y.v[i] - (double)r.beta[j]) / (double)r.gamma[j];

                sum += z;
                square += z * z;
            }
            CHECK_NEAR(sum / n, 0.0, 1e-3);
            CHECK_NEAR(square / n, 1.0, 1e-3);
            CHECK_NEAR(r.mean[j], (double)j * 10.0, 0.1);
        }
        run_fini(&r);
    }
}

static double loss(void *arg)
{
    struct norm_run *r = arg;

    forward(r);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(batchnorm, backward_matches_differences)
{
    const size_t cs[] = {1, 5, 8, 67};
    struct norm_run r;

    UNUSED_STATE;
    for (size_t t = 0; t < 4; t++) {
        size_t c = cs[t];

        run_init(&r, 9, 7, c, 2);
        forward(&r);
        backward(&r);
        check_grad(loss, &r, r.gamma, r.dgamma, c, 5e-3);
        check_grad(loss, &r, r.beta, r.dbeta, c, 5e-3);
        check_grad(loss, &r, r.x.v, r.dx.v, lat__count(r.x), 1e-2);
        run_fini(&r);
    }
}

/* With relu: the bytes of the two ops one after the other. */
TEST(batchnorm, is_followed_by_relu_in_the_same_pass)
{
    static struct norm_run a, b;
    const size_t cs[] = {3, 16, 70};

    UNUSED_STATE;
    for (size_t t = 0; t < 3; t++) {
        size_t size = 9 * 20 * cs[t] * sizeof(float);

        run_init(&a, 9, 20, cs[t], 1);
        run_init(&b, 9, 20, cs[t], 2);
        b.relu = true;
        forward(&a);
        lat__relu_forward(&a.ctx, a.y, a.y);
        lat__relu_backward(&a.ctx, a.dy, a.dy, a.y);
        backward(&a);
        forward(&b);
        backward(&b);
        assert_memory_equal(a.y.v, b.y.v, size);
        assert_memory_equal(a.dx.v, b.dx.v, size);
        assert_memory_equal(a.dgamma, b.dgamma, sizeof(a.dgamma));
        assert_memory_equal(a.dbeta, b.dbeta, sizeof(a.dbeta));
        eval(&a);
        lat__relu_forward(&a.ctx, a.y, a.y);
        eval(&b);
        assert_memory_equal(a.y.v, b.y.v, size);
        run_fini(&b);
        run_fini(&a);
    }
}

TEST(batchnorm, has_the_same_bytes_on_any_number_of_threads)
{
    static struct norm_run a, b;

    UNUSED_STATE;
    for (unsigned threads = 2; threads <= 3; threads++) {
        size_t size = 19 * 50 * 70 * sizeof(float);

        run_init(&a, 19, 50, 70, 1);
        run_init(&b, 19, 50, 70, threads);
        forward(&a);
        backward(&a);
        forward(&b);
        backward(&b);
        assert_memory_equal(a.y.v, b.y.v, size);
        assert_memory_equal(a.dx.v, b.dx.v, size);
        assert_memory_equal(a.dgamma, b.dgamma, sizeof(a.dgamma));
        assert_memory_equal(a.dbeta, b.dbeta, sizeof(a.dbeta));
        assert_memory_equal(a.r_var, b.r_var, sizeof(a.r_var));
        run_fini(&b);
        run_fini(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(batchnorm, finds_a_value_worked_by_hand),
        T(batchnorm, normalises_every_channel),
        T(batchnorm, backward_matches_differences),
        T(batchnorm, is_followed_by_relu_in_the_same_pass),
        T(batchnorm, has_the_same_bytes_on_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
