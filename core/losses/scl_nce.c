/*
 * scl_nce.c - NT-Xent on the invariant block, with the variant mechanism as
 * one more term of the denominator.  Over all rows i, with P(i) the other
 * views of its source (and, where asked for, the rows of its group):
 *
 *     d_i   = sum over j != i, kept, of exp(cos_ij / tau)
 *           + kappa sum over views b != a of exp(cos(a^A, b^A) / tau)
 *     loss  = mean over i of mean over p in P(i) of log d_i - cos_ip / tau
 *
 * The whole latent as invariant block and kappa = 0 make it plain NT-Xent.
 */
#include "../losses.h"

#include <math.h>

struct row {
    struct lat_contrast *c;
    const struct lat_nce_spec *spec;
    const uint32_t *group;
    size_t i;      /* which row of the batch */
    double most;   /* the largest exponent: exp never overflows */
    double sum;    /* the denominator, without exp(most) */
    size_t n_pull; /* positives */
};

static bool same_group(const struct row *r, size_t j)
{
    size_t n = r->c->spec.n;

    return r->group && r->group[r->i % n] == r->group[j % n];
}

static bool positive(const struct row *r, size_t j)
{
    if (j == r->i)
        return false;
    return j % r->c->spec.n == r->i % r->c->spec.n ||
           (r->spec->same == LAT_SAME_PULL && same_group(r, j));
}

static bool in_denominator(const struct row *r, size_t j)
{
    return j != r->i && (positive(r, j) || !same_group(r, j));
}

/* The place in pair of row i's source in view v and its own. */
static size_t pair_at(const struct row *r, size_t v)
{
    size_t n = r->c->spec.n, own = r->i / n;

    return (v < own ? lat__view_pair(v, own) : lat__view_pair(own, v)) * n +
           r->i % n;
}

static double term(const struct row *r, float cosine)
{
    return exp(((double)cosine - r->most) / r->spec->tau);
}

static void measure_row(struct row *r)
{
    const struct lat_contrast *c = r->c;
    const float *cos = c->cos + r->i * c->rows;

    r->most = -1.0;
    for (size_t j = 0; j < c->rows; j++)
        if (in_denominator(r, j) && (double)cos[j] > r->most)
            r->most = (double)cos[j];
    for (size_t v = 0; r->spec->kappa > 0.0 && v < c->spec.n_views; v++)
        if (v != r->i / c->spec.n)
            r->most = fmax(r->most, (double)c->pair[pair_at(r, v)]);
    for (size_t j = 0; j < c->rows; j++) {
        if (in_denominator(r, j))
            r->sum += term(r, cos[j]);
        r->n_pull += positive(r, j);
    }
    for (size_t v = 0; r->spec->kappa > 0.0 && v < c->spec.n_views; v++)
        if (v != r->i / c->spec.n)
            r->sum += r->spec->kappa * term(r, c->pair[pair_at(r, v)]);
}

/* Loss of the row, g times its gradient. */
static double pull_row(struct row *r, double g)
{
    const struct lat_contrast *c = r->c;
    const float *cos = c->cos + r->i * c->rows;
    float *dcos = c->dcos + r->i * c->rows;
    double near = 0.0, share = 1.0 / (double)r->n_pull;

    g /= r->spec->tau;
    for (size_t j = 0; j < c->rows; j++) {
        if (in_denominator(r, j))
            dcos[j] += (float)(g * term(r, cos[j]) / r->sum);
        if (!positive(r, j))
            continue;
        near += share * ((double)cos[j] - r->most);
        dcos[j] -= (float)(g * share);
    }
    for (size_t v = 0; r->spec->kappa > 0.0 && v < c->spec.n_views; v++)
        if (v != r->i / c->spec.n) {
            size_t at = pair_at(r, v);

            c->dpair[at] +=
                (float)(g * r->spec->kappa * term(r, c->pair[at]) / r->sum);
        }
    return log(r->sum) - near / r->spec->tau;
}

double lat__scl_nce(struct lat_contrast *c, const struct lat_nce_spec *spec,
                    double scale, const uint32_t *group)
{
    double sum = 0.0;

    for (size_t i = 0; i < c->rows; i++) {
        struct row r = {.c = c, .spec = spec, .group = group, .i = i};

        measure_row(&r);
        sum += pull_row(&r, scale / (double)c->rows);
    }
    return sum / (double)c->rows;
}
