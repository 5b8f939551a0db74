/*
 * nonneg.c - latents that are not negative: y = f(x), one number at a time
 *
 * rep_relu is max(0, x) forward, and backward the slope of gelu, x Phi(x) with
 * Phi the normal distribution: what is shut still hears which way is open.
 * x, y of one shape; y may be x, dx may be dy.
 */
#include "../ops.h"

#include <math.h>

static const double leak = 0.01;

/* Phi(x) and its derivative. */
static double normal(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

static double normal_density(double x)
{
    return 0.39894228040143267794 * exp(-0.5 * x * x);
}

double lat__sigmoid(double x)
{
    double e = exp(-fabs(x));

    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

static double value(enum lat_nonneg kind, double x)
{
    switch (kind) {
    case LAT_NONNEG_NONE:
        return x;
    case LAT_NONNEG_RELU:
    case LAT_NONNEG_REP_RELU:
        return x < 0.0 ? 0.0 : x;
    case LAT_NONNEG_GELU:
        return x * normal(x);
    case LAT_NONNEG_SOFTPLUS:
        return fmax(x, 0.0) + log1p(exp(-fabs(x)));
    case LAT_NONNEG_EXP:
        return exp(x);
    case LAT_NONNEG_SIGMOID:
        return lat__sigmoid(x);
    case LAT_NONNEG_LEAKY_RELU:
        return x < 0.0 ? leak * x : x;
    case LAT_N_NONNEGS:
        break;
    }
    return NAN;
}

static double slope(enum lat_nonneg kind, double x)
{
    switch (kind) {
    case LAT_NONNEG_NONE:
        return 1.0;
    case LAT_NONNEG_RELU:
        return x > 0.0 ? 1.0 : 0.0;
    case LAT_NONNEG_REP_RELU:
    case LAT_NONNEG_GELU:
        return normal(x) + x * normal_density(x);
    case LAT_NONNEG_SOFTPLUS:
        return lat__sigmoid(x);
    case LAT_NONNEG_EXP:
        return exp(x);
    case LAT_NONNEG_SIGMOID:
        return lat__sigmoid(x) * (1.0 - lat__sigmoid(x));
    case LAT_NONNEG_LEAKY_RELU:
        return x > 0.0 ? 1.0 : leak;
    case LAT_N_NONNEGS:
        break;
    }
    return NAN;
}

const char *lat_nonneg_name(unsigned kind)
{
    static const char *const names[] = {"none",    "relu",      "rep_relu",
                                        "gelu",    "softplus",  "exp",
                                        "sigmoid", "leaky_relu"};

    return kind < LAT_N_NONNEGS ? names[kind] : NULL;
}

struct nonneg {
    enum lat_nonneg kind;
    float *y; /* or dx */
    const float *x, *dy;
    size_t item, n;
};

static void forward_part(void *arg, size_t part)
{
    const struct nonneg *k = arg;

    for (size_t i = lat__part_begin(k->n, part) * k->item;
         i < lat__part_begin(k->n, part + 1) * k->item; i++)
        k->y[i] = (float)value(k->kind, (double)k->x[i]);
}

void lat__nonneg_forward(const struct lat_ctx *ctx, enum lat_nonneg kind,
                         struct lat_tensor y, struct lat_tensor x)
{
    struct nonneg k = {kind, y.v, x.v, NULL, lat__item(x), x.n};

    assert(y.n == x.n && lat__item(y) == lat__item(x));
    lat__team_run(ctx->team, forward_part, &k);
}

/* y was f(x): dx = dy f'(x) */
static void backward_part(void *arg, size_t part)
{
    const struct nonneg *k = arg;

    for (size_t i = lat__part_begin(k->n, part) * k->item;
         i < lat__part_begin(k->n, part + 1) * k->item; i++)
        k->y[i] = (float)((double)k->dy[i] * slope(k->kind, (double)k->x[i]));
}

void lat__nonneg_backward(const struct lat_ctx *ctx, enum lat_nonneg kind,
                          struct lat_tensor dx, struct lat_tensor dy,
                          struct lat_tensor x)
{
    struct nonneg k = {kind, dx.v, x.v, dy.v, lat__item(x), x.n};

    assert(dy.n == x.n && lat__item(dy) == lat__item(x));
    lat__team_run(ctx->team, backward_part, &k);
}
