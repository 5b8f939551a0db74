/* draft.c - from a body to windows, and from their vectors to rows. */
#include "draft.h"

#include <stdio.h>
#include <string.h>

/* ---- from a body to windows --------------------------------------------- */

/* The input for one more model.  It is taken from the draft when nobody else
 * wants it, and decoded again otherwise: preparing consumes it. */
static enum lat_code take_input(struct latd_inputs *in, struct latd_draft *d,
                                size_t i, const struct latd_body *body,
                                const struct latd_embed_limits *limits)
{
    bool last = i + 1 == d->asked.n_models && !d->asked.store_waveform;
    struct latd_recording_req again = {0};
    struct latd_recording_req *from = last ? &d->asked : &again;
    enum lat_code code = LAT_OK;

    if (!last)
        code = latd_wire_recording_decode(&again, body, limits, &d->err);
    if (!code) {
        in->asked = from->asked;
        from->asked.inputs = NULL;
        from->asked.n = 0;
        memcpy(in->asked.model, d->asked.models[i], sizeof(d->asked.models[i]));
    }
    latd_wire_recording_fini(&again);
    return code;
}

/* What latd_inputs raises in the request is the draft's. */
static enum lat_code prepare(struct latd_drafts *all, struct latd_draft *d,
                             struct latd_req *req, const struct latd_body *body,
                             const struct latd_embed_limits *limits)
{
    enum lat_code code = LAT_OK;

    d->in = lat_calloc(d->asked.n_models, sizeof(*d->in));
    if (!d->in)
        return lat_fail(&d->err, LAT_ENOMEM, "%zu models", d->asked.n_models);
    for (size_t i = 0; i < d->asked.n_models && !code; i++) {
        struct latd_inputs *in = &d->in[d->n_in++];

        code = take_input(in, d, i, body, limits);
        if (code)
            break;
        in->n_resampled = all->n_resampled; /* a bound of the request */
        code = latd_inputs_prepare(in, req);
        if (code)
            d->err = req->err;
        req->err = (struct lat_err){0};
        all->n_resampled = in->n_resampled;
    }
    return code;
}

/* ---- vectors that were given -------------------------------------------- */

/* The model must be here, to say what it is that the vectors are of. */
static enum lat_code adopt_own(struct latd_draft *d, size_t i,
                               struct latd_req *req)
{
    struct latd_own_vectors *own = &d->asked.own[i];
    struct latd_embedding *e = &d->r.embeddings[d->r.n];
    struct latd_model *m = NULL;
    enum lat_code code =
        latd_models_ref(req->app->models, own->model, &m, &d->err);

    if (code)
        return lat_at(&d->err, code, "model");
    latd_recordings_digest(e->digest, m->card);
    snprintf(e->model, sizeof(e->model), "%s", m->id);
    if (own->digest[0] && strcmp(own->digest, e->digest) != 0) {
        code = lat_fail_word(&d->err, LAT_EUNFIT, "model_mismatch",
                             "the vectors are of %.16s…, and model %s is "
                             "%.16s… now: embed the recording again",
                             own->digest, m->id, e->digest);
        lat_at(&d->err, code, "digest");
    } else if (own->dims != m->card->dims) {
        code = lat_fail(&d->err, LAT_EUNFIT,
                        "%zu numbers, but model %s has %zu dimensions",
                        own->dims, m->id, m->card->dims);
        lat_at(&d->err, code, "embedding");
    } else {
        e->windows = own->windows;
        e->pooled = own->pooled;
        e->dims = own->dims;
        e->v = own->v;
        own->v = NULL;
        d->r.n++;
    }
    latd_model_unref(m);
    return code;
}

enum lat_code latd_draft_check_twice(const struct latd_draft *d,
                                     const char *digest, size_t n,
                                     struct lat_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(d->r.embeddings[i].digest, digest) == 0)
            return lat_fail(err, LAT_EINVAL,
                            "vectors by %s twice: two of the names are the "
                            "same model",
                            d->r.embeddings[i].model);
    return LAT_OK;
}

static enum lat_code adopt_all(struct latd_draft *d, struct latd_req *req)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < d->asked.n_own && !code; i++) {
        code = adopt_own(d, i, req);
        if (!code)
            code = latd_draft_check_twice(d, d->r.embeddings[i].digest, i,
                                          &d->err);
        if (code) {
            lat_at(&d->err, code, "[%zu]", i);
            lat_at(&d->err, code, "embeddings");
        }
    }
    if (!code && d->asked.n_own + d->asked.n_models > LATD_RECORDING_MODELS)
        code = lat_fail(&d->err, LAT_ETOOBIG, "over %d models",
                        LATD_RECORDING_MODELS);
    return code;
}

/* ---- a draft ------------------------------------------------------------ */

static enum lat_code decode(struct latd_drafts *all, struct latd_draft *d,
                            struct latd_req *req, const struct latd_body *body,
                            const char *id)
{
    const struct latd_embed_limits limits = {
        .max_inputs = req->app->config.max_inputs,
        .max_pixels = req->app->config.max_pixels};
    enum lat_code code =
        latd_wire_recording_decode(&d->asked, body, &limits, &d->err);

    if (code)
        return code;
    if (id && d->asked.id[0] && strcmp(d->asked.id, id) != 0)
        return lat_at(&d->err,
                      lat_fail(&d->err, LAT_EINVAL,
                               "id is %.80s, but the path says %.80s",
                               d->asked.id, id),
                      "id");
    code = latd_wire_recording_id(id ? id : d->asked.id, "id", &d->err);
    if (code)
        return lat_at(&d->err, code, "id");
    snprintf(d->r.id, sizeof(d->r.id), "%s", id ? id : d->asked.id);
    memcpy(d->r.subject, d->asked.subject, sizeof(d->r.subject));
    d->r.metadata = d->asked.metadata;
    d->asked.metadata = NULL;
    code = adopt_all(d, req);
    return code ? code : prepare(all, d, req, body, &limits);
}

enum lat_code latd_drafts_init(struct latd_drafts *d, size_t max,
                               struct latd_req *req)
{
    d->max = max;
    d->v = lat_calloc(max, sizeof(*d->v));
    if (!d->v)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu recordings", max);
    return LAT_OK;
}

enum lat_code latd_drafts_add(struct latd_drafts *d, struct latd_req *req,
                              const struct latd_body *body, const char *id)
{
    struct latd_draft *one = &d->v[d->n++];
    enum lat_code code = decode(d, one, req, body, id);

    one->err.code = code;
    one->well = !code;
    return code;
}

/* ---- passes ------------------------------------------------------------- */

static size_t windows_of(const struct latd_draft *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_in && d->well; i++)
        n += d->in[i].n_windows;
    return n;
}

static size_t floats_of(const struct latd_draft *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_in && d->well; i++)
        n += d->in[i].n_windows * d->in[i].model->card->dims;
    return n;
}

static enum lat_code room(struct latd_drafts *d, struct latd_req *req)
{
    struct latd_passes *p = &d->passes;
    size_t n_floats = 0, most = req->app->config.max_inputs;

    for (size_t i = 0; i < d->n; i++) {
        d->v[i].first = p->n;
        p->n += windows_of(&d->v[i]);
        n_floats += floats_of(&d->v[i]);
    }
    if (p->n > most)
        return lat_fail(&req->err, LAT_ETOOBIG,
                        "%zu windows, at most %zu are embedded at once "
                        "(max-inputs)",
                        p->n, most);
    p->items = lat_calloc(p->n, sizeof(*p->items));
    p->recalls = lat_calloc(p->n, sizeof(*p->recalls));
    p->z = lat_calloc(n_floats, sizeof(*p->z));
    if (!p->items || !p->recalls || !p->z)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu windows", p->n);
    return LAT_OK;
}

enum lat_code latd_drafts_begin(struct latd_drafts *d, struct latd_req *req)
{
    struct latd_passes *p = &d->passes;
    enum lat_code code = room(d, req);
    size_t k = 0, at = 0;

    if (code)
        return code;
    req->batch.items = p->items;
    req->batch.n = p->n;
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < d->v[i].n_in && d->v[i].well; j++) {
            const struct latd_inputs *in = &d->v[i].in[j];
            struct latd_passes part = {
                .n = in->n_windows,
                .items = p->items + k,
                .recalls = p->recalls + k,
                .z = p->z + at,
                .floats = in->model->card->dims,
            };

            latd_passes_recall(&part, req, in);
            k += in->n_windows;
            at += in->n_windows * in->model->card->dims;
        }
    return LAT_OK;
}

void latd_drafts_fini(struct latd_drafts *d)
{
    latd_passes_fini(&d->passes);
    for (size_t i = 0; i < d->n; i++) {
        struct latd_draft *one = &d->v[i];

        for (size_t j = 0; one->in && j < one->asked.n_models; j++)
            latd_inputs_fini(&one->in[j]);
        lat_free(one->in);
        latd_deleted_fini(&one->put.replaced);
        latd_recording_fini(&one->r);
        latd_wire_recording_fini(&one->asked);
    }
    lat_free(d->v);
    *d = (struct latd_drafts){0};
}
