/*
 * gate.h - a lock of readers and writers in which neither starves.
 *
 * All pass the door one by one; a writer keeps it until he has the lock, so
 * readers that come later wait behind him, and he waits for those that are in.
 */
#ifndef LATD_INDEX_GATE_H
#define LATD_INDEX_GATE_H

#include <pthread.h>

struct latd_gate {
    pthread_mutex_t door;
    pthread_rwlock_t lock;
};

static inline void latd_gate_init(struct latd_gate *g)
{
    pthread_mutex_init(&g->door, NULL);
    pthread_rwlock_init(&g->lock, NULL);
}

static inline void latd_gate_fini(struct latd_gate *g)
{
    pthread_rwlock_destroy(&g->lock);
    pthread_mutex_destroy(&g->door);
}

static inline void latd_gate_read(struct latd_gate *g)
{
    pthread_mutex_lock(&g->door);
    pthread_rwlock_rdlock(&g->lock);
    pthread_mutex_unlock(&g->door);
}

static inline void latd_gate_write(struct latd_gate *g)
{
    pthread_mutex_lock(&g->door);
    pthread_rwlock_wrlock(&g->lock);
    pthread_mutex_unlock(&g->door);
}

static inline void latd_gate_leave(struct latd_gate *g)
{
    pthread_rwlock_unlock(&g->lock);
}

#endif
