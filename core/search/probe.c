/* probe.c - queries made ready, and what was found for them. */
#include "probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the k best, a heap with the worst on top ---- */

/* Of equals the earlier row is better. */
static bool worse(const struct lat_hit *a, const struct lat_hit *b)
{
    return a->score < b->score || (a->score == b->score && a->row > b->row);
}

static void sift_up(struct lat_hit *h, size_t i)
{
    struct lat_hit hit = h[i];

    for (; i > 0 && worse(&hit, &h[(i - 1) / 2]); i = (i - 1) / 2)
        h[i] = h[(i - 1) / 2];
    h[i] = hit;
}

static void sift_down(struct lat_hit *h, size_t n)
{
    struct lat_hit hit = h[0];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < n) {
        if (child + 1 < n && worse(&h[child + 1], &h[child]))
            child++;
        if (!worse(&h[child], &hit))
            break;
        h[i] = h[child];
        i = child;
    }
    h[i] = hit;
}

void lat__top_offer(struct lat__top *t, size_t k, struct lat_hit hit)
{
    if (t->n < k) {
        t->hits[t->n] = hit;
        sift_up(t->hits, t->n++);
    } else {
        t->hits[0] = hit;
        sift_down(t->hits, k);
    }
    if (t->n == k)
        t->above = t->hits[0].score;
}

static int by_rank(const void *a, const void *b)
{
    const struct lat_hit *x = a, *y = b;

    if (worse(x, y))
        return 1;
    return worse(y, x) ? -1 : 0;
}

const struct lat_hit *lat_probe_best(struct lat_probe *p, size_t i, size_t *n)
{
    struct lat_hit *all = p->best;
    size_t found = 0;

    for (size_t place = 0; place < p->n_places; place++) {
        const struct lat__top *t = &p->tops[place * p->n_lists + i];

        memcpy(all + found, t->hits, t->n * sizeof(*all));
        found += t->n;
    }
    qsort(all, found, sizeof(*all), by_rank);
    *n = found < p->ask.k ? found : p->ask.k;
    return all;
}

/* ---- queries ---- */

/* The direction of v, u, at unit length or zero; returns the length. */
static double unit(float *u, const float *v, size_t n)
{
    double sum = 0.0, length;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    length = sqrt(sum);
    for (size_t i = 0; i < n; i++)
        u[i] = length > 0.0 ? (float)((double)v[i] / length) : 0.0f;
    return length;
}

/* Query i, range r: at unit length, and for cosines weighted, so that a score
 * is one product over all ranges. */
static void load(struct lat_probe *p, size_t i, size_t r)
{
    const struct lat_range in = p->shape.ranges[r];
    const float *v = p->ask.v + i * p->shape.dims + in.begin;
    float *to = p->q + i * p->kept + lat__search_offset(&p->shape, r);
    double length = unit(to, v, in.end - in.begin);
    double w = p->ask.weights[r];

    p->lengths[i * p->shape.n_ranges + r] = length;
    if (p->ask.metric == LAT_COSINE)
        for (size_t d = 0; d < in.end - in.begin; d++)
            to[d] = (float)((double)to[d] * w);
}

static enum lat_code check(struct lat_probe *p, struct lat_err *err)
{
    double sum = 0.0;

    for (size_t r = 0; r < p->shape.n_ranges; r++)
        sum += fabs(p->ask.weights[r]);
    if (!(sum > 0.0) || !isfinite(sum))
        return lat_fail(err, LAT_EUNFIT,
                        "weights whose magnitudes sum to %g, expected a "
                        "finite sum above 0",
                        sum);
    for (size_t r = 0; r < p->shape.n_ranges; r++)
        p->ask.weights[r] /= sum;
    for (size_t i = 0; i < p->ask.n * p->shape.dims; i++)
        if (!isfinite(p->ask.v[i]))
            return lat_fail(err, LAT_ENONFINITE, "a query that is not finite");
    return LAT_OK;
}

static bool allocate(struct lat_probe *p)
{
    size_t n = p->ask.n, k = p->ask.k, lists = p->n_lists;

    p->q = lat_calloc(n * p->kept, sizeof(*p->q));
    p->lengths = lat_calloc(n * p->shape.n_ranges, sizeof(*p->lengths));
    p->tops = lat_calloc(p->n_places * lists, sizeof(*p->tops));
    p->hits = lat_calloc(p->n_places * lists * k, sizeof(*p->hits));
    p->best = lat_calloc(p->n_places * k, sizeof(*p->best));
    if (p->ask.ends)
        p->ends = lat_calloc(lists, sizeof(*p->ends));
    return p->q && p->lengths && p->tops && p->hits && p->best &&
           (p->ends || !p->ask.ends);
}

/* A score is taken when it is above; so the first bound is just below least. */
static void empty(struct lat_probe *p)
{
    float above =
        p->ask.has_least ? nextafterf(p->ask.least, -INFINITY) : -INFINITY;

    for (size_t i = 0; i < p->n_places * p->n_lists; i++)
        p->tops[i] = (struct lat__top){
            .hits = p->hits + i * p->ask.k,
            .above = p->ask.k ? above : INFINITY,
        };
}

enum lat_code lat_probe_new(struct lat_probe **out,
                            const struct lat_search_shape *shape,
                            const struct lat_search_ask *ask, size_t n_places,
                            struct lat_err *err)
{
    struct lat_probe *p = lat_calloc(1, sizeof(*p));
    enum lat_code code;

    if (!p)
        return lat_fail(err, LAT_ENOMEM, "a search");
    p->shape = *shape;
    p->ask = *ask;
    p->kept = lat__search_offset(shape, shape->n_ranges);
    p->n_places = n_places;
    p->n_lists = ask->ends ? ask->n_groups : ask->n;
    code = check(p, err);
    if (code == LAT_OK && !allocate(p))
        code = lat_fail(err, LAT_ENOMEM, "the best %zu of %zu searches", ask->k,
                        ask->n);
    if (code) {
        lat_probe_free(p);
        return code;
    }
    for (size_t i = 0; i < ask->n; i++)
        for (size_t r = 0; r < shape->n_ranges; r++)
            load(p, i, r);
    for (size_t i = 0; p->ends && i < p->n_lists; i++)
        p->ends[i] = ask->ends[i];
    p->ask.v = NULL;
    p->ask.ends = NULL;
    empty(p);
    *out = p;
    return LAT_OK;
}

void lat_probe_free(struct lat_probe *p)
{
    if (!p)
        return;
    lat_free(p->q);
    lat_free(p->lengths);
    lat_free(p->tops);
    lat_free(p->hits);
    lat_free(p->best);
    lat_free(p->ends);
    lat_free(p);
}
