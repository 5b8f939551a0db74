/*
 * formats.h - bodies, files and data URIs that are not JSON, to inputs.
 *
 * What the bytes do not say themselves stands in parameters: rate, unit,
 * channels (names with commas between), layout, and for raw numbers dtype,
 * shape, scale and offset.
 */
#ifndef LATD_WIRE_FORMATS_H
#define LATD_WIRE_FORMATS_H

#include "../wire.h"

/* RAW, CSV, NPY or EDF.  RAW without dtype is EDF where it begins as one. */
LAT_MUST_CHECK enum lat_code latd_flat_decode(struct lat_signal **out,
                                              enum latd_kind kind,
                                              const struct lat_blob *blob,
                                              const struct latd_params *params,
                                              struct lat_err *err);
/* The kind of a media type without its parameters; false: not known. */
bool latd_kind_of(enum latd_kind *kind, const char *type);

/* data:TYPE;rate=360;unit=mV;channels=MLII;base64,…  The commas of a list of
 * channels may stand as they are when ";base64," ends the head.  Of an image,
 * TYPE must be what the bytes are. */
LAT_MUST_CHECK enum lat_code latd_uri_decode(struct latd_embed_input *out,
                                             const char *text, size_t len,
                                             struct lat_err *err);

#endif
