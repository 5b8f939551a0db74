/* test_conv.c - convolutions in one dimension and in two. */
#include "ops.h"

struct conv_case {
    size_t n, h, w, in, out;
    struct lat_window_geom g;
};

static const struct conv_case cases[] = {
    {1, 1, 9, 1, 1, {.kw = 3, .stride = 1, .flat = true}},
    {3, 1, 20, 3, 5, {.kw = 5, .stride = 2, .pad = 2, .flat = true}},
    {9, 1, 31, 4, 17, {.kw = 7, .stride = 2, .pad = 3, .flat = true}},
    {2, 1, 23, 2, 33, {.kw = 4, .stride = 3, .pad = 1, .flat = true}},
    {2, 1, 30, 5, 3, {.kw = 3, .stride = 4, .pad = 2, .flat = true}},
    {2, 1, 19, 3, 4, {.kw = 1, .stride = 4, .flat = true}},
    {2, 1, 16, 2, 2, {.kw = 2, .stride = 2, .pad = 5, .flat = true}},
    {10, 1, 12, 16, 1, {.kw = 7, .stride = 1, .pad = 3, .flat = true}},
    {8, 1, 45, 64, 64, {.kw = 5, .stride = 2, .pad = 2, .flat = true}},
    {2, 1, 5, 3, 2, {.kw = 5, .stride = 1, .flat = true}},
    {2, 8, 7, 3, 4, {.kh = 3, .kw = 3, .stride = 1, .pad = 1}},
    {9, 9, 8, 2, 5, {.kh = 3, .kw = 3, .stride = 2, .pad = 1}},
    {2, 7, 9, 3, 2, {.kh = 1, .kw = 1, .stride = 2}},
    {2, 9, 11, 3, 17, {.kh = 2, .kw = 5, .stride = 3, .pad = 2}},
    {1, 11, 10, 2, 3, {.kh = 1, .kw = 3, .stride = 4, .pad = 0}},
};

enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

/* All that forward and backward read and write. */
struct conv_run {
    struct lat_window_geom g;
    struct lat_tensor y, x, dy, dx;
    size_t n_w;
    float *w, *b, *dw, *db;
    struct lat_ctx ctx;
};

static struct conv_run run_new(const struct conv_case *c, unsigned n_threads)
{
    struct conv_run r = {.g = c->g};
    const struct lat_window_geom *g = &c->g;
    size_t h = g->flat ? c->h : lat__out_len(c->h, g->kh, g->stride, g->pad);
    size_t w = lat__out_len(c->w, g->kw, g->stride, g->pad);

    r.x = tensor(c->n, c->h, c->w, c->in, 1);
    r.dx = tensor(c->n, c->h, c->w, c->in, 2);
    r.y = tensor(c->n, h, w, c->out, 3);
    r.dy = tensor(c->n, h, w, c->out, 4);
    r.n_w = (g->flat ? 1 : g->kh) * g->kw * c->in * c->out;
    r.w = noisy(r.n_w, 5);
    r.dw = noisy(r.n_w, 6); /* is added to */
    r.b = noisy(c->out, 7);
    r.db = noisy(c->out, 8);
    r.ctx = ctx_new(n_threads, lat__conv_scratch(r.y, r.x, r.g, LAT_FLOAT32));
    return r;
}

/* From here on in that precision, by the kernel of that name or the fastest. */
static void run_in(struct conv_run *r, enum lat_precision precision,
                   const char *kernel)
{
    const size_t n = lat__conv_scratch(r->y, r->x, r->g, precision);
    struct lat_ctx ctx = ctx_new(2, n);

    ctx.precision = precision;
    ctx.kernel = kernel_of(kernel);
    ctx_free(&r->ctx);
    r->ctx = ctx;
}

static void run_free(struct conv_run *r)
{
    ctx_free(&r->ctx);
    lat_free(r->x.v);
    lat_free(r->dx.v);
    lat_free(r->y.v);
    lat_free(r->dy.v);
    lat_free(r->w);
    lat_free(r->dw);
    lat_free(r->b);
    lat_free(r->db);
}

static void run_both(struct conv_run *r)
{
    lat__conv_forward(&r->ctx, r->y, r->x, r->w, r->b, r->g);
    lat__conv_backward(&r->ctx, r->dx, r->dw, r->db, r->dy, r->x, r->w, r->g);
}

/* Visits every x and w that meet in every y. */
static void plain(const struct conv_run *r, double *y, double *dx, double *dw)
{
    size_t in = r->x.c, out = r->y.c, kh = r->g.flat ? 1 : r->g.kh;
    size_t sh = r->g.flat ? 1 : r->g.stride, ph = r->g.flat ? 0 : r->g.pad;
    size_t n_u = r->y.n * r->y.h * r->y.w;

    for (size_t u = 0; u < n_u * kh * r->g.kw; u++) {
        size_t pos = u / (kh * r->g.kw), tap = u % (kh * r->g.kw);
        size_t i = pos / (r->y.h * r->y.w);
        size_t row = pos / r->y.w % r->y.h * sh + tap / r->g.kw - ph;
        size_t col = pos % r->y.w * r->g.stride + tap % r->g.kw - r->g.pad;
        size_t at = ((i * r->x.h + row) * r->x.w + col) * in;

        if (row >= r->x.h || col >= r->x.w) /* also below zero */
            continue;
        for (size_t c = 0; c < in * out; c++) {
            size_t w_at = tap * in * out + c, x_at = at + c / out;
            size_t y_at = pos * out + c % out;

            y[y_at] += (double)r->x.v[x_at] * (double)r->w[w_at];
            dx[x_at] += (double)r->dy.v[y_at] * (double)r->w[w_at];
            dw[w_at] += (double)r->dy.v[y_at] * (double)r->x.v[x_at];
        }
    }
}

static void check_case(const struct conv_case *c)
{
    struct conv_run r = run_new(c, 1), old = run_new(c, 1);
    size_t n_y = lat__count(r.y), n_x = lat__count(r.x);
    double *y = lat_calloc(n_y, sizeof(*y)), *dx = lat_calloc(n_x, sizeof(*dx));
    double *dw = lat_calloc(r.n_w, sizeof(*dw)), tol = 1e-4;

    CHECK(y && dx && dw);
    plain(&r, y, dx, dw);
    run_both(&r);
    for (size_t i = 0; i < n_y; i++)
        CHECK_NEAR(r.y.v[i], y[i] + (double)r.b[i % r.y.c], tol);
    for (size_t i = 0; i < n_x; i++)
        CHECK_NEAR(r.dx.v[i], dx[i], tol);
    for (size_t i = 0; i < r.n_w; i++)
        CHECK_NEAR(r.dw[i], (double)old.dw[i] + dw[i], tol);
    for (size_t j = 0; j < r.y.c; j++) {
        double sum = (double)old.db[j];

        for (size_t i = j; i < n_y; i += r.y.c)
            sum += (double)r.dy.v[i];
        CHECK_NEAR(r.db[j], sum, tol);
    }
    lat_free(dw);
    lat_free(dx);
    lat_free(y);
    run_free(&old);
    run_free(&r);
}

TEST(conv, agrees_with_a_plain_loop_on_every_edge)
{
    UNUSED_STATE;
    for (size_t i = 0; i < N_CASES; i++)
        check_case(&cases[i]);
}

TEST(conv, finds_a_value_worked_by_hand)
{
    const struct conv_case c = {
        1, 1, 4, 1, 1, {.kw = 3, .stride = 2, .pad = 1, .flat = true}};
    struct conv_run r = run_new(&c, 1);

    UNUSED_STATE;
    memcpy(r.x.v, (float[]){1, 2, 3, 4}, 4 * sizeof(float));
    memcpy(r.w, (float[]){1, 10, 100}, 3 * sizeof(float));
    memcpy(r.dy.v, (float[]){1, 2}, 2 * sizeof(float));
    memset(r.dw, 0, 3 * sizeof(float));
    r.b[0] = 0.5f;
    r.db[0] = 0.0f;
    run_both(&r);
    /* y = [10 1 + 100 2, 2 + 10 3 + 100 4] + ½ */
    CHECK(r.y.v[0] == 210.5f && r.y.v[1] == 432.5f);
    /* dx = [10, 100 + 2, 20, 200]; dw = [2 2, 1 + 2 3, 2 + 2 4] */
    CHECK(r.dx.v[0] == 10.0f && r.dx.v[1] == 102.0f);
    CHECK(r.dx.v[2] == 20.0f && r.dx.v[3] == 200.0f);
    CHECK(r.dw[0] == 4.0f && r.dw[1] == 7.0f && r.dw[2] == 10.0f);
    CHECK(r.db[0] == 3.0f);
    run_free(&r);
}

static double loss(void *arg)
{
    struct conv_run *r = arg;

    lat__conv_forward(&r->ctx, r->y, r->x, r->w, r->b, r->g);
    return times(r->y.v, r->dy.v, lat__count(r->y));
}

static void check_slopes(const struct conv_case *c)
{
    struct conv_run r = run_new(c, 2);

    memset(r.dw, 0, r.n_w * sizeof(float));
    memset(r.db, 0, r.y.c * sizeof(float));
    run_both(&r);
    check_grad(loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-3);
    check_grad(loss, &r, r.w, r.dw, r.n_w, 5e-3);
    check_grad(loss, &r, r.b, r.db, r.y.c, 5e-3);
    run_free(&r);
}

TEST(conv, backward_matches_differences)
{
    UNUSED_STATE;
    check_slopes(&cases[1]);
    check_slopes(&cases[4]);
    check_slopes(&cases[10]);
    check_slopes(&cases[13]);
}

TEST(conv, has_the_same_bytes_on_any_number_of_threads)
{
    UNUSED_STATE;
    for (size_t i = 0; i < N_CASES; i++)
        for (unsigned threads = 2; threads <= 3; threads++) {
            struct conv_run a = run_new(&cases[i], 1);
            struct conv_run b = run_new(&cases[i], threads);
            size_t n_y = lat__count(a.y), n_x = lat__count(a.x);

            run_both(&a);
            run_both(&b);
            assert_memory_equal(a.y.v, b.y.v, n_y * sizeof(float));
            assert_memory_equal(a.dx.v, b.dx.v, n_x * sizeof(float));
            assert_memory_equal(a.dw, b.dw, a.n_w * sizeof(float));
            assert_memory_equal(a.db, b.db, a.y.c * sizeof(float));
            run_free(&b);
            run_free(&a);
        }
}

/* ---- the convolution of repeated positions */

static const struct conv_case up_cases[] = {
    {9, 1, 45, 16, 17, {.kw = 5, .stride = 1, .pad = 2, .flat = true, .up = 2}},
    {2, 1, 9, 3, 1, {.kw = 7, .stride = 1, .pad = 3, .flat = true, .up = 2}},
    {3, 1, 7, 2, 5, {.kw = 3, .stride = 1, .pad = 2, .flat = true, .up = 3}},
    {2, 1, 8, 1, 2, {.kw = 4, .stride = 1, .flat = true, .up = 2}},
    {1, 1, 3, 4, 3, {.kw = 1, .stride = 1, .pad = 1, .flat = true, .up = 4}},
    {2, 1, 5, 2, 2, {.kw = 2, .stride = 1, .pad = 5, .flat = true, .up = 3}},
    {1, 1, 2, 1, 1, {.kw = 6, .stride = 1, .flat = true, .up = 3}},
};

enum { N_UP_CASES = sizeof(up_cases) / sizeof(up_cases[0]) };

/* A convolution of the upsampled x, for a convolution that upsamples. */
static struct conv_run slow_new(const struct conv_case *c)
{
    struct conv_case slow = *c;

    slow.w *= c->g.up;
    slow.g.up = 1;
    return run_new(&slow, 1);
}

static struct conv_run up_new(const struct conv_case *c, unsigned n_threads)
{
    struct conv_case fast = *c;
    struct conv_run r, slow = slow_new(c);

    fast.g.up = 0; /* with the shape of slow */
    fast.w = slow.x.w;
    r = run_new(&fast, n_threads);
    r.g = c->g;
    r.x.w = r.dx.w = c->w;
    noise(r.x.v, lat__count(r.x), 9);
    lat_free(r.ctx.scratch);
    lat__team_free(r.ctx.team);
    r.ctx = ctx_new(n_threads, lat__conv_scratch(r.y, r.x, r.g, LAT_FLOAT32));
    run_free(&slow);
    return r;
}

static void check_near_all(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(got[i], want[i], 1e-4);
}

TEST(conv, upsamples_as_the_two_ops_one_after_the_other)
{
    UNUSED_STATE;
    for (size_t i = 0; i < N_UP_CASES; i++) {
        const struct conv_case *c = &up_cases[i];
        struct conv_run slow = slow_new(c), r = up_new(c, 2);
        struct lat_tensor dx = tensor(c->n, 1, c->w, c->in, 1);

        lat__upsample_forward(&slow.ctx, slow.x, r.x, c->g.up);
        run_both(&slow);
        lat__upsample_backward(&slow.ctx, dx, slow.dx, c->g.up);
        run_both(&r);
        check_near_all(r.y.v, slow.y.v, lat__count(r.y));
        check_near_all(r.dx.v, dx.v, lat__count(r.x));
        check_near_all(r.dw, slow.dw, r.n_w);
        check_near_all(r.db, slow.db, r.y.c);
        lat_free(dx.v);
        run_free(&r);
        run_free(&slow);
    }
}

TEST(conv, that_upsamples_matches_differences)
{
    UNUSED_STATE;
    for (size_t i = 1; i < 4; i++) {
        struct conv_run r = up_new(&up_cases[i], 1);

        memset(r.dw, 0, r.n_w * sizeof(float));
        run_both(&r);
        check_grad(loss, &r, r.x.v, r.dx.v, lat__count(r.x), 5e-3);
        check_grad(loss, &r, r.w, r.dw, r.n_w, 5e-3);
        run_free(&r);
    }
}

TEST(conv, that_upsamples_has_the_same_bytes_on_any_number_of_threads)
{
    UNUSED_STATE;
    for (unsigned threads = 2; threads <= 3; threads++) {
        struct conv_run a = up_new(&up_cases[0], 1);
        struct conv_run b = up_new(&up_cases[0], threads);

        run_both(&a);
        run_both(&b);
        assert_memory_equal(a.y.v, b.y.v, lat__count(a.y) * sizeof(float));
        assert_memory_equal(a.dx.v, b.dx.v, lat__count(a.x) * sizeof(float));
        assert_memory_equal(a.dw, b.dw, a.n_w * sizeof(float));
        run_free(&b);
        run_free(&a);
    }
}

/* ---- in bfloat16 */

static void make_whole(struct conv_run *r)
{
    whole(r->x.v, lat__count(r->x), 1);
    whole(r->dy.v, lat__count(r->dy), 2);
    whole(r->w, r->n_w, 3);
    whole(r->dw, r->n_w, 4);
    whole(r->b, r->y.c, 5);
    whole(r->db, r->y.c, 6);
}

/* a and b are the same before they run: one in float32, one in bfloat16. */
static void check_whole(struct conv_run a, struct conv_run b,
                        const char *kernel)
{
    make_whole(&a);
    make_whole(&b);
    run_in(&b, LAT_BFLOAT16, kernel);
    run_both(&a);
    run_both(&b);
    for (size_t i = 0; i < lat__count(a.y); i++)
        CHECK(a.y.v[i] == b.y.v[i]);
    for (size_t i = 0; i < lat__count(a.x); i++)
        CHECK(a.dx.v[i] == b.dx.v[i]);
    for (size_t i = 0; i < a.n_w; i++)
        CHECK(a.dw[i] == b.dw[i]);
    for (size_t i = 0; i < a.y.c; i++)
        CHECK(a.db[i] == b.db[i]);
    run_free(&a);
    run_free(&b);
}

TEST(conv, of_whole_numbers_is_the_same_in_bfloat16)
{
    static const char *const kernels[] = {NULL, "blas", "greedy"};

    UNUSED_STATE;
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < N_CASES; i++)
            check_whole(run_new(&cases[i], 1), run_new(&cases[i], 2),
                        kernels[k]);
        for (size_t i = 0; i < N_UP_CASES; i++)
            check_whole(up_new(&up_cases[i], 1), up_new(&up_cases[i], 2),
                        kernels[k]);
    }
}

static void check_bfloat16(struct conv_run a, struct conv_run b)
{
    memset(a.dw, 0, a.n_w * sizeof(float));
    memset(b.dw, 0, a.n_w * sizeof(float));
    run_in(&b, LAT_BFLOAT16, NULL);
    run_both(&a);
    run_both(&b);
    check_rounded(b.y.v, a.y.v, lat__count(a.y));
    check_rounded(b.dx.v, a.dx.v, lat__count(a.x));
    check_rounded(b.dw, a.dw, a.n_w);
    assert_memory_equal(a.db, b.db, a.y.c * sizeof(float));
    CHECK(memcmp(a.y.v, b.y.v, lat__count(a.y) * sizeof(float)) != 0);
    run_free(&a);
    run_free(&b);
}

TEST(conv, in_bfloat16_is_about_that_of_float32)
{
    UNUSED_STATE;
    for (size_t i = 1; i < N_CASES; i++)
        check_bfloat16(run_new(&cases[i], 1), run_new(&cases[i], 1));
    for (size_t i = 0; i < N_UP_CASES; i++)
        check_bfloat16(up_new(&up_cases[i], 1), up_new(&up_cases[i], 1));
}

TEST(conv, leaves_out_what_no_one_wants)
{
    struct conv_run a = run_new(&cases[2], 1), b = run_new(&cases[2], 1);

    UNUSED_STATE;
    run_both(&a);
    lat__conv_backward(&b.ctx, (struct lat_tensor){0}, b.dw, NULL, b.dy, b.x,
                       b.w, b.g);
    assert_memory_equal(a.dw, b.dw, a.n_w * sizeof(float));
    run_free(&b);
    run_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(conv, agrees_with_a_plain_loop_on_every_edge),
        T(conv, finds_a_value_worked_by_hand),
        T(conv, backward_matches_differences),
        T(conv, has_the_same_bytes_on_any_number_of_threads),
        T(conv, upsamples_as_the_two_ops_one_after_the_other),
        T(conv, that_upsamples_matches_differences),
        T(conv, that_upsamples_has_the_same_bytes_on_any_number_of_threads),
        T(conv, leaves_out_what_no_one_wants),
        T(conv, of_whole_numbers_is_the_same_in_bfloat16),
        T(conv, in_bfloat16_is_about_that_of_float32),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
