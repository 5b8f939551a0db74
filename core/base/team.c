/* team.c - threads that wait for a piece of work and do its parts. */
#include "team.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

struct work {
    void (*fn)(void *arg, size_t part);
    void *arg;
    atomic_size_t next; /* the next part that nobody has */
};

struct lat_team {
    pthread_mutex_t lock; /* guards all that follows but parts to be taken */
    pthread_cond_t work, done;
    struct work round, aside;
    size_t n_rounds; /* so far: a thread joins each once, or comes too late */
    bool open;       /* the round can be joined */
    size_t joined;   /* threads besides the caller that are in it */
    size_t left;     /* parts of what is aside that are not done */
    bool stopping;
    unsigned n_threads; /* besides the caller */
    pthread_t threads[];
};

/* Until none is left; how many it were. */
static size_t take_parts(struct work *w)
{
    size_t part, n = 0;

    for (; (part = atomic_fetch_add(&w->next, 1)) < LAT_PARTS; n++)
        w->fn(w->arg, part);
    return n;
}

static void begin(struct work *w, void (*fn)(void *, size_t), void *arg)
{
    w->fn = fn;
    w->arg = arg;
    atomic_store(&w->next, 0);
}

/* Both with the lock held, which they give up while they work. */
static void join_round(struct lat_team *t)
{
    t->joined++;
    pthread_mutex_unlock(&t->lock);
    take_parts(&t->round);
    pthread_mutex_lock(&t->lock);
    if (--t->joined == 0)
        pthread_cond_signal(&t->done);
}

static void do_aside(struct lat_team *t, size_t part)
{
    pthread_mutex_unlock(&t->lock);
    t->aside.fn(t->aside.arg, part);
    pthread_mutex_lock(&t->lock);
    if (--t->left == 0)
        pthread_cond_signal(&t->done);
}

static void *run(void *p)
{
    struct lat_team *t = p;
    size_t seen = 0, part;

    pthread_mutex_lock(&t->lock);
    while (!t->stopping) {
        if (t->open && t->n_rounds != seen) {
            seen = t->n_rounds;
            join_round(t);
        } else if (t->left > 0 &&
                   (part = atomic_fetch_add(&t->aside.next, 1)) < LAT_PARTS) {
            do_aside(t, part);
        } else {
            pthread_cond_wait(&t->work, &t->lock);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

enum lat_code lat__team_new(struct lat_team **out, unsigned n_threads,
                            struct lat_err *err)
{
    unsigned n = n_threads > 1 ? n_threads - 1 : 0;
    struct lat_team *t = lat_calloc(1, sizeof(*t) + n * sizeof(t->threads[0]));

    if (!t)
        return lat_fail(err, LAT_ENOMEM, "a team of %u threads", n_threads);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->done, NULL);
    for (; t->n_threads < n; t->n_threads++)
        if (pthread_create(&t->threads[t->n_threads], NULL, run, t)) {
            lat__team_free(t);
            return lat_fail(err, LAT_ENOMEM, "no thread for a team of %u",
                            n_threads);
        }
    *out = t;
    return LAT_OK;
}

void lat__team_free(struct lat_team *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (unsigned i = 0; i < t->n_threads; i++)
        pthread_join(t->threads[i], NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    lat_free(t);
}

static void wait_for(struct lat_team *t, const size_t *count)
{
    while (*count > 0)
        pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

void lat__team_run(struct lat_team *t, void (*fn)(void *arg, size_t part),
                   void *arg)
{
    if (!t || t->n_threads == 0) {
        for (size_t part = 0; part < LAT_PARTS; part++)
            fn(arg, part);
        return;
    }
    pthread_mutex_lock(&t->lock);
    begin(&t->round, fn, arg);
    t->n_rounds++;
    t->open = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    take_parts(&t->round);
    pthread_mutex_lock(&t->lock);
    t->open = false;
    wait_for(t, &t->joined);
}

void lat__team_aside(struct lat_team *t, void (*fn)(void *arg, size_t part),
                     void *arg)
{
    if (!t) {
        lat__team_run(t, fn, arg);
        return;
    }
    pthread_mutex_lock(&t->lock);
    assert(t->left == 0);
    begin(&t->aside, fn, arg);
    t->left = LAT_PARTS;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
}

void lat__team_await(struct lat_team *t)
{
    size_t n;

    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    if (t->left == 0) {
        pthread_mutex_unlock(&t->lock);
        return;
    }
    pthread_mutex_unlock(&t->lock);
    n = take_parts(&t->aside);
    pthread_mutex_lock(&t->lock);
    t->left -= n;
    wait_for(t, &t->left);
}
