/* test_linear.c - linear layers. */
#include "ops.h"

struct linear_run {
    struct lat_tensor y, x, dy, dx;
    float *w, *b, *dw, *db;
    struct lat_ctx ctx;
};

static struct linear_run run_new(size_t n, size_t in, size_t out,
                                 unsigned n_threads)
{
    return (struct linear_run){
        .y = tensor(n, 1, 1, out, 1),
        .x = tensor(n, 1, 1, in, 2),
        .dy = tensor(n, 1, 1, out, 3),
        .dx = tensor(n, 1, 1, in, 4),
        .w = noisy(in * out, 5),
        .dw = noisy(in * out, 6),
        .b = noisy(out, 7),
        .db = noisy(out, 8),
        .ctx = ctx_new(n_threads, lat__linear_scratch(n, in, out, LAT_FLOAT32)),
    };
}

static void run_free(struct linear_run *r)
{
    ctx_free(&r->ctx);
    lat_free(r->y.v);
    lat_free(r->x.v);
    lat_free(r->dy.v);
    lat_free(r->dx.v);
    lat_free(r->w);
    lat_free(r->dw);
    lat_free(r->b);
    lat_free(r->db);
}

static void run_both(struct linear_run *r)
{
    lat__linear_forward(&r->ctx, r->y, r->x, r->w, r->b);
    lat__linear_backward(&r->ctx, r->dx, r->dw, r->db, r->dy, r->x, r->w);
}

TEST(linear, finds_a_value_worked_by_hand)
{
    struct linear_run r = run_new(1, 2, 3, 1);

    UNUSED_STATE;
    memcpy(r.x.v, (float[]){2, 3}, 2 * sizeof(float));
    memcpy(r.w, (float[]){1, 0, -1, 4, 5, 6}, 6 * sizeof(float));
    memcpy(r.b, (float[]){0, 0.5f, 1}, 3 * sizeof(float));
    memcpy(r.dy.v, (float[]){1, 2, 3}, 3 * sizeof(float));
    memset(r.dw, 0, 6 * sizeof(float));
    memset(r.db, 0, 3 * sizeof(float));
    run_both(&r);
    CHECK(r.y.v[0] == 14.0f && r.y.v[1] == 15.5f && r.y.v[2] == 17.0f);
    CHECK(r.dx.v[0] == -2.0f && r.dx.v[1] == 32.0f);
    CHECK(r.dw[0] == 2.0f && r.dw[2] == 6.0f && r.dw[5] == 9.0f);
    CHECK(r.db[0] == 1.0f && r.db[1] == 2.0f && r.db[2] == 3.0f);
    run_free(&r);
}

static double loss(void *arg)
{
    struct linear_run *r = arg;

    lat__linear_forward(&r->ctx, r->y, r->x, r->w, r->b);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

TEST(linear, backward_matches_differences)
{
    const size_t shapes[][3] = {{1, 1, 1}, {3, 5, 2}, {9, 17, 33}, {2, 40, 1}};

    UNUSED_STATE;
    for (size_t i = 0; i < 4; i++) {
        size_t n = shapes[i][0], in = shapes[i][1], out = shapes[i][2];
        struct linear_run r = run_new(n, in, out, 2);

        memset(r.dw, 0, in * out * sizeof(float));
        memset(r.db, 0, out * sizeof(float));
        run_both(&r);
        check_grad(loss, &r, r.x.v, r.dx.v, n * in, 5e-3);
        check_grad(loss, &r, r.w, r.dw, in * out, 5e-3);
        check_grad(loss, &r, r.b, r.db, out, 5e-3);
        run_free(&r);
    }
}

TEST(linear, adds_to_gradients_of_parameters)
{
    struct linear_run a = run_new(4, 6, 5, 1), b = run_new(4, 6, 5, 1);

    UNUSED_STATE;
    memset(a.dw, 0, 30 * sizeof(float));
    memset(a.db, 0, 5 * sizeof(float));
    run_both(&a);
    for (size_t i = 0; i < 30; i++)
        a.dw[i] += b.dw[i];
    for (size_t i = 0; i < 5; i++)
        a.db[i] += b.db[i];
    run_both(&b);
    for (size_t i = 0; i < 30; i++)
        CHECK_NEAR(b.dw[i], a.dw[i], 1e-5);
    for (size_t i = 0; i < 5; i++)
        CHECK_NEAR(b.db[i], a.db[i], 1e-5);
    run_free(&b);
    run_free(&a);
}

static void run_in(struct linear_run *r, enum lat_precision precision,
                   const char *kernel)
{
    struct lat_ctx ctx =
        ctx_new(2, lat__linear_scratch(r->x.n, r->x.c, r->y.c, precision));

    ctx.precision = precision;
    ctx.kernel = kernel_of(kernel);
    ctx_free(&r->ctx);
    r->ctx = ctx;
}

static void make_whole(struct linear_run *r)
{
    size_t n_w = r->x.c * r->y.c;

    whole(r->x.v, lat__count(r->x), 1);
    whole(r->dy.v, lat__count(r->dy), 2);
    whole(r->w, n_w, 3);
    whole(r->dw, n_w, 4);
    whole(r->b, r->y.c, 5);
}

static void check_whole(size_t n, size_t in, size_t out, const char *kernel)
{
    struct linear_run a = run_new(n, in, out, 1), b = run_new(n, in, out, 1);

    make_whole(&a);
    make_whole(&b);
    run_in(&b, LAT_BFLOAT16, kernel);
    run_both(&a);
    run_both(&b);
    for (size_t i = 0; i < n * out; i++)
        CHECK(a.y.v[i] == b.y.v[i]);
    for (size_t i = 0; i < n * in; i++)
        CHECK(a.dx.v[i] == b.dx.v[i]);
    for (size_t i = 0; i < in * out; i++)
        CHECK(a.dw[i] == b.dw[i]);
    run_free(&a);
    run_free(&b);
}

static const size_t shapes16[][3] = {{1, 1, 1},     {3, 5, 2},    {9, 17, 33},
                                     {2, 40, 1},    {19, 70, 33}, {8, 3, 16},
                                     {33, 128, 64}, {1, 7, 300}};

enum { N_SHAPES16 = sizeof(shapes16) / sizeof(shapes16[0]) };

TEST(linear, of_whole_numbers_is_the_same_in_bfloat16)
{
    UNUSED_STATE;
    for (size_t i = 0; i < N_SHAPES16; i++) {
        const size_t *s = shapes16[i];

        check_whole(s[0], s[1], s[2], NULL);
        check_whole(s[0], s[1], s[2], "blas");
        check_whole(s[0], s[1], s[2], "greedy");
    }
}

TEST(linear, in_bfloat16_is_about_that_of_float32)
{
    UNUSED_STATE;
    for (size_t i = 1; i < N_SHAPES16; i++) {
        size_t n = shapes16[i][0], in = shapes16[i][1], out = shapes16[i][2];
        struct linear_run a = run_new(n, in, out, 1),
                          b = run_new(n, in, out, 1);

        memset(a.dw, 0, in * out * sizeof(float));
        memset(b.dw, 0, in * out * sizeof(float));
        run_in(&b, LAT_BFLOAT16, NULL);
        run_both(&a);
        run_both(&b);
        check_rounded(b.y.v, a.y.v, n * out);
        check_rounded(b.dx.v, a.dx.v, n * in);
        check_rounded(b.dw, a.dw, in * out);
        assert_memory_equal(a.db, b.db, out * sizeof(float));
        CHECK(memcmp(a.dw, b.dw, in * out * sizeof(float)) != 0);
        run_free(&a);
        run_free(&b);
    }
}

TEST(linear, has_the_same_bytes_on_any_number_of_threads)
{
    UNUSED_STATE;
    for (unsigned threads = 2; threads <= 3; threads++) {
        struct linear_run a = run_new(19, 70, 33, 1);
        struct linear_run b = run_new(19, 70, 33, threads);

        run_both(&a);
        run_both(&b);
        assert_memory_equal(a.y.v, b.y.v, 19 * 33 * sizeof(float));
        assert_memory_equal(a.dx.v, b.dx.v, 19 * 70 * sizeof(float));
        assert_memory_equal(a.dw, b.dw, 70 * 33 * sizeof(float));
        assert_memory_equal(a.db, b.db, 33 * sizeof(float));
        run_free(&b);
        run_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(linear, finds_a_value_worked_by_hand),
        T(linear, backward_matches_differences),
        T(linear, adds_to_gradients_of_parameters),
        T(linear, of_whole_numbers_is_the_same_in_bfloat16),
        T(linear, in_bfloat16_is_about_that_of_float32),
        T(linear, has_the_same_bytes_on_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
