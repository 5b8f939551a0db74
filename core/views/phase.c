/*
 * phase.c - phase shift: the same record, seen D milliseconds later.
 *
 *     view(D)[t] = record[begin + round(rate D / 1000) + t]
 */
#include "../views.h"

#include <assert.h>
#include <math.h>
#include <string.h>

long lat__phase_samples(double ms, double rate_hz)
{
    return lround(rate_hz * ms / 1000.0);
}

long lat__phase_draw(struct lat_rng *rng, double max_ms, double rate_hz)
{
    double ms = (2.0 * lat__rng_uniform(rng) - 1.0) * max_ms;

    return lat__phase_samples(ms, rate_hz);
}

void lat__phase_cut(float *x, size_t window, const float *record, size_t n,
                    size_t begin, long shift)
{
    size_t at = (size_t)((long)begin + shift);

    assert((long)begin + shift >= 0 && at + window <= n);
    memcpy(x, record + at, window * sizeof(*x));
}
