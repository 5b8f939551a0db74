/* similarity.c - POST /v1/similarity: one source, and how alike each target is.
 */
#include "../api.h"

#include "compared.h"

struct similarity {
    struct latd_compared c;
    struct latd_similar_item *items; /* (targets) */
    struct lat_pair *pairs;          /* beside them */
    double *shares;                  /* (targets, dims), when explained */
};

static enum lat_code similarity_begin(struct latd_req *req)
{
    struct similarity *s = req->state = lat_calloc(1, sizeof(*s));

    if (!s)
        return lat_fail(&req->err, LAT_ENOMEM, "a comparison");
    return latd_compared_begin(&s->c, req, latd_wire_similarity_decode, 0);
}

static enum lat_code similarity_submit(struct latd_req *req)
{
    return latd_infer_submit(req->app->infer, &req->batch, &req->err);
}

static enum lat_code allocate(struct similarity *s, struct lat_err *err)
{
    size_t n = s->c.asked.n - 1, dims = s->c.shape.dims;

    s->items = lat_calloc(n, sizeof(*s->items));
    s->pairs = lat_calloc(n, sizeof(*s->pairs));
    s->shares =
        lat_calloc(s->c.asked.top_dims ? n * dims : 0, sizeof(*s->shares));
    if (!s->items || !s->pairs || !s->shares)
        return lat_fail(err, LAT_ENOMEM, "%zu scores", n);
    return LAT_OK;
}

/* A few thousand at most: not worth an inference thread. */
static void score(struct similarity *s, size_t i)
{
    size_t dims = s->c.shape.dims;
    const float *source = s->c.v, *target = s->c.v + (i + 1) * dims;
    double *share = s->c.asked.top_dims ? s->shares + i * dims : NULL;

    lat_pair_score(&s->pairs[i], share, &s->c.shape, source, target,
                   s->c.asked.metric, s->c.weights);
    s->items[i] = (struct latd_similar_item){
        .recording = s->c.asked.given[i + 1].recording,
        .score = s->pairs[i].score,
        .pair = &s->pairs[i],
        .share = share,
        .a = source,
        .b = target,
        .percentile = latd_compared_percentile(&s->c, s->pairs[i].score),
    };
}

static enum lat_code similarity_reply(struct latd_req *req)
{
    struct similarity *s = req->state;
    const struct latd_similar_reply reply = {.model = s->c.in.model->id,
                                             .card = s->c.in.model->card,
                                             .req = &s->c.asked};
    enum lat_code code = latd_compared_collect(&s->c, &req->err);

    if (code == LAT_OK)
        code = allocate(s, &req->err);
    if (code)
        return code;
    for (size_t i = 0; i + 1 < s->c.asked.n; i++)
        score(s, i);
    latd_wire_similarity_encode(&req->reply.body, &reply, s->items,
                                s->c.asked.n - 1);
    if (req->reply.body.failed)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu scores", s->c.asked.n - 1);
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
