/*
 * limits.h - a bucket of tokens: how much one may take, and when again.
 *
 * It fills with rate tokens a second up to size.  Something is granted when
 * there is a token at all, and may take more than there are: the bucket is
 * then in debt, and the next one waits until that is paid.  So a thing larger
 * than the bucket is slow, never impossible.
 *
 * No lock: the bucket's owner has one.  The time is the caller's.
 */
#ifndef LATD_LIMITS_H
#define LATD_LIMITS_H

#include <stdint.h>

struct latd_bucket {
    double spent;   /* tokens that are missing from a full bucket */
    uint64_t at_ns; /* when that was so */
};

/* The milliseconds after which something may be taken; 0: now. */
uint64_t latd_bucket_wait(struct latd_bucket *b, double rate, double size,
                          uint64_t now_ns);
/* Takes n, even into debt. */
void latd_bucket_take(struct latd_bucket *b, double n);

#endif
