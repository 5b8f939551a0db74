/* items.c - the queue of windows: in whole batches, out one by one. */
#include "items.h"

#include "../loop.h"

/* ---- batches ----------------------------------------------------------- */

void latd_batch_init(struct latd_batch *b,
                     void (*done)(struct latd_batch *batch))
{
    *b = (struct latd_batch){.done = done};
    atomic_init(&b->holds, 1);
}

void latd_batch_hold(struct latd_batch *b)
{
    atomic_fetch_add(&b->holds, 1);
}

/* Who sees one hold is its holder: then is his to call. */
void latd_batch_release(struct latd_batch *b)
{
    size_t holds = atomic_load(&b->holds);

    do {
        if (holds == 1 && b->then) {
            void (*then)(struct latd_batch *) = b->then;

            b->then = NULL;
            then(b);
            holds = atomic_load(&b->holds);
        }
    } while (!atomic_compare_exchange_weak(&b->holds, &holds, holds - 1));
    if (holds == 1)
        b->done(b);
}

/* Like hold, unless the batch is done already. */
static bool hold_if_open(struct latd_batch *b)
{
    size_t holds = atomic_load(&b->holds);

    while (holds > 0)
        if (atomic_compare_exchange_weak(&b->holds, &holds, holds + 1))
            return true;
    return false;
}

/* ---- the list, under the lock ------------------------------------------ */

static void append(struct latd_infer *inf, struct latd_item *item)
{
    atomic_store(&item->state, LATD_ITEM_QUEUED);
    item->queued_ns = latd_now_ns();
    item->next = NULL;
    item->prev = inf->last;
    if (inf->last)
        inf->last->next = item;
    else
        inf->first = item;
    inf->last = item;
    inf->depth++;
    atomic_fetch_add(&item->model->series->queued, 1);
}

static void unlink_item(struct latd_infer *inf, struct latd_item *item)
{
    if (item->prev)
        item->prev->next = item->next;
    else
        inf->first = item->next;
    if (item->next)
        item->next->prev = item->prev;
    else
        inf->last = item->prev;
    inf->depth--;
    atomic_fetch_sub(&item->model->series->queued, 1);
}

/* ---- items ------------------------------------------------------------- */

void latd_infer_finish(struct latd_item *item)
{
    struct latd_batch *batch = item->batch;

    atomic_store(&item->state, LATD_ITEM_DONE);
    atomic_store(&batch->done_ns, latd_now_ns());
    if (item->finished)
        item->finished(item);
    latd_batch_release(batch);
}

void latd_item_expect(struct latd_item *item, struct latd_batch *b)
{
    item->batch = b;
    latd_batch_hold(b);
    atomic_store(&item->state, LATD_ITEM_FOLLOWS);
}

void latd_item_lead(struct latd_item *item)
{
    atomic_store(&item->state, LATD_ITEM_NEW);
    latd_batch_release(item->batch);
}

void latd_item_settle(struct latd_item *item, enum lat_code code,
                      const struct lat_err *err)
{
    struct latd_batch *batch = item->batch;

    item->code = code;
    if (code && err)
        item->err = *err;
    atomic_store(&item->state, LATD_ITEM_DONE);
    latd_batch_release(batch);
}

/* The lock is held. */
static struct latd_item *take_first(struct latd_infer *inf)
{
    struct latd_item *item = inf->first;

    unlink_item(inf, item);
    atomic_store(&item->state, LATD_ITEM_TAKEN);
    return item;
}

static struct latd_item *note_taken(struct latd_infer *inf,
                                    struct latd_item *item)
{
    uint64_t now = latd_now_ns(), none = 0;

    atomic_compare_exchange_strong(&item->batch->taken_ns, &none, now);
    latd_hist_ns(&inf->metrics->queue_wait, now - item->queued_ns);
    return item;
}

struct latd_item *latd_infer_take(struct latd_infer *inf)
{
    struct latd_item *item;

    pthread_mutex_lock(&inf->lock);
    while (!inf->first && !inf->stopping)
        pthread_cond_wait(&inf->more, &inf->lock);
    item = inf->first ? take_first(inf) : NULL;
    pthread_mutex_unlock(&inf->lock);
    return item ? note_taken(inf, item) : NULL;
}

struct latd_item *latd_infer_take_more(struct latd_infer *inf,
                                       const struct latd_model *model)
{
    struct latd_item *item = NULL;

    pthread_mutex_lock(&inf->lock);
    if (inf->first && inf->first->model == model && !inf->first->run)
        item = take_first(inf);
    pthread_mutex_unlock(&inf->lock);
    return item ? note_taken(inf, item) : NULL;
}

/* ---- for handlers ------------------------------------------------------ */

enum lat_code latd_infer_submit(struct latd_infer *inf, struct latd_batch *b,
                                struct lat_err *err)
{
    size_t depth, n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += atomic_load(&b->items[i].state) == LATD_ITEM_NEW;
    pthread_mutex_lock(&inf->lock);
    depth = inf->depth;
    if (n + depth <= inf->max_queue)
        for (size_t i = 0; i < b->n; i++) {
            struct latd_item *item = &b->items[i];

            if (atomic_load(&item->state) != LATD_ITEM_NEW)
                continue;
            item->batch = b;
            latd_batch_hold(b);
            append(inf, item);
        }
    if (n == 1)
        pthread_cond_signal(&inf->more);
    else
        pthread_cond_broadcast(&inf->more);
    pthread_mutex_unlock(&inf->lock);
    if (n + depth > inf->max_queue)
        return lat_fail_word(err, LAT_EFULL, "overloaded",
                             "%zu windows wait and %zu more were sent, at most "
                             "%zu may wait (max-queue)",
                             depth, n, inf->max_queue);
    return LAT_OK;
}

void latd_infer_promote(struct latd_infer *inf, struct latd_item *item)
{
    enum lat_code cancelled = atomic_load(&item->batch->cancelled);

    if (cancelled) {
        item->code = lat_fail(&item->err, cancelled, "not begun in time");
        latd_infer_finish(item);
        return;
    }
    pthread_mutex_lock(&inf->lock);
    append(inf, item);
    pthread_cond_signal(&inf->more);
    pthread_mutex_unlock(&inf->lock);
}

/* True when it waited and is now the caller's to finish. */
static bool pull(struct latd_infer *inf, struct latd_item *item)
{
    bool waited;

    pthread_mutex_lock(&inf->lock);
    waited = atomic_load(&item->state) == LATD_ITEM_QUEUED;
    if (waited) {
        unlink_item(inf, item);
        atomic_store(&item->state, LATD_ITEM_TAKEN);
    }
    pthread_mutex_unlock(&inf->lock);
    return waited;
}

static void drop(struct latd_infer *inf, struct latd_item *item,
                 enum lat_code code)
{
    struct lat_err err = {0};

    lat_fail(&err, code, "not begun in time");
    if (atomic_load(&item->state) == LATD_ITEM_FOLLOWS && item->leave &&
        item->leave(item)) {
        latd_item_settle(item, code, &err);
    } else if (pull(inf, item)) {
        item->code = code;
        item->err = err;
        latd_infer_finish(item);
    }
}

/* The mark comes first: whoever is promoted from here on is dropped there. */
void latd_infer_cancel(struct latd_infer *inf, struct latd_batch *b,
                       enum lat_code code)
{
    atomic_store(&b->cancelled, code);
    if (!hold_if_open(b))
        return;
    for (size_t i = 0; i < b->n; i++)
        drop(inf, &b->items[i], code);
    latd_batch_release(b);
}

size_t latd_infer_depth(struct latd_infer *inf)
{
    size_t depth;

    pthread_mutex_lock(&inf->lock);
    depth = inf->depth;
    pthread_mutex_unlock(&inf->lock);
    return depth;
}

uint64_t latd_infer_last_ns(struct latd_infer *inf)
{
    return atomic_load(&inf->last_ns);
}
