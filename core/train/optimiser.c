/*
 * optimiser.c - Adam as PyTorch's, with weight decay in the gradient (L2, not
 * decoupled).  At step t = 1, 2 …
 *
 *     g = scale dL/dp + wd p
 *     m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
 *     p = p - rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
 *
 * where a layer that has a pace of its own takes that share of the rate.
 */
#include "../train.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* Up in warm_up steps, then down half a cosine to final_rate of the rate. */
double lat__rate_at(const struct lat_recipe *r, size_t step)
{
    double rise = 1.0, fall = 1.0;

    if (step < r->warm_up)
        rise = (double)(step + 1) / (double)r->warm_up;
    if (r->decay == LAT_COSINE)
        fall = r->final_rate +
               (1.0 - r->final_rate) * 0.5 *
                   (1.0 + cos(pi * (double)step / (double)r->steps));
    return r->lr * rise * fall;
}

struct norm {
    const float *g;
    size_t n;
    double sum[LAT_PARTS];
};

static void norm_part(void *arg, size_t part)
{
    struct norm *a = arg;
    double sum = 0.0;

    for (size_t i = lat__part_begin(a->n, part);
         i < lat__part_begin(a->n, part + 1); i++)
        sum += (double)a->g[i] * (double)a->g[i];
    a->sum[part] = sum;
}

double lat__norm(const float *g, size_t n, struct lat_team *team)
{
    struct norm a = {.g = g, .n = n};
    double sum = 0.0;

    lat__team_run(team, norm_part, &a);
    for (size_t i = 0; i < LAT_PARTS; i++)
        sum += a.sum[i];
    return sqrt(sum);
}

struct update {
    const struct lat__adam *a;
    const float *g;
    float scale, decay, b1, b2, rate, unbias, epsilon;
};

static inline void update_at(const struct update *u, size_t i, float rate)
{
    float *p = &u->a->params[i], *m = &u->a->m[i], *v = &u->a->v[i];
    float g = u->scale * u->g[i] + u->decay * *p;

    *m = u->b1 * *m + (1.0f - u->b1) * g;
    *v = u->b2 * *v + (1.0f - u->b2) * g * g;
    *p -= rate * *m / (sqrtf(*v) * u->unbias + u->epsilon);
}

static void update_part(void *arg, size_t part)
{
    const struct update *u = arg;
    size_t begin = lat__part_begin(u->a->n, part);
    size_t end = lat__part_begin(u->a->n, part + 1);

    for (size_t i = begin; !u->a->pace && i < end; i++)
        update_at(u, i, u->rate);
    for (size_t i = begin; u->a->pace && i < end; i++)
        update_at(u, i, u->rate * u->a->pace[i]);
}

void lat__adam_step(const struct lat__adam *a, const float *g, double scale,
                    const struct lat_recipe *r, size_t step,
                    struct lat_team *team)
{
    double t = (double)(step + 1);
    struct update u = {
        .a = a,
        .g = g,
        .scale = (float)scale,
        .decay = (float)r->weight_decay,
        .b1 = (float)r->beta1,
        .b2 = (float)r->beta2,
        .rate = (float)(lat__rate_at(r, step) / (1.0 - pow(r->beta1, t))),
        .unbias = (float)(1.0 / sqrt(1.0 - pow(r->beta2, t))),
        .epsilon = (float)r->epsilon,
    };

    lat__team_run(team, update_part, &u);
}
