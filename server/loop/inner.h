/*
 * inner.h - the loop as its own files see it.
 */
#ifndef LATD_LOOP_INNER_H
#define LATD_LOOP_INNER_H

#include "../loop.h"

#include <uv.h>

/* Loop thread. */
uv_loop_t *latd_loop_uv(struct latd_loop *loop);

#endif
