/* rows.c - one connection to the truth. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WAY_OUT                                                           \
    "stop the daemon and put a backup in its place, or save what can be " \
    "read: sqlite3 latentd.db .recover | sqlite3 recovered.db"

/* ---- failures ---------------------------------------------------------- */

/* A disk that takes nothing more: over a quota, or read-only by now. */
static bool is_not_written(sqlite3 *db)
{
    return sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE ||
           sqlite3_system_errno(db) == EROFS;
}

enum lat_code latd_rows_fail(struct latd_rows *rows, const char *doing,
                             struct lat_err *err)
{
    const char *says = sqlite3_errmsg(rows->db);

    switch (sqlite3_errcode(rows->db) & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
        return lat_fail(err, LAT_ENOSPACE, "%s: %s (data-dir)", doing, says);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return lat_fail(err, is_not_written(rows->db) ? LAT_ENOSPACE : LAT_EIO,
                        "%s: %s (data-dir)", doing, says);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return lat_fail(err, LAT_EIO, "%s: %s; " WAY_OUT, doing, says);
    case SQLITE_NOMEM:
        return lat_fail(err, LAT_ENOMEM, "%s: %s", doing, says);
    default:
        return lat_fail(err, LAT_EIO, "%s: %s", doing, says);
    }
}

/* ---- statements -------------------------------------------------------- */

/* The address of a literal is its name; the same text twice costs a second
 * statement and no more. */
enum lat_code latd_rows_prepare(sqlite3_stmt **out, struct latd_rows *rows,
                                const char *sql, struct lat_err *err)
{
    struct latd_statement *s = rows->statements;

    while (s && s->sql != sql)
        s = s->next;
    if (s) {
        sqlite3_reset(s->st);
        sqlite3_clear_bindings(s->st);
        *out = s->st;
        return LAT_OK;
    }
    s = lat_calloc(1, sizeof(*s));
    if (!s)
        return lat_fail(err, LAT_ENOMEM, "a statement");
    s->sql = sql;
    if (sqlite3_prepare_v3(rows->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->st,
                           NULL)) {
        lat_free(s);
        return latd_rows_fail(rows, "prepare", err);
    }
    s->next = rows->statements;
    rows->statements = s;
    *out = s->st;
    return LAT_OK;
}

enum lat_code latd_rows_step(bool *found, struct latd_rows *rows,
                             sqlite3_stmt *st, const char *doing,
                             struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    int rc = sqlite3_step(st);

    *found = rc == SQLITE_ROW;
    if (*found)
        return LAT_OK;
    if (rc != SQLITE_DONE)
        code = latd_rows_fail(rows, doing, err);
    sqlite3_reset(st);
    return code;
}

enum lat_code latd_rows_run(struct latd_rows *rows, sqlite3_stmt *st,
                            const char *doing, struct lat_err *err)
{
    bool found = true;
    enum lat_code code = LAT_OK;

    while (found && !code)
        code = latd_rows_step(&found, rows, st, doing, err);
    return code;
}

void latd_bind_text(sqlite3_stmt *st, int i, const char *text)
{
    if (text)
        sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(st, i);
}

enum lat_code latd_column_text(char *to, size_t size, sqlite3_stmt *st, int i,
                               struct lat_err *err)
{
    const char *text = (const char *)sqlite3_column_text(st, i);
    size_t len = (size_t)sqlite3_column_bytes(st, i);

    if (len >= size)
        return lat_fail(err, LAT_EIO, "a text of %zu bytes, expected %zu", len,
                        size - 1);
    if (len)
        memcpy(to, text, len);
    to[len] = '\0';
    return LAT_OK;
}

void latd_column_copy(char *to, size_t size, sqlite3_stmt *st, int i)
{
    const char *s = (const char *)sqlite3_column_text(st, i);

    snprintf(to, size, "%s", s ? s : "");
}

void latd_bind_blob(sqlite3_stmt *st, int i, const void *p, size_t len)
{
    if (p)
        sqlite3_bind_blob64(st, i, p, len, SQLITE_STATIC);
    else
        sqlite3_bind_null(st, i);
}

/* ---- after the commit -------------------------------------------------- */

void latd_rows_after(struct latd_rows *rows, struct latd_after *a)
{
    a->next = NULL;
    *rows->after_end = a;
    rows->after_end = &a->next;
}

struct latd_after **latd_rows_mark(struct latd_rows *rows)
{
    return rows->after_end;
}

void latd_rows_unmark(struct latd_rows *rows, struct latd_after **mark)
{
    struct latd_after *a = *mark, *next;

    *mark = NULL;
    rows->after_end = mark;
    for (; a; a = next) {
        next = a->next;
        a->free(a);
    }
}

void latd_rows_committed(struct latd_rows *rows)
{
    for (struct latd_after *a = rows->after; a; a = a->next)
        a->committed(a);
    latd_rows_undone(rows);
}

void latd_rows_undone(struct latd_rows *rows)
{
    latd_rows_unmark(rows, &rows->after);
}

/* ---- opening ----------------------------------------------------------- */

enum lat_code latd_rows_open(struct latd_rows *rows, const char *path,
                             bool write, struct lat_err *err)
{
    enum lat_code code =
        latd_db_open(&rows->db, path, SQLITE_OPEN_READWRITE, err);

    rows->after_end = &rows->after;
    /* FULL: what a commit says is on disk, whatever the power does. */
    if (!code)
        code = latd_db_exec(rows->db, "PRAGMA synchronous = FULL", err);
    if (!code)
        code = latd_db_exec(rows->db, "PRAGMA foreign_keys = ON", err);
    if (!code) /* what a subject wants gone leaves no bytes in the file */
        code = latd_db_exec(rows->db, "PRAGMA secure_delete = ON", err);
    if (!code && write)
        code = latd_db_migrate(rows->db, latd_migrations_data, err);
    if (!code && !write)
        code = latd_db_exec(rows->db, "PRAGMA query_only = ON", err);
    if (code)
        latd_rows_close(rows);
    return code;
}

void latd_rows_close(struct latd_rows *rows)
{
    struct latd_statement *s = rows->statements, *next;

    if (rows->after_end)
        latd_rows_undone(rows);
    for (; s; s = next) {
        next = s->next;
        sqlite3_finalize(s->st);
        lat_free(s);
    }
    sqlite3_close(rows->db);
    *rows = (struct latd_rows){0};
}
