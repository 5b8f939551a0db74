/*
 * job_events.c - what a job told: page by page, or as it happens.
 *
 * Events are rows, so a stream that begins again behind the last one that its
 * client has seen (Last-Event-ID) needs nothing but its id.
 */
#include "../api.h"

#include "../wire.h"
#include "../wire/jobs.h"
#include "pages.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS_LIMIT = 20, CHECKPOINTS_LIMIT = 10, PIECE = 100 };
enum { PING_MS = 15000, RETRY_MS = 3000 };

/* ---- pages ------------------------------------------------------------- */

struct list {
    struct lat_buf *out;
    struct latd_list_ids ids;
};

/* There is a job of that id. */
static enum lat_code check_job(struct latd_req *req, struct latd_rows *rows)
{
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    enum lat_code code = latd_rows_job_get(&j, rows, req->param, &req->err);

    latd_job_fini(&j);
    return code;
}

static void list_event(void *arg, const struct latd_job_event *e)
{
    struct list *l = arg;

    latd_list_item(l->out, &l->ids, e->id);
    latd_wire_event_encode(l->out, e);
}

static enum lat_code list_events(struct latd_req *req)
{
    struct list l = {.out = &req->reply.body};
    struct latd_event_query q = {
        .job = req->param, .each = list_event, .arg = &l};
    struct latd_rows *rows;
    enum lat_code code = latd_page_read(&q.page, req, EVENTS_LIMIT);

    if (code)
        return code;
    latd_list_begin(l.out);
    rows = latd_database_borrow(req->app->database);
    code = check_job(req, rows);
    if (!code)
        code = latd_rows_event_list(rows, &q, &req->err);
    latd_database_return(req->app->database, rows);
    latd_list_end(l.out, &l.ids, q.page.more);
    return code;
}

static void list_checkpoint(void *arg, const struct latd_job_checkpoint *c)
{
    struct list *l = arg;

    latd_list_item(l->out, &l->ids, c->id);
    latd_wire_checkpoint_encode(l->out, c);
}

static enum lat_code checkpoints_reply(struct latd_req *req)
{
    struct list l = {.out = &req->reply.body};
    struct latd_checkpoint_query q = {
        .job = req->param, .each = list_checkpoint, .arg = &l};
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = latd_page_read(&q.page, req, CHECKPOINTS_LIMIT);
    if (code)
        return code;
    latd_list_begin(l.out);
    rows = latd_database_borrow(req->app->database);
    code = check_job(req, rows);
    if (!code)
        code = latd_rows_checkpoint_list(rows, &q, &req->err);
    latd_database_return(req->app->database, rows);
    latd_list_end(l.out, &l.ids, q.page.more);
    return code;
}

const struct latd_handler latd_jobs_checkpoints = {.reply = checkpoints_reply};

/* ---- a stream ---------------------------------------------------------- */

struct stream {
    struct latd_stream base;
    struct latd_app *app;
    char job[LATD_ID_MAX], last[LATD_ID_MAX]; /* the event before the next */
    bool begun, done, waited;
    uint64_t until_ns;   /* then a ping */
    struct lat_buf *out; /* of the call */
};

static void put_event(void *arg, const struct latd_job_event *e)
{
    struct stream *s = arg;

    lat_buf_printf(s->out, "id: %s\nevent: %s\ndata: ", e->id, e->type);
    if (strcmp(e->type, "metrics") == 0) {
        lat_buf_puts(s->out, e->data);
    } else {
        lat_buf_printf(s->out, "{\"level\":\"%s\",\"message\":", e->level);
        latd_write_string(s->out, e->message);
        lat_buf_puts(s->out, "}");
    }
    lat_buf_puts(s->out, "\n\n");
    memcpy(s->last, e->id, sizeof(s->last));
}

/* The state first, then the events: what is told after the last state is in
 * the next look. */
static enum lat_code put_more(struct stream *s, struct lat_err *err)
{
    struct latd_event_query q = {
        .job = s->job,
        .page = {.after = s->last[0] ? s->last : NULL, .limit = PIECE},
        .oldest_first = true,
        .each = put_event,
        .arg = s};
    struct latd_rows *rows = latd_database_borrow(s->app->database);
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    char last[LATD_ID_MAX];
    enum lat_code code = latd_rows_job_get(&j, rows, s->job, err);

    memcpy(last, s->last, sizeof(last));
    q.page.after = last[0] ? last : NULL;
    if (!code)
        code = latd_rows_event_list(rows, &q, err);
    latd_database_return(s->app->database, rows);
    if (!code && !q.page.more && latd_job_is_final(j.state)) {
        lat_buf_puts(s->out, "event: done\ndata: ");
        latd_wire_job_encode(s->out, &j);
        lat_buf_puts(s->out, "\n\n");
        s->done = true;
    }
    latd_job_fini(&j);
    return code;
}

/* Nothing new after a while is a comment, so that nobody between us and the
 * client thinks that the connection is dead. */
static enum lat_code stream_next(struct latd_stream *base, struct lat_buf *out,
                                 struct lat_err *err)
{
    struct stream *s = (struct stream *)base;
    uint64_t now = latd_now_ns();
    enum lat_code code;

    s->out = out;
    if (s->done || atomic_load(&s->app->state) >= LATD_DRAINING)
        return LAT_OK;
    if (!s->begun)
        lat_buf_printf(out, "retry: %d\n\n", RETRY_MS);
    s->begun = true;
    code = put_more(s, err);
    if (code || out->len > 0) {
        s->waited = false;
        return code;
    }
    if (!s->waited || now < s->until_ns) {
        if (!s->waited)
            s->until_ns = now + PING_MS * 1000000ull;
        s->waited = true;
        base->wait_ms = (s->until_ns - now) / 1000000u + 1;
        return LAT_OK;
    }
    s->waited = false;
    lat_buf_puts(out, ": ping\n\n");
    return LAT_OK;
}

static void stream_close(struct latd_stream *base)
{
    lat_free(base);
}

static enum lat_code begin_stream(struct latd_req *req)
{
    const char *last = latd_req_header(req, "Last-Event-ID");
    struct latd_rows *rows = latd_database_borrow(req->app->database);
    enum lat_code code = check_job(req, rows);
    struct stream *s;

    latd_database_return(req->app->database, rows);
    if (code)
        return code;
    if (!last)
        last = latd_req_query(req, "after");
    if (last && !latd_ulid_is(last, "ftevent-"))
        return lat_fail(&req->err, LAT_EINVAL,
                        "Last-Event-ID is %.60s, expected ftevent-…", last);
    s = lat_calloc(1, sizeof(*s));
    if (!s)
        return lat_fail(&req->err, LAT_ENOMEM, "a stream");
    s->base.next = stream_next;
    s->base.close = stream_close;
    s->app = req->app;
    snprintf(s->job, sizeof(s->job), "%.39s", req->param);
    snprintf(s->last, sizeof(s->last), "%.39s", last ? last : "");
    req->reply.stream = &s->base;
    req->reply.type = "text/event-stream";
    latd_reply_header(&req->reply, "Cache-Control", "no-store");
    latd_reply_header(&req->reply, "X-Accel-Buffering", "no");
    return LAT_OK;
}

static enum lat_code events_reply(struct latd_req *req)
{
    const char *accept = latd_req_header(req, "Accept");
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    if (accept && strstr(accept, "text/event-stream"))
        return begin_stream(req);
    return list_events(req);
}

const struct latd_handler latd_jobs_events = {.reply = events_reply};
