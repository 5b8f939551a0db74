/* room.h - what the files of files/ share. */
#ifndef LATD_FILES_ROOM_H
#define LATD_FILES_ROOM_H

#include "../files.h"

#include <pthread.h>

struct latd_files {
    struct latd_files_options opt;
    char dir[LATD_TEXT_MAX + 8]; /* DATA-DIR/files */
    _Atomic uint64_t used;       /* bytes of files and of open uploads */

    /* The thread for what takes long. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct latd_later *first, **end;
    bool stopping, started;
};

/* The folder itself must survive a power cut: what was renamed in it. */
void latd_files_sync(const struct latd_files *f);
/* Rejects in report the lines whose file is not here, or not what they say.
 * Those that are here, each once, with a NUL after each, go to named. */
LAT_MUST_CHECK enum lat_code latd_files_follow(struct latd_files *f,
                                               const struct lat_manifest *m,
                                               struct lat_report *report,
                                               struct lat_buf *named,
                                               struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_files_start(struct latd_files *f,
                                              struct lat_err *err);
/* Runs what waits, then ends the thread. */
void latd_files_stop(struct latd_files *f);

#endif
