/*
 * handler.h - what a handler is, and what it is given.
 *
 * A handler is some functions, each with its thread.  begin decodes and
 * checks; when it sets req->compute, the connection is suspended, then submit
 * hands the batch's items to the queue.  When the batch is done, and there is
 * a store, the connection is suspended again and store makes its changes in
 * one transaction; what they say is on disk before reply encodes.  A code
 * other than LAT_OK skips to end, and the error in req->err is the answer.
 * end runs once whatever happened, when nobody computes or writes any more.
 *
 * One that takes its body as it comes has head and take: head when the header
 * is there, take for each piece; begin follows with an empty body.
 *
 * head, take, begin, submit, store and end may be NULL.  One that has a store
 * calls latd_req_database in begin.
 *
 * None of them knows about sockets: a test fills in a latd_req and calls them.
 */
#ifndef LATD_HANDLER_H
#define LATD_HANDLER_H

#include <stdatomic.h>

#include "../core/latent.h"
#include "config.h"
#include "infer.h"
#include "loop.h"
#include "metrics.h"
#include "models.h"

struct latd_aliases;
struct latd_auth;
struct latd_cache;
struct latd_reembedder;
struct latd_index;
struct latd_database;
struct latd_files;
struct latd_jobs;
struct latd_idempotency;
struct latd_rows;
struct latd_store;
struct latd_ulid;
struct latd_req;

/* The life of the process, one way. */
enum latd_state {
    LATD_LOADING,  /* the probes answer, all else is 503 model_loading */
    LATD_READY,    /* serving */
    LATD_DRAINING, /* serving, but not ready: no new clients, please */
    LATD_STOPPING, /* finishing what is in flight; new requests are 503 */
};

/* What all handlers share.  Set by main before http serves more than probes. */
struct latd_app {
    struct latd_config config;
    struct latd_metrics *metrics;
    const struct lat_kernel *kernel;
    struct latd_models *models;
    struct latd_infer *infer;
    struct latd_loop *loop;
    struct latd_cache *cache;
    struct latd_index *index;           /* NULL without a database */
    struct latd_store *store;           /* NULL: no vector is kept */
    struct latd_database *database;     /* NULL: nothing is kept */
    struct latd_reembedder *reembedder; /* NULL when database is */
    struct latd_files *files;           /* NULL when database is */
    struct latd_jobs *jobs;             /* NULL when database is */
    struct latd_idempotency *idempotency;
    struct latd_ulid *ulid;
    struct latd_aliases *aliases;
    struct latd_auth *auth; /* NULL: no key is asked for */
    _Atomic enum latd_state state;
    _Atomic bool failing; /* the canary pass did not come back */
    int64_t started;      /* seconds since 1970 */
};

/* Where a value of the request stands. */
enum latd_place { LATD_HEADER, LATD_QUERY };

enum { LATD_HEADERS_MAX = 12, LATD_HEADER_LEN = 224 };

/* A body that is made while it is sent, piece by piece.  http threads, one at a
 * time; close is called once, whatever happened. */
struct latd_stream {
    /* Appends to out, which is empty; nothing appended: that was all, or, with
     * wait_ms, not yet: it is asked again at the next news (loop.h), or after
     * that long.  After a failure the connection is cut, so that nobody takes
     * a part for the whole. */
    enum lat_code (*next)(struct latd_stream *s, struct lat_buf *out,
                          struct lat_err *err);
    void (*close)(struct latd_stream *s);
    bool sized; /* size bytes in all; else they are sent in chunks */
    uint64_t size;
    uint64_t wait_ms; /* next's */
};

struct latd_reply {
    unsigned status;            /* 0: 200 */
    const char *type;           /* a literal; NULL: application/json */
    struct lat_buf body;        /* taken by http when it is sent */
    struct latd_stream *stream; /* taken by http, in the place of body */
    size_t n_headers;
    struct {
        const char *name; /* a literal */
        char value[LATD_HEADER_LEN];
    } headers[LATD_HEADERS_MAX];
};

/* Time spent, in nanoseconds, for Server-Timing and the log. */
struct latd_times {
    uint64_t parse, queue, infer, serialise;
};

struct latd_handler {
    /* http: sets body_max.  After a failure of either, what is still to come
     * is thrown away. */
    enum lat_code (*head)(struct latd_req *req);
    enum lat_code (*take)(struct latd_req *req, const char *p, size_t len);
    enum lat_code (*begin)(struct latd_req *req);  /* http: decode, check */
    enum lat_code (*submit)(struct latd_req *req); /* http, suspended: queue */
    /* store, suspended, in a transaction: see struct latd_change.run.  Nobody
     * is told of the request's end until it is committed or undone. */
    enum lat_code (*store)(struct latd_req *req, struct latd_rows *rows);
    /* http: encode; NULL: store did. */
    enum lat_code (*reply)(struct latd_req *req);
    void (*end)(struct latd_req *req); /* http: always, once */
};

struct latd_req {
    struct latd_app *app;
    enum latd_method method;
    char verb[24]; /* the method as it was sent, as far as that is shown */
    const char *path;
    const char *target; /* path as it was sent, not decoded; NULL: path is */
    char param[256];    /* what stood at {id} in the route, decoded */
    const char *body;   /* body_len bytes and a NUL */
    size_t body_len;
    char id[72];     /* X-Request-Id, the client's or ours */
    const char *key; /* the name of the client's key; "": none is asked for */
    /* NULL when there is none; lent as long as the request lives. */
    const char *(*get)(const struct latd_req *req, enum latd_place place,
                       const char *name);
    /* Tells of all there are, in their order. */
    void (*each)(const struct latd_req *req, enum latd_place place,
                 void (*fn)(void *arg, const char *name, const char *value),
                 void *arg);

    /* The handler's to fill in. */
    void *state;
    uint64_t body_max; /* head: no more bytes than that are read at all */
    struct lat_err err;
    struct latd_reply reply;
    bool compute;            /* begin: there are items to wait for */
    uint64_t timeout_ms;     /* begin: of the body; 0: the setting */
    struct latd_batch batch; /* begin: items and n */
    struct latd_times times; /* http's, but a handler may split parse */
};

/* ---- what handlers call ------------------------------------- handler.c */

/* LAT_EAWAY, "no_data_dir", when there is no database. */
LAT_MUST_CHECK enum lat_code latd_req_database(struct latd_req *req);
const char *latd_req_header(const struct latd_req *req, const char *name);
const char *latd_req_query(const struct latd_req *req, const char *name);
void latd_reply_header(struct latd_reply *r, const char *name, const char *fmt,
                       ...) LAT_PRINTF(3, 4);
/* Sets ETag and, when the client has it already (If-None-Match), makes the
 * reply a 304 without a body and returns true.  tag is without its quotes. */
bool latd_reply_etag(struct latd_req *req, const char *tag);
/* The same with a tag made of the body that is there. */
void latd_reply_etag_body(struct latd_req *req);
/* That tag. */
void latd_body_tag(char tag[LAT_DIGEST_HEX], const struct lat_buf *body);
/* What must be true of what stands before it is changed (If-Match,
 * If-None-Match), or LAT_EMATCH, "etag_mismatch", with its tag in the reply.
 * tag NULL: nothing stands there.  same: what was sent changes nothing, so that
 * If-None-Match has nothing to prevent. */
LAT_MUST_CHECK enum lat_code latd_req_match(struct latd_req *req,
                                            const char *tag, bool same);

#endif
