/*
 * samples.h - raw numbers of a few types, to samples in physical units.
 *
 * Physical value = raw * scale + offset, in double, rounded once.  NaN is a
 * missing sample; an infinity is LAT_EUNFIT, nonfinite_input.
 */
#ifndef LATD_WIRE_SAMPLES_H
#define LATD_WIRE_SAMPLES_H

#include "../../core/latent.h"

enum latd_dtype {
    LATD_I16LE,
    LATD_I32LE,
    LATD_F16LE,
    LATD_F32LE,
    LATD_F64LE,
    LATD_N_DTYPES
};

extern const char *const latd_dtype_names[LATD_N_DTYPES + 1]; /* i16le, … */
size_t latd_dtype_size(enum latd_dtype t);

/* Per channel; those of one value are repeated by who fills it in. */
struct latd_scaling {
    double scale[LAT_CHANNELS_MAX], offset[LAT_CHANNELS_MAX];
};

void latd_scaling_init(struct latd_scaling *s); /* 1 and 0 */

/* Fills sig->v from bytes, channel after channel: as many as sig has samples
 * of that type.  err->param becomes [channel][sample]. */
LAT_MUST_CHECK enum lat_code latd_samples_decode(
    struct lat_signal *sig, const char *bytes, enum latd_dtype t,
    const struct latd_scaling *scaling, struct lat_err *err);
/* The same from floats (n_channels, n_samples). */
LAT_MUST_CHECK enum lat_code latd_samples_scale(
    struct lat_signal *sig, const float *v, const struct latd_scaling *scaling,
    struct lat_err *err);

#endif
