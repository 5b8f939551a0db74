/*
 * gate_kl.c - the price of open gates: their distance from a prior.
 *
 *     c = clip(p, .01, .99),  r = clip(prior, .01, .99)
 *     KL = mean over rows of the sum over dimensions of
 *              c log(c / r) + (1 - c) log((1 - c) / (1 - r))
 *     dKL/dp = (log(c / r) - log((1 - c) / (1 - r))) / rows, 0 where clipped
 *     dp/dlogit = p (1 - p) / T
 *
 * The weight that joint likelihood asks for is 1 / pi of a dimension, pi how
 * often its meaning occurs.  A prior of prior mean(activity) / activity has
 * gates open in that proportion: what is active in every image is dear, what is
 * rare is cheap.
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
        double prior = k->priors ? k->priors[i % k->dims] : k->prior;

        sum += lat__bernoulli_kl(p, prior, &dp);
        if (dlogit)
            dlogit[i] += (float)(g * dp * p * (1.0 - p));
    }
    return sum / (double)k->rows;
}

void lat__activity_priors(double *priors, const struct lat_gate_kl *k,
                          const float *y)
{
    double sum = 0.0;
    size_t n = 0;

    for (size_t j = 0; j < k->dims; j++)
        priors[j] = 0.0;
    for (size_t i = 0; i < k->rows * k->dims; i++)
        priors[i % k->dims] += y[i] > 0.0f;
    for (size_t j = 0; j < k->dims; j++) {
        sum += priors[j];
        n += priors[j] > 0.0;
    }
    for (size_t j = 0; j < k->dims; j++)
        priors[j] = priors[j] > 0.0
                        ? fmin(1.0, k->prior * sum / ((double)n * priors[j]))
                        : 1.0;
}
