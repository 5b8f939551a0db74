/*
 * run.h - the job in hand, as the files of jobs/ share it.
 *
 * Everything here is for the thread of the work queue on which the slice runs:
 * there is one slice at a time.
 */
#ifndef LATD_JOBS_RUN_H
#define LATD_JOBS_RUN_H

#include <stdatomic.h>

#include "../handler.h"
#include "../wire/jobs.h"

struct latd_run {
    struct latd_app *app;
    struct latd_jobs *jobs;
    const struct lat_kernel *kernel;
    const _Atomic bool *stop; /* whoever waits for the disk gives up */
    struct latd_job job;
    struct latd_job_ask ask;
    struct lat_model *parent;
    struct lat_recipe *recipe;
    struct lat_dataset *data;
    struct lat_trainer *trainer;
    double parent_valid; /* the validation loss before the first step */
    bool has_valid, images;
    struct lat_progress measured; /* what was told last */
    double steps_per_epoch;
    uint64_t begun_ns; /* wall time is counted from here */
    uint64_t told_ns, saved_ns;
    int64_t told_step, saved_step, valid_step;
};

/* ---- run.c: made ready, and given up */

/* Files, model and recipe of run->job: everything that can be wrong with it is
 * found here.  What was saved is loaded. */
LAT_MUST_CHECK enum lat_code latd_run_open(struct latd_run *run,
                                           struct lat_err *err);
void latd_run_close(struct latd_run *run);

/* ---- recipe.c */

/* How the parent was trained, as the request changes it. */
LAT_MUST_CHECK enum lat_code latd_run_recipe(struct latd_run *run,
                                             struct lat_err *err);
/* Steps, and what depends on their number, when the data are there. */
LAT_MUST_CHECK enum lat_code latd_run_steps(struct latd_run *run,
                                            struct lat_err *err);

/* ---- data.c */

LAT_MUST_CHECK enum lat_code latd_run_data(struct latd_run *run,
                                           struct lat_err *err);

/* ---- folder.c: where a job keeps what is not in the database */

enum { LATD_PATH_MAX = 1024 };

/* DATA-DIR/jobs/ID/name; the folders are made. */
LAT_MUST_CHECK enum lat_code latd_run_path(char path[LATD_PATH_MAX],
                                           const struct latd_run *run,
                                           const char *name,
                                           struct lat_err *err);
/* DATA-DIR/models/MODEL.safetensors; the folder is made. */
LAT_MUST_CHECK enum lat_code latd_run_model_path(char path[LATD_PATH_MAX],
                                                 const struct latd_run *run,
                                                 const char *model,
                                                 struct lat_err *err);
/* The parent's file, as it was when the job was first looked at. */
LAT_MUST_CHECK enum lat_code latd_run_parent(struct latd_run *run,
                                             struct lat_err *err);
/* Takes away what is not needed any more. */
void latd_run_clear(const struct latd_run *run);
/* Models of checkpoints that are no rows any more go. */
void latd_run_prune(const struct latd_run *run);
/* Folders of jobs that are over, or not there. */
void latd_jobs_sweep(struct latd_app *app);

/* ---- wait.c: for a disk that is full */

/* Whether what failed with code is worth trying again, after a moment that is
 * spent here.  *said: it was told in the log. */
bool latd_run_waits(const struct latd_run *run, enum lat_code code, bool *said,
                    const struct lat_err *err);

/* ---- note.c: what is written down */

struct latd_note {
    int move;            /* of enum latd_job_move; -1: it must be running */
    const char *level;   /* NULL: "info" */
    const char *message; /* of an event; NULL: none */
    const char *data;    /* of it; NULL: a message without */
    struct latd_job_checkpoint *checkpoint; /* or NULL */
    bool end;                               /* how it ended, too */
};

/* In one transaction; returns when it is on disk, and waits while the disk is
 * full, or too much is to be written.  LAT_EBUSY when the job is
 * not where the move, or going on, would have it: somebody was faster. */
LAT_MUST_CHECK enum lat_code latd_run_note(struct latd_run *run,
                                           const struct latd_note *note,
                                           struct lat_err *err);
/* Progress, and what was measured, as the data of an event. */
void latd_run_metrics(struct lat_buf *out, struct latd_run *run);
/* Writes progress when it is time for it, or always. */
LAT_MUST_CHECK enum lat_code latd_run_tell(struct latd_run *run, bool always,
                                           struct lat_err *err);

/* ---- save.c: checkpoints and the end */

/* The state of the run.  While the disk is full it waits, until there is room
 * or run->stop says no. */
LAT_MUST_CHECK enum lat_code latd_run_save(struct latd_run *run,
                                           struct lat_err *err);
bool latd_run_is_due(const struct latd_run *run);
/* Saves, publishes a model of the step and writes both down. */
LAT_MUST_CHECK enum lat_code latd_run_checkpoint(struct latd_run *run,
                                                 struct lat_err *err);
/* Publishes the model and ends the job. */
LAT_MUST_CHECK enum lat_code latd_run_finish(struct latd_run *run,
                                             struct lat_err *err);

#endif
