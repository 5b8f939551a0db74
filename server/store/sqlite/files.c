/* files.c - rows of files, and who needs them. */
#include "../files.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS \
    "id, created_at, filename, purpose, status, bytes, sha256, report"

/* report is the statement's. */
static void take(struct latd_file *f, sqlite3_stmt *st)
{
    memset(f, 0, sizeof(*f));
    latd_column_copy(f->id, sizeof(f->id), st, 0);
    f->created_at = sqlite3_column_int64(st, 1);
    latd_column_copy(f->filename, sizeof(f->filename), st, 2);
    latd_column_copy(f->purpose, sizeof(f->purpose), st, 3);
    f->usable =
        strcmp((const char *)sqlite3_column_text(st, 4), "processed") == 0;
    f->bytes = (uint64_t)sqlite3_column_int64(st, 5);
    latd_column_copy(f->sha256, sizeof(f->sha256), st, 6);
    f->report = (char *)sqlite3_column_text(st, 7);
}

static enum lat_code fail_missing(const char *id, struct lat_err *err)
{
    return lat_fail_word(err, LAT_ENOENT, "file_not_found",
                         "there is no file %.60s", id);
}

void latd_file_fini(struct latd_file *f)
{
    lat_free(f->report);
    f->report = NULL;
}

enum lat_code latd_rows_file_get(struct latd_file *out, struct latd_rows *rows,
                                 const char *id, struct lat_err *err)
{
    sqlite3_stmt *st;
    struct latd_file f;
    bool found;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT " COLUMNS " FROM file WHERE id = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_step(&found, rows, st, "read a file's row", err);
    if (code)
        return code;
    if (!found)
        return fail_missing(id, err);
    take(&f, st);
    f.report = lat_strdup(f.report);
    sqlite3_reset(st);
    if (!f.report)
        return lat_fail(err, LAT_ENOMEM, "a file's row");
    *out = f;
    return LAT_OK;
}

enum lat_code latd_rows_file_list(struct latd_file_list *list,
                                  struct latd_rows *rows, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        list->oldest_first
            ? "SELECT " COLUMNS " FROM file WHERE (?1 IS NULL OR id > ?1) AND "
              "(?2 IS NULL OR purpose = ?2) ORDER BY id LIMIT ?3"
            : "SELECT " COLUMNS " FROM file WHERE (?1 IS NULL OR id < ?1) AND "
              "(?2 IS NULL OR purpose = ?2) ORDER BY id DESC LIMIT ?3",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, list->after);
    latd_bind_text(st, 2, list->purpose);
    sqlite3_bind_int64(st, 3, (int64_t)list->limit + 1);
    list->more = false;
    for (size_t n = 0;; n++) {
        struct latd_file f;

        code = latd_rows_step(&found, rows, st, "list files", err);
        if (code || !found)
            return code;
        if (n == list->limit)
            break;
        take(&f, st);
        list->each(list->arg, &f);
    }
    list->more = true;
    sqlite3_reset(st);
    return LAT_OK;
}

enum lat_code latd_rows_file_put(struct latd_rows *rows,
                                 const struct latd_file *f, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT INTO file (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)", err);

    if (code)
        return code;
    latd_bind_text(st, 1, f->id);
    sqlite3_bind_int64(st, 2, f->created_at);
    latd_bind_text(st, 3, f->filename);
    latd_bind_text(st, 4, f->purpose);
    latd_bind_text(st, 5, f->usable ? "processed" : "error");
    sqlite3_bind_int64(st, 6, (int64_t)f->bytes);
    latd_bind_text(st, 7, f->sha256);
    latd_bind_text(st, 8, f->report);
    return latd_rows_run(rows, st, "write a file's row", err);
}

/* LAT_EBUSY names the first who needs it. */
static enum lat_code check_unused(struct latd_rows *rows, const char *id,
                                  struct lat_err *err)
{
    sqlite3_stmt *st;
    char holder[LATD_ID_MAX];
    bool found;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT holder FROM file_use WHERE file = ? LIMIT 1", err);

    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_step(&found, rows, st, "look who needs a file", err);
    if (code || !found)
        return code;
    latd_column_copy(holder, sizeof(holder), st, 0);
    sqlite3_reset(st);
    return lat_fail_word(err, LAT_EBUSY, "file_in_use",
                         "file %.60s is needed by %s", id, holder);
}

enum lat_code latd_rows_file_delete(struct latd_rows *rows, const char *id,
                                    struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = check_unused(rows, id, err);

    if (!code)
        code =
            latd_rows_prepare(&st, rows, "DELETE FROM file WHERE id = ?", err);
    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_run(rows, st, "delete a file's row", err);
    if (!code && sqlite3_changes(rows->db) == 0)
        return fail_missing(id, err);
    return code ? code : latd_rows_file_release(rows, id, err);
}

enum lat_code latd_rows_file_hold(struct latd_rows *rows, const char *file,
                                  const char *holder, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found;
    enum lat_code code =
        latd_rows_prepare(&st, rows, "SELECT 1 FROM file WHERE id = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, file);
    code = latd_rows_step(&found, rows, st, "read a file's row", err);
    if (code)
        return code;
    if (!found)
        return fail_missing(file, err);
    sqlite3_reset(st);
    code = latd_rows_prepare(
        &st, rows,
        "INSERT OR IGNORE INTO file_use (file, holder) VALUES (?, ?)", err);
    if (code)
        return code;
    latd_bind_text(st, 1, file);
    latd_bind_text(st, 2, holder);
    return latd_rows_run(rows, st, "hold a file", err);
}

enum lat_code latd_rows_file_release(struct latd_rows *rows, const char *holder,
                                     struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "DELETE FROM file_use WHERE holder = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, holder);
    return latd_rows_run(rows, st, "release files", err);
}
