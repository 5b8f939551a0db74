/*
 * jobs.h - fine-tuning jobs: their states, and the one that runs.
 *
 * A job is a row.  It moves from state to state by compare-and-set in the
 * database, so whoever moves it first has moved it: a client that cancels, the
 * runner that is done.  The runner takes the oldest job that can go on and
 * works on it in slices of a fifth of a second, on a thread of the lowest
 * ordinary priority; between two slices it looks at the row's state, and what
 * the slice of a job that was cancelled brings back is dropped.
 *
 * Whatever ends the process, a job goes on from its last checkpoint and ends
 * in the same bytes.
 */
#ifndef LATD_JOBS_H
#define LATD_JOBS_H

#include "../core/latent.h"
#include "ulid.h"

/* ---- states ----------------------------------------------- jobs/states.c */

#define LATD_JOB_STATE_MAP(XX)               \
    XX(VALIDATING_FILES, "validating_files") \
    XX(QUEUED, "queued")                     \
    XX(RUNNING, "running")                   \
    XX(PAUSED, "paused")                     \
    XX(SUCCEEDED, "succeeded")               \
    XX(FAILED, "failed")                     \
    XX(CANCELLED, "cancelled")

enum latd_job_state {
#define XX(name, word) LATD_JOB_##name,
    LATD_JOB_STATE_MAP(XX)
#undef XX
        LATD_N_JOB_STATES
};

#define LATD_JOB_MOVE_MAP(XX)                                          \
    XX(VALIDATED, "validated") /* its files are what they should be */ \
    XX(START, "started")       /* the runner takes it */               \
    XX(PAUSE, "paused")                                                \
    XX(RESUME, "resumed")                                              \
    XX(CANCEL, "cancelled")                                            \
    XX(STOP, "put back") /* the process ends; it goes on later */      \
    XX(SUCCEED, "succeeded")                                           \
    XX(FAIL, "failed")

enum latd_job_move {
#define XX(name, word) LATD_MOVE_##name,
    LATD_JOB_MOVE_MAP(XX)
#undef XX
        LATD_N_JOB_MOVES
};

const char *latd_job_state_word(enum latd_job_state s);
bool latd_job_state_find(enum latd_job_state *out, const char *word);
/* Where a move leads; what is so already stays so.  LAT_EBUSY,
 * "invalid_state", when the move is impossible. */
LAT_MUST_CHECK enum lat_code latd_job_next(enum latd_job_state *to,
                                           enum latd_job_state from,
                                           enum latd_job_move move,
                                           struct lat_err *err);
/* Nothing leads out of it. */
bool latd_job_is_final(enum latd_job_state s);

/* ---- the runner ------------------------------------------- jobs/runner.c */

struct latd_app;
struct latd_jobs;

/* Takes up what an earlier process left. */
LAT_MUST_CHECK enum lat_code latd_jobs_start(struct latd_jobs **out,
                                             struct latd_app *app,
                                             const struct lat_kernel *kernel,
                                             struct lat_err *err);
/* The running job saves itself at its next step; no other is taken.  Returns
 * at once. */
void latd_jobs_quiesce(struct latd_jobs *j);
/* Waits until no slice runs. */
void latd_jobs_stop(struct latd_jobs *j);

/* Any thread, after a commit: there is something new to do, or the running job
 * is to be looked at before its slice is over; streams of events are told. */
void latd_jobs_kick(struct latd_jobs *j);

#endif
