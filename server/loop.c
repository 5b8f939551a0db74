/* loop.c - the loop thread, its inbox, its timers. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "loop/inner.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
    TICK_MS = 50, /* how often we look whether clients are still there */
    N_PERIODIC = 8,
};

struct periodic {
    uv_timer_t timer;
    uint64_t ms;
    void (*fn)(void *arg);
    void *arg;
};

struct latd_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_thread_t thread;

    pthread_mutex_t lock; /* guards inbox, tail, stopping */
    struct latd_task *inbox, **tail;
    bool stopping;
    _Atomic uint64_t news;

    /* The loop thread's own. */
    uv_timer_t tick;
    struct latd_watch *watches;
    size_t n_watches, cap;
    struct pollfd *fds; /* (cap), with the watch of each in who */
    struct latd_watch **who;
    struct periodic periodic[N_PERIODIC];
    size_t n_periodic;
};

uv_loop_t *latd_loop_uv(struct latd_loop *loop)
{
    return &loop->uv;
}

uint64_t latd_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- watches ----------------------------------------------------------- */

static void call_over(struct latd_watch *w, enum lat_code why)
{
    if (w->called)
        return;
    w->called = true;
    w->over(w, why);
}

/* Room to ask about all clients at once; without memory nobody is asked, and
 * who has left is found out when the reply is sent. */
static bool make_room(struct latd_loop *loop)
{
    size_t cap = loop->n_watches * 2;

    if (loop->n_watches <= loop->cap)
        return true;
    lat_free(loop->fds);
    lat_free(loop->who);
    loop->fds = lat_calloc(cap, sizeof(*loop->fds));
    loop->who = lat_calloc(cap, sizeof(struct latd_watch *));
    loop->cap = loop->fds && loop->who ? cap : 0;
    return loop->cap > 0;
}

static void look_for_left(struct latd_loop *loop)
{
    nfds_t n = 0;

    if (!make_room(loop))
        return;
    for (struct latd_watch *w = loop->watches; w; w = w->next) {
        if (w->fd < 0 || w->called)
            continue;
        loop->fds[n] = (struct pollfd){.fd = w->fd, .events = POLLRDHUP};
        loop->who[n++] = w;
    }
    if (n == 0 || poll(loop->fds, n, 0) <= 0)
        return;
    for (nfds_t i = 0; i < n; i++)
        if (loop->fds[i].revents)
            call_over(loop->who[i], LAT_ECANCEL);
}

static void look_for_late(struct latd_loop *loop)
{
    uint64_t now = latd_now_ns();
    struct latd_watch *next;

    for (struct latd_watch *w = loop->watches; w; w = next) {
        next = w->next;
        if (w->deadline_ns && now >= w->deadline_ns)
            call_over(w, LAT_ETIMEOUT);
    }
}

static void on_tick(uv_timer_t *timer);

/* In TICK_MS, or at the nearest deadline; not at all when nobody waits. */
static void set_tick(struct latd_loop *loop)
{
    uint64_t now = latd_now_ns(), ms = TICK_MS;

    if (!loop->watches) {
        uv_timer_stop(&loop->tick);
        return;
    }
    for (struct latd_watch *w = loop->watches; w; w = w->next) {
        uint64_t left = 0;

        if (w->called || !w->deadline_ns)
            continue;
        if (w->deadline_ns > now)
            left = (w->deadline_ns - now) / 1000000 + 1;
        if (left < ms)
            ms = left;
    }
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->tick, on_tick, ms, 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct latd_loop *loop = timer->data;

    look_for_late(loop);
    look_for_left(loop);
    set_tick(loop);
}

void latd_loop_watch(struct latd_loop *loop, struct latd_watch *w)
{
    bool sooner = !loop->watches;

    w->on = true;
    w->prev = NULL;
    w->next = loop->watches;
    if (w->next)
        w->next->prev = w;
    loop->watches = w;
    loop->n_watches++;
    if (w->deadline_ns && w->deadline_ns < latd_now_ns() + TICK_MS * 1000000u)
        sooner = true;
    if (sooner)
        set_tick(loop);
}

void latd_loop_unwatch(struct latd_loop *loop, struct latd_watch *w)
{
    if (!w->on)
        return;
    w->on = false;
    if (w->prev)
        w->prev->next = w->next;
    else
        loop->watches = w->next;
    if (w->next)
        w->next->prev = w->prev;
    loop->n_watches--;
    if (!loop->watches)
        uv_timer_stop(&loop->tick);
}

uint64_t latd_loop_news_told(struct latd_loop *loop)
{
    return atomic_load(&loop->news);
}

void latd_loop_news(struct latd_loop *loop)
{
    struct latd_watch *next;

    atomic_fetch_add(&loop->news, 1);

    for (struct latd_watch *w = loop->watches; w; w = next) {
        next = w->next;
        if (w->news)
            call_over(w, LAT_OK);
    }
}

struct abandon {
    struct latd_task task;
    struct latd_loop *loop;
    enum lat_code code;
};

static void run_abandon(struct latd_task *task)
{
    struct abandon *a = (struct abandon *)task;
    struct latd_watch *next;

    for (struct latd_watch *w = a->loop->watches; w; w = next) {
        next = w->next;
        call_over(w, a->code);
    }
    lat_free(a);
}

void latd_loop_abandon(struct latd_loop *loop, enum lat_code code)
{
    struct abandon *a = lat_calloc(1, sizeof(*a));

    if (!a)
        return; /* their deadlines are still there */
    a->task.run = run_abandon;
    a->loop = loop;
    a->code = code;
    latd_loop_post(loop, &a->task);
}

/* ---- periodic calls ---------------------------------------------------- */

struct every {
    struct latd_task task;
    struct latd_loop *loop;
    struct periodic what;
};

static void on_periodic(uv_timer_t *timer)
{
    struct periodic *p = timer->data;

    p->fn(p->arg);
}

static void run_every(struct latd_task *task)
{
    struct every *e = (struct every *)task;
    struct latd_loop *loop = e->loop;
    struct periodic *p;

    if (loop->n_periodic < N_PERIODIC) {
        p = &loop->periodic[loop->n_periodic++];
        *p = e->what;
        uv_timer_init(&loop->uv, &p->timer);
        p->timer.data = p;
        uv_timer_start(&p->timer, on_periodic, p->ms, p->ms);
    }
    lat_free(e);
}

enum lat_code latd_loop_every(struct latd_loop *loop, uint64_t ms,
                              void (*fn)(void *arg), void *arg,
                              struct lat_err *err)
{
    struct every *e = lat_calloc(1, sizeof(*e));

    if (!e)
        return lat_fail(err, LAT_ENOMEM, "a timer");
    e->task.run = run_every;
    e->loop = loop;
    e->what = (struct periodic){.ms = ms, .fn = fn, .arg = arg};
    latd_loop_post(loop, &e->task);
    return LAT_OK;
}

/* ---- the inbox, start and stop ----------------------------------------- */

static void close_all(struct latd_loop *loop)
{
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    for (size_t i = 0; i < loop->n_periodic; i++)
        uv_close((uv_handle_t *)&loop->periodic[i].timer, NULL);
}

/* One wake may stand for many posts, so take them all. */
static void on_wake(uv_async_t *wake)
{
    struct latd_loop *loop = wake->data;
    struct latd_task *t, *next;
    bool stopping;

    pthread_mutex_lock(&loop->lock);
    t = loop->inbox;
    loop->inbox = NULL;
    loop->tail = &loop->inbox;
    stopping = loop->stopping;
    pthread_mutex_unlock(&loop->lock);
    for (; t; t = next) {
        next = t->next;
        t->run(t);
    }
    if (stopping)
        close_all(loop);
}

static void loop_thread(void *arg)
{
    struct latd_loop *loop = arg;

    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void latd_loop_post(struct latd_loop *loop, struct latd_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&loop->lock);
    *loop->tail = task;
    loop->tail = &task->next;
    pthread_mutex_unlock(&loop->lock);
    uv_async_send(&loop->wake);
}

enum lat_code latd_loop_start(struct latd_loop **out, struct lat_err *err)
{
    struct latd_loop *loop = lat_calloc(1, sizeof(*loop));
    int failed;

    if (!loop)
        return lat_fail(err, LAT_ENOMEM, "loop");
    pthread_mutex_init(&loop->lock, NULL);
    loop->tail = &loop->inbox;
    failed = uv_loop_init(&loop->uv);
    if (failed)
        goto fail;
    failed = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (failed)
        goto fail_loop;
    loop->wake.data = loop;
    uv_timer_init(&loop->uv, &loop->tick);
    loop->tick.data = loop;
    failed = uv_thread_create(&loop->thread, loop_thread, loop);
    if (!failed) {
        *out = loop;
        return LAT_OK;
    }
    close_all(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
fail_loop:
    uv_loop_close(&loop->uv);
fail:
    pthread_mutex_destroy(&loop->lock);
    lat_free(loop);
    return lat_fail(err, LAT_EIO, "loop: %s", uv_strerror(failed));
}

void latd_loop_stop(struct latd_loop *loop)
{
    if (!loop)
        return;
    pthread_mutex_lock(&loop->lock);
    loop->stopping = true;
    pthread_mutex_unlock(&loop->lock);
    uv_async_send(&loop->wake);
    uv_thread_join(&loop->thread);
    uv_loop_close(&loop->uv);
    pthread_mutex_destroy(&loop->lock);
    lat_free(loop->fds);
    lat_free(loop->who);
    lat_free(loop);
}
