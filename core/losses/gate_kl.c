/*
 * gate_kl.c - the price of open gates: their distance from a prior.
 *
 *     c = clip(p, .01, .99),  r = clip(prior, .01, .99)
 *     KL = mean over rows of the sum over dimensions of
 *              c log(c / r) + (1 - c) log((1 - c) / (1 - r))
 *     dKL/dp = (log(c / r) - log((1 - c) / (1 - r))) / rows, 0 where clipped
 *     dp/dlogit = p (1 - p) / T
 */
#include "../losses.h"

#include <math.h>

static const double clip = 0.01;

static double clipped(double x)
{
    return fmin(fmax(x, clip), 1.0 - clip);
}

double lat__bernoulli_kl(double p, double prior, double *dp)
{
    double c = clipped(p), r = clipped(prior);
    double open = log(c / r), shut = log((1.0 - c) / (1.0 - r));

    *dp = p < clip || p > 1.0 - clip ? 0.0 : open - shut;
    return c * open + (1.0 - c) * shut;
}

double lat__gate_kl(const struct lat_gate_kl *k, float *dlogit,
                    const float *prob, double scale)
{
    double sum = 0.0, g = scale / ((double)k->rows * k->temperature);

    for (size_t i = 0; i < k->rows * k->dims; i++) {
        double p = (double)prob[i], dp;

        sum += lat__bernoulli_kl(p, k->prior, &dp);
        if (dlogit)
            dlogit[i] += (float)(g * dp * p * (1.0 - p));
    }
    return sum / (double)k->rows;
}
