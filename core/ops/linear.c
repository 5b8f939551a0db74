/*
 * linear.c - y = x w + b
 *
 * x (n, in), w (in, out), b (out), y (n, out)
 */
#include "operand.h"

struct linear {
    const struct lat_ctx *ctx;
    struct lat_tensor y, x, dx; /* y or dy */
    const float *w, *b;         /* forward's as products read them */
    float *dw, *db;
    const float *dy, *rows; /* over channels, and over things */
    /* In a part's scratch: columns of its share of w, turned over; then pairs:
     * these, and its share of x over things or channels.  In that of part 0 w,
     * or dy over channels and over things. */
    size_t turned_at, x_at, w_at, dy_at, rows_at, scratch;
};

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* To whole cache lines. */
static size_t lines(size_t n)
{
    return (n + LAT_LINE - 1) / LAT_LINE * LAT_LINE;
}

/* Where things lie, for n things. */
static void place(struct linear *l, size_t n, size_t in, size_t out,
                  enum lat_precision p)
{
    const size_t cols = in / LAT_PARTS + 1, rows = n / LAT_PARTS + 1;

    l->scratch = cols * out;
    if (p == LAT_FLOAT32)
        return;
    l->turned_at = lines(l->scratch);
    l->x_at = l->turned_at + lat__weights_size(p, 1, out, cols);
    l->w_at = l->x_at +
              most(lat__along_room(p, rows, in), lat__beside_room(p, n, cols));
    l->dy_at = l->w_at;
    l->rows_at = l->dy_at + lat__along_room(p, n, out);
    l->scratch = most(l->w_at + lat__weights_size(p, 1, in, out),
                      l->rows_at + lat__beside_room(p, n, out));
}

size_t lat__linear_scratch(size_t n, size_t in, size_t out,
                           enum lat_precision precision)
{
    struct linear l = {0};

    place(&l, n, in, out, precision);
    return l.scratch;
}

static float *room(const struct linear *l, size_t part)
{
    return l->ctx->scratch + part * l->ctx->scratch_len;
}

static void check(struct lat_tensor y, struct lat_tensor x)
{
    assert(y.n == x.n && y.h == 1 && y.w == 1 && x.h == 1 && x.w == 1);
}

static void forward_part(void *arg, size_t part)
{
    const struct linear *l = arg;
    size_t begin = lat__part_begin(l->x.n, part);
    size_t rows = lat__part_begin(l->x.n, part + 1) - begin;
    size_t width = lat__width(l->ctx->precision, l->x.c);
    const struct lat_product p = {
        .m = rows,
        .n = l->y.c,
        .k = width,
        .a = lat__along(l->ctx, room(l, part) + l->x_at,
                        l->x.v + begin * l->x.c, rows, l->x.c),
        .a_row = width,
        .a_col = 1,
        .b = l->w,
        .b_row = lat__b_row(l->ctx->precision, l->y.c),
        .c = l->y.v + begin * l->y.c,
        .c_row = l->y.c,
        .bias = l->b,
    };

    lat__multiply(l->ctx, &p);
}

void lat__linear_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const float *w, const float *b)
{
    struct linear l = {.ctx = ctx, .y = y, .x = x, .b = b};

    check(y, x);
    place(&l, x.n, x.c, y.c, ctx->precision);
    assert(ctx->precision == LAT_FLOAT32 || ctx->scratch_len >= l.scratch);
    l.w = lat__weights(ctx, room(&l, 0) + l.w_at, w, 1, x.c, y.c);
    lat__team_run(ctx->team, forward_part, &l);
}

/* y was x w: dw += x' dy, the rows begin … end - 1. */
static void by_weights(const struct linear *l, float *own, size_t begin,
                       size_t end)
{
    const bool pairs = l->ctx->precision == LAT_BFLOAT16;
    const struct lat__rows x = {l->x.v + begin, l->x.n, end - begin, l->x.c};
    struct lat_product p = {
        .m = end - begin,
        .n = l->y.c,
        .k = l->x.n,
        .a = lat__beside(l->ctx, own + l->x_at, &x),
        .a_row = 1,
        .a_col = l->x.c,
        .b = l->rows,
        .b_row = lat__b_row(l->ctx->precision, l->y.c),
        .c = l->dw + begin * l->y.c,
        .c_row = l->y.c,
        .add = true,
    };

    if (pairs) { /* lies beside, too, not across */
        p.k = (p.k + 1) / 2;
        p.a_col = lat__b_row(l->ctx->precision, p.m);
    }
    lat__multiply(l->ctx, &p);
}

/* … and dx = dy w', the columns begin … end - 1. */
static void by_data(const struct linear *l, float *own, size_t begin,
                    size_t end)
{
    size_t cols = end - begin, width = lat__width(l->ctx->precision, l->y.c);
    struct lat_product p = {
        .m = l->x.n,
        .n = cols,
        .k = width,
        .a = l->dy,
        .a_row = width,
        .a_col = 1,
        .b_row = lat__b_row(l->ctx->precision, cols),
        .c = l->dx.v + begin,
        .c_row = l->x.c,
    };

    for (size_t o = 0; o < l->y.c; o++)
        for (size_t i = 0; i < cols; i++)
            own[o * cols + i] = l->w[(begin + i) * l->y.c + o];
    p.b = lat__weights(l->ctx, own + l->turned_at, own, 1, l->y.c, cols);
    lat__multiply(l->ctx, &p);
}

/* A part has some of the inputs, for all things: nothing is left to add up. */
static void backward_part(void *arg, size_t part)
{
    const struct linear *l = arg;
    size_t begin = lat__part_begin(l->x.c, part);
    size_t end = lat__part_begin(l->x.c, part + 1);

    if (begin == end)
        return;
    by_weights(l, room(l, part), begin, end);
    if (l->dx.v)
        by_data(l, room(l, part), begin, end);
}

void lat__linear_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                          float *dw, float *db, struct lat_tensor dy,
                          struct lat_tensor x, const float *w)
{
    struct linear l = {.ctx = ctx, .y = dy, .x = x, .dx = dx, .w = w, .dw = dw};

    check(dy, x);
    assert(!dx.v || (dx.n == x.n && dx.c == x.c));
    place(&l, x.n, x.c, dy.c, ctx->precision);
    assert((!dx.v && ctx->precision == LAT_FLOAT32) ||
           ctx->scratch_len >= l.scratch);
    l.dy = lat__along(ctx, room(&l, 0) + l.dy_at, dy.v, dy.n, dy.c);
    l.rows = lat__beside(ctx, room(&l, 0) + l.rows_at,
                         &(struct lat__rows){dy.v, dy.n, dy.c, dy.c});
    lat__team_run(ctx->team, backward_part, &l);
    /* b was added to every row: db += sum of the rows of dy */
    for (size_t j = 0; db && j < dy.c; j++) {
        double sum = 0.0;

        for (size_t i = 0; i < dy.n; i++)
            sum += (double)dy.v[i * dy.c + j];
        db[j] += (float)sum;
    }
}
