/* database.h - what the files of the truth share: see ../database.h. */
#ifndef LATD_STORE_SQLITE_DATABASE_H
#define LATD_STORE_SQLITE_DATABASE_H

#include "../recordings.h"
#include "rows.h"

#include <pthread.h>
#include <stdatomic.h>

enum { LATD_READERS = 4 };

struct latd_database {
    char *dir, *path; /* of the folder, of the file */
    int lock_file;    /* -1: none */
    size_t max;       /* changes that may wait */
    atomic_uint_least64_t committed, changes, failed;

    struct latd_recordings_listener listener; /* zeroed: none */

    pthread_t writer;
    bool started;
    struct latd_rows out; /* the writer's */

    pthread_mutex_t lock;  /* all that follows */
    pthread_cond_t filled; /* something to do, or closing */
    struct latd_change *first, **last;
    size_t waiting;
    bool closing;
    pthread_cond_t returned; /* a reader came back */
    struct latd_rows *idle;  /* readers that are not lent */
    struct latd_rows readers[LATD_READERS];
};

/* The store thread, with a struct latd_database. */
void *latd_writer_run(void *arg);

#endif
