/* operand.c - operands of products, in float32 or as pairs. */
#include "operand.h"

#include "../kernel/pairs.h"

#include <string.h>

static bool is_narrow(enum lat_precision p)
{
    return p == LAT_BFLOAT16;
}

static size_t lines(size_t n)
{
    return (n + LAT_LINE - 1) / LAT_LINE * LAT_LINE;
}

/* ---- products */

void lat__multiply(const struct lat_ctx *ctx, const struct lat_product *p)
{
    if (is_narrow(ctx->precision))
        ctx->kernel->product16(p);
    else
        ctx->kernel->product(p);
}

void lat__multiply_across(const struct lat_ctx *ctx, struct lat_product p)
{
    if (is_narrow(ctx->precision)) {
        p.k = lat__pairs(p.k);
        p.a_col *= 2;
    }
    lat__multiply(ctx, &p);
}

/* ---- over the channels */

size_t lat__width(enum lat_precision p, size_t c)
{
    return is_narrow(p) ? lat__pairs(c) : c;
}

size_t lat__along_room(enum lat_precision p, size_t n, size_t c)
{
    return is_narrow(p) ? lines(n * lat__pairs(c)) + LAT_LINE : 0;
}

const float *lat__along(const struct lat_ctx *ctx, float *to, const float *from,
                        size_t n, size_t c)
{
    const size_t width = lat__pairs(c);

    if (!is_narrow(ctx->precision))
        return from;
    if (c % 2 == 0)
        ctx->kernel->narrow(to, from, n * c);
    else if (c == 1)
        ctx->kernel->weave(to, from, NULL, n);
    else
        for (size_t i = 0; i < n; i++)
            ctx->kernel->narrow(to + i * width, from + i * c, c);
    memset(to + n * width, 0, LAT_LINE * sizeof(*to));
    return to;
}

size_t lat__b_row(enum lat_precision p, size_t n)
{
    return is_narrow(p) && n > 1 ? lines(n) : n;
}

/* rows pairs of n columns; one column has no lines of its own. */
static size_t room_of(size_t rows, size_t n)
{
    return lines(lines(rows) * lat__b_row(LAT_BFLOAT16, n) + LAT_LINE);
}

size_t lat__weights_size(enum lat_precision p, size_t taps, size_t c, size_t n)
{
    return is_narrow(p) ? room_of(taps * lat__pairs(c), n) : taps * c * n;
}

/* A row of pairs, with zeros up to where the next begins. */
static void put_row(const struct lat_ctx *ctx, float *to, const float *first,
                    const float *second, size_t n)
{
    ctx->kernel->weave(to, first, second, n);
    memset(to + n, 0, (lat__b_row(LAT_BFLOAT16, n) - n) * sizeof(*to));
}

const float *lat__weights(const struct lat_ctx *ctx, float *to,
                          const float *from, size_t taps, size_t c, size_t n)
{
    const size_t row = lat__b_row(LAT_BFLOAT16, n);
    const float *end = to + room_of(taps * lat__pairs(c), n);
    float *at = to;

    if (!is_narrow(ctx->precision))
        return from;
    for (size_t q = 0; q < taps; q++, from += c * n)
        for (size_t i = 0; i < c; i += 2, at += row)
            put_row(ctx, at, from + i * n,
                    i + 1 < c ? from + (i + 1) * n : NULL, n);
    memset(at, 0, (size_t)(end - at) * sizeof(*at));
    return to;
}

/* ---- over positions */

size_t lat__across_room(enum lat_precision p, size_t n)
{
    return is_narrow(p) ? lines(n) : 0;
}

const float *lat__across(const struct lat_ctx *ctx, float *to,
                         const float *from, size_t n, size_t step)
{
    const size_t both = n > step ? n - step : 0;

    if (!is_narrow(ctx->precision))
        return from;
    ctx->kernel->weave(to, from, from + n - both, both);
    ctx->kernel->weave(to + both, from + both, NULL, n - both);
    return to;
}

size_t lat__beside_room(enum lat_precision p, size_t rows, size_t n)
{
    return is_narrow(p) ? room_of(lat__pairs(rows), n) : 0;
}

const float *lat__beside(const struct lat_ctx *ctx, float *to,
                         const struct lat__rows *r)
{
    const size_t row = lat__b_row(LAT_BFLOAT16, r->n);
    const float *end = to + room_of(lat__pairs(r->rows), r->n);
    const float *from = r->from;
    float *at = to;

    if (!is_narrow(ctx->precision))
        return from;
    for (size_t t = 0; t < r->rows; t += 2, at += row) {
        put_row(ctx, at, from, t + 1 < r->rows ? from + r->from_row : NULL,
                r->n);
        from += 2 * r->from_row;
    }
    memset(at, 0, (size_t)(end - at) * sizeof(*at));
    return to;
}
