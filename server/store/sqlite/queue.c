/* queue.c - writes that wait. */
#include "queue.h"

#include <assert.h>
#include <string.h>

static struct latd_write *write_new(const struct latd_vector *v)
{
    struct latd_write *w = lat_calloc(1, sizeof(*w) + v->dims * sizeof(*v->v));

    if (!w)
        return NULL;
    assert(strlen(v->model) < sizeof(w->model));
    memcpy(w->key, v->key, LAT_DIGEST);
    strcpy(w->model, v->model);
    w->vector =
        (struct latd_vector){w->key, w->model, (float *)(w + 1), v->dims};
    memcpy(w->vector.v, v->v, v->dims * sizeof(*v->v));
    return w;
}

void latd_queue_init(struct latd_queue *q, size_t max)
{
    *q = (struct latd_queue){.max = max};
    q->last = &q->first;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, NULL);
    pthread_cond_init(&q->idle, NULL);
}

void latd_queue_fini(struct latd_queue *q)
{
    assert(!q->first);
    pthread_cond_destroy(&q->idle);
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
}

bool latd_queue_put(struct latd_queue *q, const struct latd_vector *v)
{
    struct latd_write *w = write_new(v);
    bool put = false;

    if (!w)
        return false;
    pthread_mutex_lock(&q->lock);
    if (q->n < q->max && !q->closed) {
        *q->last = w;
        q->last = &w->next;
        q->n++;
        put = true;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    if (!put)
        lat_free(w);
    return put;
}

struct latd_write *latd_queue_take(struct latd_queue *q)
{
    struct latd_write *all;

    pthread_mutex_lock(&q->lock);
    q->taken = false;
    if (!q->first)
        pthread_cond_broadcast(&q->idle);
    while (!q->first && !q->closed)
        pthread_cond_wait(&q->filled, &q->lock);
    all = q->first;
    q->first = NULL;
    q->last = &q->first;
    q->n = 0;
    q->taken = all != NULL;
    pthread_mutex_unlock(&q->lock);
    return all;
}

void latd_queue_close(struct latd_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

void latd_queue_wait(struct latd_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (q->first || q->taken)
        pthread_cond_wait(&q->idle, &q->lock);
    pthread_mutex_unlock(&q->lock);
}
