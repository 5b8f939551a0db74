/*
 * idempotency.h - a POST that is sent again with its Idempotency-Key does
 * nothing again: it hears the answer that the first one got.
 *
 *     begin: latd_idempotency_claim, with the operation's name and a digest of
 *            what was asked.  When claim.replayed, the reply is there already:
 *            submit, store and reply have nothing to do.
 *     store: latd_idempotency_keep, with the answer, in the same transaction
 *            as what it tells of.
 *     end:   latd_idempotency_release, always.
 *
 * A request without the header is claimed without effect, and so on.
 */
#ifndef LATD_IDEMPOTENCY_H
#define LATD_IDEMPOTENCY_H

#include "handler.h"

struct latd_idempotency; /* keys of requests that are not answered yet */

LAT_MUST_CHECK enum lat_code latd_idempotency_new(struct latd_idempotency **out,
                                                  struct lat_err *err);
void latd_idempotency_free(struct latd_idempotency *i);

/* Zeroed by its owner, a request's state. */
struct latd_claim {
    bool replayed;
    /* Its own. */
    char key[512]; /* of whom and for what; "": there is none */
    uint8_t digest[LAT_DIGEST];
    bool held;
    struct latd_idempotency *room;
    struct latd_claim *next;
};

/* LAT_EUNFIT, "idempotency_key_reused": the key came with another request;
 * LAT_EBUSY, "request_in_progress": the first is not answered yet; LAT_EINVAL:
 * no key of 1 to 255 printable characters.  There is a database. */
LAT_MUST_CHECK enum lat_code latd_idempotency_claim(
    struct latd_claim *c, struct latd_req *req, const char *operation,
    const uint8_t digest[LAT_DIGEST]);
LAT_MUST_CHECK enum lat_code latd_idempotency_keep(const struct latd_claim *c,
                                                   struct latd_rows *rows,
                                                   unsigned status,
                                                   const char *body,
                                                   struct lat_err *err);
void latd_idempotency_release(struct latd_claim *c);

#endif
