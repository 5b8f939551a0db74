/* job_events.c - what jobs told, and their checkpoints. */
#include "../jobs.h"

#include "rows.h"

static const char *text(sqlite3_stmt *st, int i)
{
    return (const char *)sqlite3_column_text(st, i);
}

/* What a page of a job's rows is made of. */
struct list {
    const char *job;
    struct latd_page *page;
    const char *doing;
    void (*give)(sqlite3_stmt *st, void *arg);
    void *arg;
};

/* Each row to give, but one beyond the limit, which says that there is more.
 * st takes the job, the id that the page comes after, and how many. */
static enum lat_code list_page(struct latd_rows *rows, sqlite3_stmt *st,
                               const struct list *l, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    bool found = true;

    latd_bind_text(st, 1, l->job);
    latd_bind_text(st, 2, l->page->after);
    sqlite3_bind_int64(st, 3, (int64_t)l->page->limit + 1);
    l->page->more = false;
    for (size_t n = 0; !code; n++) {
        code = latd_rows_step(&found, rows, st, l->doing, err);
        if (code || !found)
            return code;
        if (n == l->page->limit)
            l->page->more = true;
        else
            l->give(st, l->arg);
    }
    return code;
}

/* ---- events ------------------------------------------------------------ */

enum lat_code latd_rows_event_add(struct latd_rows *rows,
                                  const struct latd_job_event *e,
                                  struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT INTO job_event (id, job, created_at, level, type, message, "
        "data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, e->id);
    latd_bind_text(st, 2, e->job);
    sqlite3_bind_int64(st, 3, e->created_at);
    latd_bind_text(st, 4, e->level);
    latd_bind_text(st, 5, e->type);
    latd_bind_text(st, 6, e->message);
    latd_bind_text(st, 7, e->data);
    return latd_rows_run(rows, st, "write an event", err);
}

static void give_event(sqlite3_stmt *st, void *arg)
{
    struct latd_event_query *q = arg;
    struct latd_job_event e = {.created_at = sqlite3_column_int64(st, 2),
                               .level = text(st, 3),
                               .type = text(st, 4),
                               .message = text(st, 5),
                               .data = text(st, 6)};

    latd_column_copy(e.id, sizeof(e.id), st, 0);
    latd_column_copy(e.job, sizeof(e.job), st, 1);
    q->each(q->arg, &e);
}

enum lat_code latd_rows_event_list(struct latd_rows *rows,
                                   struct latd_event_query *q,
                                   struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code;

    if (q->oldest_first)
        code = latd_rows_prepare(
            &st, rows,
            "SELECT id, job, created_at, level, type, message, data "
            "FROM job_event WHERE job = ?1 AND (?2 IS NULL OR id > ?2) "
            "ORDER BY id LIMIT ?3",
            err);
    else
        code = latd_rows_prepare(
            &st, rows,
            "SELECT id, job, created_at, level, type, message, data "
            "FROM job_event WHERE job = ?1 AND (?2 IS NULL OR id < ?2) "
            "ORDER BY id DESC LIMIT ?3",
            err);
    if (code)
        return code;
    return list_page(
        rows, st,
        &(struct list){q->job, &q->page, "list events", give_event, q}, err);
}

/* ---- checkpoints ------------------------------------------------------- */

enum lat_code latd_rows_checkpoint_add(struct latd_rows *rows,
                                       const struct latd_job_checkpoint *c,
                                       struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT OR IGNORE INTO job_checkpoint (id, job, created_at, step, "
        "model, metrics) VALUES (?, ?, ?, ?, ?, ?)",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, c->id);
    latd_bind_text(st, 2, c->job);
    sqlite3_bind_int64(st, 3, c->created_at);
    sqlite3_bind_int64(st, 4, c->step);
    latd_bind_text(st, 5, c->model);
    latd_bind_text(st, 6, c->metrics);
    return latd_rows_run(rows, st, "write a checkpoint", err);
}

enum lat_code latd_rows_checkpoint_prune(struct latd_rows *rows,
                                         const char *job, size_t keep,
                                         struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "DELETE FROM job_checkpoint WHERE job = ?1 AND step NOT IN "
        "(SELECT step FROM job_checkpoint WHERE job = ?1 "
        "ORDER BY step DESC LIMIT ?2)",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, job);
    sqlite3_bind_int64(st, 2, (int64_t)keep);
    return latd_rows_run(rows, st, "drop checkpoints", err);
}

static void give_checkpoint(sqlite3_stmt *st, void *arg)
{
    struct latd_checkpoint_query *q = arg;
    struct latd_job_checkpoint c = {.created_at = sqlite3_column_int64(st, 2),
                                    .step = sqlite3_column_int64(st, 3),
                                    .model = text(st, 4),
                                    .metrics = text(st, 5)};

    latd_column_copy(c.id, sizeof(c.id), st, 0);
    latd_column_copy(c.job, sizeof(c.job), st, 1);
    q->each(q->arg, &c);
}

enum lat_code latd_rows_checkpoint_list(struct latd_rows *rows,
                                        struct latd_checkpoint_query *q,
                                        struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT id, job, created_at, step, model, metrics FROM job_checkpoint "
        "WHERE job = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
        err);

    if (code)
        return code;
    return list_page(rows, st,
                     &(struct list){q->job, &q->page, "list checkpoints",
                                    give_checkpoint, q},
                     err);
}
