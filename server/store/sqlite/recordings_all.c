/*
 * recordings_all.c - every recording with its vectors, for an index.
 *
 * One ordered statement gives a row for each recording and model; those of one
 * recording stand together.  What is lent lies in memory that the next one
 * uses again: a million recordings are read without a million allocations.
 */
#include "recordings.h"

#include <string.h>

enum { SCAN_STEP = 10000 }; /* recordings between two calls of progress */

/* ---- the one that is being read ------------------------------------------ */

struct whole {
    struct latd_recording r; /* v and metadata are lent by what follows */
    int64_t n;               /* its number; 0: none yet */
    struct lat_buf metadata;
    struct {
        float *v;
        size_t len; /* bytes */
    } room[LATD_RECORDING_MODELS];
};

static void whole_fini(struct whole *w)
{
    lat_buf_fini(&w->metadata);
    for (size_t i = 0; i < LATD_RECORDING_MODELS; i++)
        lat_free(w->room[i].v);
}

/* st is at LATD_COLUMNS. */
static enum lat_code begin_one(struct whole *w, sqlite3_stmt *st,
                               struct lat_err *err)
{
    struct latd_recording *r = &w->r;
    enum lat_code code = latd_column_text(r->id, sizeof(r->id), st, 1, err);

    if (!code)
        code = latd_column_text(r->subject, sizeof(r->subject), st, 2, err);
    if (code)
        return code;
    w->n = sqlite3_column_int64(st, 0);
    w->metadata.len = 0;
    lat_buf_puts(&w->metadata, (const char *)sqlite3_column_text(st, 3));
    if (w->metadata.failed)
        return lat_fail(err, LAT_ENOMEM, "metadata");
    r->metadata = w->metadata.v;
    r->created_at = sqlite3_column_int64(st, 4);
    r->changed_at = sqlite3_column_int64(st, 5);
    if (sqlite3_column_bytes(st, 6) == LAT_DIGEST)
        memcpy(r->etag, sqlite3_column_blob(st, 6), LAT_DIGEST);
    r->n = 0;
    return LAT_OK;
}

/* Room for len bytes of vectors; what was there is not kept. */
static float *room_for(struct whole *w, size_t i, size_t len)
{
    if (w->room[i].len >= len)
        return w->room[i].v;
    lat_free(w->room[i].v);
    w->room[i].v = lat_calloc(1, len);
    w->room[i].len = w->room[i].v ? len : 0;
    return w->room[i].v;
}

/* st is at COLUMNS_OF_BOTH. */
static enum lat_code add_embedding(struct whole *w, sqlite3_stmt *st,
                                   struct lat_err *err)
{
    struct latd_embedding *e = &w->r.embeddings[w->r.n];
    const void *from = sqlite3_column_blob(st, 12);
    size_t len = (size_t)sqlite3_column_bytes(st, 12);
    enum lat_code code;

    if (w->r.n == LATD_RECORDING_MODELS)
        return lat_fail(err, LAT_EIO, "vectors of over %d models",
                        LATD_RECORDING_MODELS);
    code = latd_column_text(e->digest, sizeof(e->digest), st, 7, err);
    if (!code)
        code = latd_column_text(e->model, sizeof(e->model), st, 8, err);
    if (code)
        return code;
    e->windows = (size_t)sqlite3_column_int64(st, 9);
    e->dims = (size_t)sqlite3_column_int64(st, 10);
    e->pooled = (size_t)sqlite3_column_int64(st, 11);
    e->v = room_for(w, w->r.n, len);
    if (!from || !e->v)
        return lat_fail(err, LAT_ENOMEM, "%zu bytes of vectors", len);
    memcpy(e->v, from, len);
    w->r.n++;
    return LAT_OK;
}

/* ---- all of them --------------------------------------------------------- */

#define OF_DIGEST                                                     \
    " WHERE EXISTS (SELECT 1 FROM vectors WHERE recording = r.n AND " \
    "digest = ?)"

#define COLUMNS_OF_BOTH                                                     \
    "r.n, r.id, r.subject, r.metadata, r.created_at, r.changed_at, r.etag," \
    " v.digest, v.model, v.windows, v.dims, v.pooled, v.v"

/* The numbers rise with it; the vectors of a number are found by the index
 * that keeps them unique, so nothing is sorted. */
#define BOTH(where)                                                         \
    "SELECT " COLUMNS_OF_BOTH " FROM recording AS r LEFT JOIN vectors AS v" \
    " ON v.recording = r.n" where " ORDER BY r.n, v.digest"

static enum lat_code count(uint64_t *n, struct latd_rows *rows,
                           const char *digest, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        digest ? "SELECT count(*) FROM recording AS r" OF_DIGEST
               : "SELECT count(*) FROM recording",
        err);

    if (code)
        return code;
    if (digest)
        latd_bind_text(st, 1, digest);
    code = latd_rows_step(&found, rows, st, "count recordings", err);
    if (!code && found)
        *n = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return code;
}

struct pass {
    const struct latd_recordings_scan *scan;
    uint64_t visited, all;
    struct whole one;
};

static enum lat_code finish_one(struct pass *p, struct lat_err *err)
{
    const struct latd_recordings_scan *scan = p->scan;
    enum lat_code code =
        p->one.n ? scan->visit(scan->arg, &p->one.r, err) : LAT_OK;

    if (!code && p->one.n && ++p->visited % SCAN_STEP == 0 && scan->progress &&
        !scan->progress(scan->arg, p->visited, p->all))
        code = lat_fail(err, LAT_ECANCEL, "given up");
    return code;
}

static enum lat_code take_row(struct pass *p, sqlite3_stmt *st,
                              struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    if (sqlite3_column_int64(st, 0) != p->one.n) {
        code = finish_one(p, err);
        if (!code)
            code = begin_one(&p->one, st, err);
    }
    if (!code && sqlite3_column_type(st, 7) != SQLITE_NULL)
        code = add_embedding(&p->one, st, err);
    return code;
}

static enum lat_code scan_all(struct pass *p, struct latd_rows *rows,
                              struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = true;
    enum lat_code code = latd_rows_prepare(
        &st, rows, p->scan->digest ? BOTH(OF_DIGEST) : BOTH(""), err);

    if (code)
        return code;
    if (p->scan->digest)
        latd_bind_text(st, 1, p->scan->digest);
    while (!code && found) {
        code = latd_rows_step(&found, rows, st, "read recordings", err);
        if (!code)
            code = found ? take_row(p, st, err) : finish_one(p, err);
    }
    sqlite3_reset(st);
    return code;
}

enum lat_code latd_recordings_scan(struct latd_database *db,
                                   const struct latd_recordings_scan *scan,
                                   struct lat_err *err)
{
    struct latd_rows *rows = latd_database_borrow(db);
    struct pass p = {.scan = scan};
    enum lat_code code = count(&p.all, rows, scan->digest, err);

    if (!code)
        code = scan_all(&p, rows, err);
    whole_fini(&p.one);
    latd_database_return(db, rows);
    return code;
}
