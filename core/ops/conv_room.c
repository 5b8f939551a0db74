/* conv_room.c - see conv_room.h. */
#include "conv_room.h"

#include "operand.h"

#include <string.h>

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* To whole cache lines. */
static size_t lines(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* How many zeros dy wants behind it: the last position of x reads that of dy
 * at (len - 1 + pad) / stride. */
static size_t over(size_t len, size_t stride, size_t pad, size_t out_len)
{
    return most((len - 1 + pad) / stride + 1, out_len) - out_len;
}

static void measure(struct lat__conv *c)
{
    const enum lat_precision p = c->precision;

    c->xw = lat__width(p, c->x.c);
    c->yw = lat__width(p, c->y.c);
    c->kernel_row = lat__weights_size(p, c->kw, c->x.c, c->y.c);
    for (size_t r = 0; r < c->sw; r++)
        c->turned_row += lat__conv_turned(c, r);
    c->rows = p == LAT_FLOAT32 ? c->y.w * c->y.c
                               : lat__beside_room(p, c->y.w, c->y.c);
}

static void place_pairs(struct lat__conv *c)
{
    const enum lat_precision p = c->precision;
    const size_t n = c->x_padded.h * c->x_padded.w;
    const size_t n_dy = c->dy_padded.h * c->dy_padded.w;

    c->x_along_at = c->scratch;
    c->dy_along_at = c->x_along_at + most(lat__across_room(p, n * c->x.c),
                                          lat__along_room(p, n, c->x.c));
    c->rows_at = c->dy_along_at + lat__along_room(p, n_dy, c->y.c);
    c->w_at = c->rows_at + c->y.h * c->rows;
    c->scratch = c->w_at + c->kh * most(c->kernel_row, c->turned_row);
}

size_t lat__out_len(size_t len, size_t kernel, size_t stride, size_t pad)
{
    assert(kernel > 0 && stride > 0);
    return len + 2 * pad < kernel ? 0 : (len + 2 * pad - kernel) / stride + 1;
}

size_t lat__conv_taps(const struct lat__conv *c, size_t r)
{
    return r < c->kw ? (c->kw - r + c->sw - 1) / c->sw : 0;
}

size_t lat__conv_turned(const struct lat__conv *c, size_t r)
{
    return lat__weights_size(c->precision, lat__conv_taps(c, r), c->y.c,
                             c->x.c);
}

struct lat__conv lat__conv(struct lat_tensor y, struct lat_tensor x,
                           struct lat_window_geom g,
                           enum lat_precision precision)
{
    struct lat__conv c = {.y = y,
                          .x = x,
                          .kw = g.kw,
                          .sw = g.stride,
                          .pw = g.pad,
                          .precision = precision};

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
    measure(&c);
    c.dy_at = lines(lat__item(c.x_padded));
    c.dw_at = c.dy_at + lines(lat__item(c.dy_padded));
    c.db_at = c.dw_at + lines(c.kh * c.kw * x.c * y.c);
    c.turned_at = c.db_at + lines(y.c);
    c.scratch = c.turned_at + lines(c.kh * c.kw * x.c * y.c);
    c.dy_along_at = c.dy_at;
    if (precision == LAT_BFLOAT16)
        place_pairs(&c);
    return c;
}

struct lat_tensor lat__conv_pad(float *to, const struct lat__margin *m,
                                struct lat_tensor t, size_t i)
{
    struct lat_tensor padded = m->padded;
    size_t row = t.w * t.c, before = m->left * t.c;
    size_t after = padded.w * t.c - before - row;

    padded.v = to;
    if (padded.h == t.h && padded.w == t.w) {
        padded.v = lat__at(t, i);
        return padded;
    }
    for (size_t y = 0; y < padded.h; y++, to += padded.w * t.c) {
        if (y < m->top || y >= m->top + t.h) {
            memset(to, 0, padded.w * t.c * sizeof(*to));
            continue;
        }
        memset(to, 0, before * sizeof(*to));
        memcpy(to + before, lat__at(t, i) + (y - m->top) * row,
               row * sizeof(*to));
        memset(to + before + row, 0, after * sizeof(*to));
    }
    return padded;
}

const float *lat__conv_along(const struct lat_ctx *ctx, float *to,
                             const struct lat__margin *m, struct lat_tensor t,
                             size_t i)
{
    const size_t width = lat__width(ctx->precision, t.c);
    const size_t row = m->padded.w * width, before = m->left * width;
    const size_t behind = before + t.w * width;
    float *at = to;

    if (ctx->precision == LAT_FLOAT32)
        return lat__conv_pad(to, m, t, i).v;
    for (size_t y = 0; y < m->padded.h; y++, at += row) {
        if (y < m->top || y >= m->top + t.h) {
            memset(at, 0, row * sizeof(*at));
            continue;
        }
        memset(at, 0, before * sizeof(*at));
        lat__along(ctx, at + before, lat__at(t, i) + (y - m->top) * t.w * t.c,
                   t.w, t.c);
        memset(at + behind, 0, (row - behind) * sizeof(*at));
    }
    memset(at, 0, LAT_LINE * sizeof(*at));
    return to;
}
