/*
 * passes.h - the windows of a request's inputs, on their way through cache and
 * queue to their latents.
 *
 * Belongs to one request.  init and recall in begin, fini in end.
 */
#ifndef LATD_API_PASSES_H
#define LATD_API_PASSES_H

#include "../recall.h"
#include "inputs.h"

/* Items and recalls stand still until the batch is done. */
struct latd_passes {
    size_t n;                    /* windows, input after input */
    struct latd_item *items;     /* (n + spare): the rest is the handler's */
    struct latd_recall *recalls; /* (n) */
    size_t floats;               /* of z: dims, or more with in->parts */
    float *z;                    /* (n, floats) */
};

/* Sets the request's batch to the n + spare items. */
LAT_MUST_CHECK enum lat_code latd_passes_init(struct latd_passes *p,
                                              struct latd_req *req,
                                              const struct latd_inputs *in,
                                              size_t spare);
/* Asks the cache for each window; what it has not is NEW, or another's.  Sets
 * req->compute.  Cannot fail: what others wait for is ended or resigned,
 * whatever becomes of this request. */
void latd_passes_recall(struct latd_passes *p, struct latd_req *req,
                        const struct latd_inputs *in);
/* Whether the client wants the cache neither asked nor told. */
bool latd_passes_no_store(const struct latd_req *req);
/* Once the batch is done: the first window of input i, whose windows begin at
 * k, that failed, or NULL. */
const struct latd_item *latd_passes_failed(const struct latd_passes *p,
                                           const struct latd_inputs *in,
                                           size_t i, size_t k);
void latd_passes_fini(struct latd_passes *p);

#endif
