/*
 * form.h - a multipart body: its files, and what is said beside them.
 */
#ifndef LATD_WIRE_FORM_H
#define LATD_WIRE_FORM_H

#include "../wire.h"

LAT_MUST_CHECK enum lat_code latd_form_decode(
    struct latd_embed_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err);

#endif
