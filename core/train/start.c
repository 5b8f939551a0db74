/*
 * start.c - where the parameters begin.
 *
 * With `pooled` the invariant rows of the encoder's last layer begin as means
 * over time, tapered towards the ends and random over channels:
 *
 *     w[row][channel][t] = normal * sin^2(pi (t + 1/2) / n)
 *
 * as long together as they would have been: nearly invariant from the first
 * step on, and free to become anything else.
 */
#include "../train.h"

#include <math.h>
#include <string.h>

/* The weights of the last linear layer over a flattened signal, or NULL. */
static const struct lat__param *last_weights(const struct lat__net *net)
{
    const struct lat__stack *s = &net->encoder;
    const struct lat__layer *l = &s->layers[s->n_layers - 1];

    if (strcmp(l->kind->name, "linear") != 0 || l->params[0].in_spread == 0)
        return NULL;
    return &l->params[0];
}

/* Length of rows 0 … rows - 1 together; w is (in, out). */
static double length(const float *w, const struct lat__param *p, size_t rows)
{
    double sum = 0.0;

    for (size_t i = 0; i < p->in; i++)
        for (size_t o = 0; o < rows; o++)
            sum += (double)w[i * p->out + o] * (double)w[i * p->out + o];
    return sqrt(sum);
}

static void pool_row(float *w, const struct lat__param *p, size_t o,
                     struct lat_rng *rng)
{
    size_t channels = p->in_spread, n = p->in / channels;

    for (size_t c = 0; c < channels; c++) {
        double g = lat__rng_normal(rng);

        for (size_t t = 0; t < n; t++) {
            double s =
                sin(3.14159265358979323846 * ((double)t + 0.5) / (double)n);

            w[(t * channels + c) * p->out + o] = (float)(g * s * s);
        }
    }
}

enum lat_code lat__train_start(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat__param *p = last_weights(t->net);
    size_t rows = t->recipe->block[LAT_INV];
    double before, by;
    float *w;

    lat__rng_seed(&t->rng, t->recipe->seed);
    lat__net_init(t->net, t->params, &t->rng);
    if (!t->recipe->pooled)
        return LAT_OK;
    if (!p)
        return lat_fail(err, LAT_EINVAL,
                        "pooled: the encoder does not end in flatten, linear");
    w = t->params + p->offset;
    before = length(w, p, rows);
    for (size_t o = 0; o < rows; o++)
        pool_row(w, p, o, &t->rng);
    by = before / length(w, p, rows);
    for (size_t i = 0; i < p->in; i++)
        for (size_t o = 0; o < rows; o++)
            w[i * p->out + o] = (float)((double)w[i * p->out + o] * by);
    return LAT_OK;
}
