/*
 * cache.h - embeddings of windows that were computed before, or are just now.
 *
 * What was answered with known vectors alone is kept beside them under the same
 * bound, by the digest of all that was asked: who sends the same once more gets
 * the same bytes.  What of it still holds, the asker knows.
 *
 * A bounded table in memory, the least lately used going first, in front of a
 * database that may be absent.  An entry is only given out when its length and
 * its model are the asker's.  What several ask at once is computed once: the
 * first leads, the others follow and are called back.
 *
 * All functions may be called from any thread.  None waits for a write; begin
 * and get may read one row of the database.  Call-backs run on the thread that
 * ended or resigned, without a lock held; they must be short.
 */
#ifndef LATD_CACHE_H
#define LATD_CACHE_H

#include "../core/latent.h"
#include "store.h"

struct latd_cache;

/* What begin answers; it is also what the lookup is counted as. */
enum latd_cache_answer {
    LATD_CACHE_HIT,    /* y is filled in; nothing more to do */
    LATD_CACHE_LEAD,   /* a miss: compute, then end or resign */
    LATD_CACHE_FOLLOW, /* coalesced: done or lead will be called, once */
};

/* One lookup.  The memory is the asker's and stays where it is from begin
 * until the lookup is over: a hit, end, resign, done, or a leave that worked.
 * The asker fills in the first part. */
struct latd_cache_ask {
    uint8_t key[LAT_DIGEST];
    const char *model; /* identity: the card's weights_digest, hexadecimal */
    float *y;          /* (dims) */
    size_t dims;
    /* The leader's result: y is filled in when code is LAT_OK. */
    void (*done)(struct latd_cache_ask *ask, enum lat_code code,
                 const struct lat_err *err);
    /* The leader resigned: ask leads from here on, as if begin had said so. */
    void (*lead)(struct latd_cache_ask *ask);

    /* The cache's own, guarded by its lock. */
    struct latd_cache_ask *next;      /* in the table, or beside a follower */
    struct latd_cache_ask *followers; /* of a leader, first come first */
    enum { LATD_ASK_IDLE, LATD_ASK_LEADS, LATD_ASK_FOLLOWS } state;
};

/* Each lookup is one of the first four. */
struct latd_cache_counts {
    uint64_t hits, misses, coalesced, bypass;
    uint64_t entries, bytes; /* in memory now: vectors, and all bytes */
};

/* store may be NULL; it is lent and must be closed after the cache's end.
 * max_bytes 0 keeps nothing, but identical inputs are still computed once. */
LAT_MUST_CHECK enum lat_code latd_cache_new(struct latd_cache **out,
                                            size_t max_bytes,
                                            struct latd_store *store,
                                            struct lat_err *err);
void latd_cache_free(struct latd_cache *c); /* no lookup is open any more */

/* The key of one window's embedding: SHA-256 over the weights' digest, the
 * preprocessing's, what decides the arithmetic, and the window's samples. */
void latd_cache_key(uint8_t key[LAT_DIGEST], const struct lat_card *card,
                    const char *arithmetic, const uint8_t window[LAT_DIGEST]);

LAT_MUST_CHECK enum latd_cache_answer latd_cache_begin(
    struct latd_cache *c, struct latd_cache_ask *ask);
/* The leader's result, in ask->y when code is LAT_OK, for ask's followers and
 * for the table.  Another code is handed to the followers as it is, so it must
 * lie in the input or the model; what lies in the asker is a resignation. */
void latd_cache_end(struct latd_cache *c, struct latd_cache_ask *ask,
                    enum lat_code code, const struct lat_err *err);
/* The leader gives up (its client left, its deadline passed, the queue was
 * full): the first follower leads, if there is one. */
void latd_cache_resign(struct latd_cache *c, struct latd_cache_ask *ask);
/* A follower gives up.  False: too late, a call-back is running or about to. */
LAT_MUST_CHECK bool latd_cache_leave(struct latd_cache *c,
                                     struct latd_cache_ask *ask);

/* Looks without computing: fills in ask->y or returns false.  Counted as a hit
 * or a miss.  done and lead are not used. */
LAT_MUST_CHECK bool latd_cache_get(struct latd_cache *c,
                                   struct latd_cache_ask *ask);
/* Takes these vectors (n keys of LAT_DIGEST bytes) out of memory and file, and
 * answers how many there were.  Waits for the file: not for http threads. */
LAT_MUST_CHECK enum lat_code latd_cache_purge(uint64_t *purged,
                                              struct latd_cache *c,
                                              const uint8_t *keys, size_t n,
                                              struct lat_err *err);
/* ---- replies */

/* Appends to out what is kept of the request key.  False: nothing, and *era is
 * what keep is to be given. */
LAT_MUST_CHECK bool latd_cache_reply_get(struct latd_cache *c,
                                         const uint8_t key[LAT_DIGEST],
                                         struct lat_buf *out, uint64_t *era);
/* Keeps a copy, unless vectors were purged in between. */
void latd_cache_reply_keep(struct latd_cache *c, const uint8_t key[LAT_DIGEST],
                           const struct lat_buf *reply, uint64_t era);
/* Counts the n vectors that a reply stood for. */
void latd_cache_reply_counts(struct latd_cache *c, size_t n);

/* Counts an input that was not to be looked up (no-store). */
void latd_cache_bypass(struct latd_cache *c);
struct latd_cache_counts latd_cache_counts(struct latd_cache *c);

#endif
