/* query.c - POST /v1/recordings/query: which recordings are most alike.
 *
 * Queries are embedded where they are signals; then a scan is opened and its
 * parts are queued, as windows are.
 */
#include "../api.h"

#include "../index.h"
#include "compared.h"

#include <string.h>

enum { PARTS_MAX = 64 }; /* as many as a search has */

/* What was found for one query. */
struct answer {
    struct latd_found *found; /* (n_found) */
    size_t n_found;
    struct latd_similar_item *items;
    struct latd_similar_list list;
};

struct query {
    struct latd_compared c;
    struct latd_search *search;
    uint64_t begun_ns;  /* of the second stage */
    enum lat_code code; /* of it */
    struct lat_err err;
    struct answer *answers; /* (asked.n) */
    struct lat_buf payloads;
    float *vectors;         /* (shown, dims), when they are looked at */
    struct lat_pair *pairs; /* (shown) */
    double *shares;         /* (shown, dims) */
    size_t n_shown;
};

static enum lat_code query_begin(struct latd_req *req)
{
    struct query *q = req->state = lat_calloc(1, sizeof(*q));
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    if (!q)
        return lat_fail(&req->err, LAT_ENOMEM, "a query");
    code = latd_compared_begin(&q->c, req, latd_wire_query_decode, PARTS_MAX);
    if (code == LAT_OK)
        code = latd_index_ready(req->app->index, req->app->database,
                                q->c.digest, q->c.in.model->card, &req->err);
    req->compute |= code == LAT_OK;
    return code;
}

/* ---- the second stage ---- */

static enum lat_code run_part(struct latd_item *item, struct lat_err *err)
{
    struct query *q = item->owner;

    (void)err;
    latd_search_run(q->search,
                    (size_t)(item - q->c.passes.items) - q->c.passes.n);
    return LAT_OK;
}

/* One more to know whether there are more, and one for the recording itself,
 * which is not its own neighbour. */
static enum lat_code open_search(struct query *q, struct latd_req *req,
                                 size_t *n_parts)
{
    struct latd_search_ask ask = {
        .digest = q->c.digest,
        .filter = &q->c.asked.filter,
        .scan = {.v = q->c.v,
                 .n = q->c.n_v,
                 .ends = q->c.asked.best_window ? q->c.ends : NULL,
                 .n_groups = q->c.asked.n,
                 .k = q->c.asked.offset + q->c.asked.limit + 2,
                 .metric = q->c.asked.metric,
                 .has_least = q->c.asked.has_least,
                 .least = (float)q->c.asked.least}};

    memcpy(ask.scan.weights, q->c.weights, sizeof(ask.scan.weights));
    return latd_search_open(&q->search, n_parts, req->app->index, &ask,
                            &q->err);
}

static void scan(struct latd_batch *batch)
{
    struct latd_req *req =
        (struct latd_req *)((char *)batch - offsetof(struct latd_req, batch));
    struct query *q = req->state;
    size_t n_parts = 0;

    if (atomic_load(&batch->cancelled))
        return;
    q->code = latd_compared_collect(&q->c, &q->err);
    if (q->code == LAT_OK)
        q->code = open_search(q, req, &n_parts);
    for (size_t i = 0; i < n_parts; i++) {
        struct latd_item *item = &q->c.passes.items[q->c.passes.n + i];

        item->model = q->c.in.model;
        item->run = run_part;
        item->owner = q;
        atomic_store(&item->state, LATD_ITEM_NEW);
    }
    q->begun_ns = latd_now_ns();
    if (q->code == LAT_OK)
        q->code = latd_infer_submit(req->app->infer, batch, &q->err);
}

static enum lat_code query_submit(struct latd_req *req)
{
    req->batch.then = scan;
    return latd_infer_submit(req->app->infer, &req->batch, &req->err);
}

/* ---- the answer ---- */

/* The page of query i: those after offset, but for the recording itself. */
static enum lat_code page(struct query *q, size_t i, struct lat_err *err)
{
    struct answer *a = &q->answers[i];
    const char *self = q->c.asked.given[i].recording;
    size_t skip = q->c.asked.offset;
    enum lat_code code =
        latd_search_best(q->search, i, &a->found, &a->n_found, err);

    if (code)
        return code;
    a->list.searched = latd_search_rows(q->search);
    a->list.left_out = latd_search_left_out(q->search);
    a->items = lat_calloc(q->c.asked.limit, sizeof(*a->items));
    if (!a->items)
        return lat_fail(err, LAT_ENOMEM, "%zu results", q->c.asked.limit);
    for (size_t j = 0; j < a->n_found && !a->list.has_more; j++) {
        if (self && strcmp(self, a->found[j].id) == 0)
            continue;
        if (skip > 0)
            skip--;
        else if (a->list.n == q->c.asked.limit)
            a->list.has_more = true;
        else
            a->items[a->list.n++] = (struct latd_similar_item){
                .recording = a->found[j].id,
                .score = (double)a->found[j].score,
                .window = a->found[j].query,
                .of = a->found[j].window,
                .percentile =
                    latd_compared_percentile(&q->c, (double)a->found[j].score)};
    }
    a->list.items = a->items;
    q->n_shown += a->list.n;
    return LAT_OK;
}

static bool wants_vectors(const struct query *q)
{
    return q->c.asked.with_vector || q->c.asked.top_dims;
}

static enum lat_code allocate(struct query *q, struct lat_err *err)
{
    size_t n = wants_vectors(q) ? q->n_shown : 0, dims = q->c.shape.dims;

    q->vectors = lat_calloc(n * dims, sizeof(*q->vectors));
    q->pairs = lat_calloc(n, sizeof(*q->pairs));
    q->shares =
        lat_calloc(q->c.asked.top_dims ? n * dims : 0, sizeof(*q->shares));
    if (!q->vectors || !q->pairs || !q->shares)
        return lat_fail(err, LAT_ENOMEM, "%zu results", n);
    return LAT_OK;
}

/* What was compared of a result: its mean, or the window that decided. */
static enum lat_code read_vector(const struct query *q,
                                 const struct latd_app *app,
                                 const struct latd_similar_item *item, float *v)
{
    if (q->c.asked.best_window)
        return latd_index_window(app->index, q->c.digest, item->recording,
                                 item->of, v, NULL);
    return latd_index_vector(app->index, q->c.digest, item->recording, v, NULL);
}

/* The k-th that is shown, a result of query i. */
static void look(struct query *q, const struct latd_app *app, size_t i,
                 size_t k, struct latd_similar_item *item)
{
    size_t dims = q->c.shape.dims;
    float *v = q->vectors + k * dims;

    if (read_vector(q, app, item, v))
        return; /* deleted since: it has its score, and no more is known */
    if (q->c.asked.with_vector)
        item->vector = v;
    if (!q->c.asked.top_dims)
        return;
    item->a = q->c.v + (latd_compared_first(&q->c, i) + item->window) * dims;
    item->b = v;
    item->pair = &q->pairs[k];
    item->share = q->shares + k * dims;
    lat_pair_score(&q->pairs[k], q->shares + k * dims, &q->c.shape, item->a, v,
                   q->c.asked.metric, q->c.weights);
}

/* Metadata as the database has them, one after another in payloads. */
static enum lat_code read_payload(struct query *q, struct latd_rows *rows,
                                  const char *id, struct lat_err *err)
{
    struct latd_recording r = {0};
    enum lat_code code = latd_recordings_get(&r, rows, id, 0, err);

    if (code == LAT_ENOENT) /* deleted since */
        code = LAT_OK;
    if (code == LAT_OK)
        lat_buf_puts(&q->payloads, r.metadata ? r.metadata : "null");
    lat_buf_put(&q->payloads, "", 1);
    latd_recording_fini(&r);
    return code;
}

static enum lat_code read_payloads(struct query *q, struct latd_req *req)
{
    struct latd_rows *rows = latd_database_borrow(req->app->database);
    enum lat_code code = LAT_OK;
    const char *at;

    for (size_t i = 0; i < q->c.asked.n; i++)
        for (size_t j = 0; j < q->answers[i].list.n && code == LAT_OK; j++)
            code = read_payload(q, rows, q->answers[i].items[j].recording,
                                &req->err);
    latd_database_return(req->app->database, rows);
    if (code == LAT_OK && q->payloads.failed)
        code = lat_fail(&req->err, LAT_ENOMEM, "payloads");
    at = q->payloads.v;
    for (size_t i = 0; i < q->c.asked.n && code == LAT_OK; i++)
        for (size_t j = 0; j < q->answers[i].list.n; j++) {
            q->answers[i].items[j].payload = at;
            at += strlen(at) + 1;
        }
    return code;
}

static enum lat_code encode(struct query *q, struct latd_req *req)
{
    const struct latd_similar_reply reply = {.model = q->c.in.model->id,
                                             .card = q->c.in.model->card,
                                             .req = &q->c.asked};
    struct latd_similar_list *lists = lat_calloc(q->c.asked.n, sizeof(*lists));

    if (!lists)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu answers", q->c.asked.n);
    for (size_t i = 0; i < q->c.asked.n; i++)
        lists[i] = q->answers[i].list;
    latd_wire_query_encode(&req->reply.body, &reply, lists, q->c.asked.n);
    lat_free(lists);
    if (req->reply.body.failed)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu results", q->n_shown);
    return LAT_OK;
}

static void count(const struct query *q, const struct latd_req *req)
{
    struct latd_metrics *m = req->app->metrics;
    uint64_t done = atomic_load(&req->batch.done_ns);

    latd_hist_ns(&m->search, done > q->begun_ns ? done - q->begun_ns : 0);
    atomic_fetch_add(&m->searched, q->c.asked.n * latd_search_rows(q->search));
}

static enum lat_code query_reply(struct latd_req *req)
{
    struct query *q = req->state;
    enum lat_code code = q->code;
    size_t k = 0;

    if (code) {
        req->err = q->err;
        return code;
    }
    count(q, req);
    q->answers = lat_calloc(q->c.asked.n, sizeof(*q->answers));
    if (!q->answers)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu answers", q->c.asked.n);
    for (size_t i = 0; i < q->c.asked.n && code == LAT_OK; i++)
        code = page(q, i, &req->err);
    if (code == LAT_OK)
        code = allocate(q, &req->err);
    if (code)
        return code;
    for (size_t i = 0; wants_vectors(q) && i < q->c.asked.n; i++)
        for (size_t j = 0; j < q->answers[i].list.n; j++)
            look(q, req->app, i, k++, &q->answers[i].items[j]);
    if (q->c.asked.with_payload)
        code = read_payloads(q, req);
    return code ? code : encode(q, req);
}

static void query_end(struct latd_req *req)
{
    struct query *q = req->state;

    if (!q)
        return;
    for (size_t i = 0; q->answers && i < q->c.asked.n; i++) {
        latd_found_free(q->answers[i].found, q->answers[i].n_found);
        lat_free(q->answers[i].items);
    }
    latd_search_close(q->search);
    lat_buf_fini(&q->payloads);
    lat_free(q->answers);
    lat_free(q->vectors);
    lat_free(q->pairs);
    lat_free(q->shares);
    latd_compared_fini(&q->c);
    lat_free(q);
}

const struct latd_handler latd_recordings_query = {
    .begin = query_begin,
    .submit = query_submit,
    .reply = query_reply,
    .end = query_end,
};
