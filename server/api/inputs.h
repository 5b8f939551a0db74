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

/* Windows or an image; NULL both: err says why. */
struct latd_prepared {
    struct lat_windows *windows;
    struct lat_image_prepared *image;
    struct lat_err err;
};

size_t latd_prepared_count(const struct latd_prepared *p); /* of windows */

struct latd_inputs {
    struct latd_embed_req asked;
    struct latd_model *model;       /* a reference of ours */
    struct latd_prepared *prepared; /* (asked.n) */
    bool parts;                     /* more of an image than its latent … */
    enum lat_gate_mode mode;        /* … which is behind such gates */
    size_t n_windows;               /* of all inputs; an image is one */
    size_t n_samples;               /* of time, or squares of 16 x 16 pixels */
    uint64_t n_pixels;              /* of images, as they are sent */
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

/* The body as it came, and what is said with it. */
struct latd_body latd_body_of(const struct latd_req *req);
/* What a request says to latd_wire about its query. */
struct latd_params latd_query_params(const struct latd_req *req);
/* Whether more of an image is asked for than lat_embed gives; *mode is that
 * which was asked for, else the card's own. */
bool latd_wants_parts(enum lat_gate_mode *mode,
                      const struct latd_embed_req *asked,
                      const struct lat_card *card);
/* Whether a model has what is asked for: a partition, a number of dimensions.
 */
LAT_MUST_CHECK enum lat_code latd_check_options(
    const struct latd_embed_req *asked, const struct lat_card *card,
    struct lat_err *err);

#endif
