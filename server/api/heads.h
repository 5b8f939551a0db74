/*
 * heads.h - include: ["task"]: what the model's head says of each latent that
 * is answered.
 */
#ifndef LATD_API_HEADS_H
#define LATD_API_HEADS_H

#include "../models.h"
#include "../wire.h"

/* Fills in likely of those of the n items that have a latent, where the
 * request asks and the model has a head of classes.  On an http thread: a head
 * costs less than to print what it says.  *room is what they point into, the
 * caller's to lat_free; NULL where there is nothing to say. */
LAT_MUST_CHECK enum lat_code latd_heads_say(float **room,
                                            struct latd_embed_item *items,
                                            size_t n,
                                            const struct latd_embed_req *asked,
                                            const struct latd_model *m,
                                            struct lat_err *err);

#endif
