/* draft_put.c - from the vectors of a draft to its rows. */
#include "draft.h"

#include "../../index.h"

#include <stdio.h>
#include <string.h>

/* ---- from vectors to a recording ---------------------------------------- */

static void mean_of(float *mean, const struct latd_item *items, size_t n,
                    size_t dims)
{
    for (size_t d = 0; d < dims; d++) {
        double sum = 0.0;

        for (size_t j = 0; j < n; j++)
            sum += (double)items[j].y[d];
        mean[d] = (float)(sum / (double)n);
    }
}

/* Under which the windows are cached, unless they are not. */
static enum lat_code note_keys(struct latd_embedding *e,
                               const struct latd_recall *recalls, size_t n,
                               struct lat_err *err)
{
    if (recalls[0].how == LATD_RECALLED_BYPASS)
        return LAT_OK;
    e->keys = lat_calloc(n, LAT_DIGEST);
    if (!e->keys)
        return lat_fail(err, LAT_ENOMEM, "%zu keys", n);
    for (size_t j = 0; j < n; j++)
        memcpy(e->keys + j * LAT_DIGEST, recalls[j].ask.key, LAT_DIGEST);
    e->n_keys = n;
    return LAT_OK;
}

/* What model j made of the input; its windows begin at k. */
static enum lat_code embed(struct latd_drafts *all, struct latd_draft *d,
                           size_t j, size_t k)
{
    const struct latd_inputs *in = &d->in[j];
    const struct latd_item *items = all->passes.items + k;
    struct latd_embedding *e = &d->r.embeddings[d->r.n];
    size_t n = in->n_windows, dims = in->model->card->dims;
    enum lat_code code = LAT_OK;

    for (size_t w = 0; w < n; w++)
        if (items[w].code) {
            d->err = items[w].err;
            return latd_wire_embed_at(&in->asked, 0, items[w].code, &d->err);
        }
    latd_recordings_digest(e->digest, in->model->card);
    code = latd_draft_check_twice(d, e->digest, d->r.n, &d->err);
    if (code)
        return code;
    d->r.n++; /* what it holds is freed with it */
    snprintf(e->model, sizeof(e->model), "%s", in->model->id);
    e->windows = in->asked.pool_mean ? 1 : n;
    e->pooled = in->asked.pool_mean && n > 1 ? n : 0;
    e->dims = dims;
    e->v = lat_calloc(e->windows * dims, sizeof(*e->v));
    if (!e->v)
        return lat_fail(&d->err, LAT_ENOMEM, "%zu windows", n);
    if (in->asked.pool_mean)
        mean_of(e->v, items, n, dims);
    for (size_t w = 0; w < n && !in->asked.pool_mean; w++)
        memcpy(e->v + w * dims, items[w].y, dims * sizeof(*e->v));
    return note_keys(e, all->passes.recalls + k, n, &d->err);
}

static enum lat_code keep_waveform(struct latd_draft *d)
{
    struct latd_waveform *w = &d->r.waveform;
    const struct lat_signal *sig;

    if (!d->asked.store_waveform)
        return LAT_OK;
    sig = d->asked.asked.inputs[0].sig;
    w->n = sig->n_channels * sig->n_samples;
    w->signal = latd_wire_signal_text(sig, &d->asked.asked);
    w->v = lat_calloc(w->n, sizeof(*w->v));
    if (!w->signal || !w->v)
        return lat_fail(&d->err, LAT_ENOMEM, "%zu samples", w->n);
    memcpy(w->v, sig->v, w->n * sizeof(*w->v));
    return LAT_OK;
}

/* Once: a transaction may run again. */
static enum lat_code build(struct latd_drafts *all, struct latd_draft *d)
{
    size_t k = d->first;
    enum lat_code code = LAT_OK;

    for (size_t j = 0; j < d->n_in && !code; j++) {
        code = embed(all, d, j, k);
        k += d->in[j].n_windows;
    }
    if (!code)
        code = keep_waveform(d);
    d->n_in = code ? d->n_in : 0; /* done with */
    return code;
}

enum lat_code latd_drafts_build(struct latd_drafts *d, size_t i)
{
    return d->v[i].n_in ? build(d, &d->v[i]) : LAT_OK;
}

/* Of one recording, and not of the disk or of us. */
static bool is_its_own(enum lat_code code)
{
    return code == LAT_EMATCH || code == LAT_EUNFIT || code == LAT_EINVAL ||
           code == LAT_ENONFINITE;
}

/* What is put is searched from then on. */
static enum lat_code check_room(struct latd_draft *d, struct latd_req *req)
{
    size_t bytes = 0;

    for (size_t i = 0; i < d->r.n; i++)
        bytes += d->r.embeddings[i].dims * sizeof(float);
    return req->app->index ? latd_index_room(req->app->index, bytes, &d->err)
                           : LAT_OK;
}

static bool is_kept(const struct latd_recording *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->embeddings[i].n_keys; k++)
            if (memcmp(r->embeddings[i].keys + k * LAT_DIGEST, key,
                       LAT_DIGEST) == 0)
                return true;
    return false;
}

/* What was cached of windows that it has no more. */
static enum lat_code purge_replaced(struct latd_draft *d, struct latd_req *req)
{
    struct lat_buf *keys = &d->put.replaced.keys;
    uint64_t purged;
    size_t n = 0;

    for (size_t at = 0; at < keys->len; at += LAT_DIGEST)
        if (!is_kept(&d->r, keys->v + at)) {
            memmove(keys->v + n, keys->v + at, LAT_DIGEST);
            n += LAT_DIGEST;
        }
    keys->len = n;
    return latd_purge(&purged, req->app, keys, &d->err);
}

enum lat_code latd_drafts_put(struct latd_drafts *d, size_t i,
                              struct latd_req *req, struct latd_rows *rows)
{
    struct latd_draft *one = &d->v[i];
    enum lat_code code = LAT_OK;

    if (!one->well)
        return LAT_OK;
    one->err = (struct lat_err){0};
    if (one->n_in)
        code = build(d, one);
    one->well = !code;
    if (!code)
        code = check_room(one, req);
    if (!code)
        code = latd_clock_now(&one->put.now, rows, &one->err);
    if (!code)
        code = latd_recordings_put(&one->put, rows, &one->r, &one->err);
    if (!code)
        code = purge_replaced(one, req);
    one->err.code = code;
    if (!code || is_its_own(code))
        return LAT_OK;
    req->err = one->err;
    return code;
}
