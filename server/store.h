/*
 * store.h - what outlives the process, kept in an embedded database.
 *
 * So far cached vectors: a file that may be lost at any time.  Reads are on
 * the calling thread; writes go through a bounded queue to one thread that
 * puts several in a transaction, so nobody waits for a disk.  When the file
 * fails (corrupt, full, read-only, deleted) the store says so once, turns
 * itself off, and every later call does nothing.
 *
 * All functions may be called from any thread, but open and close by one.
 */
#ifndef LATD_STORE_H
#define LATD_STORE_H

#include "../core/latent.h"

struct latd_store;

struct latd_store_options {
    const char *path;   /* of the database file; its folder exists */
    uint64_t max_bytes; /* the oldest vectors go first; 0: no bound */
    size_t queue;       /* writes that may wait; beyond it they are dropped */
    bool network_ok;    /* open it on a network file system all the same */
    /* Called at most once for each thing worth a line of the log. */
    void (*warn)(void *arg, const char *msg);
    void *arg;
};

/* One vector. model is hexadecimal, of at most LAT_DIGEST_HEX - 1 letters. */
struct latd_vector {
    const uint8_t *key; /* (LAT_DIGEST) */
    const char *model;
    float *v; /* (dims) */
    size_t dims;
};

struct latd_store_counts {
    uint64_t written, dropped; /* vectors since the start */
    bool on;
};

/* A file that is corrupt, or of a newer program, is moved aside with a warning
 * and a new one begun.  Fails when there can be none at all: the message says
 * why, and the service goes on without. */
LAT_MUST_CHECK enum lat_code latd_store_open(
    struct latd_store **out, const struct latd_store_options *opt,
    struct lat_err *err);
/* Writes what is queued, then closes. */
void latd_store_close(struct latd_store *s);

/* Fills in out->v when there is a vector of out->key, out->model and
 * out->dims that is whole; false otherwise.  s may be NULL. */
LAT_MUST_CHECK bool latd_store_vector_get(struct latd_store *s,
                                          const struct latd_vector *out);
/* Copies *v and returns at once.  s may be NULL. */
void latd_store_vector_put(struct latd_store *s, const struct latd_vector *v);
/* Takes n vectors out of the file, those that are queued too; was[i] is set for
 * each that was there.  A file that fails is turned off.  s may be NULL. */
LAT_MUST_CHECK enum lat_code latd_store_vectors_purge(struct latd_store *s,
                                                      const uint8_t *keys,
                                                      size_t n, bool *was,
                                                      struct lat_err *err);
/* Waits until everything queued so far is written or given up. */
void latd_store_flush(struct latd_store *s);
struct latd_store_counts latd_store_counts(struct latd_store *s);

#endif
