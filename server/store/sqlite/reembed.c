/* reembed.c - how far the re-embedding of recordings is. */
#include "../reembed.h"
#include "recordings.h"

#include <string.h>
#include <time.h>

#define COLUMNS                                                             \
    "id, model, digest, source, drops, state, last, total, done, skipped, " \
    "error, created_at, changed_at"

/* What is to be done: with a waveform, without vectors of ?1, and, unless ?2
 * is NULL, with some of that. */
#define TO_DO                                                              \
    " FROM recording WHERE EXISTS (SELECT 1 FROM waveform WHERE recording" \
    " = recording.n) AND NOT EXISTS (SELECT 1 FROM vectors WHERE"          \
    " recording = recording.n AND digest = ?1) AND (?2 IS NULL OR EXISTS"  \
    " (SELECT 1 FROM vectors WHERE recording = recording.n AND digest ="   \
    " ?2))"

static void text_of(char *to, size_t size, sqlite3_stmt *st, int i)
{
    const char *text = (const char *)sqlite3_column_text(st, i);
    size_t len = text ? strlen(text) : 0;

    len = len < size ? len : size - 1;
    if (len)
        memcpy(to, text, len);
    to[len] = '\0';
}

static void read_row(struct latd_reembedding *t, sqlite3_stmt *st)
{
    *t = (struct latd_reembedding){0};
    text_of(t->id, sizeof(t->id), st, 0);
    text_of(t->model, sizeof(t->model), st, 1);
    text_of(t->digest, sizeof(t->digest), st, 2);
    text_of(t->source, sizeof(t->source), st, 3);
    t->drops = sqlite3_column_int(st, 4) != 0;
    text_of(t->state, sizeof(t->state), st, 5);
    text_of(t->last, sizeof(t->last), st, 6);
    t->total = (uint64_t)sqlite3_column_int64(st, 7);
    t->done = (uint64_t)sqlite3_column_int64(st, 8);
    t->skipped = (uint64_t)sqlite3_column_int64(st, 9);
    text_of(t->error, sizeof(t->error), st, 10);
    t->created_at = sqlite3_column_int64(st, 11);
    t->changed_at = sqlite3_column_int64(st, 12);
}

static void bind_what(sqlite3_stmt *st, const struct latd_reembedding *t)
{
    latd_bind_text(st, 1, t->digest);
    if (t->source[0])
        latd_bind_text(st, 2, t->source);
}

static enum lat_code count(struct latd_rows *rows, struct latd_reembedding *t,
                           struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code =
        latd_rows_prepare(&st, rows, "SELECT count(*)" TO_DO, err);

    if (code)
        return code;
    bind_what(st, t);
    code = latd_rows_step(&found, rows, st, "count recordings", err);
    if (!code && found)
        t->total = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return code;
}

enum lat_code latd_reembed_begin(struct latd_rows *rows,
                                 struct latd_reembedding *t,
                                 struct lat_err *err)
{
    struct latd_reembedding other;
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_reembed_running(&found, rows, &other, err);

    if (!code && found)
        code = lat_fail(err, LAT_EBUSY,
                        "%s is under way: wait for it, or cancel it", other.id);
    if (!code)
        code = count(rows, t, err);
    if (!code)
        code = latd_rows_prepare(
            &st, rows,
            "INSERT INTO reembedding (id, model, digest, source, drops, state, "
            "total, created_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, "
            "'running', ?6, ?7, ?7)",
            err);
    if (code)
        return code;
    t->created_at = t->changed_at = time(NULL);
    strcpy(t->state, "running");
    latd_bind_text(st, 1, t->id);
    latd_bind_text(st, 2, t->model);
    latd_bind_text(st, 3, t->digest);
    latd_bind_text(st, 4, t->source[0] ? t->source : NULL);
    sqlite3_bind_int(st, 5, t->drops);
    sqlite3_bind_int64(st, 6, (int64_t)t->total);
    sqlite3_bind_int64(st, 7, t->created_at);
    return latd_rows_run(rows, st, "begin", err);
}

enum lat_code latd_reembed_save(struct latd_rows *rows,
                                const struct latd_reembedding *t,
                                struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "UPDATE reembedding SET state = ?2, last = ?3, done = ?4, skipped = "
        "?5, error = ?6, changed_at = ?7 WHERE id = ?1 AND state = 'running'",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, t->id);
    latd_bind_text(st, 2, t->state);
    latd_bind_text(st, 3, t->last);
    sqlite3_bind_int64(st, 4, (int64_t)t->done);
    sqlite3_bind_int64(st, 5, (int64_t)t->skipped);
    latd_bind_text(st, 6, t->error);
    sqlite3_bind_int64(st, 7, time(NULL));
    code = latd_rows_run(rows, st, "save", err);
    if (!code && sqlite3_changes(rows->db) == 0)
        code = lat_fail(err, LAT_EBUSY, "%s does not run any more", t->id);
    return code;
}

enum lat_code latd_reembed_cancel(struct latd_rows *rows, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "UPDATE reembedding SET state = 'cancelled', changed_at = ?1 WHERE "
        "state = 'running'",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, time(NULL));
    code = latd_rows_run(rows, st, "cancel", err);
    if (!code && sqlite3_changes(rows->db) == 0)
        code = lat_fail(err, LAT_ENOENT, "nothing is being embedded again");
    return code;
}

enum lat_code latd_reembed_running(bool *found, struct latd_rows *rows,
                                   struct latd_reembedding *t,
                                   struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT " COLUMNS " FROM reembedding WHERE state = 'running'", err);

    *found = false;
    if (!code)
        code = latd_rows_step(found, rows, st, "read", err);
    if (!code && *found)
        read_row(t, st);
    if (!code)
        sqlite3_reset(st);
    return code;
}

enum lat_code latd_reembed_list(struct latd_rows *rows, size_t n,
                                void (*visit)(void *arg,
                                              const struct latd_reembedding *t),
                                void *arg, struct lat_err *err)
{
    struct latd_reembedding t;
    sqlite3_stmt *st;
    bool found = true;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT " COLUMNS " FROM reembedding ORDER BY id DESC LIMIT ?", err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, (int64_t)n);
    while (!code && found) {
        code = latd_rows_step(&found, rows, st, "list", err);
        if (!code && found) {
            read_row(&t, st);
            visit(arg, &t);
        }
    }
    return code;
}

enum lat_code latd_reembed_next(char id[LATD_RECORDING_ID],
                                struct latd_rows *rows,
                                const struct latd_reembedding *t,
                                struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT id" TO_DO " AND id > ?3 ORDER BY id LIMIT 1", err);

    id[0] = '\0';
    if (code)
        return code;
    bind_what(st, t);
    latd_bind_text(st, 3, t->last);
    code = latd_rows_step(&found, rows, st, "find the next", err);
    if (!code && found)
        text_of(id, LATD_RECORDING_ID, st, 0);
    sqlite3_reset(st);
    return code;
}
