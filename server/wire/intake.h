/*
 * intake.h - multipart/form-data (RFC 7578) piece by piece, as it comes.
 *
 * The parts' bytes are handed on as they are found; no more than a piece and a
 * header's line is kept.
 */
#ifndef LATD_WIRE_INTAKE_H
#define LATD_WIRE_INTAKE_H

#include "multipart.h"

struct latd_intake;

struct latd_intake_ops {
    /* A part begins: its name and file are there. */
    enum lat_code (*part)(void *arg, const struct latd_part *part,
                          struct lat_err *err);
    /* More bytes of it. */
    enum lat_code (*data)(void *arg, const char *p, size_t len,
                          struct lat_err *err);
    void *arg;
};

/* type is the Content-Type; LAT_EMEDIA when it is another. */
LAT_MUST_CHECK enum lat_code latd_intake_new(struct latd_intake **out,
                                             const char *type,
                                             const struct latd_intake_ops *ops,
                                             struct lat_err *err);
/* After a failure the form is not to be fed any more. */
LAT_MUST_CHECK enum lat_code latd_intake_feed(struct latd_intake *f,
                                              const char *p, size_t len,
                                              struct lat_err *err);
/* That was all: LAT_EFORMAT when the last part has no end. */
LAT_MUST_CHECK enum lat_code latd_intake_finish(const struct latd_intake *f,
                                                struct lat_err *err);
void latd_intake_free(struct latd_intake *f);

#endif
