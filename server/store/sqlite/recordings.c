/* recordings.c - recordings are put, and go. */
#include "recordings.h"
#include "../reembed.h"

#include <stdlib.h>
#include <string.h>

/* ---- putting ------------------------------------------------------------ */

static enum lat_code insert_embedding(struct latd_rows *rows, int64_t n,
                                      const struct latd_embedding *e,
                                      struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT OR REPLACE INTO vectors (recording, digest, model, windows, "
        "dims, v, keys, pooled) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    latd_bind_text(st, 2, e->digest);
    latd_bind_text(st, 3, e->model);
    sqlite3_bind_int64(st, 4, (int64_t)e->windows);
    sqlite3_bind_int64(st, 5, (int64_t)e->dims);
    latd_bind_blob(st, 6, e->v, e->windows * e->dims * sizeof(*e->v));
    latd_bind_blob(st, 7, e->keys ? (const void *)e->keys : "",
                   e->n_keys * LAT_DIGEST);
    sqlite3_bind_int64(st, 8, (int64_t)e->pooled);
    return latd_rows_run(rows, st, "write vectors", err);
}

static enum lat_code insert_waveform(struct latd_rows *rows, int64_t n,
                                     const struct latd_waveform *w,
                                     struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code =
        latd_rows_prepare(&st, rows,
                          "INSERT INTO waveform (recording, signal, v) VALUES "
                          "(?, ?, ?)",
                          err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    latd_bind_text(st, 2, w->signal);
    latd_bind_blob(st, 3, w->v, w->n * sizeof(*w->v));
    return latd_rows_run(rows, st, "write waveform", err);
}

/* The row alone; *n is its number, 0 for a new one. */
static enum lat_code write_row(int64_t *n, struct latd_rows *rows,
                               struct latd_recording *r, int64_t now,
                               struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT INTO recording (id, subject, metadata, created_at, "
        "changed_at, etag) VALUES (?1, ?2, ?3, ?4, ?4, ?5) ON CONFLICT (id) "
        "DO UPDATE SET subject = ?2, metadata = ?3, changed_at = ?4, etag = ?5 "
        "RETURNING n, created_at, changed_at",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, r->id);
    latd_bind_text(st, 2, r->subject[0] ? r->subject : NULL);
    latd_bind_text(st, 3, r->metadata);
    sqlite3_bind_int64(st, 4, now);
    latd_bind_blob(st, 5, r->etag, LAT_DIGEST);
    code = latd_rows_step(&found, rows, st, "write recording", err);
    if (code)
        return code;
    *n = sqlite3_column_int64(st, 0);
    r->created_at = sqlite3_column_int64(st, 1);
    r->changed_at = sqlite3_column_int64(st, 2);
    return latd_rows_run(rows, st, "write recording", err);
}

/* The times of one that stays as it is. */
static enum lat_code read_times(struct latd_rows *rows,
                                struct latd_recording *r, int64_t n,
                                struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT created_at, changed_at FROM recording WHERE n = ?",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    code = latd_rows_step(&found, rows, st, "read recording", err);
    if (code || !found)
        return code;
    r->created_at = sqlite3_column_int64(st, 0);
    r->changed_at = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return LAT_OK;
}

static enum lat_code run_for(struct latd_rows *rows, const char *sql, int64_t n,
                             int *changed, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(&st, rows, sql, err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    code = latd_rows_run(rows, st, "delete", err);
    *changed = sqlite3_changes(rows->db);
    return code;
}

static enum lat_code take_keys(struct latd_deleted *out, struct latd_rows *rows,
                               int64_t n, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = true;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT keys FROM vectors WHERE recording = ?", err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    while (!code && found) {
        code = latd_rows_step(&found, rows, st, "read keys", err);
        if (!code && found && sqlite3_column_bytes(st, 0) > 0)
            lat_buf_put(&out->keys, sqlite3_column_blob(st, 0),
                        (size_t)sqlite3_column_bytes(st, 0));
    }
    if (!code && out->keys.failed)
        code = lat_fail(err, LAT_ENOMEM, "keys");
    return code;
}

/* What hangs on recording n goes, and is counted. */
static enum lat_code clear(struct latd_deleted *out, struct latd_rows *rows,
                           int64_t n, struct lat_err *err)
{
    int vectors = 0, waveforms = 0;
    enum lat_code code = take_keys(out, rows, n, err);

    if (!code)
        code = run_for(rows, "DELETE FROM vectors WHERE recording = ?", n,
                       &vectors, err);
    if (!code)
        code = run_for(rows, "DELETE FROM waveform WHERE recording = ?", n,
                       &waveforms, err);
    out->vectors += (uint64_t)vectors;
    out->waveforms += (uint64_t)waveforms;
    return code;
}

static enum lat_code write_all(struct latd_rows *rows, struct latd_recording *r,
                               int64_t now, struct lat_err *err)
{
    int64_t n = 0;
    enum lat_code code = write_row(&n, rows, r, now, err);

    for (size_t i = 0; i < r->n && !code; i++)
        code = insert_embedding(rows, n, &r->embeddings[i], err);
    if (!code && r->waveform.signal)
        code = insert_waveform(rows, n, &r->waveform, err);
    return code ? code : latd_told_put(rows, r->id, err);
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct latd_embedding *)a)->digest,
                  ((const struct latd_embedding *)b)->digest);
}

enum lat_code latd_recordings_put(struct latd_put *put, struct latd_rows *rows,
                                  struct latd_recording *r, struct lat_err *err)
{
    const struct latd_match must = {.if_match = put->match.if_match};
    uint8_t was[LAT_DIGEST];
    int64_t n = 0;
    enum lat_code code = latd_recording_find(&n, was, rows, r->id, err);

    latd_deleted_fini(&put->replaced); /* of a run before */
    qsort(r->embeddings, r->n, sizeof(r->embeddings[0]), by_digest);
    latd_recording_tag(r->etag, r);
    if (code)
        return code;
    if (n && memcmp(was, r->etag, LAT_DIGEST) == 0) {
        /* Another may have said the same on top of what this one read. */
        put->result = LATD_PUT_SAME;
        code = latd_match_check(&must, was, err);
        return code ? code : read_times(rows, r, n, err);
    }
    code = latd_match_check(&put->match, n ? was : NULL, err);
    if (!code && n) {
        put->replaced.recordings = 1;
        code = clear(&put->replaced, rows, n, err);
    }
    if (!code)
        code = write_all(rows, r, put->now, err);
    put->result = n ? LATD_PUT_REPLACED : LATD_PUT_CREATED;
    return code;
}

/* Its vectors are others: its tag follows, and whoever listens is told. */
static enum lat_code retag(struct latd_rows *rows, const char *id,
                           struct lat_err *err)
{
    struct latd_recording r = {0};
    int64_t n = 0;
    enum lat_code code = latd_recordings_get(
        &r, rows, id, LATD_WITH_VECTORS | LATD_WITH_WAVEFORM, err);

    if (!code) {
        latd_recording_tag(r.etag, &r);
        code = write_row(&n, rows, &r, r.changed_at, err);
    }
    if (!code)
        code = latd_told_put(rows, id, err);
    latd_recording_fini(&r);
    return code;
}

enum lat_code latd_recordings_drop(struct latd_rows *rows, const char *id,
                                   const char *digest, struct lat_err *err)
{
    uint8_t was[LAT_DIGEST];
    sqlite3_stmt *st;
    int64_t n = 0;
    enum lat_code code = latd_recording_find(&n, was, rows, id, err);

    if (!code)
        code = latd_rows_prepare(
            &st, rows, "DELETE FROM vectors WHERE recording = ? AND digest = ?",
            err);
    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    latd_bind_text(st, 2, digest);
    code = latd_rows_run(rows, st, "drop vectors", err);
    return code ? code : retag(rows, id, err);
}

enum lat_code latd_recordings_embed(struct latd_rows *rows, const char *id,
                                    const uint8_t etag[LAT_DIGEST],
                                    const struct latd_embedding *e,
                                    struct lat_err *err)
{
    uint8_t was[LAT_DIGEST];
    int64_t n = 0;
    enum lat_code code = latd_recording_find(&n, was, rows, id, err);

    if (!code && !n)
        code = lat_fail(err, LAT_ENOENT, "it is gone");
    if (!code && memcmp(was, etag, LAT_DIGEST) != 0)
        code = lat_fail(err, LAT_EMATCH, "it was changed since");
    if (!code)
        code = insert_embedding(rows, n, e, err);
    return code ? code : retag(rows, id, err);
}

/* ---- deleting ----------------------------------------------------------- */

static enum lat_code delete_one(struct latd_deleted *out,
                                struct latd_rows *rows, int64_t n,
                                const char *id, struct lat_err *err)
{
    int gone = 0;
    enum lat_code code = clear(out, rows, n, err);

    if (!code)
        code =
            run_for(rows, "DELETE FROM recording WHERE n = ?", n, &gone, err);
    out->recordings += (uint64_t)gone;
    if (!code)
        code = latd_told_removed(rows, id, err);
    return code;
}

enum lat_code latd_recordings_delete(struct latd_deleted *out,
                                     struct latd_rows *rows, const char *id,
                                     const struct latd_match *match,
                                     struct lat_err *err)
{
    uint8_t was[LAT_DIGEST];
    int64_t n = 0;
    enum lat_code code = latd_recording_find(&n, was, rows, id, err);

    latd_deleted_fini(out); /* of a run before */
    if (!code && !n && !match->if_match)
        return lat_fail_word(err, LAT_ENOENT, "recording_not_found",
                             "no recording %.200s", id);
    if (!code)
        code = latd_match_check(match, n ? was : NULL, err);
    return code ? code : delete_one(out, rows, n, id, err);
}

/* All that st finds, as (n, id).  Its ORDER BY has a plus, so that it is sorted
 * before the first is deleted. */
static enum lat_code delete_found(struct latd_deleted *out,
                                  struct latd_rows *rows, sqlite3_stmt *st,
                                  struct lat_err *err)
{
    bool found = true;
    enum lat_code code = LAT_OK;

    while (!code && found) {
        code = latd_rows_step(&found, rows, st, "find recordings", err);
        if (!code && found)
            code = delete_one(out, rows, sqlite3_column_int64(st, 0),
                              (const char *)sqlite3_column_text(st, 1), err);
    }
    sqlite3_reset(st);
    return code;
}

enum lat_code latd_recordings_delete_subject(struct latd_deleted *out,
                                             struct latd_rows *rows,
                                             const char *subject,
                                             struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT n, id FROM recording WHERE subject = ? ORDER BY +n",
        err);

    latd_deleted_fini(out);
    if (code)
        return code;
    latd_bind_text(st, 1, subject);
    return delete_found(out, rows, st, err);
}

enum lat_code latd_recordings_expire(struct latd_deleted *out,
                                     struct latd_rows *rows, int64_t before,
                                     size_t n, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code =
        latd_rows_prepare(&st, rows,
                          "SELECT n, id FROM recording WHERE changed_at < ? "
                          "ORDER BY +changed_at LIMIT ?",
                          err);

    latd_deleted_fini(out);
    if (code)
        return code;
    sqlite3_bind_int64(st, 1, before);
    sqlite3_bind_int64(st, 2, (int64_t)n);
    return delete_found(out, rows, st, err);
}
