/*
 * lars.c - momentum that trusts each tensor by its length (LARS, clipped), and
 * its schedule.  Per tensor p with gradient g:
 *
 *     t = min(eta |p| / (|g| + wd |p| + 1e-8) / rate, 1)
 *     buf = momentum buf + t (g + wd p),  p = p - rate buf
 *
 * A flat tensor (a bias, a scale) is neither decayed nor scaled; where either
 * length is zero, t is not applied, nor the decay.  eta = 0 is plain momentum
 * with decay for all.
 *
 * The rate climbs linearly from 3e-5 in warm_up steps, then falls half a
 * cosine to zero.
 */
#include "../train.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

double lat__warm_rate(double base, size_t step, size_t warm_up, size_t steps)
{
    const double first = 3e-5;
    double t = (double)step, w = (double)warm_up;

    if (step + 1 == warm_up)
        return base;
    if (step < warm_up)
        return first + t * (base - first) / (w - 1.0);
    return 0.5 * base * (1.0 + cos(pi * (t - w) / ((double)steps - w)));
}

static double length(const float *v, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

void lat__lars_step(const struct lat__lars *o, const struct lat__lars_tensor *t,
                    const float *g, double rate)
{
    double trust = 1.0, decay = o->weight_decay;

    if (o->eta > 0.0) {
        double p_norm = length(t->p, t->n), g_norm = length(g, t->n);

        if (t->flat || p_norm == 0.0 || g_norm == 0.0)
            decay = 0.0;
        else
            trust = fmin(
                o->eta * p_norm / (g_norm + decay * p_norm + 1e-8) / rate, 1.0);
    }
    for (size_t i = 0; i < t->n; i++) {
        double d = trust * ((double)g[i] + decay * (double)t->p[i]);

        t->buf[i] = (float)(o->momentum * (double)t->buf[i] + d);
        t->p[i] -= (float)(rate * (double)t->buf[i]);
    }
}
