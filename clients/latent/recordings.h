/* recordings.h - what the files of latent recordings share. */
#ifndef CLI_RECORDINGS_H
#define CLI_RECORDINGS_H

#include "embedding.h"
#include "http.h"

#include <jansson.h>

struct cli_recordings {
    struct cli_asked asked; /* first, for CLI_ASKED_OPTIONS */
    const char *id, *subject, *metadata, *format, *output, *to, *from;
    struct cli_list set, where;
    uint64_t limit;
    bool store_waveform, pool, create, vectors, waveform, json;
    bool drop, wait, cancel;
};

/* The reply as JSON, the caller's to json_decref; LAT_EIO with what the server
 * said, when it refused. */
LAT_MUST_CHECK enum lat_code cli_recordings_json(json_t **out,
                                                 const struct cli_reply *reply,
                                                 struct lat_err *err);
/* Appends what, percent-encoded. */
void cli_put_encoded(struct lat_buf *out, const char *what);

/* ---- recordings_add.c */

/* FILE is a recording, or, when it ends in .jsonl, many of them. */
LAT_MUST_CHECK enum lat_code cli_recordings_add(const struct cli_recordings *o,
                                                const char *path, bool *failed,
                                                struct lat_err *err);

/* ---- recordings_reembed.c */

/* Begins one with --to, ends the one that runs with --cancel, else lists them;
 * with --wait, *status is CLI_FAILURE when it did not succeed. */
LAT_MUST_CHECK enum lat_code cli_recordings_reembed(
    const struct cli_recordings *o, int *status, struct lat_err *err);

/* ---- recordings_print.c */

void cli_recordings_print_head(void);
void cli_recordings_print_row(const json_t *r);
void cli_recordings_print(const json_t *r);
/* As it is, on a line of its own. */
void cli_recordings_print_json(const json_t *v);
/* A text of it, or "-". */
const char *cli_recordings_text(const json_t *obj, const char *name);

#endif
