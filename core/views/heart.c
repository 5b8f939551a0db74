/*
 * heart.c - a slower or faster heart, and a lead between two leads.
 *
 *     stretched[t] = record at begin + factor (shift + t), on a line between
 *                    its two samples
 */
#include "../views.h"

#include <assert.h>
#include <math.h>

void lat__stretch_cut(float *x, size_t window, const float *record, size_t n,
                      size_t begin, long shift, double factor)
{
    for (size_t t = 0; t < window; t++) {
        double at = (double)begin + factor * ((double)shift + (double)t);
        size_t i = (size_t)at;
        float part = (float)(at - (double)i);

        assert(at >= 0.0 && i + 1 < n);
        x[t] = record[i] + part * (record[i + 1] - record[i]);
    }
}

void lat__view_mix(float *x, const float *y, size_t n, double angle)
{
    float a = (float)cos(angle), b = (float)sin(angle);

    for (size_t i = 0; i < n; i++)
        x[i] = a * x[i] + b * y[i];
}
