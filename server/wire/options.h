/*
 * options.h - what a request for embeddings says besides its inputs.
 */
#ifndef LATD_WIRE_OPTIONS_H
#define LATD_WIRE_OPTIONS_H

#include "../wire.h"
#include "json.h"

/* Members of obj into out; extra (ended by NULL) are known as well, but the
 * caller's to read. */
LAT_MUST_CHECK enum lat_code latd_options_decode(struct latd_embed_req *out,
                                                 const json_t *obj,
                                                 const char *const *extra,
                                                 struct lat_err *err);
/* The same from the parameters of a query: include and channels with commas,
 * windowing as a word, with hop_samples and pool beside it. */
LAT_MUST_CHECK enum lat_code latd_options_query(struct latd_embed_req *out,
                                                const struct latd_params *query,
                                                struct lat_err *err);

#endif
