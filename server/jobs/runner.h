/*
 * runner.h - the runner, as its slices see it.
 */
#ifndef LATD_JOBS_RUNNER_H
#define LATD_JOBS_RUNNER_H

#include "run.h"

#include <pthread.h>

struct latd_jobs {
    struct latd_app *app;
    const struct lat_kernel *kernel;
    struct latd_work *work;
    struct latd_task kick;
    _Atomic bool kicked;   /* the task is in the loop's inbox */
    _Atomic bool stopping; /* save, and take no other */
    _Atomic bool look;     /* the row in hand may have been moved */

    pthread_mutex_t lock; /* guards busy */
    pthread_cond_t idle;
    bool busy; /* a slice is under way */

    /* The loop thread's. */
    bool again;

    /* The slice's. */
    struct latd_run *run; /* in hand, or NULL */
    bool more;            /* there is something to do still */
};

/* A thread of the work queue: one slice of the job in hand, or the next job is
 * taken up.  j->more says whether there is another to be run. */
void latd_slice_run(struct latd_jobs *j);

#endif
