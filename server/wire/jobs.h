/*
 * jobs.h - bodies of fine-tuning jobs, of their events and checkpoints: what a
 * client asks for, and OpenAI's shapes of what it is told.
 */
#ifndef LATD_WIRE_JOBS_H
#define LATD_WIRE_JOBS_H

#include "../store/jobs.h"

/* ---- POST /v1/fine_tuning/jobs ---------------------- wire/job_ask.c */

enum { LATD_JOB_LINES_MAX = 96, LATD_SUFFIX_MAX = 19 };

/* What an objective is for, as far as it says. */
enum latd_job_for { LATD_FOR_ANY, LATD_FOR_SIGNALS, LATD_FOR_IMAGES };

/* A line for the recipe: what the objective says in the engine's words. */
struct latd_job_line {
    char key[32], value[480];
};

struct latd_job_ask {
    char model[128];
    char training_file[LATD_ID_MAX], validation_file[LATD_ID_MAX];
    char suffix[LATD_SUFFIX_MAX]; /* "": none */
    uint64_t seed;
    uint64_t n_epochs, batch_size;   /* 0: auto */
    double rate_multiplier;          /* 0: auto */
    char objective[24];              /* "": the parent's */
    enum latd_job_for kind;          /* of a model … */
    char kind_by[24];                /* … by this member of the objective */
    bool gates;                      /* … that has gates */
    size_t partitions[LAT_N_BLOCKS]; /* all 0: the parent's */
    size_t n_lines;
    struct latd_job_line lines[LATD_JOB_LINES_MAX];
    uint64_t max_wall_seconds, max_threads, max_disk_bytes; /* 0: not said */
    uint64_t every_steps, keep;
    uint8_t digest[LAT_DIGEST]; /* of all but model, files and metadata */
};

/* Fills in *out and *normal: the body as it is kept, which decodes to the
 * same.  The caller's to lat_free. */
LAT_MUST_CHECK enum lat_code latd_wire_job_decode(struct latd_job_ask *out,
                                                  char **normal,
                                                  const char *body, size_t len,
                                                  struct lat_err *err);

/* ---- replies ---------------------------------------- wire/job.c */

/* A failed allocation shows in out->failed. */
void latd_wire_job_encode(struct lat_buf *out, const struct latd_job *j);
void latd_wire_event_encode(struct lat_buf *out,
                            const struct latd_job_event *e);
void latd_wire_checkpoint_encode(struct lat_buf *out,
                                 const struct latd_job_checkpoint *c);

/* Metrics of events as a table of CSV: its head, then a row for each. */
void latd_wire_metrics_head(struct lat_buf *out);
void latd_wire_metrics_row(struct lat_buf *out, const char *data);

#endif
