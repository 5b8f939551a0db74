/*
 * reembed.h - rows of the truth: recordings that are embedded again by another
 * model, and how far that is.
 */
#ifndef LATD_STORE_REEMBED_H
#define LATD_STORE_REEMBED_H

#include "recordings.h"

struct latd_reembedding {
    char id[40];
    char model[LATD_MODEL_NAME];
    char digest[LAT_DIGEST_HEX]; /* of the vectors that are made */
    char source[LAT_DIGEST_HEX]; /* only what has vectors of it; "": all */
    bool drops;                  /* and those go */
    char state[16];              /* running, succeeded, failed, cancelled */
    char last[LATD_RECORDING_ID];
    uint64_t total, done, skipped;
    char error[400];
    int64_t created_at, changed_at;
};

/* A new one, running: total and the times are filled in.  LAT_EBUSY when there
 * is one that runs. */
LAT_MUST_CHECK enum lat_code latd_reembed_begin(struct latd_rows *rows,
                                                struct latd_reembedding *t,
                                                struct lat_err *err);
/* state, last, done, skipped and error, of one that runs; what somebody ended
 * meanwhile is LAT_EBUSY. */
LAT_MUST_CHECK enum lat_code latd_reembed_save(struct latd_rows *rows,
                                               const struct latd_reembedding *t,
                                               struct lat_err *err);
/* LAT_ENOENT when none runs. */
LAT_MUST_CHECK enum lat_code latd_reembed_cancel(struct latd_rows *rows,
                                                 struct lat_err *err);
/* The one that runs; *found is false when there is none. */
LAT_MUST_CHECK enum lat_code latd_reembed_running(bool *found,
                                                  struct latd_rows *rows,
                                                  struct latd_reembedding *t,
                                                  struct lat_err *err);
/* The newest n, the newest first. */
LAT_MUST_CHECK enum lat_code latd_reembed_list(
    struct latd_rows *rows, size_t n,
    void (*visit)(void *arg, const struct latd_reembedding *t), void *arg,
    struct lat_err *err);
/* The next recording behind t->last that has a waveform and no vectors of
 * t->digest; "" when that was all. */
LAT_MUST_CHECK enum lat_code latd_reembed_next(char id[LATD_RECORDING_ID],
                                               struct latd_rows *rows,
                                               const struct latd_reembedding *t,
                                               struct lat_err *err);
/* The vectors of digest go from a recording, whose tag and changes are told. */
LAT_MUST_CHECK enum lat_code latd_recordings_drop(struct latd_rows *rows,
                                                  const char *id,
                                                  const char *digest,
                                                  struct lat_err *err);

#endif
