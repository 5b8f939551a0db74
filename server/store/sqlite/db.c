/* db.c - opening a database and speaking to it. */
#include "db.h"

#include <stdio.h>

enum { BUSY_MS = 2000 };

enum lat_code latd_db_fail(struct lat_err *err, sqlite3 *db, const char *doing)
{
    enum lat_code code = LAT_EIO;

    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_FULL:
        code = LAT_ENOSPACE;
        break;
    case SQLITE_BUSY:
        code = LAT_EBUSY;
        break;
    case SQLITE_NOMEM:
        code = LAT_ENOMEM;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table is not what it should be */
        code = LAT_EFORMAT;
        break;
    default:
        break;
    }
    return lat_fail(err, code, "%s: %s", doing, sqlite3_errmsg(db));
}

enum lat_code latd_db_exec(sqlite3 *db, const char *sql, struct lat_err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return latd_db_fail(err, db, sql);
    return LAT_OK;
}

enum lat_code latd_db_prepare(sqlite3_stmt **out, sqlite3 *db, const char *sql,
                              struct lat_err *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL))
        return latd_db_fail(err, db, sql);
    return LAT_OK;
}

enum lat_code latd_db_integer(int64_t *out, sqlite3 *db, const char *sql,
                              struct lat_err *err)
{
    sqlite3_stmt *st = NULL;
    enum lat_code code = latd_db_prepare(&st, db, sql, err);

    if (code)
        return code;
    if (sqlite3_step(st) == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    else
        code = latd_db_fail(err, db, sql);
    sqlite3_finalize(st);
    return code;
}

enum lat_code latd_db_open(sqlite3 **out, const char *path, int flags,
                           struct lat_err *err)
{
    sqlite3 *db = NULL;
    enum lat_code code = LAT_OK;

    /* "unix-excl": one process has the file, and the index of its log lies in
     * our memory.  In a mapped file beside it, whoever cuts that file short
     * ends the process (SIGBUS). */
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, "unix-excl")) {
        code = db ? latd_db_fail(err, db, "open")
                  : lat_fail(err, LAT_ENOMEM, "open");
        goto out;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    /* With the log, NORMAL still keeps the file whole; what a power cut can
     * cost is the last transactions. */
    code = latd_db_exec(db, "PRAGMA journal_mode = WAL", err);
    if (!code)
        code = latd_db_exec(db, "PRAGMA synchronous = NORMAL", err);
    if (!code)
        code = latd_db_exec(db, "PRAGMA journal_size_limit = 4194304", err);
    if (code)
        goto out;
    *out = db;
    db = NULL;
out:
    sqlite3_close(db);
    return code;
}

/* One migration and the number that says that it is done, or neither. */
static enum lat_code apply(sqlite3 *db, const struct latd_migration *m,
                           int64_t number, struct lat_err *err)
{
    char done[64];
    enum lat_code code;

    snprintf(done, sizeof(done), "PRAGMA user_version = %lld; COMMIT",
             (long long)number);
    code = latd_db_exec(db, "BEGIN IMMEDIATE", err);
    if (code)
        return code;
    if (sqlite3_exec(db, m->sql, NULL, NULL, NULL) != SQLITE_OK)
        code = latd_db_fail(err, db, m->path);
    if (!code)
        code = latd_db_exec(db, done, err);
    if (code)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

enum lat_code latd_db_migrate(sqlite3 *db, const struct latd_migration *list,
                              struct lat_err *err)
{
    int64_t version = 0, n = 0;
    enum lat_code code =
        latd_db_integer(&version, db, "PRAGMA user_version", err);

    if (code)
        return code;
    while (list[n].path)
        n++;
    if (version < 0 || version > n)
        return lat_fail(err, LAT_EUNFIT,
                        "its schema is %lld, this program knows 0 to %lld",
                        (long long)version, (long long)n);
    for (; version < n; version++) {
        code = apply(db, &list[version], version + 1, err);
        if (code)
            return code;
    }
    return LAT_OK;
}
