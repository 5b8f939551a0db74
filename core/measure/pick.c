/*
 * pick.c - the dimensions that matter, and what is found by them alone.
 *
 *     score_k  sum over things of x_k / |x|
 *     P@k      share of the query's class among the k nearest by cosine,
 *              divided by k; the query itself is left out by its index, and of
 *              equals the first come first
 */
#include "../measure.h"

#include <stdlib.h>

void lat__dim_scores(double *score, const struct lat__codes *c, float *unit)
{
    lat__unit_rows(unit, c->x, NULL, c->n, c->dims);
    for (size_t k = 0; k < c->dims; k++) {
        score[k] = 0.0;
        for (size_t i = 0; i < c->n; i++)
            score[k] += (double)unit[i * c->dims + k];
    }
}

static int by_score(const void *a, const void *b)
{
    const struct lat__dim_rank *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->dim > y->dim) - (x->dim < y->dim);
}

void lat__dim_order(struct lat__dim_rank *order, const double *score,
                    size_t dims)
{
    for (size_t k = 0; k < dims; k++)
        order[k] = (struct lat__dim_rank){score[k], k};
    qsort(order, dims, sizeof(*order), by_score);
}

void lat__take_dims(float *y, const struct lat__codes *c,
                    const struct lat__dim_rank *order, size_t n_dims)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < n_dims; k++)
            y[i * n_dims + k] = c->x[i * c->dims + order[k].dim];
}

/* Puts j among the nearest so far, which stand in order; returns how many. */
static size_t place(size_t *near, size_t n_near, const float *s, size_t j)
{
    size_t at = n_near;

    while (at > 0 && s[near[at - 1]] < s[j])
        at--;
    if (at == LAT_NEAREST)
        return n_near;
    if (n_near < LAT_NEAREST)
        n_near++;
    for (size_t i = n_near; i-- > at + 1;)
        near[i] = near[i - 1];
    near[at] = j;
    return n_near;
}

void lat__precision_at(double precision[LAT_NEAREST], const float *s,
                       const uint32_t *label, size_t n)
{
    for (size_t k = 0; k < LAT_NEAREST; k++)
        precision[k] = 0.0;
    for (size_t i = 0; i < n; i++) {
        size_t near[LAT_NEAREST], n_near = 0, hits = 0;

        for (size_t j = 0; j < n; j++)
            if (j != i)
                n_near = place(near, n_near, s + i * n, j);
        for (size_t k = 0; k < LAT_NEAREST; k++) {
            hits += k < n_near && label[near[k]] == label[i];
            precision[k] += (double)hits / (double)((k + 1) * n);
        }
    }
}
