/*
 * precision.h - the setting that says which models multiply bfloat16.
 *
 * Words apart by spaces or commas: float32 or bfloat16 for all models, then
 * NAME=bfloat16 for each that differs.  The last that fits counts.
 */
#ifndef LATD_PRECISION_H
#define LATD_PRECISION_H

#include "../core/latent.h"

/* Of the model of that name; "" for the setting's word alone, which finds out
 * whether all of it can be read.  LAT_EINVAL names the word that cannot. */
LAT_MUST_CHECK enum lat_code latd_precision_of(enum lat_precision *out,
                                               const char *setting,
                                               const char *model,
                                               struct lat_err *err);

#endif
