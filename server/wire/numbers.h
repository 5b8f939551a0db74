/*
 * numbers.h - an array of numbers, or of such arrays, from its JSON text.
 */
#ifndef LATD_WIRE_NUMBERS_H
#define LATD_WIRE_NUMBERS_H

#include "scan.h"

/* *p stands on the array's bracket and is moved behind its end.  null is NaN,
 * a missing sample.  Rows of different length and numbers beyond float32 are
 * noted in piece->bad; what is not such an array is returned, with the path
 * below it in err->param, and leaves nothing to free. */
LAT_MUST_CHECK enum lat_code latd_numbers_scan(struct latd_piece *piece,
                                               const char **p, const char *end,
                                               struct lat_err *err);

#endif
