/*
 * exchange.h - one request and its reply, as the files of http/ share it.
 */
#ifndef LATD_EXCHANGE_H
#define LATD_EXCHANGE_H

#include <microhttpd.h>

#include "../auth.h"
#include "../http.h"
#include "../route.h"
#include "../store/database.h"

struct latd_http {
    struct latd_app *app;
    struct MHD_Daemon *daemon;
    int fd;
    bool only_probes;
    char *ca; /* the authorities of clients, or NULL */
    _Atomic size_t in_flight;
    _Atomic size_t suspended;
    _Atomic uint64_t buffered; /* bytes of bodies, of all exchanges */
};

/* Owned by the http thread that runs the connection; while it is suspended, by
 * the batch or the store and then by the loop, which resumes it. */
struct latd_exchange {
    struct latd_req req;
    struct latd_http *http;
    struct MHD_Connection *conn;
    size_t route;
    const struct latd_handler *handler; /* NULL: there is none */
    enum lat_code code;                 /* not LAT_OK: answer with the error */
    enum lat_code over;                 /* the watch's reason, or LAT_OK */
    char *target;                       /* the request's */
    bool met;                           /* the header was there */
    bool begun, suspended, storing, ended, left, must_close;
    char allow[64];
    struct latd_who who;
    struct lat_buf body;
    uint64_t taken;               /* bytes that the handler took */
    uint64_t discarded;           /* bytes of a body that was refused */
    uint64_t arrived_ns, body_ns; /* header was there, body was there */
    unsigned status;
    size_t sent; /* bytes of the reply's body */
    struct latd_watch watch;
    struct latd_task wait, resume;
    struct latd_change change; /* when the handler stores */
};

/* ---- head.c */

/* target is the path as it was sent, with its query.  NULL when there is no
 * memory. */
struct latd_exchange *latd_exchange_new(struct latd_http *http,
                                        struct MHD_Connection *conn,
                                        const char *target);
/* The header is there: path is decoded. */
void latd_exchange_meet(struct latd_exchange *x, const char *path,
                        const char *method);
/* Finds the handler; or the error that the header alone makes plain. */
LAT_MUST_CHECK enum lat_code latd_exchange_check(struct latd_exchange *x);
uint64_t latd_exchange_content_length(const struct latd_exchange *x);
/* Raises it; more is "at least " when the end is not known. */
enum lat_code latd_exchange_too_large(struct latd_exchange *x, uint64_t sent,
                                      const char *more);

/* ---- body.c */

/* A body that is refused is read on, to a limit, and thrown away: a client
 * that still sends would be reset before it has read why.  One that asked
 * first (Expect: 100-continue) is told at once. */
bool latd_exchange_read_on(const struct latd_exchange *x);
/* The next bytes; sets x->code when they are too many. */
enum MHD_Result latd_exchange_collect(struct latd_exchange *x, const char *data,
                                      size_t *len);

/* ---- door.c */

int latd_exchange_socket(const struct latd_exchange *x);

/* ---- stream.c */

/* The reply's stream as a response; NULL when there is no memory, and the
 * stream is the reply's still. */
struct MHD_Response *latd_stream_response(struct latd_exchange *x);
void latd_stream_drop(struct latd_reply *r); /* closes it, if there is one */

/* ---- answer.c */

/* Sends the reply, or the error when code says so.  Ends the handler. */
enum MHD_Result latd_exchange_answer(struct latd_exchange *x);
/* The connection ended: counts a request that got no answer. */
void latd_exchange_abandon(struct latd_exchange *x);
/* The handler's end, once. */
void latd_exchange_end(struct latd_exchange *x);

#endif
