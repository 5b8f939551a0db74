/* jobs.h - what the files of latent jobs share. */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include "cli.h"

#include <jansson.h>

struct cli_jobs_options {
    const char *server, *file;
    const char *model, *train, *valid, *suffix, *objective, *gate, *rate;
    struct cli_list set, metadata;
    uint64_t epochs, batch, seed, limit;
    bool json, watch;
};

/* The server that is asked: --server, LATENT_SERVER, or the usual one. */
const char *cli_jobs_server(const struct cli_jobs_options *o);
/* A text of an object, or "". */
const char *cli_jobs_text(const json_t *v, const char *name);

/* ---- jobs_make.c */

/* The body of a request for a job. */
LAT_MUST_CHECK enum lat_code cli_jobs_body(struct lat_buf *out,
                                           const struct cli_jobs_options *o,
                                           struct lat_err *err);

/* ---- jobs_watch.c */

/* Follows the job to its end: CLI_OK when it succeeded. */
int cli_jobs_watch(const struct cli_jobs_options *o, const char *id);

#endif
