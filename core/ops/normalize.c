/*
 * normalize.c - y = x / max(|x|, 1e-12), row by row
 *
 * x, y (n, h, w, c) as n rows, norm (n) holds |x|.
 */
#include "../ops.h"

#include <math.h>

static const double least = 1e-12;

struct normalize {
    struct lat_tensor y, x; /* or dx and dy */
    const float *unit;      /* forward's y */
    float *norm;
    const float *norms;
};

static double product(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t j = 0; j < n; j++)
        sum += (double)a[j] * (double)b[j];
    return sum;
}

static void forward_part(void *arg, size_t part)
{
    const struct normalize *k = arg;
    size_t end = lat__part_begin(k->x.n, part + 1), n = lat__item(k->x);

    for (size_t i = lat__part_begin(k->x.n, part); i < end; i++) {
        const float *x = lat__at(k->x, i);
        double norm = sqrt(product(x, x, n));

        k->norm[i] = (float)norm;
        for (size_t j = 0; j < n; j++)
            lat__at(k->y, i)[j] = (float)((double)x[j] / fmax(norm, least));
    }
}

void lat__normalize_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                            float *norm, struct lat_tensor x)
{
    struct normalize k = {.y = y, .x = x, .norm = norm};

    assert(y.n == x.n && lat__item(y) == lat__item(x));
    lat__team_run(ctx->team, forward_part, &k);
}

/* dx = (dy - y (y · dy)) / |x|; below the least norm y was x / 1e-12, and a row
 * of zeros, which has no direction, has no gradient. */
static void backward_part(void *arg, size_t part)
{
    const struct normalize *k = arg;
    size_t end = lat__part_begin(k->x.n, part + 1), n = lat__item(k->x);

    for (size_t i = lat__part_begin(k->x.n, part); i < end; i++) {
        const float *dy = lat__at(k->x, i), *y = k->unit + i * n;
        double norm = (double)k->norms[i];
        double along = norm > least ? product(y, dy, n) : 0.0;
        double by = norm > 0.0 ? 1.0 / fmax(norm, least) : 0.0;

        for (size_t j = 0; j < n; j++)
            lat__at(k->y, i)[j] =
                (float)(((double)dy[j] - along * (double)y[j]) * by);
    }
}

void lat__normalize_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                             struct lat_tensor dy, struct lat_tensor y,
                             const float *norm)
{
    struct normalize k = {.y = dx, .x = dy, .unit = y.v, .norms = norm};

    if (!dx.v)
        return;
    assert(dy.n == dx.n && lat__item(dy) == lat__item(dx));
    lat__team_run(ctx->team, backward_part, &k);
}
