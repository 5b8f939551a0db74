/* data.h - recordings to train on: a folder, or manifests. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "cli.h"

struct cli_data {
    const char *data;  /* a folder, or a manifest (.jsonl) */
    const char *valid; /* with a manifest: another; NULL: a share of subjects */
    double share;      /* of them; 0: a fifth */
};

/* The names in a manifest are paths from its folder on. */
LAT_MUST_CHECK enum lat_code cli_data_open(struct lat_dataset **out,
                                           const struct lat_recipe *r,
                                           const struct cli_data *data,
                                           struct lat_err *err);
/* How much there is of each split; warnings on the standard error. */
void cli_data_print(const struct lat_dataset *d);

#endif
