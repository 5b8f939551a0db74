/*
 * conv.c - y[u] = b + sum over taps q of x[stride u + q - pad] w[q]
 *
 * x (n, h, w, in), w (kh, kw, in, out), b (out), y (n, h', w', out), in one
 * dimension and in two.  A thing is copied once with zeros around it.  Then
 * the kw taps of one position lie side by side, those of the next stride * in
 * floats further, and a row of y is a product per row of the kernel.
 */
#include "upconv.h"

#include <string.h>

/* Both axes of the geometry, and where things lie in a part's scratch. */
struct conv {
    struct lat_tensor y, x; /* their shapes, or dy and dx */
    size_t kh, kw, sh, sw, ph, pw;
    size_t taps_h, taps_w;      /* most taps of one phase, see backward */
    size_t over_h, over_w;      /* of dy, zeros behind it */
    struct lat_tensor x_padded; /* one thing each, without v */
    struct lat_tensor dy_padded;
    size_t dy_at, dw_at, db_at, turned_at, scratch; /* floats */
};

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* To whole cache lines. */
static size_t lines(size_t n)
{
    return (n + 15) / 16 * 16;
}

size_t lat__out_len(size_t len, size_t kernel, size_t stride, size_t pad)
{
    assert(kernel > 0 && stride > 0);
    return len + 2 * pad < kernel ? 0 : (len + 2 * pad - kernel) / stride + 1;
}

/* How many zeros dy wants behind it: the last position of x reads that of dy
 * at (len - 1 + pad) / stride. */
static size_t over(size_t len, size_t stride, size_t pad, size_t out_len)
{
    return most((len - 1 + pad) / stride + 1, out_len) - out_len;
}

static struct conv conv(struct lat_tensor y, struct lat_tensor x,
                        struct lat_window_geom g)
{
    struct conv c = {.y = y, .x = x, .kw = g.kw, .sw = g.stride, .pw = g.pad};

    c.kh = g.flat ? 1 : g.kh;
    c.sh = g.flat ? 1 : g.stride;
    c.ph = g.flat ? 0 : g.pad;
    assert(y.n == x.n && y.h == lat__out_len(x.h, c.kh, c.sh, c.ph));
    assert(y.w == lat__out_len(x.w, c.kw, c.sw, c.pw) && lat__item(y) > 0);
    c.taps_h = (c.kh + c.sh - 1) / c.sh;
    c.taps_w = (c.kw + c.sw - 1) / c.sw;
    c.over_h = over(x.h, c.sh, c.ph, y.h);
    c.over_w = over(x.w, c.sw, c.pw, y.w);
    c.x_padded =
        (struct lat_tensor){NULL, 1, x.h + 2 * c.ph, x.w + 2 * c.pw, x.c};
    c.dy_padded = (struct lat_tensor){NULL, 1, y.h + c.taps_h - 1 + c.over_h,
                                      y.w + c.taps_w - 1 + c.over_w, y.c};
    c.dy_at = lines(lat__item(c.x_padded));
    c.dw_at = c.dy_at + lines(lat__item(c.dy_padded));
    c.db_at = c.dw_at + lines(c.kh * c.kw * x.c * y.c);
    c.turned_at = c.db_at + lines(y.c);
    c.scratch = c.turned_at + lines(c.kh * c.kw * x.c * y.c);
    return c;
}

size_t lat__conv_scratch(struct lat_tensor y, struct lat_tensor x,
                         struct lat_window_geom g)
{
    return g.up > 1 ? lat__upconv_scratch(y, x, g) : conv(y, x, g).scratch;
}

/* The weights of one row of the kernel. */
static size_t kernel_row(const struct conv *c)
{
    return c->kw * c->x.c * c->y.c;
}

/* Thing i of t in the midst of zeros, top rows and left columns of them first;
 * t itself where there is nothing to add. */
static struct lat_tensor pad(float *room, struct lat_tensor padded,
                             struct lat_tensor t, size_t i, size_t top,
                             size_t left)
{
    size_t row = t.w * t.c, before = left * t.c;
    size_t after = padded.w * t.c - before - row;

    padded.v = room;
    if (padded.h == t.h && padded.w == t.w) {
        padded.v = lat__at(t, i);
        return padded;
    }
    for (size_t y = 0; y < padded.h; y++, room += padded.w * t.c) {
        if (y < top || y >= top + t.h) {
            memset(room, 0, padded.w * t.c * sizeof(*room));
            continue;
        }
        memset(room, 0, before * sizeof(*room));
        memcpy(room + before, lat__at(t, i) + (y - top) * row,
               row * sizeof(*room));
        memset(room + before + row, 0, after * sizeof(*room));
    }
    return padded;
}

/* ---- forward */

struct forward {
    const struct lat_ctx *ctx;
    struct conv c;
    const float *w, *b;
};

/* Row u of thing y, over the rows of the kernel. */
static void forward_row(const struct forward *f, float *y,
                        struct lat_tensor padded, size_t u)
{
    const struct conv *c = &f->c;
    struct lat_product p = {
        .m = c->y.w,
        .n = c->y.c,
        .k = c->kw * c->x.c,
        .a_row = c->sw * c->x.c,
        .a_col = 1,
        .b_row = c->y.c,
        .c = y + u * c->y.w * c->y.c,
        .c_row = c->y.c,
    };

    for (size_t q = 0; q < c->kh; q++) {
        p.a = padded.v + (u * c->sh + q) * padded.w * c->x.c;
        p.b = f->w + q * kernel_row(c);
        p.bias = q == 0 ? f->b : NULL;
        p.add = q > 0;
        f->ctx->kernel->product(&p);
    }
}

static void forward_part(void *arg, size_t part)
{
    const struct forward *f = arg;
    const struct conv *c = &f->c;
    float *room = f->ctx->scratch + part * f->ctx->scratch_len;
    size_t end = lat__part_begin(c->x.n, part + 1);

    for (size_t i = lat__part_begin(c->x.n, part); i < end; i++) {
        struct lat_tensor padded =
            pad(room, c->x_padded, c->x, i, c->ph, c->pw);

        for (size_t u = 0; u < c->y.h; u++)
            forward_row(f, lat__at(c->y, i), padded, u);
    }
}

void lat__conv_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                       struct lat_tensor x, const float *w, const float *b,
                       struct lat_window_geom g)
{
    struct forward f = {.ctx = ctx, .w = w, .b = b};

    if (g.up > 1) {
        lat__upconv_forward(ctx, y, x, w, b, g);
        return;
    }
    f.c = conv(y, x, g);
    assert(ctx->scratch_len >= f.c.scratch);
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
    struct conv c; /* y is dy, x is dx */
    struct lat_tensor x;
    float *dw, *db;
    const float *turned;
};

static size_t taps_of_phase(size_t kernel, size_t stride, size_t r)
{
    return r < kernel ? (kernel - r + stride - 1) / stride : 0;
}

static void turn_tap(float *to, const float *w, size_t in, size_t out)
{
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            to[o * in + i] = w[i * out + o];
}

/* For each row of the kernel, phase after phase, taps from last to first. */
static void turn_weights(float *to, const float *w, const struct conv *c)
{
    size_t tap = c->x.c * c->y.c;

    for (size_t q = 0; q < c->kh; q++, w += kernel_row(c))
        for (size_t r = 0; r < c->sw; r++)
            for (size_t i = taps_of_phase(c->kw, c->sw, r); i-- > 0; to += tap)
                turn_tap(to, w + (r + i * c->sw) * tap, c->x.c, c->y.c);
}

static void by_weights(const struct backward *k, float *dw,
                       struct lat_tensor x_padded, const float *dy)
{
    const struct conv *c = &k->c;
    struct lat_product p = {
        .m = c->kw * c->x.c,
        .n = c->y.c,
        .k = c->y.w,
        .a_row = 1,
        .a_col = c->sw * c->x.c,
        .b_row = c->y.c,
        .c_row = c->y.c,
        .add = true,
    };

    for (size_t u = 0; u < c->y.h; u++)
        for (size_t q = 0; q < c->kh; q++) {
            p.a = x_padded.v + (u * c->sh + q) * x_padded.w * c->x.c;
            p.b = dy + u * c->y.w * c->y.c;
            p.c = dw + q * kernel_row(c);
            k->ctx->kernel->product(&p);
        }
}

static void clear(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i++)
        memset(p->c + i * p->c_row, 0, p->n * sizeof(*p->c));
}

/* Row t of dx at the positions of phase r, from u on: p's c. */
static void by_data_rows(const struct backward *k, struct lat_product p,
                         struct lat_tensor dy_padded, size_t t, size_t u)
{
    const struct conv *c = &k->c;
    size_t q0 = (t + c->ph) % c->sh, row = (t + c->ph) / c->sh + c->taps_h - 1;
    size_t col = u + c->taps_w - p.k / c->y.c;
    const float *turned = p.b;

    if (q0 >= c->kh || p.k == 0) { /* between the taps */
        clear(&p);
        return;
    }
    for (size_t q = q0; q < c->kh; q += c->sh, row--) {
        p.a = dy_padded.v + (row * dy_padded.w + col) * c->y.c;
        p.b = turned + q * kernel_row(c);
        p.add = q > q0;
        k->ctx->kernel->product(&p);
    }
}

/* All phases of row t. */
static void by_data_row(const struct backward *k, float *dx,
                        struct lat_tensor dy_padded, size_t t)
{
    const struct conv *c = &k->c;
    const float *turned = k->turned;

    for (size_t r = 0; r < c->sw; r++) {
        size_t u = c->pw > r ? (c->pw - r + c->sw - 1) / c->sw : 0;
        size_t first = c->sw * u + r - c->pw;
        size_t n_taps = taps_of_phase(c->kw, c->sw, r);
        struct lat_product p = {
            .n = c->x.c,
            .k = n_taps * c->y.c,
            .a_row = c->y.c,
            .a_col = 1,
            .b = turned,
            .b_row = c->x.c,
            .c = dx + first * c->x.c,
            .c_row = c->sw * c->x.c,
        };

        turned += n_taps * c->x.c * c->y.c;
        if (first >= c->x.w)
            continue;
        p.m = (c->x.w - first + c->sw - 1) / c->sw;
        by_data_rows(k, p, dy_padded, t, u);
    }
}

static void by_data(const struct backward *k, float *dx,
                    struct lat_tensor dy_padded)
{
    const struct conv *c = &k->c;

    for (size_t t = 0; t < c->x.h; t++)
        by_data_row(k, dx + t * c->x.w * c->x.c, dy_padded, t);
}

/* b was added at every position: db += dy. */
static void by_bias(float *db, const float *dy, const struct conv *c)
{
    for (size_t u = 0; u < c->y.h * c->y.w; u++, dy += c->y.c)
        for (size_t j = 0; j < c->y.c; j++)
            db[j] += dy[j];
}

/* The part's things: their dx, and the part's own dw and db. */
static void backward_part(void *arg, size_t part)
{
    const struct backward *k = arg;
    const struct conv *c = &k->c;
    float *room = k->ctx->scratch + part * k->ctx->scratch_len;
    size_t end = lat__part_begin(c->x.n, part + 1);

    memset(room + c->dw_at, 0, (c->turned_at - c->dw_at) * sizeof(*room));
    for (size_t i = lat__part_begin(c->x.n, part); i < end; i++) {
        const float *dy = lat__at(c->y, i);

        by_weights(k, room + c->dw_at,
                   pad(room, c->x_padded, k->x, i, c->ph, c->pw), dy);
        by_bias(room + c->db_at, dy, c);
        if (c->x.v)
            by_data(k, lat__at(c->x, i),
                    pad(room + c->dy_at, c->dy_padded, c->y, i, c->taps_h - 1,
                        c->taps_w - 1));
    }
}

static void add_parts(float *to, const struct lat_ctx *ctx, size_t at,
                      size_t begin, size_t end)
{
    for (size_t part = 0; part < LAT_PARTS; part++) {
        const float *from = ctx->scratch + part * ctx->scratch_len + at;

        for (size_t i = begin; i < end; i++)
            to[i] += from[i];
    }
}

/* A stretch of the weights each, over all parts' sums in order. */
static void collect_part(void *arg, size_t part)
{
    const struct backward *k = arg;
    const struct conv *c = &k->c;
    size_t n = c->kh * kernel_row(c);

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
    k.c = conv(dy, shape, g);
    assert(ctx->scratch_len >= k.c.scratch);
    if (dx.v) {
        turn_weights(ctx->scratch + k.c.turned_at, w, &k.c);
        k.turned = ctx->scratch + k.c.turned_at;
    }
    lat__team_run(ctx->team, backward_part, &k);
    lat__team_run(ctx->team, collect_part, &k);
}
