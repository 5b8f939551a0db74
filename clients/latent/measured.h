/* measured.h - what the card of a model says of it, measured. */
#ifndef CLI_MEASURED_H
#define CLI_MEASURED_H

#include "../../core/latent.h"

struct cli_measured {
    const struct lat_kernel *kernel;
    const struct lat_dataset *d;
    unsigned threads;
};

/* Adds one split as "test":{...}, after { or a comma; nothing when it has no
 * subject. */
LAT_MUST_CHECK enum lat_code cli_measure(struct lat_buf *json,
                                         struct lat_model *m,
                                         const struct cli_measured *on,
                                         enum lat_split split,
                                         struct lat_err *err);

#endif
