/* filter.h - Qdrant's filters, as far as we have them, from a body. */
#ifndef LATD_WIRE_FILTER_H
#define LATD_WIRE_FILTER_H

#include "../filter.h"
#include "json.h"

enum { LATD_CONDITIONS_MAX = 64, LATD_VALUES_MAX = 256 };

/* value is NULL for no filter: out is then zeroed.  Unless LAT_OK there is
 * nothing to fini. */
LAT_MUST_CHECK enum lat_code latd_filter_decode(struct latd_filter *out,
                                                const json_t *value,
                                                struct lat_err *err);

#endif
