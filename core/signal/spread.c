/*
 * spread.c - how far a window's samples lie apart: the statistics that it may
 * be divided by, each 1 for white noise of variance 1 (but for the peak).
 */
#include "../signal.h"

#include <math.h>

static void swap(double *a, double *b)
{
    double t = *a;

    *a = *b;
    *b = t;
}

/* Moves the k-th smallest of v (n) to v[k], none larger before it and none
 * smaller behind it (Hoare). */
static void select_nth(double *v, size_t n, size_t k)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, at = (ptrdiff_t)k;

    while (low < high) {
        double pivot = v[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;

        do {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i <= j)
                swap(&v[i++], &v[j--]);
        } while (i <= j);
        if (at <= j)
            high = j;
        else if (at >= i)
            low = i;
        else
            return;
    }
}

/* Between the two nearest ranks, as numpy's default.  Reorders v (n). */
static double quantile(double *v, size_t n, double q)
{
    double at = q * (double)(n - 1), next;
    size_t k = (size_t)at;

    select_nth(v, n, k);
    if (k + 1 == n)
        return v[k];
    next = v[k + 1];
    for (size_t i = k + 2; i < n; i++)
        next = v[i] < next ? v[i] : next;
    return v[k] + (at - (double)k) * (next - v[k]);
}

static double quantile_of_abs(double *v, size_t n, double q)
{
    for (size_t i = 0; i < n; i++)
        v[i] = fabs(v[i]);
    return quantile(v, n, q);
}

static double deviation(const double *v, size_t n)
{
    double m = lat__mean(v, n), sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (v[i] - m) * (v[i] - m);
    return sqrt(sum / (double)n);
}

static double mean_of_abs(const double *v, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += fabs(v[i]);
    return sum / (double)n;
}

double lat__mean(const double *v, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return sum / (double)n;
}

double lat__spread(enum lat_scale scale, double *v, size_t n)
{
    switch (scale) {
    case LAT_SCALE_NONE:
    case LAT_SCALE_HANN: /* knows where a sample stands: condition.c */
    case LAT_N_SCALES:
        break;
    case LAT_SCALE_STD:
        return deviation(v, n);
    case LAT_SCALE_MEAN_ABS:
        return 1.2533141373155003 * mean_of_abs(v, n);
    case LAT_SCALE_MAD:
        return 1.4826022185056018 * quantile_of_abs(v, n, 0.5);
    case LAT_SCALE_IQR:
        return 0.7413011092528009 *
               (quantile(v, n, 0.75) - quantile(v, n, 0.25));
    case LAT_SCALE_Q90:
        return 0.6079568319117692 * quantile_of_abs(v, n, 0.9);
    case LAT_SCALE_Q95:
        return 0.5102134569246539 * quantile_of_abs(v, n, 0.95);
    case LAT_SCALE_PEAK:
        return quantile_of_abs(v, n, 1.0);
    }
    return 1.0;
}
