/*
 * linear.c - y = x w + b
 *
 * x (n, in), w (in, out), b (out), y (n, out)
 */
#include "../ops.h"

struct linear {
    const struct lat_ctx *ctx;
    struct lat_tensor y, x, dx; /* y or dy */
    const float *w, *b;
    float *dw, *db;
};

/* Columns of one part's share of w, turned over. */
size_t lat__linear_scratch(size_t in, size_t out)
{
    return (in / LAT_PARTS + 1) * out;
}

static void check(struct lat_tensor y, struct lat_tensor x)
{
    assert(y.n == x.n && y.h == 1 && y.w == 1 && x.h == 1 && x.w == 1);
}

static void forward_part(void *arg, size_t part)
{
    const struct linear *l = arg;
    size_t begin = lat__part_begin(l->x.n, part);
    const struct lat_product p = {
        .m = lat__part_begin(l->x.n, part + 1) - begin,
        .n = l->y.c,
        .k = l->x.c,
        .a = l->x.v + begin * l->x.c,
        .a_row = l->x.c,
        .a_col = 1,
        .b = l->w,
        .b_row = l->y.c,
        .c = l->y.v + begin * l->y.c,
        .c_row = l->y.c,
        .bias = l->b,
    };

    l->ctx->kernel->product(&p);
}

void lat__linear_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const float *w, const float *b)
{
    struct linear l = {.ctx = ctx, .y = y, .x = x, .w = w, .b = b};

    check(y, x);
    lat__team_run(ctx->team, forward_part, &l);
}

/* y was x w: dw += x' dy, the rows begin … end - 1. */
static void by_weights(const struct linear *l, size_t begin, size_t end)
{
    const struct lat_product p = {
        .m = end - begin,
        .n = l->y.c,
        .k = l->x.n,
        .a = l->x.v + begin,
        .a_row = 1,
        .a_col = l->x.c,
        .b = l->y.v,
        .b_row = l->y.c,
        .c = l->dw + begin * l->y.c,
        .c_row = l->y.c,
        .add = true,
    };

    l->ctx->kernel->product(&p);
}

/* … and dx = dy w', the columns begin … end - 1. */
static void by_data(const struct linear *l, float *turned, size_t begin,
                    size_t end)
{
    size_t cols = end - begin;
    const struct lat_product p = {
        .m = l->x.n,
        .n = cols,
        .k = l->y.c,
        .a = l->y.v,
        .a_row = l->y.c,
        .a_col = 1,
        .b = turned,
        .b_row = cols,
        .c = l->dx.v + begin,
        .c_row = l->x.c,
    };

    for (size_t o = 0; o < l->y.c; o++)
        for (size_t i = 0; i < cols; i++)
            turned[o * cols + i] = l->w[(begin + i) * l->y.c + o];
    l->ctx->kernel->product(&p);
}

/* A part has some of the inputs, for all things: nothing is left to add up. */
static void backward_part(void *arg, size_t part)
{
    const struct linear *l = arg;
    size_t begin = lat__part_begin(l->x.c, part);
    size_t end = lat__part_begin(l->x.c, part + 1);

    if (begin == end)
        return;
    by_weights(l, begin, end);
    if (l->dx.v)
        by_data(l, l->ctx->scratch + part * l->ctx->scratch_len, begin, end);
}

void lat__linear_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                          float *dw, float *db, struct lat_tensor dy,
                          struct lat_tensor x, const float *w)
{
    struct linear l = {.ctx = ctx, .y = dy, .x = x, .dx = dx, .w = w, .dw = dw};

    check(dy, x);
    assert(!dx.v || (dx.n == x.n && dx.c == x.c));
    assert(!dx.v || ctx->scratch_len >= lat__linear_scratch(x.c, dy.c));
    lat__team_run(ctx->team, backward_part, &l);
    /* b was added to every row: db += sum of the rows of dy */
    for (size_t j = 0; db && j < dy.c; j++) {
        double sum = 0.0;

        for (size_t i = 0; i < dy.n; i++)
            sum += (double)dy.v[i * dy.c + j];
        db[j] += (float)sum;
    }
}
