/*
 * native.h - one input of a JSON body, in any of its forms, to a signal.
 */
#ifndef LATD_WIRE_NATIVE_H
#define LATD_WIRE_NATIVE_H

#include "../wire.h"
#include "json.h"

/* value is an element of "input": a data URI, a signal object, or an object
 * with such a thing in its "content".  err->param is the path below it. */
LAT_MUST_CHECK enum lat_code latd_input_decode(struct latd_embed_input *out,
                                               struct latd_doc *doc,
                                               const json_t *value,
                                               struct lat_err *err);

/* A signal object: rate, channels and data by name. */
LAT_MUST_CHECK enum lat_code latd_native_decode(struct lat_signal **out,
                                                struct latd_doc *doc,
                                                const json_t *obj,
                                                struct lat_err *err);

#endif
