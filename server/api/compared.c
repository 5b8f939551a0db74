/* compared.c - see compared.h. */
#include "compared.h"

#include "../index.h"

#include <math.h>
#include <string.h>

static enum lat_code decode(struct latd_compared *c, struct latd_req *req,
                            latd_compared_decode *how)
{
    const struct latd_body body = latd_body_of(req);
    const struct latd_embed_limits limits = {
        .max_inputs = req->app->config.max_inputs,
        .max_pixels = req->app->config.max_pixels};
    enum lat_code code = how(&c->asked, &body, &limits, &req->err);

    c->in.asked = c->asked.inputs;
    c->asked.inputs = (struct latd_embed_req){0};
    return code;
}

/* Without a word: invariant, or the whole latent where there is no such. */
static enum lat_code weigh(struct latd_compared *c, struct lat_err *err)
{
    const struct lat_card *card = c->in.model->card;
    double sum = 0.0;

    c->shape = lat_search_shape(card);
    c->weights[LAT_INV] = 1.0;
    if (!c->asked.weighted)
        return LAT_OK;
    if (!card->partitioned)
        return lat_at(
            err,
            lat_fail(err, LAT_EUNFIT, "model %s has no partitions", card->name),
            "weights");
    for (int b = 0; b < LAT_N_BLOCKS; b++) {
        c->weights[b] = c->asked.weights[b];
        sum += fabs(c->weights[b]);
    }
    if (sum > 0.0 && isfinite(sum))
        return LAT_OK;
    return lat_at(err,
                  lat_fail(err, LAT_EUNFIT,
                           "weights of 0 alone, expected one that is not"),
                  "weights");
}

/* ---- vectors that are there ---- */

static enum lat_code mismatch(struct lat_err *err, const struct latd_given *g,
                              const struct lat_card *card)
{
    return lat_fail_word(err, LAT_EUNFIT, "model_mismatch",
                         "an embedding by %.80s, but model is %s: vectors of "
                         "different models are never compared",
                         g->model, card->name);
}

/* A model that is said must be the same network behind the same preparation,
 * whatever its name. */
static enum lat_code check_maker(const struct latd_compared *c,
                                 struct latd_req *req,
                                 const struct latd_given *g)
{
    struct latd_model *m = NULL;
    char digest[LAT_DIGEST_HEX];
    enum lat_code code = LAT_OK;

    if (!g->model)
        return LAT_OK;
    code = latd_models_ref(req->app->models, g->model, &m, &req->err);
    if (code)
        return lat_at(&req->err, code, "model");
    latd_recordings_digest(digest, m->card);
    latd_model_unref(m);
    if (strcmp(digest, c->digest) != 0)
        code = mismatch(&req->err, g, c->in.model->card);
    return code;
}

size_t latd_compared_first(const struct latd_compared *c, size_t i)
{
    return i ? c->ends[i - 1] : 0;
}

/* Room for n vectors more. */
static enum lat_code add_room(struct latd_compared *c, size_t n,
                              struct lat_err *err)
{
    size_t dims = c->shape.dims, cap = c->cap_v ? c->cap_v : c->asked.n;
    float *more;

    if (c->n_v + n > LATD_WINDOWS_MAX && c->asked.best_window)
        return lat_fail(err, LAT_ETOOBIG,
                        "%zu windows to compare, at most %d are taken at once "
                        "(several requests take more)",
                        c->n_v + n, (int)LATD_WINDOWS_MAX);
    c->n_v += n;
    if (c->n_v <= c->cap_v)
        return LAT_OK;
    while (cap < c->n_v)
        cap *= 2;
    more = lat_calloc(cap * dims, sizeof(*more));
    if (!more)
        return lat_fail(err, LAT_ENOMEM, "%zu vectors", cap);
    if (c->v)
        memcpy(more, c->v, c->cap_v * dims * sizeof(*more));
    lat_free(c->v);
    c->v = more;
    c->cap_v = cap;
    return LAT_OK;
}

static enum lat_code take_embedding(struct latd_compared *c,
                                    struct latd_req *req,
                                    const struct latd_given *g)
{
    size_t dims = c->shape.dims;
    enum lat_code code = check_maker(c, req, g);

    if (code)
        return code;
    if (g->dims != dims) {
        code = lat_fail_word(&req->err, LAT_EUNFIT, "dimension_mismatch",
                             "%zu numbers, but latents of model %s have %zu",
                             g->dims, c->in.model->card->name, dims);
        return lat_at(&req->err, code, "embedding");
    }
    code = add_room(c, 1, &req->err);
    if (code == LAT_OK)
        memcpy(c->v + (c->n_v - 1) * dims, g->v, dims * sizeof(*c->v));
    return code;
}

static enum lat_code take_windows(struct latd_compared *c, struct latd_req *req,
                                  const struct latd_given *g)
{
    size_t dims = c->shape.dims;
    struct latd_windows w = {0};
    enum lat_code code = latd_index_windows(req->app->index, c->digest,
                                            g->recording, &w, &req->err);

    if (code == LAT_OK)
        code = add_room(c, w.n, &req->err);
    if (code == LAT_OK)
        memcpy(c->v + (c->n_v - w.n) * dims, w.v, w.n * dims * sizeof(*c->v));
    lat_free(w.v);
    return code;
}

static enum lat_code take_mean(struct latd_compared *c, struct latd_req *req,
                               const struct latd_given *g)
{
    enum lat_code code = add_room(c, 1, &req->err);

    return code ? code
                : latd_index_vector(req->app->index, c->digest, g->recording,
                                    c->v + (c->n_v - 1) * c->shape.dims,
                                    &req->err);
}

static enum lat_code take_recording(struct latd_compared *c,
                                    struct latd_req *req,
                                    const struct latd_given *g)
{
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    code = latd_index_ready(req->app->index, req->app->database, c->digest,
                            c->in.model->card, &req->err);
    if (code == LAT_OK)
        code = c->asked.best_window ? take_windows(c, req, g)
                                    : take_mean(c, req, g);
    return code ? lat_at(&req->err, code, "recording") : LAT_OK;
}

static enum lat_code take_all(struct latd_compared *c, struct latd_req *req)
{
    enum lat_code code = LAT_OK;

    c->ends = lat_calloc(c->asked.n, sizeof(*c->ends));
    if (!c->ends)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu to compare", c->asked.n);
    for (size_t i = 0; i < c->asked.n && code == LAT_OK; i++) {
        const struct latd_given *g = &c->asked.given[i];

        if (g->kind == LATD_GIVEN_EMBEDDING)
            code = take_embedding(c, req, g);
        else if (g->kind == LATD_GIVEN_RECORDING)
            code = take_recording(c, req, g);
        else
            code = add_room(c,
                            c->asked.best_window
                                ? latd_prepared_count(&c->in.prepared[g->input])
                                : 1,
                            &req->err);
        c->ends[i] = c->n_v;
        if (code)
            return lat_at(&req->err, code, "%s", g->at);
    }
    return code;
}

/* ---- all of them ---- */

enum lat_code latd_compared_begin(struct latd_compared *c, struct latd_req *req,
                                  latd_compared_decode *how, size_t spare)
{
    enum lat_code code = decode(c, req, how);

    if (code == LAT_OK)
        code = latd_inputs_prepare(&c->in, req);
    if (code)
        return code;
    req->timeout_ms = c->in.asked.timeout_ms;
    latd_recordings_digest(c->digest, c->in.model->card);
    code = weigh(c, &req->err);
    if (code == LAT_OK)
        code = take_all(c, req);
    if (code == LAT_OK)
        code = latd_passes_init(&c->passes, req, &c->in, spare);
    if (code)
        return code;
    for (size_t i = 0; i < spare; i++)
        atomic_store(&c->passes.items[c->passes.n + i].state,
                     LATD_ITEM_SETTLED);
    latd_passes_recall(&c->passes, req, &c->in);
    return LAT_OK;
}

enum lat_code latd_compared_collect(struct latd_compared *c,
                                    struct lat_err *err)
{
    size_t dims = c->shape.dims, k = 0;
    enum lat_code code = LAT_OK;

    /* inputs are in the order in which they were given */
    for (size_t i = 0; i < c->asked.n && code == LAT_OK; i++) {
        const struct latd_given *g = &c->asked.given[i];
        const struct latd_item *bad;
        float *v;
        size_t n;

        if (g->kind != LATD_GIVEN_INPUT)
            continue;
        n = latd_prepared_count(&c->in.prepared[g->input]);
        bad = latd_passes_failed(&c->passes, &c->in, g->input, k);
        if (bad) {
            *err = bad->err;
            err->code = bad->code;
            return latd_wire_embed_at(&c->in.asked, g->input, bad->code, err);
        }
        v = c->v + latd_compared_first(c, i) * dims;
        if (c->asked.best_window)
            memcpy(v, c->passes.z + k * dims, n * dims * sizeof(*v));
        else
            code =
                lat_search_mean(v, &c->shape, c->passes.z + k * dims, n, err);
        k += n;
    }
    return code;
}

void latd_compared_fini(struct latd_compared *c)
{
    latd_passes_fini(&c->passes);
    latd_inputs_fini(&c->in);
    latd_wire_similar_fini(&c->asked);
    lat_free(c->v);
    lat_free(c->ends);
    *c = (struct latd_compared){0};
}

/* ---- how unusual ---- */

double latd_compared_percentile(const struct latd_compared *c, double score)
{
    int one = -1;

    if (c->asked.metric != LAT_COSINE || c->asked.best_window)
        return -1.0;
    for (size_t r = 0; r < c->shape.n_ranges; r++) {
        if (c->weights[r] > 0.0 && one < 0)
            one = (int)r;
        else if (fabs(c->weights[r]) > 0.0)
            return -1.0;
    }
    return one < 0 ? -1.0
                   : lat_null_percentile(&c->in.model->card->null, (size_t)one,
                                         score);
}
