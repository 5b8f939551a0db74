/* copy.c - the truth as it is at one moment, in a file of its own. */
#include "database.h"

#include <string.h>

/* In one step: a reader sees one moment, and holds up no writer. */
static enum lat_code copy_pages(sqlite3 *to, sqlite3 *from, struct lat_err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    int rc;

    if (!b)
        return latd_db_fail(err, to, "copy the database");
    rc = sqlite3_backup_step(b, -1);
    sqlite3_backup_finish(b);
    if (rc == SQLITE_DONE)
        return LAT_OK;
    return lat_fail(err,
                    rc == SQLITE_FULL || rc == SQLITE_IOERR_WRITE ? LAT_ENOSPACE
                                                                  : LAT_EIO,
                    "copy the database: %s (data-dir)", sqlite3_errstr(rc));
}

enum lat_code latd_database_copy(struct latd_database *db, const char *path,
                                 struct lat_err *err)
{
    struct latd_rows rows = {.db = NULL};
    sqlite3 *to = NULL;
    enum lat_code code = latd_rows_open(&rows, db->path, false, err);

    if (code)
        return code;
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL))
        code = to ? latd_db_fail(err, to, "make a copy of the database")
                  : lat_fail(err, LAT_ENOMEM, "make a copy of the database");
    else
        code = copy_pages(to, rows.db, err);
    sqlite3_close(to);
    latd_rows_close(&rows);
    return code;
}
