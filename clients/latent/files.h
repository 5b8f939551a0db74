/* files.h - what the files of latent files share. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "transfer.h"

#include <jansson.h>

struct cli_files {
    const char *server, *output, *order;
    uint64_t limit;
    bool json, named, quiet;
};

/* ---- files_print.c */

/* The reply as JSON, the caller's; or what the server said of its error. */
LAT_MUST_CHECK enum lat_code cli_reply_json(json_t **out,
                                            const struct cli_reply *reply,
                                            struct lat_err *err);
const char *cli_text_of(const json_t *obj, const char *key); /* or "?" */
void cli_file_print_head(void);
void cli_file_print(const json_t *f);
/* Why some of it cannot be used. */
void cli_file_print_errors(FILE *to, const json_t *f);

/* ---- files_put.c */

LAT_MUST_CHECK enum lat_code cli_files_put(const struct cli_files *o,
                                           const char *path,
                                           struct lat_err *err);

#endif
