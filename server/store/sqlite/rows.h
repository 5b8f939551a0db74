/*
 * rows.h - one connection to the truth, as the files of rows share it.
 *
 * A file of rows (recordings.c, …) has functions that take a struct latd_rows
 * and speak SQL through it:
 *
 *     sqlite3_stmt *st;
 *     enum lat_code code = latd_rows_prepare(&st, rows, "DELETE …", err);
 *     …
 *     latd_bind_text(st, 1, id);
 *     code = latd_rows_run(rows, st, "delete", err);
 *
 * A statement is prepared once for each connection; it need not be finalised.
 * The one thread that was lent the rows calls.
 */
#ifndef LATD_STORE_SQLITE_ROWS_H
#define LATD_STORE_SQLITE_ROWS_H

#include "../database.h"
#include "db.h"

struct latd_statement {
    const char *sql; /* a literal */
    sqlite3_stmt *st;
    struct latd_statement *next;
};

struct latd_rows {
    sqlite3 *db;
    struct latd_database *owner;
    struct latd_statement *statements;
    struct latd_after *after, **after_end; /* of the open transaction */
    struct latd_rows *next;                /* among those not lent */
};

extern const struct latd_migration latd_migrations_data[];

/* A zeroed or failed one may be closed. */
LAT_MUST_CHECK enum lat_code latd_rows_open(struct latd_rows *rows,
                                            const char *path, bool write,
                                            struct lat_err *err);
void latd_rows_close(struct latd_rows *rows);

/* sql is a literal.  The statement is reset and has nothing bound. */
LAT_MUST_CHECK enum lat_code latd_rows_prepare(sqlite3_stmt **out,
                                               struct latd_rows *rows,
                                               const char *sql,
                                               struct lat_err *err);
/* The next row: *found is false after the last; then, or on failure, st is
 * reset. */
LAT_MUST_CHECK enum lat_code latd_rows_step(bool *found, struct latd_rows *rows,
                                            sqlite3_stmt *st, const char *doing,
                                            struct lat_err *err);
/* One that gives no rows. */
LAT_MUST_CHECK enum lat_code latd_rows_run(struct latd_rows *rows,
                                           sqlite3_stmt *st, const char *doing,
                                           struct lat_err *err);
/* Raises what SQLite last said: a disk that is full or cannot be written is
 * LAT_ENOSPACE, a damaged database LAT_EIO with the way out. */
enum lat_code latd_rows_fail(struct latd_rows *rows, const char *doing,
                             struct lat_err *err);

/* What is bound must live until the statement is reset.  NULL is NULL. */
void latd_bind_text(sqlite3_stmt *st, int i, const char *text);
void latd_bind_blob(sqlite3_stmt *st, int i, const void *p, size_t len);
/* The text of a column, which fits; "" where it is NULL. */
LAT_MUST_CHECK enum lat_code latd_column_text(char *to, size_t size,
                                              sqlite3_stmt *st, int i,
                                              struct lat_err *err);
/* The same, cut off where it does not fit. */
void latd_column_copy(char *to, size_t size, sqlite3_stmt *st, int i);

/* What a transaction is to be followed by: mark before a savepoint, back to it
 * when that is undone. */
struct latd_after **latd_rows_mark(struct latd_rows *rows);
void latd_rows_unmark(struct latd_rows *rows, struct latd_after **mark);
/* Calls and frees all, or frees all. */
void latd_rows_committed(struct latd_rows *rows);
void latd_rows_undone(struct latd_rows *rows);

#endif
