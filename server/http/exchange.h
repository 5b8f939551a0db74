/*
 * exchange.h - one request and its reply, as the files of http/ share it.
 */
#ifndef LATD_EXCHANGE_H
#define LATD_EXCHANGE_H

#include <microhttpd.h>

#include "../http.h"
#include "../route.h"

struct latd_http {
    struct latd_app *app;
    struct MHD_Daemon *daemon;
    int fd;
    bool only_probes;
    _Atomic size_t in_flight;
    _Atomic size_t suspended;
    _Atomic uint64_t buffered; /* bytes of bodies, of all exchanges */
};

/* Owned by the http thread that runs the connection; while it is suspended, by
 * the batch and then by the loop, which resumes it. */
struct latd_exchange {
    struct latd_req req;
    struct latd_http *http;
    struct MHD_Connection *conn;
    size_t route;
    const struct latd_handler *handler; /* NULL: there is none */
    enum lat_code code;                 /* not LAT_OK: answer with the error */
    enum lat_code over;                 /* the watch's reason, or LAT_OK */
    bool begun, suspended, ended, left, must_close;
    char allow[64];
    struct lat_buf body;
    uint64_t discarded;           /* bytes of a body that was refused */
    uint64_t arrived_ns, body_ns; /* header was there, body was there */
    unsigned status;
    size_t sent; /* bytes of the reply's body */
    struct latd_watch watch;
    struct latd_task wait, resume;
};

/* ---- answer.c */

/* Sends the reply, or the error when code says so.  Ends the handler. */
enum MHD_Result latd_exchange_answer(struct latd_exchange *x);
/* The handler's end, once. */
void latd_exchange_end(struct latd_exchange *x);

#endif
