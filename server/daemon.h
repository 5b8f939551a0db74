/*
 * daemon.h - the rooms of the daemon, in the order in which they start and
 * stop.
 *
 * Main's thread only.
 */
#ifndef LATD_DAEMON_H
#define LATD_DAEMON_H

#include "handler.h"
#include "ulid.h"

struct latd_http;
struct latd_canary;
struct latd_retention;

struct latd_daemon {
    struct latd_app app; /* config is filled in by main */
    struct latd_metrics metrics;
    struct latd_ulid ulid;
    struct latd_http *http, *probes;
    struct latd_canary *canary;
    struct latd_retention *retention; /* NULL: all is kept */
    bool lent;                        /* the socket is systemd's */
    /* Asked before each file of a model; false: give up.  Main's. */
    bool (*go_on)(void *arg, const char *file);
};

/* Settings to serving, but for the state READY.  When it fails, stop takes
 * down what was up. */
LAT_MUST_CHECK enum lat_code latd_daemon_start(struct latd_daemon *d,
                                               struct lat_err *err);
/* The certificate again, if there is one: SIGHUP. */
LAT_MUST_CHECK enum lat_code latd_daemon_read_tls(struct latd_daemon *d,
                                                  struct lat_err *err);
/* Nothing is in flight. */
void latd_daemon_stop(struct latd_daemon *d);

#endif
