/*
 * settle.h - the list of inputs while a body is decoded: how many, how large,
 * and whose an error is.
 */
#ifndef LATD_WIRE_SETTLE_H
#define LATD_WIRE_SETTLE_H

#include "../wire.h"

/* Room for n inputs; LAT_ETOOBIG for more than max. */
LAT_MUST_CHECK enum lat_code latd_inputs_new(struct latd_embed_req *out,
                                             size_t n, size_t max,
                                             struct lat_err *err);
/* Input i came to code: an error of the request, or of the item alone.  What
 * is no fault of the input is never the item's. */
LAT_MUST_CHECK enum lat_code latd_inputs_settle(
    struct latd_embed_req *out, size_t i, enum lat_code code,
    const struct latd_embed_limits *limits, struct lat_err *err);
/* Its id stays: it names the error. */
void latd_input_forget(struct latd_embed_input *in);

#endif
