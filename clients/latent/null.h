/* null.h - how alike different subjects are, put into a model's card. */
#ifndef CLI_NULL_H
#define CLI_NULL_H

#include "cli.h"

struct cli_null {
    const char *to;   /* the file to be written */
    size_t n_windows; /* of each subject; 0: 60 */
    unsigned n_threads;
};

/* m is what stands at path.  Says so on the standard output. */
LAT_MUST_CHECK enum lat_code cli_null_write(const struct cli_null *how,
                                            const char *path,
                                            struct lat_model *m,
                                            const struct lat_kernel *kernel,
                                            const struct lat_dataset *d,
                                            struct lat_err *err);

#endif
