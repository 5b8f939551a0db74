/* writer.c - the store thread: changes, several in a transaction. */
#include "database.h"

/* As many in one transaction: what waits longer is on disk no sooner. */
enum { GROUP_MAX = 256 };

/* ---- one change -------------------------------------------------------- */

/* In a savepoint: one that fails takes nothing else with it.  SQLite itself
 * ends the transaction at some failures (a full disk, no memory): then *whole
 * is false, and nothing of it is left. */
static void run_one(struct latd_rows *rows, struct latd_change *c, bool *whole)
{
    struct latd_after **mark = latd_rows_mark(rows);

    c->err = (struct lat_err){0};
    c->code = latd_db_exec(rows->db, "SAVEPOINT change", &c->err);
    if (!c->code)
        c->code = c->run(c, rows, &c->err);
    *whole = !sqlite3_get_autocommit(rows->db);
    if (!*whole) {
        if (!c->code)
            c->code = latd_rows_fail(rows, "write", &c->err);
        return;
    }
    if (c->code) {
        latd_rows_unmark(rows, mark);
        sqlite3_exec(rows->db, "ROLLBACK TO change", NULL, NULL, NULL);
    }
    sqlite3_exec(rows->db, "RELEASE change", NULL, NULL, NULL);
}

static enum lat_code begin(struct latd_rows *rows, struct lat_err *err)
{
    if (sqlite3_exec(rows->db, "BEGIN IMMEDIATE", NULL, NULL, NULL))
        return latd_rows_fail(rows, "begin", err);
    return LAT_OK;
}

static enum lat_code commit(struct latd_rows *rows, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    if (sqlite3_exec(rows->db, "COMMIT", NULL, NULL, NULL))
        code = latd_rows_fail(rows, "commit", err);
    if (code && !sqlite3_get_autocommit(rows->db))
        sqlite3_exec(rows->db, "ROLLBACK", NULL, NULL, NULL);
    if (code)
        latd_rows_undone(rows);
    else
        latd_rows_committed(rows);
    return code;
}

/* ---- a group ----------------------------------------------------------- */

/* All of list in one transaction; not LAT_OK when none of it was kept. */
static enum lat_code try_group(struct latd_rows *rows, struct latd_change *list)
{
    enum lat_code code = begin(rows, NULL);
    bool whole = true;

    if (code)
        return code;
    for (struct latd_change *c = list; c && whole; c = c->next)
        run_one(rows, c, &whole);
    if (whole)
        return commit(rows, NULL);
    latd_rows_undone(rows);
    return LAT_EIO;
}

/* One in a transaction of its own, so that the failure is its own as well. */
static void run_alone(struct latd_rows *rows, struct latd_change *c)
{
    struct lat_err err = {0};
    enum lat_code code = begin(rows, &err);
    bool whole = true;

    if (!code) {
        run_one(rows, c, &whole);
        if (!whole)
            latd_rows_undone(rows);
        else
            code = commit(rows, &err);
    }
    if (code) {
        c->code = code;
        c->err = err;
    }
}

static void run_group(struct latd_database *db, struct latd_change *list)
{
    struct latd_change *next;

    if (!list->next)
        run_alone(&db->out, list);
    else if (try_group(&db->out, list))
        for (struct latd_change *c = list; c; c = c->next)
            run_alone(&db->out, c);
    atomic_fetch_add(&db->committed, 1);
    for (struct latd_change *c = list; c; c = next) {
        next = c->next;
        c->next = NULL;
        atomic_fetch_add(c->code ? &db->failed : &db->changes, 1);
        c->done(c); /* c is the poster's from here on */
    }
}

/* ---- the thread -------------------------------------------------------- */

/* What waits, up to a bound; NULL when closing and empty. */
static struct latd_change *take(struct latd_database *db)
{
    struct latd_change *all, **end;
    size_t n = 0;

    pthread_mutex_lock(&db->lock);
    while (!db->first && !db->closing)
        pthread_cond_wait(&db->filled, &db->lock);
    all = db->first;
    for (end = &all; *end && n < GROUP_MAX; n++)
        end = &(*end)->next;
    db->first = *end;
    *end = NULL;
    if (!db->first)
        db->last = &db->first;
    db->waiting -= n;
    pthread_mutex_unlock(&db->lock);
    return all;
}

void *latd_writer_run(void *arg)
{
    struct latd_database *db = arg;
    struct latd_change *list;

    while ((list = take(db)) != NULL)
        run_group(db, list);
    return NULL;
}
