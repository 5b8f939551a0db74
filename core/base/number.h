/*
 * number.h - decimal text to numbers and back, inside the engine.
 *
 * No locale, no allocation; exact to the last bit.
 */
#ifndef LAT_NUMBER_H
#define LAT_NUMBER_H

#include "../latent/base.h"

/* Unlike the public scanner these also take a sign +, leading zeros, and a
 * point with digits on one side only: what headers and tables contain. */
const char *lat__float_scan(float *out, const char *p, const char *end);
const char *lat__double_scan(double *out, const char *p, const char *end);

#endif
