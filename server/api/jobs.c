/* jobs.c - fine-tuning jobs: shown, listed, moved. */
#include "../api.h"

#include "../store/files.h"
#include "../wire/jobs.h"
#include "pages.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LIST_LIMIT = 20 };

/* ---- one --------------------------------------------------------------- */

static enum lat_code get_reply(struct latd_req *req)
{
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    rows = latd_database_borrow(req->app->database);
    code = latd_rows_job_get(&j, rows, req->param, &req->err);
    latd_database_return(req->app->database, rows);
    if (code)
        return code;
    latd_wire_job_encode(&req->reply.body, &j);
    latd_job_fini(&j);
    latd_reply_etag_body(req);
    return LAT_OK;
}

const struct latd_handler latd_jobs_get = {.reply = get_reply};

/* ---- all --------------------------------------------------------------- */

struct list {
    struct lat_buf *out;
    struct latd_list_ids ids;
};

static enum lat_code list_one(void *arg, const struct latd_job *j)
{
    struct list *l = arg;

    latd_list_item(l->out, &l->ids, j->id);
    latd_wire_job_encode(l->out, j);
    return LAT_OK;
}

static enum lat_code list_reply(struct latd_req *req)
{
    struct list l = {.out = &req->reply.body};
    struct latd_job_query q = {.each = list_one, .arg = &l};
    struct latd_filter filter = {0};
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = latd_page_read(&q.page, req, LIST_LIMIT);
    if (!code)
        code = latd_filter_read(&filter, req);
    if (code)
        return code;
    q.pairs = filter.pairs;
    q.n_pairs = filter.n;
    latd_list_begin(l.out);
    rows = latd_database_borrow(req->app->database);
    code = latd_rows_job_list(rows, &q, &req->err);
    latd_database_return(req->app->database, rows);
    latd_list_end(l.out, &l.ids, q.page.more);
    return code;
}

const struct latd_handler latd_jobs_index = {.reply = list_reply};

/* ---- moved ------------------------------------------------------------- */

static enum lat_code move_begin(struct latd_req *req)
{
    return latd_req_database(req);
}

static enum lat_code tell_move(struct latd_req *req, struct latd_rows *rows,
                               enum latd_job_state to)
{
    char message[80];
    struct latd_job_event e = {.created_at = time(NULL),
                               .level = "info",
                               .type = "message",
                               .message = message,
                               .data = "{}"};

    snprintf(message, sizeof(message), "The job is %s as it was asked",
             latd_job_state_word(to));
    latd_ulid_next(req->app->ulid, "ftevent-", e.id);
    snprintf(e.job, sizeof(e.job), "%.39s", req->param);
    return latd_rows_event_add(rows, &e, &req->err);
}

/* It is over for good: its end is written, and its files are free. */
static enum lat_code end_cancelled(struct latd_req *req, struct latd_rows *rows,
                                   struct latd_job *j)
{
    enum lat_code code;

    j->finished_at = time(NULL);
    code = latd_rows_job_end(rows, j, &req->err);
    return code ? code : latd_rows_file_release(rows, j->id, &req->err);
}

/* The reply is of the row as it is then. */
static enum lat_code move(struct latd_req *req, struct latd_rows *rows,
                          enum latd_job_move how)
{
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    enum latd_job_state to = LATD_JOB_QUEUED;
    bool changed = false;
    enum lat_code code =
        latd_rows_job_move(&to, &changed, rows, req->param, how, &req->err);

    req->reply.body.len = 0;
    if (!code && changed)
        code = tell_move(req, rows, to);
    if (!code)
        code = latd_rows_job_get(&j, rows, req->param, &req->err);
    if (!code && changed && to == LATD_JOB_CANCELLED)
        code = end_cancelled(req, rows, &j);
    if (!code)
        latd_wire_job_encode(&req->reply.body, &j);
    latd_job_fini(&j);
    return code;
}

static void move_end(struct latd_req *req)
{
    if (req->app->jobs)
        latd_jobs_kick(req->app->jobs);
}

static enum lat_code cancel_store(struct latd_req *req, struct latd_rows *rows)
{
    return move(req, rows, LATD_MOVE_CANCEL);
}

static enum lat_code pause_store(struct latd_req *req, struct latd_rows *rows)
{
    return move(req, rows, LATD_MOVE_PAUSE);
}

static enum lat_code resume_store(struct latd_req *req, struct latd_rows *rows)
{
    return move(req, rows, LATD_MOVE_RESUME);
}

#define MOVES(how)                                         \
    {                                                      \
        .begin = move_begin, .store = how, .end = move_end \
    }

const struct latd_handler latd_jobs_cancel = MOVES(cancel_store);
const struct latd_handler latd_jobs_pause = MOVES(pause_store);
const struct latd_handler latd_jobs_resume = MOVES(resume_store);
