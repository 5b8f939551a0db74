/*
 * graded.c - the variant code made readable: how alike two views' variant
 * blocks are says how far apart their transforms were.
 *
 *     L = mean over pairs of views of one source of (cos(a^A, b^A) - k)^2
 *     k = 1 - d(g, h) / d_max, given for each pair
 */
#include "../losses.h"

double lat__scl_graded(struct lat_contrast *c, const float *want, double scale)
{
    size_t n = c->spec.n * (c->spec.n_views * (c->spec.n_views - 1) / 2);
    double sum = 0.0;

    if (c->spec.var.end == c->spec.var.begin)
        return 0.0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)c->pair[i] - (double)want[i];

        sum += d * d;
        /* dL/dcos = 2 (cos - k) / n */
        c->dpair[i] += (float)(2.0 * scale * d / (double)n);
    }
    return sum / (double)n;
}
