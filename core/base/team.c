/* team.c - threads that wait for a piece of work and do its parts. */
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>

struct lat_team {
    pthread_mutex_t lock; /* guards all that follows but next */
    pthread_cond_t work, done;
    void (*fn)(void *arg, size_t part);
    void *arg;
    size_t round;  /* which piece of work; a thread does each once */
    unsigned busy; /* threads still in this round */
    bool stopping;
    atomic_size_t next; /* the next part that nobody has */
    unsigned n_threads; /* besides the caller */
    pthread_t threads[];
};

static void take_parts(struct lat_team *t, void (*fn)(void *, size_t),
                       void *arg)
{
    size_t part;

    while ((part = atomic_fetch_add(&t->next, 1)) < LAT_PARTS)
        fn(arg, part);
}

static void *run(void *p)
{
    struct lat_team *t = p;
    size_t seen = 0;

    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->stopping && t->round == seen)
            pthread_cond_wait(&t->work, &t->lock);
        if (t->stopping)
            break;
        seen = t->round;
        pthread_mutex_unlock(&t->lock);
        take_parts(t, t->fn, t->arg);
        pthread_mutex_lock(&t->lock);
        if (--t->busy == 0)
            pthread_cond_signal(&t->done);
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

void lat__team_run(struct lat_team *t, void (*fn)(void *arg, size_t part),
                   void *arg)
{
    if (!t || t->n_threads == 0) {
        for (size_t part = 0; part < LAT_PARTS; part++)
            fn(arg, part);
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->fn = fn;
    t->arg = arg;
    t->busy = t->n_threads;
    t->round++;
    atomic_store(&t->next, 0);
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    take_parts(t, fn, arg);
    pthread_mutex_lock(&t->lock);
    while (t->busy > 0)
        pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
