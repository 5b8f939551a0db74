/* answers.c - rows of answers to requests with an Idempotency-Key. */
#include "../answers.h"
#include "rows.h"

#include <string.h>

enum { DAY = 86400 };

enum lat_code latd_rows_answer_get(bool *found, struct latd_answer *out,
                                   struct latd_rows *rows, const char *key,
                                   int64_t now, struct lat_err *err)
{
    sqlite3_stmt *st;
    const void *digest;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT digest, status, body FROM answer WHERE key = ? AND "
        "created_at > ?",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, key);
    sqlite3_bind_int64(st, 2, now - DAY);
    code = latd_rows_step(found, rows, st, "read an answer", err);
    if (code || !*found)
        return code;
    digest = sqlite3_column_blob(st, 0);
    memcpy(out->digest, digest, LAT_DIGEST);
    out->status = (unsigned)sqlite3_column_int(st, 1);
    out->body = lat_strdup((const char *)sqlite3_column_text(st, 2));
    sqlite3_reset(st);
    return out->body ? LAT_OK : lat_fail(err, LAT_ENOMEM, "an answer");
}

static enum lat_code forget_old(struct latd_rows *rows, int64_t now,
                                struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "DELETE FROM answer WHERE created_at <= ?", err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, now - DAY);
    return latd_rows_run(rows, st, "forget old answers", err);
}

enum lat_code latd_rows_answer_put(struct latd_rows *rows, const char *key,
                                   const struct latd_answer *a, int64_t now,
                                   struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = forget_old(rows, now, err);

    if (!code)
        code = latd_rows_prepare(&st, rows,
                                 "INSERT OR REPLACE INTO answer (key, digest, "
                                 "created_at, status, body) VALUES "
                                 "(?, ?, ?, ?, ?)",
                                 err);
    if (code)
        return code;
    latd_bind_text(st, 1, key);
    latd_bind_blob(st, 2, a->digest, LAT_DIGEST);
    sqlite3_bind_int64(st, 3, now);
    sqlite3_bind_int(st, 4, (int)a->status);
    latd_bind_text(st, 5, a->body);
    return latd_rows_run(rows, st, "keep an answer", err);
}
