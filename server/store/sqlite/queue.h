/*
 * queue.h - writes that wait for the store's thread: a bounded list with a
 * lock.  Any thread puts; one takes.
 */
#ifndef LATD_STORE_SQLITE_QUEUE_H
#define LATD_STORE_SQLITE_QUEUE_H

#include "../../store.h"

#include <pthread.h>

/* A vector of its own, to be lat_freed. */
struct latd_write {
    struct latd_write *next;
    uint8_t key[LAT_DIGEST];
    char model[LAT_DIGEST_HEX];
    struct latd_vector vector; /* points into this block */
};

struct latd_queue {
    size_t max;
    pthread_mutex_t lock;  /* all that follows */
    pthread_cond_t filled; /* something to take, or closed */
    pthread_cond_t idle;   /* nothing waits and the taker has come back */
    struct latd_write *first, **last;
    size_t n;
    bool taken; /* the taker is at work on what it took */
    bool closed;
};

void latd_queue_init(struct latd_queue *q, size_t max);
void latd_queue_fini(struct latd_queue *q);
/* A copy; false when the queue is full or closed, or there is no memory. */
LAT_MUST_CHECK bool latd_queue_put(struct latd_queue *q,
                                   const struct latd_vector *v);
/* Waits, then takes all there is; NULL when closed and empty.  To come again
 * says that what was taken is done. */
struct latd_write *latd_queue_take(struct latd_queue *q);
void latd_queue_close(struct latd_queue *q);
/* Waits until all that was put before is done. */
void latd_queue_wait(struct latd_queue *q);

#endif
