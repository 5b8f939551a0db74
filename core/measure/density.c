/*
 * density.c - how much of a code is in use, and how far dimensions overlap.
 *
 *     active      columns that are not all zero
 *     sparsity    1 - share of |x| > 1e-5 among all n dims numbers
 *     overlap     E = |C - I|, C = X'X of the active columns at unit length,
 *                 d of them: the mean off the diagonal; and as published, the
 *                 mean and lower median of E / (d (d - 1)), the mean of E
 *     rank        -sum of s log(s + 1e-6), s the singular values, sum 1
 */
#include "../measure.h"

#include <math.h>
#include <stdlib.h>

static const double eps = 1e-5;

enum { TILE = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One tile of g = x'x, from row j, column k on. */
static void gram_tile(double *g, const struct lat__codes *c, size_t j, size_t k)
{
    size_t rows = least(TILE, c->dims - j), cols = least(TILE, c->dims - k);

    for (size_t i = 0; i < c->n; i++) {
        const float *x = c->x + i * c->dims;

        for (size_t p = 0; p < rows; p++) {
            double by = (double)x[j + p], *row = g + (j + p) * c->dims + k;

            for (size_t q = 0; q < cols; q++)
                row[q] += by * (double)x[k + q];
        }
    }
}

static void gram(double *g, const struct lat__codes *c)
{
    for (size_t j = 0; j < c->dims; j += TILE)
        for (size_t k = 0; k <= j; k += TILE)
            gram_tile(g, c, j, k);
    for (size_t j = 0; j < c->dims; j++)
        for (size_t k = j + 1; k < c->dims; k++)
            g[j * c->dims + k] = g[k * c->dims + j];
}

static void count(struct lat__density *d, const struct lat__codes *c)
{
    size_t used = 0, negative = 0;

    for (size_t i = 0; i < c->n * c->dims; i++) {
        used += fabs((double)c->x[i]) > eps;
        negative += c->x[i] < 0.0f;
    }
    d->sparsity = 1.0 - (double)used / (double)(c->n * c->dims);
    d->not_negative = 1.0 - (double)negative / (double)(c->n * c->dims);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* room (dims, dims) is for what is sorted. */
static void overlap(struct lat__density *d, double *room, const double *g,
                    size_t dims)
{
    double off = 0.0, all = 0.0;
    size_t n = 0;

    for (size_t j = 0; j < dims; j++)
        for (size_t k = 0; k < dims; k++) {
            double length = sqrt(g[j * dims + j]) * sqrt(g[k * dims + k]);

            if (length == 0.0)
                continue;
            room[n] = fabs(g[j * dims + k] / length - (j == k));
            all += room[n];
            off += j == k ? 0.0 : room[n];
            n++;
        }
    for (size_t j = 0; j < dims; j++)
        d->n_active += g[j * dims + j] > 0.0;
    if (d->n_active < 2)
        return;
    qsort(room, n, sizeof(*room), ascending);
    d->overlap = off / (double)(n - d->n_active);
    d->overlap_all = all / (double)n;
    d->overlap_published = d->overlap_all / (double)(n - d->n_active);
    d->overlap_median = room[(n - 1) / 2] / (double)(n - d->n_active);
}

/* g is used up. */
static double rank(double *g, double *room, size_t dims)
{
    double sum = 0.0, entropy = 0.0;

    if (!lat__eigenvalues(room, g, room + dims, dims))
        return NAN;
    for (size_t k = 0; k < dims; k++) {
        room[k] = sqrt(fmax(room[k], 0.0));
        sum += room[k];
    }
    for (size_t k = 0; sum > 0.0 && k < dims; k++)
        entropy -= room[k] / sum * log(room[k] / sum + 1e-6);
    return entropy;
}

enum lat_code lat__density(struct lat__density *d, const struct lat__codes *c,
                           struct lat_err *err)
{
    double *g = lat_calloc(2 * (c->dims + 1) * c->dims, sizeof(*g));
    double *room = g ? g + c->dims * c->dims : NULL;

    if (!g)
        return lat_fail(err, LAT_ENOMEM, "products of %zu dimensions", c->dims);
    *d = (struct lat__density){0};
    count(d, c);
    gram(g, c);
    overlap(d, room, g, c->dims);
    d->rank = rank(g, room, c->dims);
    lat_free(g);
    return LAT_OK;
}
