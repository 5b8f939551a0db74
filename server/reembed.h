/*
 * reembed.h - recordings are embedded again by another model, from their
 * waveforms, one after another, behind everything else.
 *
 * One at a time, on a thread of its own at the lowest ordinary priority; its
 * windows go through the queue like a request's.  How far it is stands in the
 * database, in the same transaction as the vectors: after a restart it goes on
 * where it was.
 *
 * start, stop and free: main; wake: any thread.
 */
#ifndef LATD_REEMBED_H
#define LATD_REEMBED_H

#include "handler.h"

struct latd_reembedder;

/* The app has all that a request needs.  Without a database: NULL. */
LAT_MUST_CHECK enum lat_code latd_reembedder_start(struct latd_reembedder **out,
                                                   struct latd_app *app,
                                                   struct lat_err *err);
/* There is something to do; NULL does nothing. */
void latd_reembedder_wake(struct latd_reembedder *r);
/* Ends the thread, before the queue and the database. */
void latd_reembedder_stop(struct latd_reembedder *r);

#endif
