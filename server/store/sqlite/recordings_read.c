/* recordings_read.c - recordings are found, listed and scanned. */
#include "recordings.h"

#include <string.h>

/* ---- from rows to a recording ------------------------------------------- */

/* A copy of a blob; NULL when it is empty. */
static enum lat_code blob_of(void *out, size_t *len, sqlite3_stmt *st, int i,
                             struct lat_err *err)
{
    const void *from = sqlite3_column_blob(st, i);
    void *copy;

    *len = (size_t)sqlite3_column_bytes(st, i);
    if (*len == 0)
        return LAT_OK;
    copy = lat_calloc(1, *len);
    if (!from || !copy) {
        lat_free(copy);
        return lat_fail(err, LAT_ENOMEM, "%zu bytes", *len);
    }
    memcpy(copy, from, *len);
    *(void **)out = copy;
    return LAT_OK;
}

/* st is at (digest, model, windows, dims, pooled, v, keys), the last two NULL
 * when not asked for. */
static enum lat_code read_embedding(struct latd_embedding *e, sqlite3_stmt *st,
                                    struct lat_err *err)
{
    size_t len = 0;
    enum lat_code code =
        latd_column_text(e->digest, sizeof(e->digest), st, 0, err);

    if (!code)
        code = latd_column_text(e->model, sizeof(e->model), st, 1, err);
    e->windows = (size_t)sqlite3_column_int64(st, 2);
    e->dims = (size_t)sqlite3_column_int64(st, 3);
    e->pooled = (size_t)sqlite3_column_int64(st, 4);
    if (!code)
        code = blob_of(&e->v, &len, st, 5, err);
    if (!code)
        code = blob_of(&e->keys, &len, st, 6, err);
    e->n_keys = len / LAT_DIGEST;
    return code;
}

static enum lat_code read_embeddings(struct latd_recording *r,
                                     struct latd_rows *rows, int64_t n,
                                     unsigned with, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = true;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT digest, model, windows, dims, pooled, iif(?2, v, NULL), "
        "iif(?3, keys, NULL) FROM vectors WHERE recording = ?1 ORDER BY digest",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    sqlite3_bind_int(st, 2, (with & LATD_WITH_VECTORS) != 0);
    sqlite3_bind_int(st, 3, (with & LATD_WITH_KEYS) != 0);
    while (!code && found) {
        code = latd_rows_step(&found, rows, st, "read vectors", err);
        if (code || !found)
            break;
        if (r->n == LATD_RECORDING_MODELS)
            code = lat_fail(err, LAT_EIO, "vectors of over %d models",
                            LATD_RECORDING_MODELS);
        else
            code = read_embedding(&r->embeddings[r->n++], st, err);
    }
    sqlite3_reset(st);
    return code;
}

static enum lat_code read_waveform(struct latd_recording *r,
                                   struct latd_rows *rows, int64_t n,
                                   unsigned with, struct lat_err *err)
{
    sqlite3_stmt *st;
    size_t len = 0;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT signal, iif(?2, v, NULL) FROM waveform WHERE recording = ?1",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, n);
    sqlite3_bind_int(st, 2, (with & LATD_WITH_WAVEFORM) != 0);
    code = latd_rows_step(&found, rows, st, "read waveform", err);
    if (code || !found)
        return code;
    r->waveform.signal = lat_strdup((const char *)sqlite3_column_text(st, 0));
    code = r->waveform.signal ? blob_of(&r->waveform.v, &len, st, 1, err)
                              : lat_fail(err, LAT_ENOMEM, "waveform");
    r->waveform.n = len / sizeof(*r->waveform.v);
    sqlite3_reset(st);
    return code;
}

/* st is at LATD_COLUMNS. */
static enum lat_code read_recording(struct latd_recording *r,
                                    struct latd_rows *rows, sqlite3_stmt *st,
                                    unsigned with, struct lat_err *err)
{
    int64_t n = sqlite3_column_int64(st, 0);
    enum lat_code code = latd_column_text(r->id, sizeof(r->id), st, 1, err);

    if (!code)
        code = latd_column_text(r->subject, sizeof(r->subject), st, 2, err);
    r->created_at = sqlite3_column_int64(st, 4);
    r->changed_at = sqlite3_column_int64(st, 5);
    if (!code && sqlite3_column_bytes(st, 6) == LAT_DIGEST)
        memcpy(r->etag, sqlite3_column_blob(st, 6), LAT_DIGEST);
    r->metadata = lat_strdup((const char *)sqlite3_column_text(st, 3));
    if (!code && !r->metadata)
        code = lat_fail(err, LAT_ENOMEM, "metadata");
    if (!code)
        code = read_embeddings(r, rows, n, with, err);
    if (!code && !(with & LATD_LEAVE_WAVEFORM))
        code = read_waveform(r, rows, n, with, err);
    if (code)
        lat_wrap(err, code, "recording %.80s", r->id);
    return code;
}

/* ---- one ----------------------------------------------------------------- */

enum lat_code latd_recording_find(int64_t *n, uint8_t etag[LAT_DIGEST],
                                  struct latd_rows *rows, const char *id,
                                  struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT n, etag FROM recording WHERE id = ?", err);

    *n = 0;
    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_step(&found, rows, st, "find recording", err);
    if (code || !found)
        return code;
    *n = sqlite3_column_int64(st, 0);
    memcpy(etag, sqlite3_column_blob(st, 1), LAT_DIGEST);
    sqlite3_reset(st);
    return LAT_OK;
}

enum lat_code latd_recordings_get(struct latd_recording *out,
                                  struct latd_rows *rows, const char *id,
                                  unsigned with, struct lat_err *err)
{
    struct latd_recording r = {0};
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT " LATD_COLUMNS " FROM recording WHERE id = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_step(&found, rows, st, "read recording", err);
    if (!code && !found)
        return lat_fail_word(err, LAT_ENOENT, "recording_not_found",
                             "no recording %.200s", id);
    if (!code)
        code = read_recording(&r, rows, st, with, err);
    sqlite3_reset(st);
    if (code)
        latd_recording_fini(&r);
    else
        *out = r;
    return code;
}

/* ---- many ---------------------------------------------------------------- */

/* As schema/sql/data/0007_attributes.sql has them, in bytes. */
enum { ATTRIBUTE_KEY = 127, ATTRIBUTE_VALUE = 255 };

#define METADATA(key, value)                                              \
    " AND (?" key " IS NULL OR EXISTS (SELECT 1 FROM json_each(metadata)" \
    " WHERE key = ?" key " AND CASE type WHEN 'true' THEN 'true'"         \
    " WHEN 'false' THEN 'false' WHEN 'null' THEN 'null'"                  \
    " ELSE CAST(value AS TEXT) END = ?" value "))"

#define OF_MODEL                                            \
    " AND ((?2 IS NULL AND ?3 IS NULL) OR EXISTS (SELECT 1" \
    " FROM vectors WHERE recording = recording.n"           \
    " AND (?2 IS NULL OR model = ?2"                        \
    " OR substr(model, 1, length(?2) + 1) = ?2 || '@')"     \
    " AND (?3 IS NULL OR digest = ?3)))"

#define WHERE                                                          \
    " WHERE id > ?1" OF_MODEL METADATA("6", "7") METADATA("8", "9")    \
        METADATA("10", "11") METADATA("12", "13") METADATA("14", "15") \
            METADATA("16", "17") METADATA("18", "19") METADATA("20", "21")

/* The same by the first key and value, whose recordings stand together in the
 * order of their ids; the others are looked up beside it. */
#define ALSO(key, value)                                        \
    " AND (?" key " IS NULL OR EXISTS (SELECT 1 FROM attribute" \
    " AS b WHERE b.key = ?" key " AND b.value = ?" value        \
    " AND b.recording_id = a.recording_id))"

#define BY_ATTRIBUTE                                                         \
    " FROM attribute AS a CROSS JOIN recording ON id = a.recording_id WHERE" \
    " a.key = ?6 AND a.value = ?7 AND a.recording_id > ?1" ALSO("8", "9")    \
        ALSO("10", "11") ALSO("12", "13") ALSO("14", "15") ALSO("16", "17")  \
            ALSO("18", "19") ALSO("20", "21") OF_MODEL

#define PAGE " ORDER BY id LIMIT ?5"

_Static_assert(LATD_FILTERS_MAX == 8, "as many as METADATA stands in WHERE");

/* A copy: a cursor outlives who asked for it. */
static void bind_copy(sqlite3_stmt *st, int i, const char *text)
{
    if (text)
        sqlite3_bind_text(st, i, text, -1, SQLITE_TRANSIENT);
}

static void bind_filter(sqlite3_stmt *st,
                        const struct latd_recordings_filter *f)
{
    bind_copy(st, 1, f->after ? f->after : "");
    bind_copy(st, 2, f->model);
    bind_copy(st, 3, f->digest);
    if (f->subject)
        bind_copy(st, 4, f->subject);
    sqlite3_bind_int64(st, 5, f->limit ? (int64_t)f->limit : -1);
    for (size_t i = 0; i < f->n; i++) {
        bind_copy(st, 6 + 2 * (int)i, f->metadata[i].key);
        bind_copy(st, 7 + 2 * (int)i, f->metadata[i].value);
    }
}

enum driver { BY_ID, BY_SUBJECT, BY_VALUE };

/* With a subject, by its index; with metadata, by theirs, unless a value is too
 * long to be in it; else by that of the ids. */
static enum driver driver_of(const struct latd_recordings_filter *f)
{
    if (f->subject)
        return BY_SUBJECT;
    for (size_t i = 0; i < f->n; i++)
        if (strlen(f->metadata[i].key) > ATTRIBUTE_KEY ||
            strlen(f->metadata[i].value) > ATTRIBUTE_VALUE)
            return BY_ID;
    return f->n ? BY_VALUE : BY_ID;
}

enum lat_code latd_list_prepare(sqlite3_stmt **st, struct latd_rows *rows,
                                const struct latd_recordings_filter *f,
                                bool counted, struct lat_err *err)
{
    static const char *const sql[2][3] = {
        {"SELECT " LATD_COLUMNS " FROM recording" WHERE PAGE,
         "SELECT " LATD_COLUMNS " FROM recording" WHERE
         " AND subject = ?4" PAGE,
         "SELECT " LATD_COLUMNS BY_ATTRIBUTE
         " ORDER BY a.recording_id LIMIT ?5"},
        {"SELECT count(*) FROM recording" WHERE " AND ?4 IS NULL AND ?5",
         "SELECT count(*) FROM recording" WHERE " AND subject = ?4 AND ?5",
         "SELECT count(*)" BY_ATTRIBUTE " AND ?4 IS NULL AND ?5"},
    };
    enum lat_code code =
        latd_rows_prepare(st, rows, sql[counted][driver_of(f)], err);

    if (!code)
        bind_filter(*st, f);
    return code;
}

enum lat_code latd_list_next(struct latd_recording *r, bool *found,
                             struct latd_rows *rows, sqlite3_stmt *st,
                             unsigned with, struct lat_err *err)
{
    enum lat_code code =
        latd_rows_step(found, rows, st, "list recordings", err);

    if (!code && *found)
        code = read_recording(r, rows, st, with, err);
    return code;
}

enum lat_code latd_recordings_list(
    struct latd_rows *rows, const struct latd_recordings_filter *filter,
    unsigned with,
    enum lat_code (*visit)(void *arg, const struct latd_recording *r,
                           struct lat_err *err),
    void *arg, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = true;
    enum lat_code code = latd_list_prepare(&st, rows, filter, false, err);

    while (!code && found) {
        struct latd_recording r = {0};

        code = latd_list_next(&r, &found, rows, st, with, err);
        if (!code && found)
            code = visit(arg, &r, err);
        latd_recording_fini(&r);
    }
    sqlite3_reset(st);
    return code;
}
