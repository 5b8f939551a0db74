/*
 * db.h - one connection to SQLite: opened, brought up to date, its failures
 * put into words.  A connection belongs to one thread at a time.
 */
#ifndef LATD_STORE_SQLITE_DB_H
#define LATD_STORE_SQLITE_DB_H

#include "../../store.h"

#include <sqlite3.h>

/* A row of a generated table that ends with a path of NULL. */
struct latd_migration {
    const char *path, *sql;
};

extern const struct latd_migration latd_migrations_cache[];

/* Raises what db last said, as "insert: database or disk is full". */
enum lat_code latd_db_fail(struct lat_err *err, sqlite3 *db, const char *doing);
/* Opens path, making it if flags say so; write-ahead log, waits for locks. */
LAT_MUST_CHECK enum lat_code latd_db_open(sqlite3 **out, const char *path,
                                          int flags, struct lat_err *err);
/* Applies what is not applied yet, each in a transaction of its own.
 * LAT_EUNFIT when the database is of a newer program. */
LAT_MUST_CHECK enum lat_code latd_db_migrate(sqlite3 *db,
                                             const struct latd_migration *list,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_db_exec(sqlite3 *db, const char *sql,
                                          struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_db_prepare(sqlite3_stmt **out, sqlite3 *db,
                                             const char *sql,
                                             struct lat_err *err);
/* The one integer that sql answers. */
LAT_MUST_CHECK enum lat_code latd_db_integer(int64_t *out, sqlite3 *db,
                                             const char *sql,
                                             struct lat_err *err);

/* ---- place.c: where a database lies ---- */

/* LAT_EUNFIT when path's folder is on a network file system, where SQLite's
 * locks and shared memory do not hold. */
LAT_MUST_CHECK enum lat_code latd_place_check(const char *path,
                                              struct lat_err *err);
/* Renames the database and its companions to path.aside. */
LAT_MUST_CHECK enum lat_code latd_place_set_aside(const char *path,
                                                  struct lat_err *err);
/* What file stands at path now, to be compared later. */
struct latd_file_id {
    uint64_t device, inode;
};

LAT_MUST_CHECK bool latd_place_id(struct latd_file_id *out, const char *path);

#endif
