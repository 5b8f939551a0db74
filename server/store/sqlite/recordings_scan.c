/* recordings_scan.c - recordings one by one, and all vectors at once. */
#include "recordings.h"

enum { SCAN_STEP = 10000 }; /* vectors between two calls of progress */

#define SCAN                                                         \
    "SELECT id, vectors.digest, windows, dims, v FROM vectors JOIN " \
    "recording ON recording.n = vectors.recording"

/* ---- a cursor ------------------------------------------------------------ */

struct latd_recordings_cursor {
    struct latd_rows rows; /* its own */
    unsigned with;
    sqlite3_stmt *st;
    uint64_t count;
    struct latd_recording r; /* the one that is lent */
};

static enum lat_code count_all(uint64_t *n, struct latd_rows *rows,
                               const struct latd_recordings_filter *filter,
                               struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_list_prepare(&st, rows, filter, true, err);

    if (!code)
        code = latd_rows_step(&found, rows, st, "count recordings", err);
    if (code)
        return code;
    *n = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return LAT_OK;
}

enum lat_code latd_recordings_cursor_open(
    struct latd_recordings_cursor **out, struct latd_database *db,
    const struct latd_recordings_filter *filter, unsigned with,
    struct lat_err *err)
{
    struct latd_recordings_cursor *c = lat_calloc(1, sizeof(*c));
    enum lat_code code;

    if (!c)
        return lat_fail(err, LAT_ENOMEM, "cursor");
    c->with = with;
    code = latd_rows_open(&c->rows, db->path, false, err);
    if (!code)
        code = latd_db_exec(c->rows.db, "BEGIN", err);
    if (!code)
        code = count_all(&c->count, &c->rows, filter, err);
    if (!code)
        code = latd_list_prepare(&c->st, &c->rows, filter, false, err);
    if (code)
        latd_recordings_cursor_close(c);
    else
        *out = c;
    return code;
}

uint64_t latd_recordings_cursor_count(const struct latd_recordings_cursor *c)
{
    return c->count;
}

enum lat_code latd_recordings_cursor_next(const struct latd_recording **out,
                                          struct latd_recordings_cursor *c,
                                          struct lat_err *err)
{
    bool found = false;
    enum lat_code code = LAT_OK;

    latd_recording_fini(&c->r);
    if (c->st)
        code = latd_list_next(&c->r, &found, &c->rows, c->st, c->with, err);
    if (!found)
        c->st = NULL; /* it would begin anew */
    *out = found ? &c->r : NULL;
    return code;
}

void latd_recordings_cursor_close(struct latd_recordings_cursor *c)
{
    if (!c)
        return;
    latd_recording_fini(&c->r);
    latd_rows_close(&c->rows);
    lat_free(c);
}

/* ---- all vectors --------------------------------------------------------- */

static enum lat_code count(int64_t *n, struct latd_rows *rows,
                           const char *digest, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        digest ? "SELECT count(*) FROM vectors WHERE digest = ?"
               : "SELECT count(*) FROM vectors",
        err);

    if (code)
        return code;
    if (digest)
        latd_bind_text(st, 1, digest);
    code = latd_rows_step(&found, rows, st, "count vectors", err);
    if (!code && found)
        *n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return code;
}

/* A copy of the blob, where floats may lie; grows as needed. */
static enum lat_code floats_of(struct lat_buf *out, sqlite3_stmt *st, int i,
                               struct lat_err *err)
{
    size_t len = (size_t)sqlite3_column_bytes(st, i);
    const void *v = sqlite3_column_blob(st, i);

    out->len = 0;
    if (v)
        lat_buf_put(out, v, len);
    if (!v || out->failed)
        return lat_fail(err, LAT_ENOMEM, "%zu bytes", len);
    return LAT_OK;
}

static enum lat_code scan_one(const struct latd_recordings_scan *scan,
                              struct lat_buf *v, sqlite3_stmt *st,
                              struct lat_err *err)
{
    enum lat_code code = floats_of(v, st, 4, err);
    struct latd_vectors_of of = {.id = (const char *)sqlite3_column_text(st, 0),
                                 .digest =
                                     (const char *)sqlite3_column_text(st, 1),
                                 .windows = (size_t)sqlite3_column_int64(st, 2),
                                 .dims = (size_t)sqlite3_column_int64(st, 3)};

    if (code)
        return code;
    of.v = (const float *)(const void *)v->v;
    return scan->visit(scan->arg, &of, err);
}

static enum lat_code scan_all(const struct latd_recordings_scan *scan,
                              struct latd_rows *rows, uint64_t all,
                              struct lat_err *err)
{
    struct lat_buf v = {0};
    sqlite3_stmt *st;
    uint64_t n = 0;
    bool found = true;
    enum lat_code code = latd_rows_prepare(
        &st, rows, scan->digest ? SCAN " WHERE vectors.digest = ?" : SCAN, err);

    if (code)
        return code;
    if (scan->digest)
        latd_bind_text(st, 1, scan->digest);
    while (!code && found) {
        code = latd_rows_step(&found, rows, st, "scan vectors", err);
        if (!code && found)
            code = scan_one(scan, &v, st, err);
        if (!code && scan->progress && ++n % SCAN_STEP == 0 &&
            !scan->progress(scan->arg, n, all))
            code = lat_fail(err, LAT_ECANCEL, "given up");
    }
    sqlite3_reset(st);
    lat_buf_fini(&v);
    return code;
}

enum lat_code latd_recordings_scan(struct latd_database *db,
                                   const struct latd_recordings_scan *scan,
                                   struct lat_err *err)
{
    struct latd_rows *rows = latd_database_borrow(db);
    int64_t all = 0;
    enum lat_code code = count(&all, rows, scan->digest, err);

    if (!code)
        code = scan_all(scan, rows, (uint64_t)all, err);
    latd_database_return(db, rows);
    return code;
}
