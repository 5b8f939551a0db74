/*
 * lru.h - a bounded table of vectors, and of replies that are made of them, the
 * least lately used going first.
 *
 * It has no lock: it is a field of what guards it.
 */
#ifndef LATD_CACHE_LRU_H
#define LATD_CACHE_LRU_H

#include "../store.h"

struct latd_lru_entry {
    struct latd_lru_entry *next;          /* in the bucket */
    struct latd_lru_entry *newer, *older; /* by last use, a ring */
    uint8_t key[LAT_DIGEST];
    char model[LAT_DIGEST_HEX]; /* "": a reply, of dims floats */
    size_t dims;
    float *v; /* (dims), in the same block */
};

struct latd_lru {
    size_t max_bytes, n_buckets, n_bytes;
    size_t n_entries, n_replies; /* the latter among the former */
    struct latd_lru_entry **buckets;
    struct latd_lru_entry ring; /* its older is the newest entry */
};

LAT_MUST_CHECK enum lat_code latd_lru_init(struct latd_lru *t, size_t max_bytes,
                                           struct lat_err *err);
void latd_lru_fini(struct latd_lru *t);

/* A copy of *v, to be adopted.  NULL when it is longer than the whole table
 * may be, or there is no memory.  Reads nothing of t that changes. */
struct latd_lru_entry *latd_lru_entry_new(const struct latd_lru *t,
                                          const struct latd_vector *v);
/* Takes the place of what had the same key; drops what is over the bound. */
void latd_lru_adopt(struct latd_lru *t, struct latd_lru_entry *e);
/* Fills in out->v and makes the entry the newest, if there is one of this key,
 * this model and this length. */
bool latd_lru_get(struct latd_lru *t, const struct latd_vector *out);
/* The reply of this key, which is the newest from now on; NULL when there is
 * none.  Valid as long as t does not change. */
const struct latd_lru_entry *latd_lru_reply(struct latd_lru *t,
                                            const uint8_t key[LAT_DIGEST]);
/* Whether there was one of this key. */
bool latd_lru_drop(struct latd_lru *t, const uint8_t key[LAT_DIGEST]);
void latd_lru_drop_replies(struct latd_lru *t);

#endif
