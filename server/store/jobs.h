/*
 * jobs.h - rows of fine-tuning jobs, of their events and checkpoints.
 *
 * What changes rows is called within a change (database.h).  Texts of a job
 * that was read are the caller's until latd_job_fini.
 */
#ifndef LATD_STORE_JOBS_H
#define LATD_STORE_JOBS_H

#include "../jobs.h"
#include "database.h"

struct latd_job {
    char id[LATD_ID_MAX];
    int64_t created_at;
    enum latd_job_state state;
    char *model, *training_file, *validation_file; /* the last may be NULL */
    char *request;                                 /* as it was asked: JSON */
    uint8_t fingerprint[LAT_DIGEST];
    char *output;
    int64_t attempts, wall_ms;
    int64_t step, total_steps;
    double epoch, rate;
    int64_t estimated_at, finished_at; /* 0: not known */
    char *result_file;                 /* or NULL */
    char *error_code, *error_message;  /* or NULL */
    char checkpoint[LATD_ID_MAX];      /* the last one's id, or "" */
};

struct latd_job_event {
    char id[LATD_ID_MAX], job[LATD_ID_MAX];
    int64_t created_at;
    const char *level, *type, *message, *data;
};

struct latd_job_checkpoint {
    char id[LATD_ID_MAX], job[LATD_ID_MAX];
    int64_t created_at, step;
    const char *model, *metrics;
};

/* A page of a list: what comes after an id, or from the beginning. */
struct latd_page {
    const char *after; /* NULL: from the beginning */
    size_t limit;
    bool more; /* out: there are others behind these */
};

/* Zeroed is empty. */
void latd_job_fini(struct latd_job *j);

/* ---- jobs */

LAT_MUST_CHECK enum lat_code latd_rows_job_add(struct latd_rows *rows,
                                               const struct latd_job *j,
                                               struct lat_err *err);
/* LAT_ENOENT, "job_not_found". */
LAT_MUST_CHECK enum lat_code latd_rows_job_get(struct latd_job *out,
                                               struct latd_rows *rows,
                                               const char *id,
                                               struct lat_err *err);
/* The youngest since then that would do the same; *found says whether. */
LAT_MUST_CHECK enum lat_code latd_rows_job_twin(
    bool *found, char id[LATD_ID_MAX], struct latd_rows *rows,
    const uint8_t *fingerprint, int64_t since, struct lat_err *err);
/* The oldest job that a runner may take up: one that runs already, then one
 * whose files are to be looked at, then one that waits. */
LAT_MUST_CHECK enum lat_code latd_rows_job_first(bool *found,
                                                 char id[LATD_ID_MAX],
                                                 struct latd_rows *rows,
                                                 struct lat_err *err);
/* Moves it as the table says; *to is where it is now.  changed says whether it
 * was elsewhere before. */
LAT_MUST_CHECK enum lat_code latd_rows_job_move(
    enum latd_job_state *to, bool *changed, struct latd_rows *rows,
    const char *id, enum latd_job_move move, struct lat_err *err);
/* Writes what runs on: attempts, wall_ms, step … estimated_at. */
LAT_MUST_CHECK enum lat_code latd_rows_job_progress(struct latd_rows *rows,
                                                    const struct latd_job *j,
                                                    struct lat_err *err);
/* Writes how it ended: finished_at, result_file, error. */
LAT_MUST_CHECK enum lat_code latd_rows_job_end(struct latd_rows *rows,
                                               const struct latd_job *j,
                                               struct lat_err *err);

/* Metadata that a job must have, as text. */
struct latd_pair {
    const char *key, *value;
};

struct latd_job_query {
    struct latd_page page;
    const struct latd_pair *pairs;
    size_t n_pairs;
    /* Each, the youngest first; a code ends it. */
    enum lat_code (*each)(void *arg, const struct latd_job *j);
    void *arg;
};

LAT_MUST_CHECK enum lat_code latd_rows_job_list(struct latd_rows *rows,
                                                struct latd_job_query *q,
                                                struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_rows_job_counts(uint64_t n[LATD_N_JOB_STATES],
                                                  struct latd_rows *rows,
                                                  struct lat_err *err);
/* The greatest id of all three tables, or "". */
LAT_MUST_CHECK enum lat_code latd_rows_job_last_ids(char ids[3][LATD_ID_MAX],
                                                    struct latd_rows *rows,
                                                    struct lat_err *err);

/* ---- events and checkpoints */

LAT_MUST_CHECK enum lat_code latd_rows_event_add(struct latd_rows *rows,
                                                 const struct latd_job_event *e,
                                                 struct lat_err *err);

struct latd_event_query {
    const char *job;
    struct latd_page page;
    bool oldest_first; /* of a stream; a list has the youngest first */
    void (*each)(void *arg, const struct latd_job_event *e);
    void *arg;
};

LAT_MUST_CHECK enum lat_code latd_rows_event_list(struct latd_rows *rows,
                                                  struct latd_event_query *q,
                                                  struct lat_err *err);
/* One of that step that is there already stays as it is. */
LAT_MUST_CHECK enum lat_code latd_rows_checkpoint_add(
    struct latd_rows *rows, const struct latd_job_checkpoint *c,
    struct lat_err *err);
/* All but the youngest keep. */
LAT_MUST_CHECK enum lat_code latd_rows_checkpoint_prune(struct latd_rows *rows,
                                                        const char *job,
                                                        size_t keep,
                                                        struct lat_err *err);

struct latd_checkpoint_query {
    const char *job;
    struct latd_page page;
    void (*each)(void *arg, const struct latd_job_checkpoint *c);
    void *arg;
};

LAT_MUST_CHECK enum lat_code latd_rows_checkpoint_list(
    struct latd_rows *rows, struct latd_checkpoint_query *q,
    struct lat_err *err);

#endif
