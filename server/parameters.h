/*
 * parameters.h - which parameters an operation knows in its query.
 *
 * One that is not in the table is refused, and so is one that is given twice:
 * a filter that is misspelt must not find everything.  Any thread.
 */
#ifndef LATD_PARAMETERS_H
#define LATD_PARAMETERS_H

#include "route.h"

/* Words with a space between them, "" for none; metadata[] stands for
 * metadata[any]. */
const char *latd_parameters_of(const struct latd_handler *handler);
/* LAT_EINVAL, "unknown_parameter". */
LAT_MUST_CHECK enum lat_code latd_parameters_check(struct latd_req *req,
                                                   const struct latd_route *r);

#endif
