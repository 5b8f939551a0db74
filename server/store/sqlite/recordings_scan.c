/* recordings_scan.c - recordings one by one, for exports. */
#include "recordings.h"

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
