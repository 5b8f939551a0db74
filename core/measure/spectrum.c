/*
 * spectrum.c - the magnitude spectrum: what invariance to phase costs nothing
 * to have.
 *
 *     f_k = sum over t of x_t exp(-2 pi i k t / n),  y_k = |f_k|
 *
 * A periodic Hann window (1 - cos) / 2 in time is (-1/4, 1/2, -1/4) over
 * neighbouring bins; beyond both ends stand the conjugates.
 */
#include "../measure.h"

#include <math.h>

static const double two_pi = 6.283185307179586;

size_t lat__spectrum_bins(size_t window)
{
    return window / 2 + 1;
}

void lat__spectrum_matrix(float *m, size_t window)
{
    size_t bins = lat__spectrum_bins(window);

    for (size_t t = 0; t < window; t++)
        for (size_t k = 0; k < bins; k++) {
            double a = two_pi * (double)(k * t % window) / (double)window;

            m[t * 2 * bins + 2 * k] = (float)cos(a);
            m[t * 2 * bins + 2 * k + 1] = (float)-sin(a);
        }
}

void lat__spectrum(float *y, const float *f, size_t bins)
{
    for (size_t k = 0; k < bins; k++)
        y[k] = hypotf(f[2 * k], f[2 * k + 1]);
}

void lat__spectrum_hann(float *y, const float *f, size_t window)
{
    size_t bins = lat__spectrum_bins(window), mirror = window - bins;

    for (size_t k = 0; k < bins; k++) {
        size_t below = k > 0 ? k - 1 : 1;
        size_t above = k + 1 < bins ? k + 1 : mirror;
        float sign_below = k > 0 ? 1.0f : -1.0f;
        float sign_above = k + 1 < bins ? 1.0f : -1.0f;
        float re = 0.5f * f[2 * k] - 0.25f * (f[2 * below] + f[2 * above]);
        float im =
            0.5f * f[2 * k + 1] - 0.25f * (sign_below * f[2 * below + 1] +
                                           sign_above * f[2 * above + 1]);

        y[k] = hypotf(re, im);
    }
}
