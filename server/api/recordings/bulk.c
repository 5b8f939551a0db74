/* bulk.c - POST /v1/recordings: many at once, each with what came of it. */
#include "../../api.h"

#include "draft.h"

#include <string.h>
#include <strings.h>

/* JSON lines, under the names that are about. */
static bool is_lines(const char *type)
{
    static const char *const names[] = {"application/x-ndjson",
                                        "application/jsonl",
                                        "application/jsonlines", NULL};
    size_t len = type ? strcspn(type, "; \t") : 0;

    for (size_t i = 0; names[i]; i++)
        if (strlen(names[i]) == len && strncasecmp(type, names[i], len) == 0)
            return true;
    return false;
}

static enum lat_code read_slices(struct latd_slice **slices, size_t *n,
                                 struct latd_req *req)
{
    const char *type = latd_req_header(req, "Content-Type");
    const struct latd_body body = latd_body_of(req);
    bool lines = is_lines(type);
    enum latd_kind kind = LATD_KIND_JSON;
    enum lat_code code =
        lines ? LAT_OK : latd_wire_kind(&kind, &body, &req->err);

    if (!code && kind != LATD_KIND_JSON)
        code = lat_fail(&req->err, LAT_EMEDIA,
                        "Content-Type %.60s, expected application/json or "
                        "application/x-ndjson",
                        type);
    if (code)
        return code;
    return latd_wire_slices(slices, n, req->body, req->body_len, lines,
                            req->app->config.max_inputs, &req->err);
}

/* What is wrong with one is its own; no memory is everybody's. */
static enum lat_code add_all(struct latd_drafts *d, struct latd_req *req,
                             const struct latd_slice *slices, size_t n)
{
    const struct latd_match match = latd_match_of(req);

    for (size_t i = 0; i < n; i++) {
        const struct latd_body body = {.type = "application/json",
                                       .data = slices[i].v,
                                       .len = slices[i].len};
        enum lat_code code = latd_drafts_add(d, req, &body, NULL);

        d->v[i].put.match = match;
        if (code == LAT_ENOMEM) {
            req->err = d->v[i].err;
            return code;
        }
    }
    return LAT_OK;
}

static enum lat_code bulk_begin(struct latd_req *req)
{
    struct latd_drafts *d = req->state = lat_calloc(1, sizeof(*d));
    struct latd_slice *slices = NULL;
    size_t n = 0;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    if (!d)
        return lat_fail(&req->err, LAT_ENOMEM, "recordings");
    code = read_slices(&slices, &n, req);
    if (!code)
        code = latd_drafts_init(d, n, req);
    if (!code)
        code = add_all(d, req, slices, n);
    lat_free(slices);
    return code ? code : latd_drafts_begin(d, req);
}

static enum lat_code bulk_store(struct latd_req *req, struct latd_rows *rows)
{
    struct latd_drafts *d = req->state;
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < d->n && !code; i++)
        code = latd_drafts_put(d, i, req, rows);
    return code;
}

/* ---- the answer --------------------------------------------------------- */

static unsigned status_of(const struct latd_draft *d)
{
    switch (d->err.code) {
    case LAT_OK:
        return d->put.result == LATD_PUT_CREATED ? 201 : 200;
    case LAT_EMATCH:
        return 412;
    case LAT_ENOENT:
        return 404;
    case LAT_ETOOBIG:
        return 413;
    case LAT_EUNFIT:
        return 422;
    case LAT_ENONFINITE:
        return 500;
    default:
        return 400;
    }
}

struct counts {
    size_t created, replaced, same, failed;
};

static void count(struct counts *n, const struct latd_draft *d)
{
    if (d->err.code)
        n->failed++;
    else if (d->put.result == LATD_PUT_CREATED)
        n->created++;
    else if (d->put.result == LATD_PUT_REPLACED)
        n->replaced++;
    else
        n->same++;
}

static enum lat_code bulk_reply(struct latd_req *req)
{
    bool lines = is_lines(latd_req_header(req, "Content-Type"));
    struct latd_drafts *d = req->state;
    struct lat_buf *b = &req->reply.body;
    struct counts n = {0};

    lat_buf_puts(b, lines ? "" : "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < d->n; i++) {
        const struct latd_draft *one = &d->v[i];
        const struct latd_bulk_item item = {
            .id = one->r.id[0] ? one->r.id : NULL,
            .status = status_of(one),
            .etag = one->r.etag,
            .err = one->err.code ? &one->err : NULL};

        count(&n, one);
        if (i && !lines)
            lat_buf_puts(b, ",");
        latd_wire_bulk_encode(b, i, &item);
        if (lines)
            lat_buf_puts(b, "\n");
    }
    if (lines)
        req->reply.type = "application/x-ndjson";
    else
        lat_buf_printf(b,
                       "],\"created\":%zu,\"replaced\":%zu,\"unchanged\":%zu,"
                       "\"failed\":%zu}",
                       n.created, n.replaced, n.same, n.failed);
    return LAT_OK;
}

const struct latd_handler latd_recordings_put_many = {
    .begin = bulk_begin,
    .submit = latd_recordings_submit,
    .store = bulk_store,
    .reply = bulk_reply,
    .end = latd_recordings_end,
};
