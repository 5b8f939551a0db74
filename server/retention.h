/*
 * retention.h - recordings that did not change for retain-days go.
 *
 * Looked at when the daemon starts and every hour, some hundred at a time, on
 * the store thread.  Machines' clocks jump; what is gone does not come back.
 * So recordings grow old by a clock of their own, kept in the database: it
 * never goes back, and a look moves it on by no more than what passed since the
 * last and a day.  A clock that jumps a year ahead is a warning in the log and
 * costs a day's recordings an hour, not all of them.
 *
 * start and stop: main.
 */
#ifndef LATD_RETENTION_H
#define LATD_RETENTION_H

#include "handler.h"

struct latd_retention;

/* The app has a database, a cache and a loop.  days 0: NULL, nothing goes. */
LAT_MUST_CHECK enum lat_code latd_retention_start(struct latd_retention **out,
                                                  struct latd_app *app,
                                                  uint64_t days,
                                                  struct lat_err *err);
/* Before the database is closed. */
void latd_retention_stop(struct latd_retention *r);
/* After the loop has stopped. */
void latd_retention_free(struct latd_retention *r);

/* How late it is, when seen is how late it was passed seconds ago, and the
 * machine's clock says wall.  seen 0: it was never looked at. */
int64_t latd_retention_clock(int64_t seen, int64_t wall, int64_t passed);

#endif
