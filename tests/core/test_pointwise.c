/* test_pointwise.c - max(0, x) and x + z. */
#include "ops.h"

TEST(relu, keeps_what_is_positive_and_what_is_no_number)
{
    float x[] = {-2.0f, 3.0f, 0.0f, NAN, -INFINITY, INFINITY};
    float dy[] = {1, 2, 3, 4, 5, 6}, y[6], dx[6];
    struct lat_ctx ctx = ctx_new(1, 0);

    UNUSED_STATE;
    lat__relu_forward(&ctx, (struct lat_tensor){y, 2, 1, 1, 3},
                      (struct lat_tensor){x, 2, 1, 1, 3});
    CHECK(y[0] == 0.0f && y[1] == 3.0f && y[2] == 0.0f && isnan(y[3]));
    CHECK(y[4] == 0.0f && isinf(y[5]));
    lat__relu_backward(&ctx, (struct lat_tensor){dx, 2, 1, 1, 3},
                       (struct lat_tensor){dy, 2, 1, 1, 3},
                       (struct lat_tensor){y, 2, 1, 1, 3});
    CHECK(dx[0] == 0.0f && dx[1] == 2.0f && dx[2] == 0.0f && dx[5] == 6.0f);
    ctx_free(&ctx);
}

struct point_run {
    struct lat_tensor y, x, z, dy, dx, dz;
    struct lat_ctx ctx;
};

static struct point_run run_new(unsigned n_threads)
{
    struct point_run r = {
        tensor(11, 1, 7, 5, 1), tensor(11, 1, 7, 5, 2), tensor(11, 1, 7, 5, 3),
        tensor(11, 1, 7, 5, 4), tensor(11, 1, 7, 5, 5), tensor(11, 1, 7, 5, 6),
        ctx_new(n_threads, 0),
    };

    /* No kink within a step of the differences. */
    for (size_t i = 0; i < lat__count(r.x); i++)
        r.x.v[i] += r.x.v[i] < 0.0f ? -0.1f : 0.1f;
    return r;
}

static void run_free(struct point_run *r)
{
    ctx_free(&r->ctx);
    lat_free(r->y.v);
    lat_free(r->x.v);
    lat_free(r->z.v);
    lat_free(r->dy.v);
    lat_free(r->dx.v);
    lat_free(r->dz.v);
}

static double relu_loss(void *arg)
{
    struct point_run *r = arg;

    lat__relu_forward(&r->ctx, r->y, r->x);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(relu, backward_matches_differences)
{
    struct point_run r = run_new(3);

    UNUSED_STATE;
    relu_loss(&r);
    lat__relu_backward(&r.ctx, r.dx, r.dy, r.y);
    check_grad(relu_loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-3);
    run_free(&r);
}

TEST(relu, works_in_place_on_any_number_of_threads)
{
    UNUSED_STATE;
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct point_run r = run_new(threads);
        size_t size = lat__count(r.y) * sizeof(float);

        lat__relu_forward(&r.ctx, r.y, r.x);
        lat__relu_forward(&r.ctx, r.x, r.x);
        assert_memory_equal(r.y.v, r.x.v, size);
        lat__relu_backward(&r.ctx, r.dx, r.dy, r.y);
        lat__relu_backward(&r.ctx, r.dy, r.dy, r.y);
        assert_memory_equal(r.dx.v, r.dy.v, size);
        run_free(&r);
    }
}

TEST(add, finds_a_value_worked_by_hand)
{
    float x[] = {1, 2}, z[] = {10, -2}, y[2];
    struct lat_ctx ctx = ctx_new(1, 0);

    UNUSED_STATE;
    lat__add_forward(&ctx, (struct lat_tensor){y, 1, 1, 2, 1},
                     (struct lat_tensor){x, 1, 1, 2, 1},
                     (struct lat_tensor){z, 1, 1, 2, 1});
    CHECK(y[0] == 11.0f && y[1] == 0.0f);
    ctx_free(&ctx);
}

static double add_loss(void *arg)
{
    struct point_run *r = arg;

    lat__add_forward(&r->ctx, r->y, r->x, r->z);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(add, backward_matches_differences)
{
    struct point_run r = run_new(2);

    UNUSED_STATE;
    lat__add_backward(&r.ctx, r.dx, r.dz, r.dy);
    check_grad(add_loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-3);
    check_grad(add_loss, &r, r.z.v, r.dz.v, lat__count(r.z), 5e-3);
    run_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(relu, keeps_what_is_positive_and_what_is_no_number),
        T(relu, backward_matches_differences),
        T(relu, works_in_place_on_any_number_of_threads),
        T(add, finds_a_value_worked_by_hand),
        T(add, backward_matches_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
