/*
 * ulid.h - names that sort by the time at which they were given.
 *
 * A name is a prefix and 26 characters of Crockford's base 32: 48 bits of
 * milliseconds since 1970, then 80 of chance.  Of one generator each name is
 * greater than the one before, in the same millisecond and when the clock is
 * set back.  Any thread.
 */
#ifndef LATD_ULID_H
#define LATD_ULID_H

#include <pthread.h>

#include "../core/latent.h"

enum {
    LATD_ULID_LEN = 26,
    LATD_ID_MAX = 40, /* room for a prefix, the 26 and a NUL */
};

struct latd_ulid {
    pthread_mutex_t lock;
    uint8_t last[16]; /* the name before, big-endian */
};

void latd_ulid_init(struct latd_ulid *u);
/* From here on names are greater than id, one of an earlier run: the clock may
 * have been set back in between.  What is no name of ours does nothing. */
void latd_ulid_after(struct latd_ulid *u, const char *id);
/* "file-", 01J9ZK3Q…; prefix has at most 13 characters. */
void latd_ulid_next(struct latd_ulid *u, const char *prefix,
                    char out[LATD_ID_MAX]);
/* The same at a time in milliseconds since 1970, for tests. */
void latd_ulid_at(struct latd_ulid *u, uint64_t ms, const char *prefix,
                  char out[LATD_ID_MAX]);
/* Whether id is prefix and 26 characters of the alphabet: a name that may
 * become part of a path. */
bool latd_ulid_is(const char *id, const char *prefix);
void latd_ulid_fini(struct latd_ulid *u);

#endif
