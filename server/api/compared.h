/*
 * compared.h - vectors to compare, however they were given: of a recording, as
 * numbers, or as a signal that is embedded first.
 *
 * What POST /v1/similarity and POST /v1/recordings/query have in common.
 * Belongs to one request.
 */
#ifndef LATD_API_COMPARED_H
#define LATD_API_COMPARED_H

#include "../wire/similar.h"
#include "passes.h"

struct latd_compared {
    struct latd_similar_req asked; /* its inputs are in.asked */
    struct latd_inputs in;
    struct latd_passes passes;
    char digest[LAT_DIGEST_HEX];
    struct lat_search_shape shape;
    double weights[LAT_SEARCH_RANGES];
    /* One vector of each that is given; by windows, as many as it has.  Of
     * inputs once they are embedded. */
    float *v;     /* (n_v, dims) */
    size_t *ends; /* (asked.n): given i has v from ends[i - 1] to ends[i] */
    size_t n_v, cap_v;
};

/* Which of v are the first of given i. */
size_t latd_compared_first(const struct latd_compared *c, size_t i);

typedef enum lat_code latd_compared_decode(
    struct latd_similar_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err);

/* In begin: decodes, finds the model, the recordings, the windows; asks the
 * cache.  spare items of the batch are the handler's.  fini in end, whatever
 * happened. */
LAT_MUST_CHECK enum lat_code latd_compared_begin(struct latd_compared *c,
                                                 struct latd_req *req,
                                                 latd_compared_decode *decode,
                                                 size_t spare);
/* Once windows are embedded: the vectors of inputs. */
LAT_MUST_CHECK enum lat_code latd_compared_collect(struct latd_compared *c,
                                                   struct lat_err *err);
void latd_compared_fini(struct latd_compared *c);

/* The percentile of a score among different subjects; below 0 when the model
 * does not tell, or the score is of several partitions, or the best of many. */
double latd_compared_percentile(const struct latd_compared *c, double score);

#endif
