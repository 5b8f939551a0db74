/* clock.c - the clock by which recordings grow old. */
#include "recordings.h"

#include <time.h>

enum lat_code latd_clock_read(int64_t *seen, struct latd_rows *rows,
                              struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code =
        latd_rows_prepare(&st, rows, "SELECT seen FROM clock", err);

    *seen = 0;
    if (!code)
        code = latd_rows_step(&found, rows, st, "read the clock", err);
    if (!code && found)
        *seen = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return code;
}

enum lat_code latd_clock_write(struct latd_rows *rows, int64_t seen,
                               struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT INTO clock (one, seen) VALUES (1, ?1) ON CONFLICT (one) DO "
        "UPDATE SET seen = max(seen, ?1)",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, seen);
    return latd_rows_run(rows, st, "write the clock", err);
}

enum lat_code latd_clock_now(int64_t *now, struct latd_rows *rows,
                             struct lat_err *err)
{
    int64_t wall = time(NULL);
    enum lat_code code = latd_clock_read(now, rows, err);

    if (!code && *now < wall)
        *now = wall;
    return code;
}
