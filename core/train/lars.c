/*
 * lars.c - momentum that trusts each tensor by its length (LARS, clipped), and
 * its schedule.  Per tensor p with gradient g:
 *
 *     t = min(eta |p| / (|g| + wd |p| + 1e-8) / rate, 1)
 *     buf = momentum buf + t (g + wd p),  p = p - rate buf
 *
 * A flat tensor (a bias, a scale) is neither decayed nor scaled; where either
 * length is zero, t is not applied, nor the decay.  eta = 0 is plain momentum
 * with decay for all.  Or Adam, as PyTorch has it:
 *
 *     buf = beta1 buf + (1 - beta1) d,  square = beta2 square + (1 - beta2) d^2
 *     p = p - rate buf / (1 - beta1^t) / (sqrt(square / (1 - beta2^t)) + eps)
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

void lat__lars_adam(const struct lat__lars *o, const struct lat__lars_tensor *t,
                    float *square, const float *g, double rate, size_t step)
{
    double first = 1.0 - pow(o->momentum, (double)step + 1.0);
    double second = sqrt(1.0 - pow(o->beta2, (double)step + 1.0));

    for (size_t i = 0; i < t->n; i++) {
        double d = (double)g[i] + o->weight_decay * (double)t->p[i];

        t->buf[i] =
            (float)(o->momentum * (double)t->buf[i] + (1.0 - o->momentum) * d);
        square[i] =
            (float)(o->beta2 * (double)square[i] + (1.0 - o->beta2) * d * d);
        t->p[i] -= (float)(rate / first * (double)t->buf[i] /
                           (sqrt((double)square[i]) / second + o->epsilon));
    }
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
