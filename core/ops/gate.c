/*
 * gate.c - a gate per thing and dimension: mask = gate(logit)
 *
 *     prob = sigmoid(logit / T)                    what the prior is held to
 *     soft = sigmoid((logit + noise) / T)          what backward pretends
 *     mask = 1 where logit + noise > 0, else 0     (soft gates: mask = soft)
 *     dlogit = dmask soft (1 - soft) / T
 *
 * A logit of 0 is shut.  Noise is of gumbel1 and concrete alone:
 *
 *     gumbel1    -log(-log(U + 1e-4) + 1e-4), one Gumbel as published: it
 *                opens a gate of logit 0 in 63 of 100 draws
 *     concrete   log U - log(1 - U), the difference of two: it opens a gate
 *                with probability sigmoid(logit)
 *
 * All (n, c); the fixed mask (c) is the same for every thing.
 */
#include "../ops.h"

#include <math.h>

const char *lat__gate_name(unsigned kind)
{
    static const char *const names[] = {"off",      "ste",  "gumbel1",
                                        "concrete", "soft", "fixed"};

    return kind < LAT_N_GATES ? names[kind] : NULL;
}

bool lat__gate_draws(enum lat__gate_kind kind)
{
    return kind == LAT_GATE_GUMBEL1 || kind == LAT_GATE_CONCRETE;
}

static double noise_of(enum lat__gate_kind kind, double u)
{
    const double least = 1e-7;

    if (kind == LAT_GATE_GUMBEL1)
        return -log(-log(u + 1e-4) + 1e-4);
    u = fmin(fmax(u, least), 1.0 - least);
    return log(u) - log(1.0 - u);
}

struct gate {
    const struct lat__gate *g;
    const struct lat__gated *y;
    const float *logit, *uniform, *dmask;
    float *dlogit;
    size_t n, c;
};

static void open_gate(const struct gate *k, size_t i)
{
    double x = (double)k->logit[i], noisy = x;

    if (lat__gate_draws(k->g->kind))
        noisy += noise_of(k->g->kind, (double)k->uniform[i]);
    k->y->prob[i] = (float)lat__sigmoid(x / k->g->temperature);
    k->y->soft[i] = (float)lat__sigmoid(noisy / k->g->temperature);
    if (k->g->kind == LAT_GATE_SOFT)
        k->y->mask[i] = k->y->soft[i];
    else
        k->y->mask[i] = noisy > 0.0 ? 1.0f : 0.0f;
}

static void forward_part(void *arg, size_t part)
{
    const struct gate *k = arg;

    for (size_t i = lat__part_begin(k->n, part) * k->c;
         i < lat__part_begin(k->n, part + 1) * k->c; i++)
        if (k->g->kind == LAT_GATE_OFF)
            k->y->mask[i] = 1.0f;
        else if (k->g->kind == LAT_GATE_FIXED)
            k->y->mask[i] = k->g->fixed[i % k->c];
        else
            open_gate(k, i);
}

void lat__gate_forward(const struct lat_ctx *ctx, const struct lat__gate *g,
                       const struct lat__gated *y, struct lat_tensor logit,
                       const float *uniform)
{
    struct gate k = {g,    y,    logit.v, uniform,
                     NULL, NULL, logit.n, lat__item(logit)};

    assert(uniform || !lat__gate_draws(g->kind));
    lat__team_run(ctx->team, forward_part, &k);
}

static void backward_part(void *arg, size_t part)
{
    const struct gate *k = arg;

    for (size_t i = lat__part_begin(k->n, part) * k->c;
         i < lat__part_begin(k->n, part + 1) * k->c; i++) {
        double s = (double)k->y->soft[i];

        k->dlogit[i] =
            (float)((double)k->dmask[i] * s * (1.0 - s) / k->g->temperature);
    }
}

void lat__gate_backward(const struct lat_ctx *ctx, const struct lat__gate *g,
                        struct lat_tensor dlogit, const float *dmask,
                        const struct lat__gated *y)
{
    struct gate k = {g,     y,        NULL,     NULL,
                     dmask, dlogit.v, dlogit.n, lat__item(dlogit)};

    if (g->kind == LAT_GATE_OFF || g->kind == LAT_GATE_FIXED)
        for (size_t i = 0; i < lat__count(dlogit); i++)
            dlogit.v[i] = 0.0f;
    else
        lat__team_run(ctx->team, backward_part, &k);
}

/* An exact half, rounded up, is open: the first of a shuffled order. */
void lat__gate_fix(float *fixed, size_t c, struct lat_rng *rng)
{
    for (size_t i = 0; i < c; i++)
        fixed[i] = i < (c + 1) / 2 ? 1.0f : 0.0f;
    for (size_t i = c; i > 1; i--) {
        size_t j = lat__rng_below(rng, i);
        float t = fixed[i - 1];

        fixed[i - 1] = fixed[j];
        fixed[j] = t;
    }
}
