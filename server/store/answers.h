/* answers.h - rows of the truth: what was answered to an Idempotency-Key. */
#ifndef LATD_STORE_ANSWERS_H
#define LATD_STORE_ANSWERS_H

#include "database.h"

struct latd_answer {
    uint8_t digest[LAT_DIGEST]; /* of the request */
    unsigned status;
    char *body; /* the caller's to lat_free */
};

/* *found: there is one; one that is older than a day is none. */
LAT_MUST_CHECK enum lat_code latd_rows_answer_get(bool *found,
                                                  struct latd_answer *out,
                                                  struct latd_rows *rows,
                                                  const char *key, int64_t now,
                                                  struct lat_err *err);
/* Those that are older than a day go. */
LAT_MUST_CHECK enum lat_code latd_rows_answer_put(struct latd_rows *rows,
                                                  const char *key,
                                                  const struct latd_answer *a,
                                                  int64_t now,
                                                  struct lat_err *err);

#endif
