/* get.c - GET /v1/recordings/{id}, and pages of them. */
#include "../../api.h"

#include "../pages.h"
#include "draft.h"

#include <stdio.h>

enum { LIMIT = 20, LIMIT_MAX = 1000, PAGE_BYTES = 16 << 20 };

/* ---- one ----------------------------------------------------------------- */

static enum lat_code read_one(struct latd_recording *r, struct latd_req *req,
                              unsigned with)
{
    struct latd_rows *rows = latd_database_borrow(req->app->database);
    enum lat_code code =
        latd_recordings_get(r, rows, req->param, with, &req->err);

    latd_database_return(req->app->database, rows);
    return code;
}

static enum lat_code get_reply(struct latd_req *req)
{
    struct latd_recording_show show;
    struct latd_recording r = {0};
    struct latd_cards cards = {0};
    char tag[LAT_DIGEST_HEX];
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = latd_show_init(&show, &cards, req);
    if (!code)
        code = read_one(&r, req, latd_show_reads(&show));
    if (!code)
        code =
            latd_wire_recording_encode(&req->reply.body, &r, &show, &req->err);
    if (!code) {
        latd_tag_text(tag, r.etag);
        latd_reply_etag(req, tag);
    }
    latd_recording_fini(&r);
    latd_cards_fini(&cards);
    return code;
}

/* ---- a page -------------------------------------------------------------- */

struct page {
    struct lat_buf *out;
    const struct latd_recording_show *show;
    size_t n, limit;
    bool more;
    char first[LATD_RECORDING_ID], last[LATD_RECORDING_ID];
};

/* The page is full: not a failure, but the end of the list. */
static enum lat_code add(void *arg, const struct latd_recording *r,
                         struct lat_err *err)
{
    struct page *p = arg;

    if (p->n == p->limit || (p->n && p->out->len > PAGE_BYTES)) {
        p->more = true;
        return LAT_ECANCEL;
    }
    if (p->n)
        lat_buf_puts(p->out, ",");
    snprintf(p->n ? p->last : p->first, sizeof(p->last), "%s", r->id);
    p->n++;
    return latd_wire_recording_encode(p->out, r, p->show, err);
}

static enum lat_code put_page(struct latd_req *req, struct latd_finding *f,
                              struct page *p)
{
    struct latd_rows *rows;
    enum lat_code code;

    f->filter.limit = p->limit + 1;
    lat_buf_puts(p->out, "{\"object\":\"list\",\"data\":[");
    rows = latd_database_borrow(req->app->database);
    code = latd_recordings_list(rows, &f->filter, latd_show_reads(p->show), add,
                                p, &req->err);
    latd_database_return(req->app->database, rows);
    if (code && !p->more)
        return code;
    lat_buf_puts(p->out, "]");
    latd_list_put_id(p->out, "first_id", p->first);
    latd_list_put_id(p->out, "last_id", p->n > 1 ? p->last : p->first);
    lat_buf_printf(p->out, ",\"has_more\":%s}", p->more ? "true" : "false");
    return LAT_OK;
}

static enum lat_code index_reply(struct latd_req *req)
{
    struct latd_recording_show show;
    struct latd_cards cards = {0};
    struct latd_finding f;
    struct page p = {.out = &req->reply.body, .show = &show, .limit = LIMIT};
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = latd_finding_init(&f, req);
    if (!code)
        code = latd_limit_of(&p.limit, req, LIMIT_MAX);
    if (!code)
        code = latd_show_init(&show, &cards, req);
    if (!code)
        code = put_page(req, &f, &p);
    if (!code)
        latd_reply_etag_body(req);
    latd_cards_fini(&cards);
    return code;
}

const struct latd_handler latd_recordings_get_one = {.reply = get_reply};
const struct latd_handler latd_recordings_index = {.reply = index_reply};
