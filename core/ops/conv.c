/*
 * conv.c - y[u] = b + sum over taps q of x[stride u + q - pad] w[q]
 *
 * x (n, h, w, in), w (kh, kw, in, out), b (out), y (n, h', w', out), in one
 * dimension and in two.  A thing is copied once with zeros around it.  Then
 * the kw taps of one position lie side by side, those of the next stride * in
 * floats further, and a row of y is a product per row of the kernel.
 */
#include "conv_room.h"
#include "operand.h"
#include "upconv.h"

#include <string.h>

size_t lat__conv_scratch(struct lat_tensor y, struct lat_tensor x,
                         struct lat_window_geom g, enum lat_precision precision)
{
    return g.up > 1 ? lat__upconv_scratch(y, x, g, precision)
                    : lat__conv(y, x, g, precision).scratch;
}

static float *room_of(const struct lat_ctx *ctx, size_t part)
{
    return ctx->scratch + part * ctx->scratch_len;
}

/* ---- forward */

struct forward {
    const struct lat_ctx *ctx;
    struct lat__conv c;
    const float *w, *b;
};

/* Row u of thing y, over the rows of the kernel. */
static void forward_row(const struct forward *f, float *y, const float *x,
                        size_t u)
{
    const struct lat__conv *c = &f->c;
    struct lat_product p = {
        .m = c->y.w,
        .n = c->y.c,
        .k = c->kw * c->xw,
        .a_row = c->sw * c->xw,
        .a_col = 1,
        .b_row = lat__b_row(c->precision, c->y.c),
        .c = y + u * c->y.w * c->y.c,
        .c_row = c->y.c,
    };

    for (size_t q = 0; q < c->kh; q++) {
        p.a = x + (u * c->sh + q) * c->x_padded.w * c->xw;
        p.b = f->w + q * c->kernel_row;
        p.bias = q == 0 ? f->b : NULL;
        p.add = q > 0;
        lat__multiply(f->ctx, &p);
    }
}

static void forward_part(void *arg, size_t part)
{
    const struct forward *f = arg;
    const struct lat__conv *c = &f->c;
    float *room = room_of(f->ctx, part);
    size_t end = lat__part_begin(c->x.n, part + 1);

    for (size_t i = lat__part_begin(c->x.n, part); i < end; i++) {
        const struct lat__margin m = {c->x_padded, c->ph, c->pw};
        const float *x =
            lat__conv_along(f->ctx, room + c->x_along_at, &m, c->x, i);

        for (size_t u = 0; u < c->y.h; u++)
            forward_row(f, lat__at(c->y, i), x, u);
    }
}

/* Rows of taps of c times n weights, as products read them. */
static const float *all_weights(const struct lat_ctx *ctx,
                                const struct lat__conv *c, const float *w)
{
    float *to = room_of(ctx, 0) + c->w_at;

    if (c->precision == LAT_FLOAT32)
        return w;
    for (size_t q = 0; q < c->kh; q++)
        lat__weights(ctx, to + q * c->kernel_row,
                     w + q * c->kw * c->x.c * c->y.c, c->kw, c->x.c, c->y.c);
    return to;
}

void lat__conv_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                       struct lat_tensor x, const float *w, const float *b,
                       struct lat_window_geom g)
{
    struct forward f = {.ctx = ctx, .b = b};

    if (g.up > 1) {
        lat__upconv_forward(ctx, y, x, w, b, g);
        return;
    }
    f.c = lat__conv(y, x, g, ctx->precision);
    assert(ctx->scratch_len >= f.c.scratch);
    f.w = all_weights(ctx, &f.c, w);
    lat__team_run(ctx->team, forward_part, &f);
}

/* ---- backward
 *
 * y[u] took x[stride u + q - pad] w[q], so
 *
 *     dw[q] += sum over u of x[stride u + q - pad]' dy[u]
 *     dx[t]  = sum over q of dy[u] w[q]' where stride u + q - pad = t
 *
 * The first is forward's product with rows and columns of x exchanged.  For
 * the second let t + pad = stride u + r: positions of one phase r take the
 * taps q = r, r + stride … from dy[u], dy[u - 1] …, a convolution with stride
 * 1 over dy, whose weights are those taps last to first, each turned over. */

struct backward {
    const struct lat_ctx *ctx;
    struct lat__conv c; /* y is dy, x is dx */
    struct lat_tensor x;
    float *dw, *db;
    const float *turned;
};

static void turn_tap(float *to, const float *w, size_t in, size_t out)
{
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            to[o * in + i] = w[i * out + o];
}

/* For each row of the kernel, phase after phase, taps from last to first. */
static void turn_weights(float *to, const float *w, const struct lat__conv *c)
{
    size_t tap = c->x.c * c->y.c;

    for (size_t q = 0; q < c->kh; q++, w += c->kw * tap)
        for (size_t r = 0; r < c->sw; r++)
            for (size_t i = lat__conv_taps(c, r); i-- > 0; to += tap)
                turn_tap(to, w + (r + i * c->sw) * tap, c->x.c, c->y.c);
}

/* The same as products read them. */
static const float *all_turned(const struct lat_ctx *ctx,
                               const struct lat__conv *c, const float *w)
{
    float *from = room_of(ctx, 0) + c->turned_at, *to;

    turn_weights(from, w, c);
    if (c->precision == LAT_FLOAT32)
        return from;
    to = room_of(ctx, 0) + c->w_at;
    for (size_t q = 0; q < c->kh; q++)
        for (size_t r = 0; r < c->sw; r++) {
            const size_t taps = lat__conv_taps(c, r);

            lat__weights(ctx, to, from, taps, c->y.c, c->x.c);
            from += taps * c->x.c * c->y.c;
            to += lat__conv_turned(c, r);
        }
    return room_of(ctx, 0) + c->w_at;
}

/* Rows of dy, to be multiplied with positions of x. */
static const float *all_rows(const struct backward *k, float *room,
                             const float *dy)
{
    const struct lat__conv *c = &k->c;

    if (c->precision == LAT_FLOAT32)
        return dy;
    for (size_t u = 0; u < c->y.h; u++)
        lat__beside(k->ctx, room + c->rows_at + u * c->rows,
                    &(struct lat__rows){dy + u * c->y.w * c->y.c, c->y.w,
                                        c->y.c, c->y.c});
    return room + c->rows_at;
}

static void by_weights(const struct backward *k, float *room,
                       struct lat_tensor x_padded, const float *dy)
{
    const struct lat__conv *c = &k->c;
    const size_t row = x_padded.w * c->x.c, taps = c->kw * c->x.c * c->y.c;
    const float *x = lat__across(k->ctx, room + c->x_along_at, x_padded.v,
                                 x_padded.h * row, c->sw * c->x.c);
    const float *rows = all_rows(k, room, dy);
    struct lat_product p = {
        .m = c->kw * c->x.c,
        .n = c->y.c,
        .k = c->y.w,
        .a_row = 1,
        .a_col = c->sw * c->x.c,
        .b_row = lat__b_row(c->precision, c->y.c),
        .c_row = c->y.c,
        .add = true,
    };

    for (size_t u = 0; u < c->y.h; u++)
        for (size_t q = 0; q < c->kh; q++) {
            p.a = x + (u * c->sh + q) * row;
            p.b = rows + u * c->rows;
            p.c = room + c->dw_at + q * taps;
            lat__multiply_across(k->ctx, p);
        }
}

static void clear(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i++)
        memset(p->c + i * p->c_row, 0, p->n * sizeof(*p->c));
}

/* Row t of dx at the positions of phase r, from u on: p's c. */
static void by_data_rows(const struct backward *k, struct lat_product p,
                         const float *dy, size_t t, size_t u)
{
    const struct lat__conv *c = &k->c;
    size_t q0 = (t + c->ph) % c->sh, row = (t + c->ph) / c->sh + c->taps_h - 1;
    size_t col = u + c->taps_w - p.k / c->yw;
    const float *turned = p.b;

    if (q0 >= c->kh || p.k == 0) { /* between the taps */
        clear(&p);
        return;
    }
    for (size_t q = q0; q < c->kh; q += c->sh, row--) {
        p.a = dy + (row * c->dy_padded.w + col) * c->yw;
        p.b = turned + q * c->turned_row;
        p.add = q > q0;
        lat__multiply(k->ctx, &p);
    }
}

/* All phases of row t. */
static void by_data_row(const struct backward *k, float *dx, const float *dy,
                        size_t t)
{
    const struct lat__conv *c = &k->c;
    const float *turned = k->turned;

    for (size_t r = 0; r < c->sw; r++) {
        size_t u = c->pw > r ? (c->pw - r + c->sw - 1) / c->sw : 0;
        size_t first = c->sw * u + r - c->pw;
        size_t n_taps = lat__conv_taps(c, r);
        struct lat_product p = {
            .n = c->x.c,
            .k = n_taps * c->yw,
            .a_row = c->yw,
            .a_col = 1,
            .b = turned,
            .b_row = lat__b_row(c->precision, c->x.c),
            .c = dx + first * c->x.c,
            .c_row = c->sw * c->x.c,
        };

        turned += lat__conv_turned(c, r);
        if (first >= c->x.w)
            continue;
        p.m = (c->x.w - first + c->sw - 1) / c->sw;
        by_data_rows(k, p, dy, t, u);
    }
}

static void by_data(const struct backward *k, float *room, size_t i)
{
    const struct lat__conv *c = &k->c;
    const struct lat__margin m = {c->dy_padded, c->taps_h - 1, c->taps_w - 1};
    float *dx = lat__at(c->x, i);
    const float *dy =
        lat__conv_along(k->ctx, room + c->dy_along_at, &m, c->y, i);

    for (size_t t = 0; t < c->x.h; t++)
        by_data_row(k, dx + t * c->x.w * c->x.c, dy, t);
}

/* b was added at every position: db += dy. */
static void by_bias(float *db, const float *dy, const struct lat__conv *c)
{
    for (size_t u = 0; u < c->y.h * c->y.w; u++, dy += c->y.c)
        for (size_t j = 0; j < c->y.c; j++)
            db[j] += dy[j];
}

/* The part's things: their dx, and the part's own dw and db. */
static void backward_part(void *arg, size_t part)
{
    const struct backward *k = arg;
    const struct lat__conv *c = &k->c;
    const struct lat__margin x = {c->x_padded, c->ph, c->pw};
    float *room = room_of(k->ctx, part);
    size_t end = lat__part_begin(c->x.n, part + 1);

    memset(room + c->dw_at, 0, (c->turned_at - c->dw_at) * sizeof(*room));
    for (size_t i = lat__part_begin(c->x.n, part); i < end; i++) {
        const float *dy = lat__at(c->y, i);

        by_weights(k, room, lat__conv_pad(room, &x, k->x, i), dy);
        by_bias(room + c->db_at, dy, c);
        if (c->x.v)
            by_data(k, room, i);
    }
}

static void add_parts(float *to, const struct lat_ctx *ctx, size_t at,
                      size_t begin, size_t end)
{
    for (size_t part = 0; part < LAT_PARTS; part++) {
        const float *from = room_of(ctx, part) + at;

        for (size_t i = begin; i < end; i++)
            to[i] += from[i];
    }
}

/* A stretch of the weights each, over all parts' sums in order. */
static void collect_part(void *arg, size_t part)
{
    const struct backward *k = arg;
    const struct lat__conv *c = &k->c;
    size_t n = c->kh * c->kw * c->x.c * c->y.c;

    add_parts(k->dw, k->ctx, c->dw_at, lat__part_begin(n, part),
              lat__part_begin(n, part + 1));
    if (part == 0 && k->db)
        add_parts(k->db, k->ctx, c->db_at, 0, c->y.c);
}

void lat__conv_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                        float *dw, float *db, struct lat_tensor dy,
                        struct lat_tensor x, const float *w,
                        struct lat_window_geom g)
{
    struct backward k = {.ctx = ctx, .x = x, .dw = dw, .db = db};
    struct lat_tensor shape = x;

    assert(!dx.v || (dx.n == x.n && lat__item(dx) == lat__item(x)));
    if (g.up > 1) {
        lat__upconv_backward(ctx, dx, dw, db, dy, x, w, g);
        return;
    }
    shape.v = dx.v;
    k.c = lat__conv(dy, shape, g, ctx->precision);
    assert(ctx->scratch_len >= k.c.scratch);
    if (dx.v)
        k.turned = all_turned(ctx, &k.c, w);
    lat__team_run(ctx->team, backward_part, &k);
    lat__team_run(ctx->team, collect_part, &k);
}
