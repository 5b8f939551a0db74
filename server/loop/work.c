/* work.c - the work queue: what takes long and is in no hurry. */
#define _GNU_SOURCE /* SCHED_BATCH */
#include "inner.h"

#include <sched.h>
#include <sys/resource.h>

struct latd_work {
    uv_work_t uv;
    struct latd_loop *loop;
    void (*run)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

static _Thread_local bool is_lowered;

/* On Linux nice is a thread's, and 0 means the calling one. */
static void lower_priority(void)
{
    const struct sched_param zero = {0};

    if (is_lowered)
        return;
    is_lowered = true;
    setpriority(PRIO_PROCESS, 0, 19);
    sched_setscheduler(0, SCHED_BATCH, &zero);
}

static void on_work(uv_work_t *uv)
{
    struct latd_work *w = uv->data;

    lower_priority();
    w->run(w->arg);
}

static void on_worked(uv_work_t *uv, int status)
{
    struct latd_work *w = uv->data;

    (void)status; /* nothing cancels */
    w->done(w->arg);
}

enum lat_code latd_work_new(struct latd_work **out, struct latd_loop *loop,
                            void (*run)(void *arg), void (*done)(void *arg),
                            void *arg, struct lat_err *err)
{
    struct latd_work *w = lat_calloc(1, sizeof(*w));

    if (!w)
        return lat_fail(err, LAT_ENOMEM, "work");
    w->uv.data = w;
    w->loop = loop;
    w->run = run;
    w->done = done;
    w->arg = arg;
    *out = w;
    return LAT_OK;
}

void latd_work_free(struct latd_work *w)
{
    lat_free(w);
}

void latd_work_start(struct latd_work *w)
{
    uv_queue_work(latd_loop_uv(w->loop), &w->uv, on_work, on_worked);
}
