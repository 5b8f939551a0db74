/*
 * multipart.h - the parts of a multipart/form-data body (RFC 7578).
 *
 * The whole body is there already, so parts are views into it: nothing is
 * copied, and how much there can be is bounded by the body and PARTS_MAX.
 */
#ifndef LATD_WIRE_MULTIPART_H
#define LATD_WIRE_MULTIPART_H

#include "../../core/latent.h"

enum { LATD_PARTS_MAX = 4096, LATD_PART_NAME = 128 };

struct latd_part {
    char name[LATD_PART_NAME]; /* of the field */
    char file[LATD_PART_NAME]; /* without its folder; "" when not a file */
    const char *data;          /* in the body; no NUL after it */
    size_t len;
};

/* type is the Content-Type with its boundary.  *parts is the caller's to
 * lat_free.  What is not well formed, or cut short, is LAT_EFORMAT. */
LAT_MUST_CHECK enum lat_code latd_multipart_split(struct latd_part **parts,
                                                  size_t *n, const char *type,
                                                  const char *body, size_t len,
                                                  struct lat_err *err);

#endif
