/*
 * replied.h - a body that came before is answered with the bytes that it got
 * then.
 *
 * What POST /v1/embeddings answers follows from the path, the query, the body
 * and its two headers, and the model; nothing else may be put into a reply.  So
 * when all vectors of a reply were known it is kept, by the digest of what was
 * asked, and with the name of the model; it is given out as long as that name
 * stands for the same model, and none of the cache's vectors was purged.  Kept
 * are replies to short bodies about signals, without warnings: those that leave
 * nothing to be counted but hits.
 *
 * Belongs to one request.  find in begin, keep in reply.
 */
#ifndef LATD_API_REPLIED_H
#define LATD_API_REPLIED_H

#include "passes.h"

struct latd_replied {
    bool asked; /* what the request is, is known: keep may keep it */
    uint8_t key[LAT_DIGEST];
    uint64_t era;
    size_t n_windows; /* of a reply that was found */
    size_t json_len;
};

/* True when the body of the reply is there, and its hits are counted. */
LAT_MUST_CHECK bool latd_replied_find(struct latd_replied *r,
                                      struct latd_req *req);
/* The reply is made, the first json_len bytes of it JSON. */
void latd_replied_keep(const struct latd_replied *r, struct latd_req *req,
                       const struct latd_inputs *in,
                       const struct latd_passes *p, size_t json_len);

#endif
