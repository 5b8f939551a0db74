/*
 * canary.h - a pass now and then, to know that the models still answer.
 *
 * On the loop thread.  While requests succeed there is no need for one.  When
 * none has succeeded for a while, the app is failing: not ready, and the
 * watchdog is not told that all is well.
 */
#ifndef LATD_CANARY_H
#define LATD_CANARY_H

#include "handler.h"

enum {
    LATD_CANARY_MS = 2000,   /* how often we look */
    LATD_CANARY_AGE = 5,     /* seconds without a pass until we try one */
    LATD_CANARY_FAILING = 20 /* seconds without a pass until we say so */
};

struct latd_canary;

/* beat is called at each look when all is well; may be NULL. */
LAT_MUST_CHECK enum lat_code latd_canary_start(struct latd_canary **out,
                                               struct latd_app *app,
                                               void (*beat)(void),
                                               struct lat_err *err);
/* Main, while loop and queue still run: returns when no pass is under way. */
void latd_canary_stop(struct latd_canary *c);
/* After the loop has stopped. */
void latd_canary_free(struct latd_canary *c);

#endif
