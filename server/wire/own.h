/*
 * own.h - {"model": …, "embedding": …}: vectors that a client gives.
 */
#ifndef LATD_WIRE_OWN_H
#define LATD_WIRE_OWN_H

#include "json.h"
#include "recording.h"

/* own is zeroed; own->v is the caller's to lat_free, whatever happened. */
LAT_MUST_CHECK enum lat_code latd_own_vectors_decode(
    struct latd_own_vectors *own, const json_t *obj, struct lat_err *err);

#endif
