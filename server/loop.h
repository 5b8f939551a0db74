/*
 * loop.h - the door to libuv: the loop thread, its inbox, its timers.
 *
 * Only the loop thread touches libuv's things.  Everything else comes through
 * the inbox: lock, push, unlock, send; the loop takes all of it at each wake,
 * in the order in which it came.
 */
#ifndef LATD_LOOP_H
#define LATD_LOOP_H

#include "../core/latent.h"

struct latd_loop;

/* To be run on the loop thread.  Its memory is the poster's until run is
 * called, and run's from then on. */
struct latd_task {
    void (*run)(struct latd_task *task);
    struct latd_task *next;
};

/* A request that waits: until its deadline, and as long as its client is
 * there.  over is called at most once, on the loop thread, with LAT_ETIMEOUT,
 * LAT_ECANCEL (the client left) or the code given to latd_loop_abandon; the
 * watch stays on the list until it is unwatched. */
struct latd_watch {
    int fd;    /* of the client; -1: none to look at */
    bool news; /* over is called, with LAT_OK, at the next news, too */
    uint64_t deadline_ns; /* of the monotonic clock; 0: none */
    void (*over)(struct latd_watch *w, enum lat_code why);
    /* The loop's own. */
    bool on, called;
    struct latd_watch *prev, *next;
};

uint64_t latd_now_ns(void); /* the monotonic clock */

LAT_MUST_CHECK enum lat_code latd_loop_start(struct latd_loop **out,
                                             struct lat_err *err);
/* Runs what is in the inbox, then ends the thread.  No watch is left. */
void latd_loop_stop(struct latd_loop *loop);

/* Any thread. */
void latd_loop_post(struct latd_loop *loop, struct latd_task *task);
/* Calls fn(arg) on the loop thread every so often, from now until stop. */
LAT_MUST_CHECK enum lat_code latd_loop_every(struct latd_loop *loop,
                                             uint64_t ms, void (*fn)(void *arg),
                                             void *arg, struct lat_err *err);
/* All watches are over, with code as the reason.  Any thread. */
void latd_loop_abandon(struct latd_loop *loop, enum lat_code code);

/* ---- the work queue ----

 * For what takes long and is in no hurry: threads of libuv's, which are given
 * the lowest ordinary priority (nice 19, and SCHED_BATCH on Linux) when they
 * first work for us; threads that they begin inherit it. */

struct latd_work; /* one piece at a time */

LAT_MUST_CHECK enum lat_code latd_work_new(struct latd_work **out,
                                           struct latd_loop *loop,
                                           void (*run)(void *arg),
                                           void (*done)(void *arg), void *arg,
                                           struct lat_err *err);
/* When it is not under way. */
void latd_work_free(struct latd_work *w);
/* Loop thread: run on a thread of the queue, then done on the loop thread, who
 * may start it again. */
void latd_work_start(struct latd_work *w);

/* Loop thread. */
void latd_loop_watch(struct latd_loop *loop, struct latd_watch *w);
void latd_loop_unwatch(struct latd_loop *loop, struct latd_watch *w);
/* Something has happened that watches with news wait for. */
void latd_loop_news(struct latd_loop *loop);
/* How often that was.  Any thread. */
uint64_t latd_loop_news_told(struct latd_loop *loop);

#endif
