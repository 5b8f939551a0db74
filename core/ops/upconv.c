/*
 * upconv.c - y[t] = b + sum over q of x[(t + q - pad) / f] w[q], rounded down
 *
 * x (n, 1, w, in), w (k, in, out), y (n, 1, w', out): each position of x
 * stands f times.  With t = f u + r, tap q of phase r reads x at u + g, where
 * g = (r + q - pad) / f.  Taps of one g are added up beforehand, so phase r is
 * a convolution of x itself, with stride 1 and about k / f taps: for f = 2 and
 * k = 5 three products instead of five, and the repetition is never written.
 */
#include "upconv.h"

#include "operand.h"

#include <string.h>

struct upconv {
    const struct lat_ctx *ctx;
    struct lat_tensor y, x, dx; /* y or dy */
    const float *w, *b;         /* w as products read it, folded or turned */
    float *dw, *db;
    size_t k, f, pad, tap; /* tap: floats of one */
    size_t margin;         /* zeros on both sides of x … */
    size_t dy_margin;      /* … and of dy */
    /* In a part's scratch, in floats; those of part 0 are shared. */
    size_t dy_at, dw_at, db_at, folded_at, turned_at, scratch;
    /* As products read them: x and dy with their margins, the rows of one phase
     * of dy, the weights folded or turned; pairs behind all the others. */
    enum lat_precision precision;
    size_t x_along_at, dy_along_at, rows_at, w_at;
};

/* To whole cache lines. */
static size_t lines(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* The g of tap q in phase r, counted from the margin. */
static size_t group(const struct upconv *c, size_t r, size_t q)
{
    return (r + q + c->margin * c->f - c->pad) / c->f;
}

static size_t n_groups(const struct upconv *c, size_t r)
{
    return group(c, r, c->k - 1) - group(c, r, 0) + 1;
}

/* The taps of all phases before r. */
static size_t folded_before(const struct upconv *c, size_t r)
{
    size_t n = 0;

    while (r-- > 0)
        n += n_groups(c, r);
    return n * c->tap;
}

/* The same, as products read them. */
static size_t weights_before(const struct upconv *c, size_t r)
{
    size_t n = 0;

    while (r-- > 0)
        n += lat__weights_size(c->precision, n_groups(c, r), c->x.c, c->y.c);
    return n;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void place_pairs(struct upconv *c)
{
    const enum lat_precision p = c->precision;
    const size_t n = c->x.w + 2 * c->margin, n_dy = c->y.w + 2 * c->dy_margin;

    c->x_along_at = lines(c->scratch);
    c->dy_along_at = c->x_along_at + most(lat__along_room(p, n, c->x.c),
                                          lat__across_room(p, n * c->x.c));
    c->rows_at = c->dy_along_at + lat__along_room(p, n_dy, c->y.c);
    c->w_at =
        c->rows_at + lat__beside_room(p, (c->y.w + c->f - 1) / c->f, c->y.c);
    c->scratch =
        c->w_at + most(weights_before(c, c->f),
                       lat__weights_size(p, c->k + c->f - 1, c->y.c, c->x.c));
}

static size_t over(size_t n, size_t less)
{
    return n > less ? n - less : 0;
}

static struct upconv upconv(struct lat_tensor y, struct lat_tensor x,
                            struct lat_window_geom g,
                            enum lat_precision precision)
{
    struct upconv c = {.precision = precision,
                       .y = y,
                       .x = x,
                       .k = g.kw,
                       .f = g.up,
                       .pad = g.pad,
                       .tap = x.c * y.c};
    size_t folded;

    assert(g.flat && g.stride == 1 && x.h == 1 && y.h == 1 && y.n == x.n);
    assert(y.w == lat__out_len(x.w * g.up, g.kw, 1, g.pad) && y.w > 0);
    c.margin = (g.pad + g.up - 1) / g.up;
    c.dy_margin = over(g.kw - 1, g.pad);
    folded = lines(folded_before(&c, c.f));
    c.dy_at = lines((x.w + 2 * c.margin) * x.c);
    c.dw_at = c.dy_at + lines((y.w + 2 * c.dy_margin) * y.c);
    c.db_at = c.dw_at + folded;
    c.folded_at = c.db_at + lines(y.c);
    c.turned_at = c.folded_at + folded;
    c.scratch = c.turned_at + (c.k + c.f - 1) * c.tap;
    c.dy_along_at = c.dy_at;
    if (precision == LAT_BFLOAT16)
        place_pairs(&c);
    return c;
}

size_t lat__upconv_scratch(struct lat_tensor y, struct lat_tensor x,
                           struct lat_window_geom g,
                           enum lat_precision precision)
{
    return lines(upconv(y, x, g, precision).scratch);
}

static struct upconv lent(const struct lat_ctx *ctx, struct lat_tensor y,
                          struct lat_tensor x, struct lat_window_geom g)
{
    struct upconv c = upconv(y, x, g, ctx->precision);

    assert(ctx->scratch_len >= c.scratch);
    c.ctx = ctx;
    return c;
}

static float *room(const struct upconv *c, size_t part)
{
    return c->ctx->scratch + part * c->ctx->scratch_len;
}

static const float *pad(float *to, struct lat_tensor t, size_t i, size_t margin)
{
    size_t before = margin * t.c, n = lat__item(t);

    if (margin == 0)
        return lat__at(t, i);
    memset(to, 0, before * sizeof(*to));
    memcpy(to + before, lat__at(t, i), n * sizeof(*to));
    memset(to + before + n, 0, before * sizeof(*to));
    return to;
}

/* The same as products over channels read it. */
static const float *pad_along(const struct upconv *c, float *to,
                              struct lat_tensor t, size_t i, size_t margin)
{
    const size_t width = lat__width(c->precision, t.c);
    float *end = to + (margin + t.w) * width;

    if (c->precision == LAT_FLOAT32)
        return pad(to, t, i, margin);
    memset(to, 0, margin * width * sizeof(*to));
    lat__along(c->ctx, to + margin * width, lat__at(t, i), t.w, t.c);
    memset(end, 0, (margin * width + LAT_LINE) * sizeof(*end));
    return to;
}

/* How phase r of thing i reads x, whose positions are so wide; b and c are set
 * by the caller. */
static struct lat_product phase(const struct upconv *c, const float *x,
                                size_t width, size_t r)
{
    return (struct lat_product){
        .m = (c->y.w - r + c->f - 1) / c->f,
        .n = c->y.c,
        .k = n_groups(c, r) * width,
        .a = x + group(c, r, 0) * width,
        .a_row = width,
        .a_col = 1,
        .b_row = lat__b_row(c->precision, c->y.c),
        .c_row = c->f * c->y.c,
    };
}

/* ---- forward */

/* Phase after phase, taps of one g added up. */
static void fold(const struct upconv *c, float *to, const float *w)
{
    memset(to, 0, folded_before(c, c->f) * sizeof(*to));
    for (size_t r = 0; r < c->f; r++) {
        float *at = to + folded_before(c, r);

        for (size_t q = 0; q < c->k; q++) {
            float *sum = at + (group(c, r, q) - group(c, r, 0)) * c->tap;

            for (size_t j = 0; j < c->tap; j++)
                sum[j] += w[q * c->tap + j];
        }
    }
}

/* As products read them. */
static const float *all_weights(const struct upconv *c)
{
    const float *from = room(c, 0) + c->folded_at;
    float *to = room(c, 0) + c->w_at;

    if (c->precision == LAT_FLOAT32)
        return from;
    for (size_t r = 0; r < c->f; r++)
        lat__weights(c->ctx, to + weights_before(c, r),
                     from + folded_before(c, r), n_groups(c, r), c->x.c,
                     c->y.c);
    return to;
}

static void forward_part(void *arg, size_t part)
{
    const struct upconv *c = arg;
    const size_t width = lat__width(c->precision, c->x.c);
    float *own = room(c, part);
    size_t end = lat__part_begin(c->x.n, part + 1);

    for (size_t i = lat__part_begin(c->x.n, part); i < end; i++) {
        const float *x = pad_along(c, own + c->x_along_at, c->x, i, c->margin);

        for (size_t r = 0; r < c->f && r < c->y.w; r++) {
            struct lat_product p = phase(c, x, width, r);

            p.b = c->w + weights_before(c, r);
            p.c = lat__at(c->y, i) + r * c->y.c;
            p.bias = c->b;
            lat__multiply(c->ctx, &p);
        }
    }
}

void lat__upconv_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const float *w, const float *b,
                         struct lat_window_geom g)
{
    struct upconv c = lent(ctx, y, x, g);

    c.b = b;
    fold(&c, room(&c, 0) + c.folded_at, w);
    c.w = all_weights(&c);
    lat__team_run(ctx->team, forward_part, &c);
}

/* ---- backward
 *
 * By weights: forward's product with rows and columns of x exchanged, and each
 * tap gets what its sums got.  By data: position v of x stood at f v … f v +
 * f - 1, which together read dy from f v + pad - (k - 1) on, k + f - 1
 * positions: a convolution with stride f over dy, whose tap s is the sum of
 * all w[q]' with q = j + k - 1 - s, j in 0 … f - 1.                         */

static void turn(const struct upconv *c, float *to, const float *w)
{
    size_t in = c->x.c, out = c->y.c;

    memset(to, 0, (c->k + c->f - 1) * c->tap * sizeof(*to));
    for (size_t s = 0; s < c->k + c->f - 1; s++, to += c->tap)
        for (size_t j = 0; j < c->f; j++) {
            const float *from = w + (j + c->k - 1 - s) * c->tap;

            if (s > j + c->k - 1 || s < j)
                continue;
            for (size_t o = 0; o < out; o++)
                for (size_t i = 0; i < in; i++)
                    to[o * in + i] += from[i * out + o];
        }
}

static void by_weights(const struct upconv *c, float *own,
                       const float *x_padded, const float *dy)
{
    const bool pairs = c->precision == LAT_BFLOAT16;
    const float *x = lat__across(c->ctx, own + c->x_along_at, x_padded,
                                 (c->x.w + 2 * c->margin) * c->x.c, c->x.c);

    for (size_t r = 0; r < c->f && r < c->y.w; r++) {
        struct lat_product p = phase(c, x, c->x.c, r);
        const struct lat__rows rows = {dy + r * c->y.c, p.m, c->y.c,
                                       c->f * c->y.c};

        p.k = p.m;
        p.m = n_groups(c, r) * c->x.c;
        p.a_col = p.a_row;
        p.a_row = 1;
        p.b = lat__beside(c->ctx, own + c->rows_at, &rows);
        p.b_row = pairs ? p.b_row : rows.from_row;
        p.c = own + c->dw_at + folded_before(c, r);
        p.c_row = c->y.c;
        p.add = true;
        lat__multiply_across(c->ctx, p);
    }
}

static void by_bias(float *db, const float *dy, const struct upconv *c)
{
    for (size_t t = 0; t < c->y.w; t++, dy += c->y.c)
        for (size_t j = 0; j < c->y.c; j++)
            db[j] += dy[j];
}

static void by_data(const struct upconv *c, float *own, size_t i)
{
    const size_t width = lat__width(c->precision, c->y.c);
    const float *dy = pad_along(c, own + c->dy_along_at, c->y, i, c->dy_margin);
    const struct lat_product p = {
        .m = c->x.w,
        .n = c->x.c,
        .k = (c->k + c->f - 1) * width,
        .a = dy + over(c->pad, c->k - 1) * width,
        .a_row = c->f * width,
        .a_col = 1,
        .b = c->w,
        .b_row = lat__b_row(c->precision, c->x.c),
        .c = lat__at(c->dx, i),
        .c_row = c->x.c,
    };

    lat__multiply(c->ctx, &p);
}

/* The part's things: their dx, and the part's own sums. */
static void backward_part(void *arg, size_t part)
{
    const struct upconv *c = arg;
    size_t end = lat__part_begin(c->x.n, part + 1);
    float *own = room(c, part), *db = own + c->db_at;

    memset(own + c->dw_at, 0, (c->folded_at - c->dw_at) * sizeof(*own));
    for (size_t i = lat__part_begin(c->x.n, part); i < end; i++) {
        const float *dy = lat__at(c->y, i);

        by_weights(c, own, pad(own, c->x, i, c->margin), dy);
        by_bias(db, dy, c);
        if (c->dx.v)
            by_data(c, own, i);
    }
}

/* to[begin …] += all parts' sums at the place, in the order of the parts. */
static void add_parts(const struct upconv *c, float *to, size_t at,
                      size_t begin, size_t end)
{
    for (size_t part = 0; part < LAT_PARTS; part++) {
        const float *from = room(c, part) + at;

        for (size_t j = begin; j < end; j++)
            to[j] += from[j];
    }
}

/* Each a stretch of every tap. */
static void collect_part(void *arg, size_t part)
{
    const struct upconv *c = arg;
    size_t begin = lat__part_begin(c->tap, part);
    size_t end = lat__part_begin(c->tap, part + 1);

    for (size_t q = 0; q < c->k; q++)
        for (size_t r = 0; r < c->f; r++)
            add_parts(c, c->dw + q * c->tap,
                      c->dw_at + folded_before(c, r) +
                          (group(c, r, q) - group(c, r, 0)) * c->tap,
                      begin, end);
    if (part == 0 && c->db)
        add_parts(c, c->db, c->db_at, 0, c->y.c);
}

void lat__upconv_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                          float *dw, float *db, struct lat_tensor dy,
                          struct lat_tensor x, const float *w,
                          struct lat_window_geom g)
{
    struct upconv c = lent(ctx, dy, x, g);
    float *turned = room(&c, 0) + c.turned_at;

    c.dx = dx;
    c.dw = dw;
    c.db = db;
    if (dx.v) {
        turn(&c, turned, w);
        c.w = lat__weights(ctx, room(&c, 0) + c.w_at, turned, c.k + c.f - 1,
                           c.y.c, c.x.c);
    }
    lat__team_run(ctx->team, backward_part, &c);
    lat__team_run(ctx->team, collect_part, &c);
}
