/* test_normalize.c - rows of unit length. */
#include "ops.h"

enum { N = 9, D = 6 };

struct unit_run {
    struct lat_tensor y, x, dy, dx;
    float norm[N];
    struct lat_ctx ctx;
};

static void run_init(struct unit_run *r, unsigned n_threads)
{
    *r = (struct unit_run){
        tensor(N, 1, 1, D, 1),
        tensor(N, 1, 1, D, 2),
        tensor(N, 1, 1, D, 3),
        tensor(N, 1, 1, D, 4),
        {0},
        ctx_new(n_threads, 0),
    };
}

static void run_fini(struct unit_run *r)
{
    ctx_free(&r->ctx);
    lat_free(r->y.v);
    lat_free(r->x.v);
    lat_free(r->dy.v);
    lat_free(r->dx.v);
}

static double loss(void *arg)
{
    struct unit_run *r = arg;

    lat__normalize_forward(&r->ctx, r->y, r->norm, r->x);
    return times(r->y.v, r->dy.v, N * D);
}

TEST(normalize, finds_values_worked_by_hand)
{
    float x[] = {3, 4, 0, 0}, y[4], norm[2], dy[] = {1, 2, 0, 0}, dx[4];
    struct lat_tensor ty = {y, 2, 1, 1, 2};
    struct lat_ctx ctx = ctx_new(1, 0);

    UNUSED_STATE;
    lat__normalize_forward(&ctx, ty, norm, (struct lat_tensor){x, 2, 1, 1, 2});
    CHECK_NEAR(y[0], 0.6, 1e-6);
    CHECK_NEAR(y[1], 0.8, 1e-6);
    CHECK(norm[0] == 5.0f && norm[1] == 0.0f);
    CHECK(y[2] == 0.0f && y[3] == 0.0f); /* zero stays zero */
    lat__normalize_backward(&ctx, (struct lat_tensor){dx, 2, 1, 1, 2},
                            (struct lat_tensor){dy, 2, 1, 1, 2}, ty, norm);
    /* y · dy = 2.2: dx = ([1, 2] - 2.2 [0.6, 0.8]) / 5 */
    CHECK_NEAR(dx[0], -0.064, 1e-6);
    CHECK_NEAR(dx[1], 0.048, 1e-6);
    ctx_free(&ctx);
}

TEST(normalize, backward_matches_differences)
{
    struct unit_run r;

    UNUSED_STATE;
    run_init(&r, 2);
    loss(&r);
    lat__normalize_backward(&r.ctx, r.dx, r.dy, r.y, r.norm);
    check_grad(loss, &r, r.x.v, r.dx.v, N * D, 5e-3);
    run_fini(&r);
}

TEST(normalize, has_the_same_bytes_on_any_number_of_threads)
{
    struct unit_run a, b;

    UNUSED_STATE;
    run_init(&a, 1);
    run_init(&b, 3);
    loss(&a);
    loss(&b);
    lat__normalize_backward(&a.ctx, a.dx, a.dy, a.y, a.norm);
    lat__normalize_backward(&b.ctx, b.dx, b.dy, b.y, b.norm);
    assert_memory_equal(a.y.v, b.y.v, N * D * sizeof(float));
    assert_memory_equal(a.dx.v, b.dx.v, N * D * sizeof(float));
    run_fini(&b);
    run_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(normalize, finds_values_worked_by_hand),
        T(normalize, backward_matches_differences),
        T(normalize, has_the_same_bytes_on_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
