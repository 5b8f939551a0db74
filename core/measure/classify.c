/*
 * classify.c - what a linear layer, and what neighbours, make of fixed codes.
 *
 *     linear  softmax(x w + b), learned on one set by LARS or momentum, in
 *             random order; right on the other, within one guess and five
 *     knn     each of the k most alike, by cosine, votes with
 *             exp(cosine / tau)
 *
 * A tie goes to the first class, and to the first neighbour.
 */
#include "../measure.h"

#include "../train.h"

#include <math.h>
#include <string.h>

enum { GUESSES = 5 };

struct classify {
    const struct lat__codes *c;
    const struct lat__classify_spec *spec;
    const struct lat_ctx *ctx;
    float *w, *b, *dw, *db, *buf_w, *buf_b;
    float *x, *y, *dy; /* of a batch */
    uint32_t *label;
    size_t *order;
};

/* All floats in one block, which is the first; false: no memory. */
static bool lay_out(struct classify *p)
{
    size_t d = p->c->dims, k = p->c->classes, rows = p->spec->batch;
    float **part[] = {&p->w,     &p->b, &p->dw, &p->db, &p->buf_w,
                      &p->buf_b, &p->x, &p->y,  &p->dy};
    size_t len[] = {d * k, k, d * k, k, d * k, k, rows * d, rows * k, rows * k};
    size_t n = 0;

    for (size_t i = 0; i < sizeof(len) / sizeof(*len); i++)
        n += len[i];
    p->w = lat_calloc(n, sizeof(float));
    p->label = lat_calloc(rows, sizeof(*p->label));
    p->order = lat_calloc(p->c->n, sizeof(*p->order));
    for (size_t i = 1; p->w && i < sizeof(len) / sizeof(*len); i++)
        *part[i] = *part[i - 1] + len[i - 1];
    return p->w && p->label && p->order;
}

static struct lat_tensor rows_of(float *v, size_t n, size_t c)
{
    return (struct lat_tensor){v, n, 1, 1, c};
}

static void shuffle(size_t *order, size_t n, struct lat_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = lat__rng_below(rng, i), t = order[i - 1];

        order[i - 1] = order[j];
        order[j] = t;
    }
}

/* One step on the rows that order names. */
static void step(struct classify *p, const size_t *order, size_t rows,
                 double rate)
{
    const struct lat__classify_spec *s = p->spec;
    const struct lat__lars o = {.weight_decay = s->weight_decay,
                                .eta = s->eta,
                                .momentum = s->momentum};
    size_t d = p->c->dims, k = p->c->classes;

    for (size_t i = 0; i < rows; i++) {
        memcpy(p->x + i * d, p->c->x + order[i] * d, d * sizeof(*p->x));
        p->label[i] = p->c->label[order[i]];
    }
    lat__linear_forward(p->ctx, rows_of(p->y, rows, k), rows_of(p->x, rows, d),
                        p->w, p->b);
    lat__cross_entropy(p->dy, p->y, p->label, rows, k);
    memset(p->dw, 0, (d * k + k) * sizeof(*p->dw));
    lat__linear_backward(p->ctx, (struct lat_tensor){0}, p->dw, p->db,
                         rows_of(p->dy, rows, k), rows_of(p->x, rows, d), p->w);
    lat__lars_step(&o, &(struct lat__lars_tensor){p->w, p->buf_w, d * k, false},
                   p->dw, rate);
    lat__lars_step(&o, &(struct lat__lars_tensor){p->b, p->buf_b, k, true},
                   p->db, rate);
}

static void learn(struct classify *p)
{
    const struct lat__classify_spec *s = p->spec;
    size_t steps = (p->c->n + s->batch - 1) / s->batch, t = 0;
    struct lat_rng rng;

    lat__rng_seed(&rng, s->seed);
    for (size_t i = 0; i < p->c->dims * p->c->classes; i++)
        p->w[i] = (float)(0.01 * lat__rng_normal(&rng));
    for (size_t e = 0; e < s->epochs; e++) {
        shuffle(p->order, p->c->n, &rng);
        for (size_t at = 0; at < p->c->n; at += s->batch, t++) {
            size_t left = p->c->n - at;

            step(p, p->order + at, left < s->batch ? left : s->batch,
                 lat__warm_rate(s->rate, t, s->warm_up * steps,
                                s->epochs * steps));
        }
    }
}

/* How many classes are at least as likely as the right one. */
static size_t place_of(const float *y, size_t classes, uint32_t label)
{
    size_t before = 0;

    for (size_t j = 0; j < classes; j++)
        before += y[j] > y[label] || (y[j] == y[label] && j < label);
    return before;
}

static struct lat__right examine(struct classify *p,
                                 const struct lat__codes *test)
{
    size_t d = test->dims, k = p->c->classes, first = 0, few = 0;

    for (size_t i = 0; i < test->n; i++) {
        size_t place;

        memcpy(p->x, test->x + i * d, d * sizeof(*p->x));
        lat__linear_forward(p->ctx, rows_of(p->y, 1, k), rows_of(p->x, 1, d),
                            p->w, p->b);
        place = place_of(p->y, k, test->label[i]);
        first += place == 0;
        few += place < GUESSES;
    }
    return (struct lat__right){(double)first / (double)test->n,
                               (double)few / (double)test->n};
}

enum lat_code lat__classify(struct lat__right *right,
                            const struct lat__codes *train,
                            const struct lat__codes *test,
                            const struct lat__classify_spec *spec,
                            const struct lat_ctx *ctx, struct lat_err *err)
{
    struct classify p = {.c = train, .spec = spec, .ctx = ctx};
    enum lat_code code = LAT_OK;

    assert(train->dims == test->dims && test->classes <= train->classes);
    if (lay_out(&p)) {
        learn(&p);
        *right = examine(&p, test);
    } else {
        code =
            lat_fail(err, LAT_ENOMEM, "classes of %zu dimensions", train->dims);
    }
    lat_free(p.w);
    lat_free(p.label);
    lat_free(p.order);
    return code;
}

/* ---- neighbours */

struct knn {
    const struct lat__codes *train, *test; /* unit rows */
    size_t k;
    double tau;
    size_t *near;  /* (LAT_PARTS, k) */
    float *alike;  /* (LAT_PARTS, k): their cosines */
    double *votes; /* (LAT_PARTS, classes) */
    size_t right[LAT_PARTS];
};

static float cosine(const float *a, const float *b, size_t n)
{
    float sum = 0.0f;

    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The class that wins for thing i of the test set. */
static uint32_t vote(const struct knn *a, size_t i, size_t part)
{
    const struct lat__codes *t = a->train;
    size_t *near = a->near + part * a->k, n = 0;
    float *alike = a->alike + part * a->k;
    double *votes = a->votes + part * t->classes;
    uint32_t best = 0;

    for (size_t j = 0; j < t->n; j++) {
        float s = cosine(a->test->x + i * t->dims, t->x + j * t->dims, t->dims);
        size_t at = n;

        if (n == a->k && s <= alike[n - 1])
            continue;
        n += n < a->k;
        for (at = n - 1; at > 0 && alike[at - 1] < s; at--) {
            near[at] = near[at - 1];
            alike[at] = alike[at - 1];
        }
        near[at] = j;
        alike[at] = s;
    }
    memset(votes, 0, t->classes * sizeof(*votes));
    for (size_t j = 0; j < n; j++)
        votes[t->label[near[j]]] += exp(((double)alike[j] - 1.0) / a->tau);
    for (size_t c = 1; c < t->classes; c++)
        if (votes[c] > votes[best])
            best = (uint32_t)c;
    return best;
}

static void knn_part(void *arg, size_t part)
{
    struct knn *a = arg;

    for (size_t i = lat__part_begin(a->test->n, part);
         i < lat__part_begin(a->test->n, part + 1); i++)
        a->right[part] += vote(a, i, part) == a->test->label[i];
}

enum lat_code lat__knn(double *right, const struct lat__codes *train,
                       const struct lat__codes *test,
                       const struct lat__knn_spec *spec, struct lat_team *team,
                       struct lat_err *err)
{
    struct knn a = {train, test, spec->k, spec->tau, NULL, NULL, NULL, {0}};
    enum lat_code code = LAT_OK;
    size_t sum = 0;

    assert(train->dims == test->dims && spec->k > 0);
    a.near = lat_calloc(LAT_PARTS * spec->k, sizeof(*a.near));
    a.alike = lat_calloc(LAT_PARTS * spec->k, sizeof(*a.alike));
    a.votes = lat_calloc(LAT_PARTS * train->classes, sizeof(*a.votes));
    if (a.near && a.alike && a.votes) {
        lat__team_run(team, knn_part, &a);
        for (size_t part = 0; part < LAT_PARTS; part++)
            sum += a.right[part];
        *right = (double)sum / (double)test->n;
    } else {
        code = lat_fail(err, LAT_ENOMEM, "%zu neighbours", spec->k);
    }
    lat_free(a.near);
    lat_free(a.alike);
    lat_free(a.votes);
    return code;
}
