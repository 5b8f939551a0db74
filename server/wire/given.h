/*
 * given.h - what bodies that compare have in common.
 */
#ifndef LATD_WIRE_GIVEN_H
#define LATD_WIRE_GIVEN_H

#include "json.h"
#include "similar.h"

/* Only JSON.  close whatever happened. */
LAT_MUST_CHECK enum lat_code latd_similar_open(struct latd_doc *doc,
                                               const struct latd_body *body,
                                               struct lat_err *err);
/* Members that both bodies have; members is all that this one has. */
LAT_MUST_CHECK enum lat_code latd_similar_common(struct latd_similar_req *out,
                                                 const json_t *obj,
                                                 const char *const *members,
                                                 struct lat_err *err);
/* list is an array of 1 to most; bound says whose bound that is. */
LAT_MUST_CHECK enum lat_code latd_given_count(const json_t *list,
                                              const char *name, size_t most,
                                              const char *bound,
                                              struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_given_room(struct latd_similar_req *out,
                                             size_t n, struct lat_err *err);
/* out->given[i], whose at says where it stands, from obj. */
LAT_MUST_CHECK enum lat_code latd_given_read(
    struct latd_similar_req *out, size_t i, struct latd_doc *doc,
    const json_t *obj, const struct latd_embed_limits *limits,
    struct lat_err *err);

#endif
