/* test_loop.c - the inbox, deadlines, clients that leave. */
#define _DEFAULT_SOURCE /* usleep */
#include "../../server/loop.h"
#include "../check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static struct latd_loop *loop;

/* ---- the inbox ---- */

enum { N_TASKS = 1000 };

static struct latd_task tasks[4][N_TASKS];
static int next_of[4]; /* the loop thread's own */
static _Atomic int n_run, n_wrong;

static void run_task(struct latd_task *t)
{
    int who = (int)((t - &tasks[0][0]) / N_TASKS);
    int i = (int)((t - &tasks[0][0]) % N_TASKS);

    if (next_of[who]++ != i)
        atomic_fetch_add(&n_wrong, 1);
    atomic_fetch_add(&n_run, 1);
}

static void *post_many(void *arg)
{
    struct latd_task *list = arg;

    for (int i = 0; i < N_TASKS; i++) {
        list[i].run = run_task;
        latd_loop_post(loop, &list[i]);
    }
    return NULL;
}

TEST(loop, runs_each_task_once_in_the_order_of_its_thread)
{
    pthread_t threads[4];

    UNUSED_STATE;
    CHECK(latd_loop_start(&loop, NULL) == LAT_OK);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, post_many, tasks[i]) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    latd_loop_stop(loop);
    CHECK(atomic_load(&n_run) == 4 * N_TASKS && atomic_load(&n_wrong) == 0);
}

/* ---- watches ---- */

struct client {
    struct latd_watch watch;
    struct latd_task enter, leave;
    sem_t over, gone;
    enum lat_code why;
    uint64_t over_ns;
    int n_over;
    int ends[2];
};

static void on_over(struct latd_watch *w, enum lat_code why)
{
    struct client *c = (struct client *)w;

    c->why = why;
    c->over_ns = latd_now_ns();
    c->n_over++;
    sem_post(&c->over);
}

static void run_enter(struct latd_task *t)
{
    struct client *c =
        (struct client *)((char *)t - offsetof(struct client, enter));

    latd_loop_watch(loop, &c->watch);
}

static void run_leave(struct latd_task *t)
{
    struct client *c =
        (struct client *)((char *)t - offsetof(struct client, leave));

    latd_loop_unwatch(loop, &c->watch);
    sem_post(&c->gone);
}

static void enter(struct client *c, uint64_t in_ms)
{
    *c = (struct client){.watch.over = on_over};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, c->ends) == 0);
    sem_init(&c->over, 0, 0);
    sem_init(&c->gone, 0, 0);
    c->watch.fd = c->ends[0];
    c->watch.deadline_ns = latd_now_ns() + in_ms * 1000000;
    c->enter.run = run_enter;
    c->leave.run = run_leave;
    latd_loop_post(loop, &c->enter);
}

static void leave(struct client *c)
{
    latd_loop_post(loop, &c->leave);
    while (sem_wait(&c->gone))
        ;
    close(c->ends[0]);
    if (c->ends[1] >= 0)
        close(c->ends[1]);
    sem_destroy(&c->over);
    sem_destroy(&c->gone);
}

static void wait_over(struct client *c)
{
    while (sem_wait(&c->over))
        ;
}

TEST(watch, is_over_at_its_deadline_and_not_before)
{
    struct client late, soon, never;
    uint64_t begun = latd_now_ns();

    UNUSED_STATE;
    CHECK(latd_loop_start(&loop, NULL) == LAT_OK);
    enter(&never, 60000);
    enter(&late, 120);
    enter(&soon, 20);
    wait_over(&soon);
    wait_over(&late);
    CHECK(soon.why == LAT_ETIMEOUT && late.why == LAT_ETIMEOUT);
    CHECK(soon.over_ns - begun >= 20 * 1000000);
    CHECK(late.over_ns - begun >= 120 * 1000000);
    CHECK(soon.over_ns < late.over_ns);
    leave(&soon);
    leave(&late);
    leave(&never);
    CHECK(never.n_over == 0 && soon.n_over == 1);
    latd_loop_stop(loop);
}

TEST(watch, is_over_when_the_client_leaves_even_with_bytes_unread)
{
    struct client gone, here;

    UNUSED_STATE;
    CHECK(latd_loop_start(&loop, NULL) == LAT_OK);
    enter(&here, 60000);
    enter(&gone, 60000);
    CHECK(write(here.ends[1], "x", 1) == 1 && write(gone.ends[1], "x", 1) == 1);
    close(gone.ends[1]);
    gone.ends[1] = -1;
    wait_over(&gone);
    CHECK(gone.why == LAT_ECANCEL && here.n_over == 0);
    leave(&gone);
    leave(&here);
    CHECK(here.n_over == 0);
    latd_loop_stop(loop);
}

TEST(watch, is_over_when_all_are_abandoned)
{
    struct client a, b;

    UNUSED_STATE;
    CHECK(latd_loop_start(&loop, NULL) == LAT_OK);
    enter(&a, 60000);
    enter(&b, 60000);
    latd_loop_abandon(loop, LAT_EAWAY);
    wait_over(&a);
    wait_over(&b);
    CHECK(a.why == LAT_EAWAY && b.why == LAT_EAWAY);
    latd_loop_abandon(loop, LAT_ECANCEL);
    leave(&a);
    leave(&b);
    CHECK(a.n_over == 1 && b.n_over == 1);
    latd_loop_stop(loop);
}

static _Atomic int n_ticks;

static void tick(void *arg)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
}

TEST(loop, calls_again_and_again_until_it_stops)
{
    uint64_t end = latd_now_ns() + 5000000000u;
    int n;

    UNUSED_STATE;
    CHECK(latd_loop_start(&loop, NULL) == LAT_OK);
    CHECK(latd_loop_every(loop, 5, tick, &n_ticks, NULL) == LAT_OK);
    while (atomic_load(&n_ticks) < 3 && latd_now_ns() < end)
        usleep(1000);
    latd_loop_stop(loop);
    n = atomic_load(&n_ticks);
    CHECK(n >= 3);
    usleep(20000);
    CHECK(atomic_load(&n_ticks) == n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(loop, runs_each_task_once_in_the_order_of_its_thread),
        T(watch, is_over_at_its_deadline_and_not_before),
        T(watch, is_over_when_the_client_leaves_even_with_bytes_unread),
        T(watch, is_over_when_all_are_abandoned),
        T(loop, calls_again_and_again_until_it_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
