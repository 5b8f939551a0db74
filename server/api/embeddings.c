/* embeddings.c - signals and images to latents: from the cache, from another
 * request that is at it already, or computed. */
#include "../api.h"

#include "heads.h"
#include "passes.h"
#include "replied.h"

#include <string.h>

/* One request. */
struct embeddings {
    struct latd_replied replied;
    bool found; /* the reply is there: the rest is empty */
    struct latd_inputs in;
    struct latd_passes passes;
    float *means;                /* (in.asked.n, dims), when pooled */
    struct latd_embed_item *out; /* what is answered */
    size_t n_out;
    float *likely; /* what the head says of these, or NULL */
};

static enum lat_code allocate(struct embeddings *e, struct lat_err *err)
{
    size_t dims = e->in.model->card->dims, n = e->in.n_windows;

    e->means = lat_calloc(e->in.asked.pool_mean ? e->in.asked.n * dims : 0,
                          sizeof(*e->means));
    e->out = lat_calloc(n + e->in.asked.n, sizeof(*e->out));
    if (!e->means || !e->out)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    return LAT_OK;
}

static enum lat_code embeddings_begin(struct latd_req *req)
{
    struct embeddings *e = req->state = lat_calloc(1, sizeof(*e));
    enum lat_code code;

    if (!e)
        return lat_fail(&req->err, LAT_ENOMEM, "embeddings");
    e->found = latd_replied_find(&e->replied, req);
    if (e->found)
        return LAT_OK;
    code = latd_inputs_init(&e->in, req, false);
    if (code == LAT_OK)
        code = allocate(e, &req->err);
    if (code == LAT_OK)
        code = latd_passes_init(&e->passes, req, &e->in, 0);
    if (code)
        return code;
    req->timeout_ms = e->in.asked.timeout_ms;
    latd_passes_recall(&e->passes, req, &e->in);
    return LAT_OK;
}

static enum lat_code embeddings_submit(struct latd_req *req)
{
    return latd_infer_submit(req->app->infer, &req->batch, &req->err);
}

/* ---- the answer ---- */

/* One word for several windows: all hits, else the least lucky. */
static const char *cache_word(const struct latd_recall *r, size_t n)
{
    enum latd_recalled how = LATD_RECALLED_HIT;

    for (size_t j = 0; j < n; j++) {
        if (r[j].how == LATD_RECALLED_BYPASS || r[j].how == LATD_RECALLED_MISS)
            return latd_recalled_word(r[j].how);
        if (r[j].how == LATD_RECALLED_COALESCED)
            how = r[j].how;
    }
    return latd_recalled_word(how);
}

static void mean_of(float *mean, const float *z, size_t n, size_t dims)
{
    for (size_t d = 0; d < dims; d++) {
        double sum = 0.0;

        for (size_t j = 0; j < n; j++)
            sum += (double)z[j * dims + d];
        mean[d] = (float)(sum / (double)n);
    }
}

/* The items of input i, whose windows begin at k. */
static void put_input(struct embeddings *e, size_t i, size_t k)
{
    const struct lat_windows *w = e->in.prepared[i].windows;
    size_t dims = e->in.model->card->dims;
    bool pooled = e->in.asked.pool_mean;

    if (pooled)
        mean_of(e->means + i * dims, e->passes.z + k * dims, w->n, dims);
    for (size_t j = 0; j < (pooled ? 1 : w->n); j++)
        e->out[e->n_out++] = (struct latd_embed_item){
            .input = i,
            .id = e->in.asked.inputs[i].id,
            .z = pooled ? e->means + i * dims : e->passes.z + (k + j) * dims,
            .windows = w,
            .window = j,
            .pooled = pooled,
            .cache = cache_word(&e->passes.recalls[k + j], pooled ? w->n : 1),
        };
}

static void put_image(struct embeddings *e, size_t i, size_t k)
{
    const struct lat_card *card = e->in.model->card;
    float *z = e->passes.z + k * e->passes.floats;

    e->out[e->n_out++] = (struct latd_embed_item){
        .input = i,
        .id = e->in.asked.inputs[i].id,
        .z = z,
        .image = e->in.prepared[i].image,
        .picture = e->in.asked.inputs[i].picture,
        .code = e->in.parts ? latd_item_code(card, z)
                            : (struct lat_image_code){.latent = z},
        .cache = cache_word(&e->passes.recalls[k], 1),
    };
    if (card->gate.mode)
        latd_metrics_gates(e->in.model->series, z, card->dims);
}

static void put_error(struct embeddings *e, size_t i)
{
    e->out[e->n_out++] = (struct latd_embed_item){
        .input = i,
        .id = e->in.asked.inputs[i].id,
        .err = &e->in.prepared[i].err,
    };
}

/* An input is answered whole or with its error; without on_error partial, the
 * first error is everybody's. */
static enum lat_code collect(struct embeddings *e, struct lat_err *err)
{
    size_t k = 0;

    for (size_t i = 0; i < e->in.asked.n; i++) {
        struct latd_prepared *p = &e->in.prepared[i];
        const struct latd_item *bad =
            latd_passes_failed(&e->passes, &e->in, i, k);

        if (bad) {
            p->err = bad->err;
            p->err.code = bad->code;
            latd_wire_embed_at(&e->in.asked, i, bad->code, &p->err);
            if (!e->in.asked.partial) {
                *err = p->err;
                return bad->code;
            }
        }
        if (bad || latd_prepared_count(p) == 0)
            put_error(e, i);
        else if (p->image)
            put_image(e, i, k);
        else
            put_input(e, i, k);
        k += latd_prepared_count(p);
    }
    return LAT_OK;
}

/* RFC 9211: one cache, and what it did. */
static void cache_status(struct latd_req *req, const struct embeddings *e)
{
    static const char *const parts[] = {"fwd=bypass", "hit", "fwd=miss; stored",
                                        "fwd=miss; collapsed"};
    size_t counts[4] = {0}, how = LATD_RECALLED_HIT;
    const size_t n = e->found ? e->replied.n_windows : e->in.n_windows;

    counts[LATD_RECALLED_HIT] = e->replied.n_windows;
    for (size_t k = 0; k < n && !e->found; k++)
        counts[e->passes.recalls[k].how]++;
    if (counts[LATD_RECALLED_BYPASS])
        how = LATD_RECALLED_BYPASS;
    else if (counts[LATD_RECALLED_MISS])
        how = LATD_RECALLED_MISS;
    else if (counts[LATD_RECALLED_COALESCED])
        how = LATD_RECALLED_COALESCED;
    if (n == 1)
        latd_reply_header(&req->reply, "Cache-Status", "latentd; %s",
                          parts[how]);
    else if (n)
        latd_reply_header(
            &req->reply, "Cache-Status",
            "latentd; %s; detail=\"hit=%zu miss=%zu "
            "coalesced=%zu bypass=%zu\"",
            parts[how], counts[LATD_RECALLED_HIT], counts[LATD_RECALLED_MISS],
            counts[LATD_RECALLED_COALESCED], counts[LATD_RECALLED_BYPASS]);
}

/* What stands in the header of a reply whose body is there. */
static void say(struct latd_req *req, const struct embeddings *e,
                size_t json_len)
{
    const bool bytes = e->found ? json_len < req->reply.body.len
                                : e->in.asked.encoding == LATD_BYTES;

    if (bytes) {
        req->reply.type = "application/octet-stream";
        latd_reply_header(&req->reply, "Inference-Header-Content-Length", "%zu",
                          json_len);
    }
    cache_status(req, e);
}

static enum lat_code encode(struct latd_req *req, struct embeddings *e)
{
    struct latd_embed_reply reply = {.model = e->in.model->id,
                                     .precision =
                                         lat_plan_precision(e->in.model->plan),
                                     .card = e->in.model->card,
                                     .req = &e->in.asked,
                                     .items = e->out,
                                     .tokens = e->in.n_samples,
                                     .mode = e->in.mode};
    size_t json_len;
    enum lat_code code = collect(e, &req->err);

    if (!code)
        code = latd_heads_say(&e->likely, e->out, e->n_out, &e->in.asked,
                              e->in.model, &req->err);
    if (code)
        return code;
    reply.n = e->n_out;
    code =
        latd_wire_embed_encode(&req->reply.body, &json_len, &reply, &req->err);
    if (code)
        return code;
    latd_replied_keep(&e->replied, req, &e->in, &e->passes, json_len);
    say(req, e, json_len);
    return LAT_OK;
}

static enum lat_code embeddings_reply(struct latd_req *req)
{
    struct embeddings *e = req->state;

    if (!e->found)
        return encode(req, e);
    say(req, e, e->replied.json_len);
    return LAT_OK;
}

static void embeddings_end(struct latd_req *req)
{
    struct embeddings *e = req->state;

    if (!e)
        return;
    latd_passes_fini(&e->passes);
    lat_free(e->likely);
    lat_free(e->out);
    lat_free(e->means);
    latd_inputs_fini(&e->in);
    lat_free(e);
}

const struct latd_handler latd_embeddings = {
    .begin = embeddings_begin,
    .submit = embeddings_submit,
    .reply = embeddings_reply,
    .end = embeddings_end,
};
