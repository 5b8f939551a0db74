/* similarity.c - POST /v1/similarity: one source, and how alike each target is.
 *
 * By means that is a few thousand products, done in reply.  By windows it may
 * be millions: then parts are queued, as a search's are.
 */
#include "../api.h"

#include "compared.h"

enum {
    PARTS_MAX = 64,
    PAIRS_MAX = 1 << 22 /* of windows: some seconds of one processor */
};

struct similarity {
    struct latd_compared c;
    struct latd_similar_item *items; /* (targets) */
    struct lat_pair *pairs;          /* beside them */
    double *shares;                  /* (targets, dims), when explained */
    size_t n_parts;
    enum lat_code code; /* of the second stage */
    struct lat_err err;
};

static size_t targets_of(const struct similarity *s)
{
    return s->c.asked.n - 1;
}

static enum lat_code check_pairs(const struct similarity *s,
                                 struct lat_err *err)
{
    size_t n = s->c.ends[0], pairs = n * (s->c.n_v - n);

    if (!s->c.asked.best_window || pairs <= PAIRS_MAX)
        return LAT_OK;
    return lat_at(err,
                  lat_fail(err, LAT_ETOOBIG,
                           "%zu pairs of windows, at most %d are compared at "
                           "once (several requests take more)",
                           pairs, (int)PAIRS_MAX),
                  "targets");
}

static enum lat_code allocate(struct similarity *s, struct lat_err *err)
{
    size_t n = targets_of(s), dims = s->c.shape.dims;

    s->items = lat_calloc(n, sizeof(*s->items));
    s->pairs = lat_calloc(n, sizeof(*s->pairs));
    s->shares =
        lat_calloc(s->c.asked.top_dims ? n * dims : 0, sizeof(*s->shares));
    if (!s->items || !s->pairs || !s->shares)
        return lat_fail(err, LAT_ENOMEM, "%zu scores", n);
    return LAT_OK;
}

static enum lat_code similarity_begin(struct latd_req *req)
{
    struct similarity *s = req->state = lat_calloc(1, sizeof(*s));
    enum lat_code code;

    if (!s)
        return lat_fail(&req->err, LAT_ENOMEM, "a comparison");
    code =
        latd_compared_begin(&s->c, req, latd_wire_similarity_decode, PARTS_MAX);
    if (code == LAT_OK)
        code = check_pairs(s, &req->err);
    if (code == LAT_OK)
        code = allocate(s, &req->err);
    if (s->c.asked.best_window)
        req->compute |= code == LAT_OK;
    return code;
}

/* ---- scores ---- */

/* The source's vector and the target's that are compared. */
static struct lat_best_pair choose(const struct similarity *s, size_t i)
{
    size_t dims = s->c.shape.dims, first = latd_compared_first(&s->c, i + 1);
    const struct lat_search_sets sets = {.a = s->c.v,
                                         .n_a = s->c.ends[0],
                                         .b = s->c.v + first * dims,
                                         .n_b = s->c.ends[i + 1] - first};
    struct lat_best_pair best = {0};

    if (s->c.asked.best_window)
        lat_pair_best(&best, &s->c.shape, &sets, s->c.asked.metric,
                      s->c.weights);
    return best;
}

static void score(struct similarity *s, size_t i)
{
    const struct lat_best_pair best = choose(s, i);
    size_t dims = s->c.shape.dims, first = latd_compared_first(&s->c, i + 1);
    const float *source = s->c.v + best.a * dims;
    const float *target = s->c.v + (first + best.b) * dims;
    double *share = s->c.asked.top_dims ? s->shares + i * dims : NULL;

    lat_pair_score(&s->pairs[i], share, &s->c.shape, source, target,
                   s->c.asked.metric, s->c.weights);
    s->items[i] = (struct latd_similar_item){
        .recording = s->c.asked.given[i + 1].recording,
        .score = s->pairs[i].score,
        .window = best.a,
        .of = best.b,
        .pair = &s->pairs[i],
        .share = share,
        .a = source,
        .b = target,
        .percentile = latd_compared_percentile(&s->c, s->pairs[i].score),
    };
}

/* ---- the second stage, by windows ---- */

static enum lat_code run_part(struct latd_item *item, struct lat_err *err)
{
    struct similarity *s = item->owner;
    size_t part = (size_t)(item - s->c.passes.items) - s->c.passes.n;

    (void)err;
    for (size_t i = part; i < targets_of(s); i += s->n_parts)
        score(s, i);
    return LAT_OK;
}

static void compare(struct latd_batch *batch)
{
    struct latd_req *req =
        (struct latd_req *)((char *)batch - offsetof(struct latd_req, batch));
    struct similarity *s = req->state;

    if (atomic_load(&batch->cancelled))
        return;
    s->code = latd_compared_collect(&s->c, &s->err);
    if (s->code)
        return;
    s->n_parts = targets_of(s) < PARTS_MAX ? targets_of(s) : PARTS_MAX;
    for (size_t i = 0; i < s->n_parts; i++) {
        struct latd_item *item = &s->c.passes.items[s->c.passes.n + i];

        item->model = s->c.in.model;
        item->run = run_part;
        item->owner = s;
        atomic_store(&item->state, LATD_ITEM_NEW);
    }
    s->code = latd_infer_submit(req->app->infer, batch, &s->err);
}

static enum lat_code similarity_submit(struct latd_req *req)
{
    const struct similarity *s = req->state;

    if (s->c.asked.best_window)
        req->batch.then = compare;
    return latd_infer_submit(req->app->infer, &req->batch, &req->err);
}

/* ---- the answer ---- */

static enum lat_code finish(struct similarity *s, struct lat_err *err)
{
    enum lat_code code = s->code;

    if (code) {
        *err = s->err;
        return code;
    }
    if (s->c.asked.best_window)
        return LAT_OK;
    code = latd_compared_collect(&s->c, err);
    for (size_t i = 0; i < targets_of(s) && code == LAT_OK; i++)
        score(s, i);
    return code;
}

static enum lat_code similarity_reply(struct latd_req *req)
{
    struct similarity *s = req->state;
    const struct latd_similar_reply reply = {.model = s->c.in.model->id,
                                             .card = s->c.in.model->card,
                                             .req = &s->c.asked};
    enum lat_code code = finish(s, &req->err);

    if (code)
        return code;
    latd_wire_similarity_encode(&req->reply.body, &reply, s->items,
                                targets_of(s));
    if (req->reply.body.failed)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu scores", targets_of(s));
    return LAT_OK;
}

static void similarity_end(struct latd_req *req)
{
    struct similarity *s = req->state;

    if (!s)
        return;
    lat_free(s->items);
    lat_free(s->pairs);
    lat_free(s->shares);
    latd_compared_fini(&s->c);
    lat_free(s);
}

const struct latd_handler latd_similarity = {
    .begin = similarity_begin,
    .submit = similarity_submit,
    .reply = similarity_reply,
    .end = similarity_end,
};
