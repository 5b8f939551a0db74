/* items.h - what the queue and its threads share. */
#ifndef LATD_ITEMS_H
#define LATD_ITEMS_H

#include <pthread.h>

#include "../infer.h"

struct latd_infer {
    struct latd_metrics *metrics;
    size_t max_queue;
    unsigned n_threads;
    pthread_t *threads;
    _Atomic unsigned n_begun; /* hands out the threads' numbers */
    _Atomic uint64_t last_ns; /* when a pass last succeeded */

    pthread_mutex_t lock; /* guards the list, depth, stopping */
    pthread_cond_t more;
    struct latd_item *first, *last;
    size_t depth;
    bool stopping;
};

/* The first that waits, now TAKEN; blocks.  NULL: stopping. */
struct latd_item *latd_infer_take(struct latd_infer *inf);
/* The same when it is to be embedded by that model; NULL when something else is
 * first, or nothing waits.  Does not block. */
struct latd_item *latd_infer_take_more(struct latd_infer *inf,
                                       const struct latd_model *model);
/* item->code and item->err are set: tells whoever wants to know.  item may be
 * gone when this returns. */
void latd_infer_finish(struct latd_item *item);

#endif
