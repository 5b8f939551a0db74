/*
 * arguments.h - from argv, environment and file to settings.  main, once.
 */
#ifndef LATD_ARGUMENTS_H
#define LATD_ARGUMENTS_H

#include "config.h"

enum latd_wish {
    LATD_RUN,
    LATD_VERSION,
    LATD_HELP,
    LATD_PRINT_CONFIG,
    LATD_SAMPLE_CONFIG,
};

/* unknown: variables of the environment that begin like ours and are not. */
LAT_MUST_CHECK enum lat_code latd_arguments_read(struct latd_config *c,
                                                 enum latd_wish *wish, int argc,
                                                 char **argv,
                                                 struct lat_buf *unknown,
                                                 struct lat_err *err);
void latd_arguments_help(struct lat_buf *out);

#endif
