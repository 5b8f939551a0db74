/* later.c - the thread for what takes long: looking into files. */
#define _GNU_SOURCE /* setpriority of a thread, gettid */
#include "room.h"

#include <sys/resource.h>
#include <unistd.h>

static struct latd_later *take(struct latd_files *f)
{
    struct latd_later *l;

    pthread_mutex_lock(&f->lock);
    while (!f->first && !f->stopping)
        pthread_cond_wait(&f->more, &f->lock);
    l = f->first;
    if (l) {
        f->first = l->next;
        if (!f->first)
            f->end = &f->first;
    }
    pthread_mutex_unlock(&f->lock);
    return l;
}

/* On Linux a thread has a niceness of its own; a request must not feel what is
 * done here. */
static void *run(void *arg)
{
    struct latd_files *f = arg;
    struct latd_later *l;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
    while ((l = take(f)) != NULL)
        l->run(l); /* l may be gone from here on */
    return NULL;
}

void latd_files_later(struct latd_files *f, struct latd_later *l)
{
    pthread_mutex_lock(&f->lock);
    l->next = NULL;
    *f->end = l;
    f->end = &l->next;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
}

enum lat_code latd_files_start(struct latd_files *f, struct lat_err *err)
{
    f->end = &f->first;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->more, NULL);
    f->started = pthread_create(&f->thread, NULL, run, f) == 0;
    return f->started ? LAT_OK
                      : lat_fail(err, LAT_EIO, "no thread to look into files");
}

void latd_files_stop(struct latd_files *f)
{
    if (!f->started)
        return;
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->more);
    pthread_mutex_destroy(&f->lock);
}
