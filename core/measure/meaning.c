/*
 * meaning.c - what each dimension of a code means, by labels that nobody
 * trained on.  x (n, dims) has unit rows; eps = 1e-5.
 *
 *     support      things with |x| > eps
 *     consistency  the share of the most frequent class among them
 *     entropy      -sum over classes of p log p, natural, p a class's share:
 *       by sum       of |x|
 *       by mean      of the classes' means of |x|, counts + 1e-5
 *       by count     of the support
 *
 * Consistency is averaged over dimensions with support, unweighted, an entropy
 * over those whose total is above eps; shares up to eps do not count.
 */
#include "../measure.h"

#include <math.h>

static const double eps = 1e-5;

/* By class, of one dimension: LAT_BY_SUM, LAT_BY_MEAN, LAT_BY_COUNT. */
struct tally {
    size_t classes;
    double *by[LAT_N_ENTROPIES];
    const double *size; /* things of each class */
};

static void count(struct tally *t, const struct lat__codes *c, size_t k)
{
    for (size_t j = 0; j < t->classes; j++)
        t->by[LAT_BY_SUM][j] = t->by[LAT_BY_COUNT][j] = 0.0;
    for (size_t i = 0; i < c->n; i++) {
        double x = fabs((double)c->x[i * c->dims + k]);

        t->by[LAT_BY_SUM][c->label[i]] += x;
        t->by[LAT_BY_COUNT][c->label[i]] += x > eps;
    }
    for (size_t j = 0; j < t->classes; j++)
        t->by[LAT_BY_MEAN][j] = t->by[LAT_BY_SUM][j] / (t->size[j] + eps);
}

/* NaN when there is nothing to share. */
static double entropy(const double *v, size_t n)
{
    double total = 0.0, sum = 0.0;

    for (size_t j = 0; j < n; j++)
        total += v[j];
    if (total <= eps)
        return NAN;
    for (size_t j = 0; j < n; j++)
        if (v[j] / total > eps)
            sum -= v[j] / total * log(v[j] / total);
    return sum;
}

static void describe(struct lat__dim_meaning *d, const struct tally *t)
{
    const double *count_of = t->by[LAT_BY_COUNT];
    double support = 0.0;

    d->majority = 0;
    for (size_t j = 0; j < t->classes; j++) {
        support += count_of[j];
        if (count_of[j] > count_of[d->majority])
            d->majority = (uint32_t)j;
    }
    d->support = (size_t)support;
    d->consistency = support > 0.0 ? count_of[d->majority] / support : NAN;
    for (size_t e = 0; e < LAT_N_ENTROPIES; e++)
        d->entropy[e] = entropy(t->by[e], t->classes);
}

static void add(double *sum, size_t *n, double v)
{
    if (isnan(v))
        return;
    *sum += v;
    ++*n;
}

static void average(struct lat__meaning *m, size_t dims)
{
    double sum[LAT_N_ENTROPIES + 1] = {0};
    size_t n[LAT_N_ENTROPIES + 1] = {0};

    for (size_t k = 0; k < dims; k++) {
        for (size_t e = 0; e < LAT_N_ENTROPIES; e++)
            add(&sum[e], &n[e], m->dims[k].entropy[e]);
        add(&sum[LAT_N_ENTROPIES], &n[LAT_N_ENTROPIES], m->dims[k].consistency);
    }
    for (size_t e = 0; e < LAT_N_ENTROPIES; e++)
        m->entropy[e] = n[e] ? sum[e] / (double)n[e] : NAN;
    m->n_dims = n[LAT_N_ENTROPIES];
    m->consistency = m->n_dims ? sum[LAT_N_ENTROPIES] / (double)m->n_dims : NAN;
}

enum lat_code lat__meaning(struct lat__meaning *m, const struct lat__codes *c,
                           struct lat_err *err)
{
    size_t classes = c->classes;
    double *room = lat_calloc((LAT_N_ENTROPIES + 1) * classes, sizeof(*room));
    double *size = room ? room + LAT_N_ENTROPIES * classes : NULL;
    struct tally t = {.classes = classes, .size = size};

    if (!room)
        return lat_fail(err, LAT_ENOMEM, "%zu classes", classes);
    for (size_t e = 0; e < LAT_N_ENTROPIES; e++)
        t.by[e] = room + e * classes;
    for (size_t i = 0; i < c->n; i++) {
        assert(c->label[i] < classes);
        size[c->label[i]] += 1.0;
    }
    for (size_t k = 0; k < c->dims; k++) {
        count(&t, c, k);
        describe(&m->dims[k], &t);
    }
    average(m, c->dims);
    lat_free(room);
    return LAT_OK;
}
