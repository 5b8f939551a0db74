/*
 * inputs.h - the inputs of a body, prepared for the model that it names.
 *
 * What POST /v1/embeddings and POST /v1/validate have in common.  Belongs to
 * one request.
 */
#ifndef LATD_API_INPUTS_H
#define LATD_API_INPUTS_H

#include "../handler.h"
#include "../wire.h"

struct latd_prepared {
    struct lat_windows *windows; /* NULL: err says why */
    struct lat_err err;
};

struct latd_inputs {
    struct latd_embed_req asked;
    struct latd_model *model;       /* a reference of ours */
    struct latd_prepared *prepared; /* (asked.n) */
    size_t n_windows, n_samples;    /* of all inputs */
    double n_resampled;             /* whole inputs, at the model's rate */
};

/* Decodes the body, finds the model, cuts the windows.  each: a wrong input is
 * noted, whatever on_error says.  fini whatever happened. */
LAT_MUST_CHECK enum lat_code latd_inputs_init(struct latd_inputs *in,
                                              struct latd_req *req, bool each);
/* The same of what was decoded into in->asked from a body of another kind. */
LAT_MUST_CHECK enum lat_code latd_inputs_prepare(struct latd_inputs *in,
                                                 struct latd_req *req);
void latd_inputs_fini(struct latd_inputs *in);

/* What a request says to latd_wire about its query. */
struct latd_params latd_query_params(const struct latd_req *req);
/* Whether a model has what is asked for: a partition, a number of dimensions.
 */
LAT_MUST_CHECK enum lat_code latd_check_options(
    const struct latd_embed_req *asked, const struct lat_card *card,
    struct lat_err *err);

#endif
