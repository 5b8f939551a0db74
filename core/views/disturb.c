/* disturb.c - noise and gain: what differs between two electrodes. */
#include "../views.h"

#include <math.h>

void lat__view_noise(float *x, size_t n, double most, struct lat_rng *rng)
{
    double sd;

    if (most <= 0.0)
        return;
    sd = most * lat__rng_uniform(rng);
    for (size_t i = 0; i < n; i++)
        x[i] += (float)(sd * lat__rng_normal(rng));
}

void lat__view_gain(float *x, size_t n, double most, struct lat_rng *rng)
{
    float factor;

    if (most <= 0.0)
        return;
    factor = (float)exp((2.0 * lat__rng_uniform(rng) - 1.0) * most);
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}
