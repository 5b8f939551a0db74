/* reembed.c - /v1/recordings/reembed: another model for what is kept. */
#include "../../api.h"

#include "../../reembed.h"
#include "../../store/reembed.h"
#include "../../ulid.h"
#include "draft.h"

#include <stdio.h>
#include <string.h>

enum { LISTED = 20 };

/* ---- POST -----------------------------------------------------------------
 */

/* A model's name, or the digest of vectors whose model is gone. */
static enum lat_code read_source(struct latd_reembedding *t,
                                 struct latd_req *req, const char *from)
{
    struct latd_model *m = NULL;
    enum lat_code code;

    if (strlen(from) == 64) {
        memcpy(t->source, from, 65);
        return LAT_OK;
    }
    code = latd_models_ref(req->app->models, from, &m, &req->err);
    if (code)
        return lat_at(&req->err, code, "from");
    latd_recordings_digest(t->source, m->card);
    latd_model_unref(m);
    return LAT_OK;
}

static enum lat_code begin_begin(struct latd_req *req)
{
    const struct latd_body body = latd_body_of(req);
    struct latd_reembedding *t;
    struct latd_reembed_req asked;
    struct latd_model *m = NULL;
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = latd_wire_reembed_decode(&asked, &body, &req->err);
    if (code)
        return code;
    t = req->state = lat_calloc(1, sizeof(*t));
    if (!t)
        return lat_fail(&req->err, LAT_ENOMEM, "reembed");
    code = latd_models_ref(req->app->models, asked.to, &m, &req->err);
    if (code)
        return lat_at(&req->err, code, "to");
    latd_recordings_digest(t->digest, m->card);
    snprintf(t->model, sizeof(t->model), "%s", m->id);
    latd_model_unref(m);
    t->drops = asked.drop;
    if (asked.from[0])
        code = read_source(t, req, asked.from);
    if (!code && strcmp(t->source, t->digest) == 0)
        code = lat_at(
            &req->err,
            lat_fail(&req->err, LAT_EINVAL, "from and to are the same vectors"),
            "from");
    latd_ulid_next(req->app->ulid, "reembed-", t->id);
    return code;
}

static enum lat_code begin_store(struct latd_req *req, struct latd_rows *rows)
{
    return latd_reembed_begin(rows, req->state, &req->err);
}

static enum lat_code begin_reply(struct latd_req *req)
{
    latd_reembedder_wake(req->app->reembedder);
    req->reply.status = 202;
    latd_wire_reembed_encode(&req->reply.body, req->state);
    return LAT_OK;
}

static void begin_end(struct latd_req *req)
{
    lat_free(req->state);
}

/* ---- GET, DELETE -----------------------------------------------------------
 */

static void add(void *arg, const struct latd_reembedding *t)
{
    struct lat_buf *b = arg;

    if (b->v[b->len - 1] == '}')
        lat_buf_puts(b, ",");
    latd_wire_reembed_encode(b, t);
}

static enum lat_code index_reply(struct latd_req *req)
{
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    lat_buf_puts(&req->reply.body, "{\"object\":\"list\",\"data\":[");
    if (req->reply.body.failed)
        return lat_fail(&req->err, LAT_ENOMEM, "reply");
    rows = latd_database_borrow(req->app->database);
    code = latd_reembed_list(rows, LISTED, add, &req->reply.body, &req->err);
    latd_database_return(req->app->database, rows);
    lat_buf_puts(&req->reply.body, "]}");
    return code;
}

static enum lat_code cancel_store(struct latd_req *req, struct latd_rows *rows)
{
    return latd_reembed_cancel(rows, &req->err);
}

const struct latd_handler latd_recordings_reembed = {
    .begin = begin_begin,
    .store = begin_store,
    .reply = begin_reply,
    .end = begin_end,
};
const struct latd_handler latd_recordings_reembed_index = {.reply =
                                                               index_reply};
const struct latd_handler latd_recordings_reembed_cancel = {
    .begin = latd_req_database,
    .store = cancel_store,
    .reply = index_reply,
};
