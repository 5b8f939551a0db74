/* vectors.c - the rows of cached vectors. */
#include "vectors.h"

#include <string.h>

/* What tells a whole row from one that something wrote over. */
static void digest(uint8_t whole[LAT_DIGEST], const struct latd_vector *v)
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, v->key, LAT_DIGEST);
    lat_sha256_add(&h, v->model, strlen(v->model) + 1);
    lat_sha256_add(&h, v->v, v->dims * sizeof(*v->v));
    lat_sha256_end(&h, whole);
}

/* ---- writing ---- */

static enum lat_code insert(struct latd_vectors *s, const struct latd_vector *v,
                            struct lat_err *err)
{
    uint8_t whole[LAT_DIGEST];
    enum lat_code code = LAT_OK;
    sqlite3_stmt *st = s->insert;

    digest(whole, v);
    sqlite3_bind_blob(st, 1, v->key, LAT_DIGEST, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, v->model, -1, SQLITE_STATIC);
    sqlite3_bind_blob(st, 3, v->v, (int)(v->dims * sizeof(*v->v)),
                      SQLITE_STATIC);
    sqlite3_bind_blob(st, 4, whole, sizeof(whole), SQLITE_STATIC);
    if (sqlite3_step(st) != SQLITE_DONE)
        code = latd_db_fail(err, s->db, "write");
    sqlite3_reset(st);
    return code;
}

/* Bytes of the file that hold something. */
static enum lat_code used(int64_t *bytes, sqlite3 *db, struct lat_err *err)
{
    return latd_db_integer(bytes, db,
                           "SELECT (page_count - freelist_count) * page_size "
                           "FROM pragma_page_count, pragma_freelist_count, "
                           "pragma_page_size",
                           err);
}

static enum lat_code evict(struct latd_vectors *s, uint64_t max_bytes,
                           struct lat_err *err)
{
    int64_t bytes = 0;
    enum lat_code code;

    if (!max_bytes)
        return LAT_OK;
    code = used(&bytes, s->db, err);
    while (!code && (uint64_t)bytes > max_bytes) {
        bool done = sqlite3_step(s->evict) == SQLITE_DONE;

        if (!done)
            code = latd_db_fail(err, s->db, "evict");
        sqlite3_reset(s->evict);
        if (!done || sqlite3_changes(s->db) == 0)
            break;
        code = used(&bytes, s->db, err);
    }
    return code;
}

enum lat_code latd_vectors_write(struct latd_vectors *s,
                                 const struct latd_write *list,
                                 uint64_t max_bytes, struct lat_err *err)
{
    enum lat_code code = latd_db_exec(s->db, "BEGIN IMMEDIATE", err);

    if (code)
        return code;
    for (; list && !code; list = list->next)
        code = insert(s, &list->vector, err);
    if (!code)
        code = evict(s, max_bytes, err);
    if (!code)
        code = latd_db_exec(s->db, "COMMIT", err);
    if (code)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

enum lat_code latd_vectors_purge(struct latd_vectors *s, const uint8_t *keys,
                                 size_t n, bool *was, struct lat_err *err)
{
    enum lat_code code = latd_db_exec(s->db, "BEGIN IMMEDIATE", err);

    if (code)
        return code;
    for (size_t i = 0; i < n && !code; i++) {
        sqlite3_bind_blob(s->purge, 1, keys + i * LAT_DIGEST, LAT_DIGEST,
                          SQLITE_STATIC);
        if (sqlite3_step(s->purge) != SQLITE_DONE)
            code = latd_db_fail(err, s->db, "purge");
        was[i] |= !code && sqlite3_changes(s->db) > 0;
        sqlite3_reset(s->purge);
    }
    if (!code)
        code = latd_db_exec(s->db, "COMMIT", err);
    if (code)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* ---- reading ---- */

/* Whether the row under st is what is asked for, and whole. */
static bool row_fits(sqlite3_stmt *st, const struct latd_vector *want)
{
    const char *model = (const char *)sqlite3_column_text(st, 0);
    size_t len = want->dims * sizeof(*want->v);
    uint8_t whole[LAT_DIGEST];

    if (!model || strcmp(model, want->model) != 0 ||
        (size_t)sqlite3_column_bytes(st, 1) != len ||
        sqlite3_column_bytes(st, 2) != LAT_DIGEST)
        return false;
    memcpy(want->v, sqlite3_column_blob(st, 1), len);
    digest(whole, want);
    return memcmp(whole, sqlite3_column_blob(st, 2), LAT_DIGEST) == 0;
}

bool latd_vectors_get(struct latd_vectors *s, const struct latd_vector *out,
                      enum lat_code *code, struct lat_err *err)
{
    bool found = false;
    int rc;

    *code = LAT_OK;
    sqlite3_bind_blob(s->get, 1, out->key, LAT_DIGEST, SQLITE_STATIC);
    rc = sqlite3_step(s->get);
    if (rc == SQLITE_ROW)
        found = row_fits(s->get, out);
    else if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_BUSY)
        *code = latd_db_fail(err, s->db, "read");
    sqlite3_reset(s->get);
    return found;
}

/* ---- opening ---- */

enum lat_code latd_vectors_open(struct latd_vectors *s, const char *path,
                                struct lat_err *err)
{
    enum lat_code code = latd_db_open(&s->db, path, SQLITE_OPEN_READWRITE, err);

    if (!code)
        code = latd_db_migrate(s->db, latd_migrations_cache, err);
    if (!code) /* what is purged leaves no bytes in free pages */
        code = latd_db_exec(s->db, "PRAGMA secure_delete = ON", err);
    if (!code)
        code = latd_db_prepare(&s->insert, s->db,
                               "INSERT OR REPLACE INTO vector "
                               "(key, model, v, whole) VALUES (?, ?, ?, ?)",
                               err);
    if (!code)
        code = latd_db_prepare(&s->evict, s->db,
                               "DELETE FROM vector WHERE id IN (SELECT id "
                               "FROM vector ORDER BY id LIMIT 256)",
                               err);
    if (!code)
        code = latd_db_prepare(&s->get, s->db,
                               "SELECT model, v, whole FROM vector "
                               "WHERE key = ?",
                               err);
    if (!code)
        code = latd_db_prepare(&s->purge, s->db,
                               "DELETE FROM vector WHERE key = ?", err);
    if (code)
        latd_vectors_close(s);
    return code;
}

void latd_vectors_close(struct latd_vectors *s)
{
    sqlite3_finalize(s->purge);
    sqlite3_finalize(s->get);
    sqlite3_finalize(s->evict);
    sqlite3_finalize(s->insert);
    sqlite3_close(s->db);
    *s = (struct latd_vectors){0};
}
