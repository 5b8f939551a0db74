/* test_pool.c - the largest, the mean, and repetition. */
#include "ops.h"

struct pool_run {
    struct lat_tensor y, x, dy, dx;
    struct lat_window_geom g;
    size_t factor;
    struct lat_ctx ctx;
};

static struct pool_run run_new(struct lat_tensor y, struct lat_tensor x,
                               unsigned n_threads)
{
    struct pool_run r = {
        .y = tensor(y.n, y.h, y.w, y.c, 1),
        .x = tensor(x.n, x.h, x.w, x.c, 2),
        .dy = tensor(y.n, y.h, y.w, y.c, 3),
        .dx = tensor(x.n, x.h, x.w, x.c, 4),
        .ctx = ctx_new(n_threads, 0),
    };

    /* All different, further apart than a step of the differences. */
    for (size_t i = 0; i < lat__count(x); i++)
        r.x.v[i] = (float)(i * 7919 % 10007) * 0.05f;
    return r;
}

static void run_free(struct pool_run *r)
{
    ctx_free(&r->ctx);
    lat_free(r->y.v);
    lat_free(r->x.v);
    lat_free(r->dy.v);
    lat_free(r->dx.v);
}

/* ---- maxpool */

static const struct max_case {
    struct lat_tensor x;
    struct lat_window_geom g;
} max_cases[] = {
    {{NULL, 9, 1, 13, 5}, {.kw = 2, .stride = 2, .flat = true}},
    {{NULL, 2, 1, 14, 70}, {.kw = 3, .stride = 2, .pad = 1, .flat = true}},
    {{NULL, 2, 1, 9, 1}, {.kw = 4, .stride = 1, .pad = 2, .flat = true}},
    {{NULL, 9, 7, 6, 3}, {.kh = 3, .kw = 3, .stride = 2, .pad = 1}},
    {{NULL, 1, 4, 6, 2}, {.kh = 2, .kw = 2, .stride = 2}},
};

static struct pool_run max_new(const struct max_case *c, unsigned n_threads)
{
    const struct lat_window_geom *g = &c->g;
    struct lat_tensor y = c->x;
    struct pool_run r;

    y.h = g->flat ? y.h : lat__out_len(y.h, g->kh, g->stride, g->pad);
    y.w = lat__out_len(y.w, g->kw, g->stride, g->pad);
    r = run_new(y, c->x, n_threads);
    r.g = *g;
    return r;
}

static double max_loss(void *arg)
{
    struct pool_run *r = arg;

    lat__maxpool_forward(&r->ctx, r->y, r->x, r->g);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(maxpool, finds_values_worked_by_hand)
{
    float x[] = {1, 5, 5, -2, -4}, dy[] = {1, 2}, y[2], dx[5];
    struct lat_window_geom g = {.kw = 3, .stride = 2, .flat = true};
    struct lat_tensor tx = {x, 1, 1, 5, 1}, ty = {y, 1, 1, 2, 1};
    struct lat_ctx ctx = ctx_new(1, 0);

    UNUSED_STATE;
    lat__maxpool_forward(&ctx, ty, tx, g);
    CHECK(y[0] == 5.0f && y[1] == 5.0f);
    lat__maxpool_backward(&ctx, (struct lat_tensor){dx, 1, 1, 5, 1},
                          (struct lat_tensor){dy, 1, 1, 2, 1}, ty, tx, g);
    CHECK(dx[0] == 0.0f && dx[1] == 1.0f); /* the first of two equals */
    CHECK(dx[2] == 2.0f && dx[3] == 0.0f && dx[4] == 0.0f);
    x[1] = NAN;
    lat__maxpool_forward(&ctx, ty, tx, g);
    CHECK(isnan(y[0]) && y[1] == 5.0f);
    ctx_free(&ctx);
}

TEST(maxpool, backward_matches_differences)
{
    UNUSED_STATE;
    for (size_t i = 0; i < 5; i++) {
        struct pool_run r = max_new(&max_cases[i], 2);

        max_loss(&r);
        lat__maxpool_backward(&r.ctx, r.dx, r.dy, r.y, r.x, r.g);
        check_grad(max_loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-2);
        run_free(&r);
    }
}

TEST(maxpool, pads_with_what_is_never_the_largest)
{
    struct pool_run r = max_new(&max_cases[1], 1);

    UNUSED_STATE;
    for (size_t i = 0; i < lat__count(r.x); i++)
        r.x.v[i] = -1.0f;
    max_loss(&r);
    for (size_t i = 0; i < lat__count(r.y); i++)
        CHECK(r.y.v[i] == -1.0f);
    run_free(&r);
}

/* ---- avgpool */

static double avg_loss(void *arg)
{
    struct pool_run *r = arg;

    lat__avgpool_forward(&r->ctx, r->y, r->x);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(avgpool, is_the_mean_of_each_channel)
{
    float x[] = {1, 10, 2, 20, 6, 60}, y[2];
    struct lat_ctx ctx = ctx_new(1, 0);

    UNUSED_STATE;
    lat__avgpool_forward(&ctx, (struct lat_tensor){y, 1, 1, 1, 2},
                         (struct lat_tensor){x, 1, 1, 3, 2});
    CHECK(y[0] == 3.0f && y[1] == 30.0f);
    ctx_free(&ctx);
}

TEST(avgpool, backward_matches_differences)
{
    struct pool_run r = run_new((struct lat_tensor){NULL, 9, 1, 1, 70},
                                (struct lat_tensor){NULL, 9, 2, 3, 70}, 2);

    UNUSED_STATE;
    avg_loss(&r);
    lat__avgpool_backward(&r.ctx, r.dx, r.dy);
    check_grad(avg_loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-2);
    run_free(&r);
}

/* ---- upsample */

static double up_loss(void *arg)
{
    struct pool_run *r = arg;

    lat__upsample_forward(&r->ctx, r->y, r->x, r->factor);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(upsample, repeats_each_position)
{
    float x[] = {1, 2, 3, 4}, y[16];
    const float flat[] = {1, 2, 1, 2, 3, 4, 3, 4};
    const float both[] = {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4};
    struct lat_ctx ctx = ctx_new(1, 0);

    UNUSED_STATE;
    lat__upsample_forward(&ctx, (struct lat_tensor){y, 1, 1, 4, 2},
                          (struct lat_tensor){x, 1, 1, 2, 2}, 2);
    assert_memory_equal(y, flat, sizeof(flat));
    lat__upsample_forward(&ctx, (struct lat_tensor){y, 1, 4, 4, 1},
                          (struct lat_tensor){x, 1, 2, 2, 1}, 2);
    assert_memory_equal(y, both, sizeof(both));
    ctx_free(&ctx);
}

TEST(upsample, backward_matches_differences)
{
    UNUSED_STATE;
    for (size_t h = 1; h <= 3; h++) {
        struct lat_tensor x = {NULL, 9, h, 4, 5};
        struct lat_tensor y = {NULL, 9, h > 1 ? 3 * h : 1, 12, 5};
        struct pool_run r = run_new(y, x, 2);

        r.factor = 3;
        up_loss(&r);
        lat__upsample_backward(&r.ctx, r.dx, r.dy, r.factor);
        check_grad(up_loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-2);
        run_free(&r);
    }
}

/* ---- all */

TEST(pool, has_the_same_bytes_on_any_number_of_threads)
{
    UNUSED_STATE;
    for (unsigned threads = 2; threads <= 3; threads++) {
        struct pool_run a = max_new(&max_cases[3], 1);
        struct pool_run b = max_new(&max_cases[3], threads);

        max_loss(&a);
        max_loss(&b);
        lat__maxpool_backward(&a.ctx, a.dx, a.dy, a.y, a.x, a.g);
        lat__maxpool_backward(&b.ctx, b.dx, b.dy, b.y, b.x, b.g);
        assert_memory_equal(a.y.v, b.y.v, lat__count(a.y) * sizeof(float));
        assert_memory_equal(a.dx.v, b.dx.v, lat__count(a.x) * sizeof(float));
        run_free(&b);
        run_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(maxpool, finds_values_worked_by_hand),
        T(maxpool, backward_matches_differences),
        T(maxpool, pads_with_what_is_never_the_largest),
        T(avgpool, is_the_mean_of_each_channel),
        T(avgpool, backward_matches_differences),
        T(upsample, repeats_each_position),
        T(upsample, backward_matches_differences),
        T(pool, has_the_same_bytes_on_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
