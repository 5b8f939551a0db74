/*
 * eigen.c - the eigenvalues of a symmetric matrix: Householder's reflections
 * to three diagonals, then the implicit QL iteration (Martin, Reinsch and
 * Wilkinson; Dubrulle).
 */
#include "../measure.h"

#include <float.h>
#include <math.h>

enum { PATIENCE = 100 }; /* two or three iterations are the rule */

/* Takes the vector of row i off the block above it; e is scratch but e[i]. */
static void reflect(double *a, double *e, size_t n, size_t i, double h)
{
    double *u = a + i * n, along = 0.0;

    for (size_t j = 0; j < i; j++) {
        double sum = 0.0;

        for (size_t k = 0; k <= j; k++)
            sum += a[j * n + k] * u[k];
        for (size_t k = j + 1; k < i; k++)
            sum += a[k * n + j] * u[k];
        e[j] = sum / h;
        along += e[j] * u[j];
    }
    for (size_t j = 0; j < i; j++)
        e[j] -= along / (h + h) * u[j];
    for (size_t j = 0; j < i; j++)
        for (size_t k = 0; k <= j; k++)
            a[j * n + k] -= u[j] * e[k] + e[j] * u[k];
}

/* Leaves the diagonal in d, what stands beside it in e[1] … */
static void three_diagonals(double *d, double *e, double *a, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        double *u = a + i * n, scale = 0.0, h = 0.0, f, g;

        for (size_t k = 0; k < i; k++)
            scale += fabs(u[k]);
        e[i] = u[i - 1];
        if (i == 1 || scale == 0.0)
            continue;
        for (size_t k = 0; k < i; k++) {
            u[k] /= scale;
            h += u[k] * u[k];
        }
        f = u[i - 1];
        g = f < 0.0 ? sqrt(h) : -sqrt(h);
        u[i - 1] = f - g;
        reflect(a, e, n, i, h - f * g);
        e[i] = scale * g;
    }
    for (size_t i = 0; i < n; i++)
        d[i] = a[i * n + i];
}

/* The last of the block that begins at l. */
static size_t block_end(const double *d, const double *e, size_t n, size_t l)
{
    size_t m = l;

    while (m + 1 < n &&
           fabs(e[m]) > DBL_EPSILON * (fabs(d[m]) + fabs(d[m + 1])))
        m++;
    return m;
}

/* One sweep over the block l … m; e[i] stands between d[i] and d[i + 1]. */
static void sweep(double *d, double *e, size_t l, size_t m)
{
    double g = (d[l + 1] - d[l]) / (2.0 * e[l]), r = hypot(g, 1.0);
    double s = 1.0, c = 1.0, p = 0.0;

    g = d[m] - d[l] + e[l] / (g + (g < 0.0 ? -r : r));
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];

        e[i + 1] = r = hypot(f, g);
        if (r == 0.0) {
            d[i + 1] -= p;
            e[m] = 0.0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0.0;
}

bool lat__eigenvalues(double *v, double *a, double *room, size_t n)
{
    double *e = room;

    three_diagonals(v, e, a, n);
    for (size_t i = 1; i < n; i++)
        e[i - 1] = e[i];
    e[n - 1] = 0.0;
    for (size_t l = 0; l < n; l++) {
        size_t m, tries = 0;

        while ((m = block_end(v, e, n, l)) != l) {
            if (tries++ == PATIENCE)
                return false;
            sweep(v, e, l, m);
        }
    }
    return true;
}
