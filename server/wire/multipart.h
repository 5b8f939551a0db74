/*
 * multipart.h - the parts of a multipart/form-data body (RFC 7578).
 *
 * The whole body is there already, so parts are views into it: nothing is
 * copied, and how much there can be is bounded by the body and PARTS_MAX.
 */
#ifndef LATD_WIRE_MULTIPART_H
#define LATD_WIRE_MULTIPART_H

#include "../../core/latent.h"

enum {
    LATD_PARTS_MAX = 4096,
    LATD_PART_NAME = 128,
    LATD_MARK_MAX = 75, /* CR LF - - and the 70 of RFC 2046, and a NUL */
};

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

/* ---- for who reads it piece by piece: wire/intake.c ---- */

/* What stands before each part, from the Content-Type. */
LAT_MUST_CHECK enum lat_code latd_multipart_mark(char mark[LATD_MARK_MAX],
                                                 const char *type,
                                                 struct lat_err *err);
/* One line of a part's headers. */
LAT_MUST_CHECK enum lat_code latd_multipart_header(struct latd_part *part,
                                                   const char *line,
                                                   struct lat_err *err);

#endif
