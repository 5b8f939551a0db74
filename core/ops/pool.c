/*
 * pool.c - many positions to one, and one to many
 *
 * x (n, h, w, c); maxpool: y (n, h', w', c), the largest of each window;
 * avgpool: y (n, 1, 1, c); upsample: y (n, h or factor h, factor w, c).
 */
#include "../ops.h"

#include <string.h>

struct pool {
    struct lat_tensor y, x, dy, dx;
    struct lat_window_geom g;
    size_t kh, sh, ph;
    size_t fh, fw; /* of upsample */
};

enum { CHUNK = 64 };

static void for_each(const struct lat_ctx *ctx, void (*fn)(void *, size_t),
                     struct pool *k)
{
    k->kh = k->g.flat ? 1 : k->g.kh;
    k->sh = k->g.flat ? 1 : k->g.stride;
    k->ph = k->g.flat ? 0 : k->g.pad;
    lat__team_run(ctx->team, fn, k);
}

/* ---- maxpool */

/* Where tap (q, r) of position (u, v) is in x, a row of channels; NULL in the
 * padding, which is never the largest. */
static const float *tap_of(const struct pool *k, size_t i, size_t u, size_t v,
                           size_t tap)
{
    size_t row = u * k->sh + tap / k->g.kw;
    size_t col = v * k->g.stride + tap % k->g.kw;

    if (row < k->ph || row - k->ph >= k->x.h || col < k->g.pad ||
        col - k->g.pad >= k->x.w)
        return NULL;
    return lat__at(k->x, i) +
           ((row - k->ph) * k->x.w + col - k->g.pad) * k->x.c;
}

/* What is no number is larger than all. */
static void largest(float *y, const float *x, size_t n, bool first)
{
    if (first) {
        memcpy(y, x, n * sizeof(*y));
        return;
    }
    for (size_t j = 0; j < n; j++)
        y[j] = x[j] <= y[j] || y[j] != y[j] ? y[j] : x[j];
}

static void maxpool_part(void *arg, size_t part)
{
    const struct pool *k = arg;
    size_t end = lat__part_begin(k->x.n, part + 1);

    for (size_t i = lat__part_begin(k->x.n, part); i < end; i++)
        for (size_t p = 0; p < k->y.h * k->y.w; p++) {
            float *y = lat__at(k->y, i) + p * k->y.c;
            bool first = true;

            for (size_t tap = 0; tap < k->kh * k->g.kw; tap++) {
                const float *x = tap_of(k, i, p / k->y.w, p % k->y.w, tap);

                if (x)
                    largest(y, x, k->y.c, first);
                first = first && !x;
            }
        }
}

static void check_window(const struct pool *k)
{
    size_t h = k->g.flat ? k->x.h
                         : lat__out_len(k->x.h, k->g.kh, k->g.stride, k->g.pad);

    assert(k->y.n == k->x.n && k->y.c == k->x.c && k->y.h == h);
    assert(k->y.w == lat__out_len(k->x.w, k->g.kw, k->g.stride, k->g.pad));
    assert(k->g.pad < k->g.kw); /* no window of padding alone */
    (void)h;
}

void lat__maxpool_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                          struct lat_tensor x, struct lat_window_geom g)
{
    struct pool k = {.y = y, .x = x, .g = g};

    check_window(&k);
    for_each(ctx, maxpool_part, &k);
}

/* y took the first of its window that was as large: dy goes there.  n <=
 * CHUNK channels. */
static void give_to_first(const struct pool *k, size_t i, size_t p, size_t j0)
{
    size_t at = p * k->y.c + j0;
    size_t n = k->y.c - j0 < CHUNK ? k->y.c - j0 : CHUNK;
    const float *y = lat__at(k->y, i) + at, *dy = lat__at(k->dy, i) + at;
    float left[CHUNK];

    memcpy(left, dy, n * sizeof(*dy));
    for (size_t tap = 0; tap < k->kh * k->g.kw; tap++) {
        const float *x = tap_of(k, i, p / k->y.w, p % k->y.w, tap);
        float *dx;

        if (!x)
            continue;
        dx = k->dx.v + (x - k->x.v) + j0;
        for (size_t j = 0; j < n; j++) {
            float give = x[j0 + j] == y[j] ? left[j] : 0.0f;

            dx[j] += give;
            left[j] -= give;
        }
    }
}

static void maxpool_back_part(void *arg, size_t part)
{
    const struct pool *k = arg;
    size_t end = lat__part_begin(k->x.n, part + 1);

    for (size_t i = lat__part_begin(k->x.n, part); i < end; i++) {
        memset(lat__at(k->dx, i), 0, lat__item(k->dx) * sizeof(float));
        for (size_t p = 0; p < k->y.h * k->y.w; p++)
            for (size_t j = 0; j < k->y.c; j += CHUNK)
                give_to_first(k, i, p, j);
    }
}

void lat__maxpool_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                           struct lat_tensor dy, struct lat_tensor y,
                           struct lat_tensor x, struct lat_window_geom g)
{
    struct pool k = {.y = y, .x = x, .dy = dy, .dx = dx, .g = g};

    if (!dx.v)
        return;
    check_window(&k);
    for_each(ctx, maxpool_back_part, &k);
}

/* ---- avgpool */

static void avgpool_part(void *arg, size_t part)
{
    const struct pool *k = arg;
    size_t end = lat__part_begin(k->x.n, part + 1), count = k->x.h * k->x.w;

    for (size_t i = lat__part_begin(k->x.n, part); i < end; i++)
        for (size_t j0 = 0; j0 < k->x.c; j0 += CHUNK) {
            size_t n = k->x.c - j0 < CHUNK ? k->x.c - j0 : CHUNK;
            const float *x = lat__at(k->x, i) + j0;
            double sum[CHUNK] = {0};

            for (size_t p = 0; p < count; p++, x += k->x.c)
                for (size_t j = 0; j < n; j++)
                    sum[j] += (double)x[j];
            for (size_t j = 0; j < n; j++)
                lat__at(k->y, i)[j0 + j] = (float)(sum[j] / (double)count);
        }
}

void lat__avgpool_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                          struct lat_tensor x)
{
    struct pool k = {.y = y, .x = x};

    assert(y.n == x.n && y.c == x.c && y.h == 1 && y.w == 1);
    for_each(ctx, avgpool_part, &k);
}

/* y was the mean: each position has its share of dy. */
static void avgpool_back_part(void *arg, size_t part)
{
    const struct pool *k = arg;
    size_t end = lat__part_begin(k->dx.n, part + 1), count = k->dx.h * k->dx.w;

    for (size_t i = lat__part_begin(k->dx.n, part); i < end; i++) {
        const float *dy = lat__at(k->dy, i);
        float *dx = lat__at(k->dx, i);

        for (size_t p = 0; p < count; p++, dx += k->dx.c)
            for (size_t j = 0; j < k->dx.c; j++)
                dx[j] = dy[j] / (float)count;
    }
}

void lat__avgpool_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                           struct lat_tensor dy)
{
    struct pool k = {.dy = dy, .dx = dx};

    if (!dx.v)
        return;
    assert(dy.n == dx.n && dy.c == dx.c && dy.h == 1 && dy.w == 1);
    for_each(ctx, avgpool_back_part, &k);
}

/* ---- upsample */

static void check_factor(struct pool *k, struct lat_tensor y,
                         struct lat_tensor x, size_t factor)
{
    k->fh = x.h == 1 ? 1 : factor;
    k->fw = factor;
    assert(y.n == x.n && y.c == x.c && y.w == x.w * factor);
    assert(y.h == x.h * k->fh);
}

static void upsample_part(void *arg, size_t part)
{
    const struct pool *k = arg;
    size_t end = lat__part_begin(k->x.n, part + 1), row = k->y.w * k->y.c;

    for (size_t i = lat__part_begin(k->x.n, part); i < end; i++)
        for (size_t u = 0; u < k->y.h; u++) {
            const float *x = lat__at(k->x, i) + u / k->fh * k->x.w * k->x.c;
            float *y = lat__at(k->y, i) + u * row;

            for (size_t v = 0; v < k->x.w; v++, x += k->x.c)
                for (size_t f = 0; f < k->fw; f++, y += k->x.c)
                    memcpy(y, x, k->x.c * sizeof(*y));
        }
}

void lat__upsample_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                           struct lat_tensor x, size_t factor)
{
    struct pool k = {.y = y, .x = x};

    check_factor(&k, y, x, factor);
    for_each(ctx, upsample_part, &k);
}

/* dx (w, c) += each of the factor copies in dy (factor w, c). */
static void gather_row(const struct pool *k, float *dx, const float *dy,
                       bool first)
{
    for (size_t v = 0; v < k->dx.w; v++, dx += k->dx.c)
        for (size_t f = 0; f < k->fw; f++, dy += k->dx.c) {
            if (first && f == 0) {
                memcpy(dx, dy, k->dx.c * sizeof(*dx));
                continue;
            }
            for (size_t j = 0; j < k->dx.c; j++)
                dx[j] += dy[j];
        }
}

static void upsample_back_part(void *arg, size_t part)
{
    const struct pool *k = arg;
    size_t end = lat__part_begin(k->dx.n, part + 1);

    for (size_t i = lat__part_begin(k->dx.n, part); i < end; i++)
        for (size_t u = 0; u < k->dy.h; u++)
            gather_row(k, lat__at(k->dx, i) + u / k->fh * k->dx.w * k->dx.c,
                       lat__at(k->dy, i) + u * k->dy.w * k->dy.c,
                       u % k->fh == 0);
}

void lat__upsample_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                            struct lat_tensor dy, size_t factor)
{
    struct pool k = {.dy = dy, .dx = dx};

    if (!dx.v)
        return;
    check_factor(&k, dy, dx, factor);
    for_each(ctx, upsample_back_part, &k);
}
