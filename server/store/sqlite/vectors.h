/*
 * vectors.h - the table of cached vectors, through one connection.
 *
 * A connection belongs to one thread at a time; there may be several on a file.
 */
#ifndef LATD_STORE_SQLITE_VECTORS_H
#define LATD_STORE_SQLITE_VECTORS_H

#include "db.h"
#include "queue.h"

struct latd_vectors {
    sqlite3 *db;
    sqlite3_stmt *insert, *evict, *get, *purge;
};

/* Brings the schema up to date.  A zeroed or failed one may be closed. */
LAT_MUST_CHECK enum lat_code latd_vectors_open(struct latd_vectors *s,
                                               const char *path,
                                               struct lat_err *err);
void latd_vectors_close(struct latd_vectors *s);

/* The whole list in one transaction, the oldest going where the file would
 * have more than max_bytes in use (0: no bound). */
LAT_MUST_CHECK enum lat_code latd_vectors_write(struct latd_vectors *s,
                                                const struct latd_write *list,
                                                uint64_t max_bytes,
                                                struct lat_err *err);
/* n keys of LAT_DIGEST bytes, in one transaction; was[i] is set for each that
 * was there. */
LAT_MUST_CHECK enum lat_code latd_vectors_purge(struct latd_vectors *s,
                                                const uint8_t *keys, size_t n,
                                                bool *was, struct lat_err *err);
/* Fills in out->v or returns false; *code says whether reading itself failed.
 */
LAT_MUST_CHECK bool latd_vectors_get(struct latd_vectors *s,
                                     const struct latd_vector *out,
                                     enum lat_code *code, struct lat_err *err);

#endif
