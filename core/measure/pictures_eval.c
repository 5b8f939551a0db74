/* pictures_eval.c - what the papers report of image models. */
#include "../measure.h"

#include <math.h>
#include <string.h>

enum { SEPIN_IMAGES = 256, EPOCHS = 50 };

static const double sepin_tau = 0.2;

struct eval {
    struct lat__pictures *p;
    const struct lat_image_ask *ask;
    struct lat_image_eval *e;
    struct lat_ctx ctx;
};

static struct lat__codes codes_of(const struct lat__picture_codes *c,
                                  const struct lat_card *card, size_t classes)
{
    return (struct lat__codes){c->u, c->n, card->dims, c->label, classes};
}

/* ---- what is true of all dimensions */

static enum lat_code measure_density(struct lat_image_measures *m,
                                     const struct lat__codes *c,
                                     struct lat_err *err)
{
    struct lat__density d;
    enum lat_code code = lat__density(&d, c, err);

    if (code)
        return code;
    m->sparsity = d.sparsity;
    m->not_negative = d.not_negative;
    m->n_active = d.n_active;
    m->overlap = d.overlap;
    m->overlap_published = d.overlap_published;
    m->rank = d.rank;
    return LAT_OK;
}

/* ---- what is found by them */

struct search {
    float *s, *turned, *taken; /* (n, n), (dims, n), (n, dims) */
    double *score;
    struct lat__dim_rank *order;
};

static void search_fini(struct search *s)
{
    lat_free(s->s);
    lat_free(s->turned);
    lat_free(s->taken);
    lat_free(s->score);
    lat_free(s->order);
}

static enum lat_code search_init(struct search *s, const struct lat__codes *c,
                                 struct lat_err *err)
{
    *s = (struct search){
        .s = lat_calloc(c->n * c->n, sizeof(float)),
        .turned = lat_calloc(c->n * c->dims, sizeof(float)),
        .taken = lat_calloc(c->n * c->dims, sizeof(float)),
        .score = lat_calloc(c->dims, sizeof(double)),
        .order = lat_calloc(c->dims, sizeof(*s->order)),
    };
    if (s->s && s->turned && s->taken && s->score && s->order)
        return LAT_OK;
    search_fini(s);
    return lat_fail(err, LAT_ENOMEM, "similarities of %zu images", c->n);
}

/* Among themselves, by the first cut dimensions of the order. */
static enum lat_code measure_precision(struct lat_image_measures *m,
                                       const struct lat__codes *c,
                                       const struct eval *a,
                                       struct lat_err *err)
{
    struct search s;
    enum lat_code code = search_init(&s, c, err);

    if (code)
        return code;
    lat__dim_scores(s.score, c, s.taken);
    lat__dim_order(s.order, s.score, c->dims);
    m->n_cuts = 0;
    for (size_t d = 16; m->n_cuts + 1 < LAT_CUTS && d < c->dims; d *= 2)
        m->cut[m->n_cuts++] = d;
    m->cut[m->n_cuts++] = c->dims;
    for (size_t i = 0; i < m->n_cuts; i++) {
        lat__take_dims(s.taken, c, s.order, m->cut[i]);
        lat__unit_rows(s.taken, s.taken, NULL, c->n, m->cut[i]);
        lat__similarities(s.s, s.taken, s.taken, s.turned, c->n, m->cut[i],
                          &a->ctx);
        lat__precision_at(m->precision[i], s.s, c->label, c->n);
    }
    search_fini(&s);
    return LAT_OK;
}

static enum lat_code sepin(struct lat_image_measures *m,
                           const struct lat__picture_codes *views,
                           const struct eval *a, struct lat_err *err)
{
    const struct lat__codes c = codes_of(views, a->p->card, views->n);
    size_t ten = c.dims < 10 ? c.dims : 10;
    struct search s;
    enum lat_code code = search_init(&s, &c, err);

    if (code)
        return code;
    lat__similarities(s.s, c.x, c.x, s.turned, c.n, c.dims, &a->ctx);
    lat__sepin_rises(s.score, &c, s.s, sepin_tau, a->ctx.team);
    m->sepin_1 = lat__sepin(s.order, s.score, c.dims, 1);
    m->sepin_10 = lat__sepin(s.order, s.score, c.dims, ten);
    m->sepin = lat__sepin(s.order, s.score, c.dims, c.dims);
    search_fini(&s);
    return LAT_OK;
}

static enum lat_code measure_sepin(struct lat_image_measures *m,
                                   const struct eval *a, bool batch,
                                   struct lat_err *err)
{
    const struct lat__pictures_ask ask = {a->ask->test, batch, 2, SEPIN_IMAGES};
    struct lat__picture_codes views;
    enum lat_code code = lat__pictures_embed(&views, a->p, &ask, err);

    if (code)
        return code;
    code = sepin(m, &views, a, err);
    lat__picture_codes_fini(&views);
    return code;
}

static void measure_gates(struct lat_image_measures *m,
                          const struct lat__picture_codes *c, size_t dims)
{
    size_t all = c->n * dims;

    for (size_t i = 0; i < c->n; i++) {
        size_t k = 0;

        while (k < dims && c->u[i * dims + k] == 0.0f)
            k++;
        m->n_shut += k == dims;
    }
    for (size_t i = 0; c->p && i < all; i++) {
        size_t bin = (size_t)(c->p[i] * (float)LAT_GATE_BINS);

        m->gates[bin < LAT_GATE_BINS ? bin : LAT_GATE_BINS - 1] +=
            1.0 / (double)all;
        m->open += c->p[i] > 0.5f ? 1.0 / (double)all : 0.0;
    }
}

static enum lat_code measure(struct lat_image_measures *m,
                             const struct lat__picture_codes *test,
                             const struct eval *a, bool batch,
                             struct lat_err *err)
{
    const struct lat__codes c = codes_of(test, a->p->card, a->e->classes);
    enum lat_code code;

    m->by_dim = lat_calloc(c.dims, sizeof(*m->by_dim));
    m->support = lat_calloc(c.dims, sizeof(*m->support));
    if (!m->by_dim || !m->support)
        return lat_fail(err, LAT_ENOMEM, "%zu dimensions", c.dims);
    measure_gates(m, test, c.dims);
    code = lat__picture_meaning(m, &c, a->ask, err);
    if (!code)
        code = measure_density(m, &c, err);
    if (!code)
        code = measure_precision(m, &c, a, err);
    return code ? code : measure_sepin(m, a, batch, err);
}

/* ---- probes */

struct outcome {
    double *first, *five, *knn;
};

/* Rows become unit ones between the two. */
static enum lat_code probe(const struct outcome *out,
                           const struct lat__codes *train,
                           const struct lat__codes *test, const struct eval *a,
                           struct lat_err *err)
{
    size_t epochs = a->ask->epochs ? a->ask->epochs : EPOCHS;
    const struct lat__classify_spec spec = {
        .epochs = epochs,
        .batch = train->n < 256 ? train->n : 256,
        .warm_up = epochs / 5,
        .rate = 0.4,
        .weight_decay = 1e-4,
        .eta = 0.02,
        .momentum = 0.9,
        .seed = 42,
    };
    const struct lat__knn_spec knn = {20, 0.07};
    struct lat__right right;
    enum lat_code code =
        lat__classify(&right, train, test, &spec, &a->ctx, err);

    if (code)
        return code;
    *out->first = right.first;
    *out->five = right.five;
    lat__unit_rows((float *)train->x, train->x, NULL, train->n, train->dims);
    lat__unit_rows((float *)test->x, test->x, NULL, test->n, test->dims);
    return lat__knn(out->knn, train, test, &knn, a->ctx.team, err);
}

/* Uses the features up. */
static enum lat_code probe_both(struct lat__picture_codes *train,
                                struct lat__picture_codes *test,
                                const struct eval *a, struct lat_err *err)
{
    struct lat_image_eval *e = a->e;
    const struct lat_card *card = a->p->card;
    const struct outcome of_h = {&e->probe_first, &e->probe_five, &e->knn};
    const struct outcome of_u = {&e->running.probe_first,
                                 &e->running.probe_five, &e->running.knn};
    struct lat__codes fit = codes_of(train, card, e->classes);
    struct lat__codes try = codes_of(test, card, e->classes);
    enum lat_code code = probe(&of_u, &fit, &try, a, err);

    fit.x = train->h;
    try.x = test->h;
    fit.dims = try.dims = card->features;
    return code ? code : probe(&of_h, &fit, &try, a, err);
}

/* ---- all of it */

static enum lat_code measure_running(struct eval *a, struct lat_err *err)
{
    struct lat__picture_codes test = {0}, train = {0};
    enum lat_code code = lat__pictures_embed(
        &test, a->p, &(struct lat__pictures_ask){a->ask->test, false, 0, 0},
        err);

    if (!code)
        code = measure(&a->e->running, &test, a, false, err);
    if (!code && a->ask->train)
        code = lat__pictures_embed(
            &train, a->p,
            &(struct lat__pictures_ask){a->ask->train, false, 0, 0}, err);
    if (!code && a->ask->train)
        code = probe_both(&train, &test, a, err);
    lat__picture_codes_fini(&test);
    lat__picture_codes_fini(&train);
    return code;
}

static enum lat_code measure_batch(struct eval *a, struct lat_err *err)
{
    struct lat__picture_codes test = {0};
    enum lat_code code = lat__pictures_embed(
        &test, a->p, &(struct lat__pictures_ask){a->ask->test, true, 0, 0},
        err);

    if (!code)
        code = measure(&a->e->batch, &test, a, true, err);
    lat__picture_codes_fini(&test);
    return code;
}

static enum lat_code check_labels(const struct lat_gallery *g,
                                  struct lat_err *err)
{
    for (size_t i = 0; i < lat_gallery_count(g); i++)
        if (!lat_gallery_class(g, lat_gallery_label(g, i)))
            return lat_fail(err, LAT_EINVAL,
                            "image %zu has no label, and what is measured is "
                            "measured by labels",
                            i);
    return LAT_OK;
}

static enum lat_code check(const struct lat_card *card,
                           const struct lat_image_ask *ask, struct lat_err *err)
{
    if (card->modality != LAT_IMAGES)
        return lat_fail(err, LAT_EUNFIT, "model %s reads signals, not images",
                        card->name);
    if (!ask->test || lat_gallery_count(ask->test) < 2)
        return lat_fail(err, LAT_EINVAL, "fewer than two images to measure on");
    if (check_labels(ask->test, err) ||
        (ask->train && check_labels(ask->train, err)))
        return LAT_EINVAL;
    return lat__check_merges(ask, err);
}

static enum lat_code describe(struct lat_image_eval **out,
                              const struct lat_card *card,
                              const struct lat_image_ask *ask,
                              struct lat_err *err)
{
    struct lat_image_eval *e = lat_calloc(1, sizeof(*e));

    if (!e)
        return lat_fail(err, LAT_ENOMEM, "an evaluation");
    e->n_test = lat_gallery_count(ask->test);
    e->n_train = ask->train ? lat_gallery_count(ask->train) : 0;
    e->classes = lat_gallery_classes(ask->test);
    if (ask->train && lat_gallery_classes(ask->train) > e->classes)
        e->classes = lat_gallery_classes(ask->train);
    e->dims = card->dims;
    e->gated = card->gate.mode != LAT_GATES_NONE;
    *out = e;
    return LAT_OK;
}

enum lat_code lat_eval_images(struct lat_image_eval **out, struct lat_model *m,
                              const struct lat_kernel *kernel,
                              const struct lat_image_ask *ask,
                              struct lat_err *err)
{
    struct eval a = {.ask = ask, .ctx = {.kernel = kernel}};
    enum lat_code code = check(lat_model_card(m), ask, err);

    if (!code)
        code = describe(&a.e, lat_model_card(m), ask, err);
    if (!code)
        code = lat__team_new(&a.ctx.team, ask->n_threads, err);
    if (!code)
        code = lat__pictures_new(&a.p, m, &a.ctx, err);
    if (!code) {
        a.ctx = a.p->ctx;
        code = measure_running(&a, err);
    }
    if (!code)
        code = measure_batch(&a, err);
    lat__pictures_free(a.p);
    lat__team_free(a.ctx.team);
    if (code) {
        lat_image_eval_free(a.e);
        return lat_wrap(err, code, "evaluation");
    }
    *out = a.e;
    return LAT_OK;
}

void lat_image_eval_free(struct lat_image_eval *e)
{
    if (!e)
        return;
    lat_free(e->running.by_dim);
    lat_free(e->running.support);
    lat_free(e->batch.by_dim);
    lat_free(e->batch.support);
    lat_free(e);
}
