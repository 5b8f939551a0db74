/*
 * infer.h - the queue of windows, and the threads that embed them.
 *
 * An item is a window to embed or, with run, another piece of arithmetic, as a
 * part of a scan.
 *
 * Windows are taken one at a time in the order in which they came, with no
 * added delay, so an embedding cannot depend on its neighbours.  An image that
 * went through its encoder waits while the next in the queue are of the same
 * model, up to LAT_SLOTS in all, since the weights of their heads are then read
 * once; its bytes are the same.  A request's windows are one batch: admitted
 * whole or not at all, done when the last one is.  Until a window is taken it
 * can be cancelled.
 *
 * A batch is done when as many releases as holds have happened.  Http holds it
 * from init until it has suspended the connection and submitted; each item
 * that is queued, or that waits for another request's result, is a hold.
 */
#ifndef LATD_INFER_H
#define LATD_INFER_H

#include <stdatomic.h>

#include "../core/latent.h"
#include "models.h"

struct latd_infer;
struct latd_batch;

enum latd_item_state {
    LATD_ITEM_NEW,     /* nobody's business yet; submit queues it */
    LATD_ITEM_SETTLED, /* y is there, or an error: submit leaves it alone */
    LATD_ITEM_FOLLOWS, /* another request computes it: see leave */
    LATD_ITEM_QUEUED,
    LATD_ITEM_TAKEN, /* by a thread: no longer to be cancelled */
    LATD_ITEM_DONE,
};

/* One window.  The memory is the request's, and the batch's done is the signal
 * that nobody else looks at it any more. */
struct latd_item {
    struct latd_model *model; /* lent by the request, which holds it */
    const float *x;           /* (window, channels), as lat_prepare cuts it, or
                                 an image as lat_prepare_image gives it */
    float *y;                 /* (dims), or with parts (latd_item_floats) */
    bool parts;               /* of an image: all that its code has … */
    enum lat_gate_mode mode;  /* … and the latent behind such gates */
    /* Instead of embedding x: on an infer thread, must neither block nor take
     * long.  owner is the handler's.  NULL for a window. */
    enum lat_code (*run)(struct latd_item *item, struct lat_err *err);
    enum lat_code code; /* once done */
    struct lat_err err;

    /* For the cache; all may be NULL.  finished: the item is done, code says
     * how; on the thread that computed or cancelled it, no lock held.  leave:
     * gives up following; false: too late, it will be settled anyway. */
    void (*finished)(struct latd_item *item);
    bool (*leave)(struct latd_item *item);
    void *owner;

    /* The queue's own, under its lock. */
    _Atomic enum latd_item_state state;
    struct latd_batch *batch;
    struct latd_item *prev, *next;
    uint64_t queued_ns;
};

struct latd_batch {
    struct latd_item *items; /* (n), set by the handler before submit */
    size_t n;
    void (*done)(struct latd_batch *batch); /* once; any thread */
    /* Set by the handler in begin or submit, may be NULL: called once, when all
     * that was held is released and before done, on any thread.  Holds the
     * batch meanwhile, and may submit more; not when cancelled is set. */
    void (*then)(struct latd_batch *batch);
    /* The queue's own. */
    _Atomic size_t holds;
    _Atomic enum lat_code cancelled;
    _Atomic uint64_t taken_ns, done_ns; /* the first taken, the last done */
};

/* With parts, y is the latent, the features and, of a model with gates, logits
 * and probabilities, one behind the other. */
size_t latd_item_floats(const struct lat_card *card, bool parts);
struct lat_image_code latd_item_code(const struct lat_card *card, float *y);

LAT_MUST_CHECK enum lat_code latd_infer_start(struct latd_infer **out,
                                              unsigned n_threads,
                                              size_t max_queue,
                                              struct latd_metrics *metrics,
                                              struct lat_err *err);
/* The queue is empty by now. */
void latd_infer_stop(struct latd_infer *inf);

/* With one hold, the caller's. */
void latd_batch_init(struct latd_batch *b,
                     void (*done)(struct latd_batch *batch));
void latd_batch_hold(struct latd_batch *b);
void latd_batch_release(struct latd_batch *b);

/* The item may be somebody else's to compute: it follows, with a hold.  Before
 * asking, because the answer may come at once; then one of settle (it was
 * there, or came), lead (nobody has it: NEW, to be submitted), promote. */
void latd_item_expect(struct latd_item *item, struct latd_batch *b);
void latd_item_lead(struct latd_item *item);
/* The result is in y, or code says why not: drops the hold.  item may be gone
 * when this returns.  Any thread. */
void latd_item_settle(struct latd_item *item, enum lat_code code,
                      const struct lat_err *err);
/* Queues one that followed, its hold included, in the place of the one it
 * followed that was cancelled; never refused. */
void latd_infer_promote(struct latd_infer *inf, struct latd_item *item);

/* Queues those of the batch's items that are NEW, with a hold each, or none of
 * them: LAT_EFULL, "overloaded", names the bound. */
LAT_MUST_CHECK enum lat_code latd_infer_submit(struct latd_infer *inf,
                                               struct latd_batch *b,
                                               struct lat_err *err);
/* Drops what has not begun, with code and word as the reason.  The batch is
 * done soon after: what has begun is not interrupted. */
void latd_infer_cancel(struct latd_infer *inf, struct latd_batch *b,
                       enum lat_code code);
size_t latd_infer_depth(struct latd_infer *inf); /* windows that wait */
/* When a pass last succeeded, in nanoseconds of the monotonic clock. */
uint64_t latd_infer_last_ns(struct latd_infer *inf);

#endif
