/* head.c - the beginning of a request: what its header alone decides. */
#include "exchange.h"

#include "../api.h"
#include "../parameters.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static enum latd_method method_of(const char *name)
{
    for (int m = 0; m < LATD_OTHER; m++)
        if (strcmp(name, latd_method_name((enum latd_method)m)) == 0)
            return (enum latd_method)m;
    return LATD_OTHER;
}

static const char *get(const struct latd_req *req, enum latd_place place,
                       const char *name)
{
    const struct latd_exchange *x = (const struct latd_exchange *)req;

    return MHD_lookup_connection_value(
        x->conn, place == LATD_HEADER ? MHD_HEADER_KIND : MHD_GET_ARGUMENT_KIND,
        name);
}

struct telling {
    void (*fn)(void *arg, const char *name, const char *value);
    void *arg;
};

static enum MHD_Result tell(void *cls, enum MHD_ValueKind kind,
                            const char *name, const char *value)
{
    const struct telling *t = cls;

    (void)kind;
    t->fn(t->arg, name, value ? value : "");
    return MHD_YES;
}

static void each(const struct latd_req *req, enum latd_place place,
                 void (*fn)(void *arg, const char *name, const char *value),
                 void *arg)
{
    const struct latd_exchange *x = (const struct latd_exchange *)req;
    struct telling t = {fn, arg};

    MHD_get_connection_values(
        x->conn, place == LATD_HEADER ? MHD_HEADER_KIND : MHD_GET_ARGUMENT_KIND,
        tell, &t);
}

/* The client's, when it is short and plain enough for a log and a header. */
static void set_id(struct latd_req *req)
{
    const char *id = latd_req_header(req, "X-Request-Id");
    size_t len = id ? strlen(id) : 0;
    uint64_t r[2] = {0, 0};

    if (len > 0 && len < sizeof(req->id) &&
        strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-_.:/+=@") == len) {
        memcpy(req->id, id, len + 1);
        return;
    }
    if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
        r[0] = latd_now_ns();
    snprintf(req->id, sizeof(req->id), "req_%016llx%08llx",
             (unsigned long long)r[0], (unsigned long long)(r[1] & 0xffffffff));
}

static enum lat_code check_state(struct latd_exchange *x)
{
    switch (atomic_load(&x->http->app->state)) {
    case LATD_LOADING:
        return lat_fail_word(&x->req.err, LAT_EAWAY, "model_loading",
                             "models are being loaded");
    case LATD_STOPPING:
        return lat_fail_word(&x->req.err, LAT_EAWAY, "draining",
                             "the server is shutting down");
    case LATD_READY:
    case LATD_DRAINING:
        break;
    }
    return LAT_OK;
}

enum lat_code latd_exchange_too_large(struct latd_exchange *x, uint64_t sent,
                                      const char *more)
{
    return lat_fail_word(
        &x->req.err, LAT_ETOOBIG, "request_too_large",
        "the body has %s%llu bytes, the limit is %llu (max-body-bytes)", more,
        (unsigned long long)sent,
        (unsigned long long)x->http->app->config.max_body_bytes);
}

uint64_t latd_exchange_content_length(const struct latd_exchange *x)
{
    const char *text = latd_req_header(&x->req, "Content-Length");

    return text ? strtoull(text, NULL, 10) : 0;
}

/* Metrics are on the listener for metrics, if there is one; probes on both. */
static bool is_here(const struct latd_http *http,
                    const struct latd_route *route)
{
    if (http->only_probes)
        return route->probe;
    return route->handler != &latd_metrics_text ||
           !http->app->config.metrics_listen[0];
}

static enum lat_code find_handler(struct latd_exchange *x)
{
    enum lat_code code =
        latd_route_find(&x->route, &x->req, x->allow, sizeof(x->allow));
    const struct latd_route *route;

    if (code)
        return code;
    route = latd_route(x->route);
    if (!is_here(x->http, route)) {
        x->route = LATD_ROUTE_NONE;
        return lat_fail(&x->req.err, LAT_ENOENT,
                        "%.200s is not on this listener (metrics-listen)",
                        x->req.path);
    }
    x->handler = route->handler;
    return route->probe ? LAT_OK : check_state(x);
}

/* Who has no certificate may ask for what needs no key, as probes do. */
static enum lat_code check_client(struct latd_exchange *x)
{
    if (!x->http->app->config.tls_client_ca[0] || x->http->only_probes ||
        latd_route(x->route)->scope == LATD_SCOPE_NONE)
        return LAT_OK;
    return latd_tls_check_client(x->conn, &x->req.err);
}

/* The listener for metrics asks for no key: only the probes are there. */
static enum lat_code check_key(struct latd_exchange *x, uint64_t len)
{
    if (x->http->only_probes)
        return LAT_OK;
    return latd_auth_admit(x->http->app->auth, &x->who,
                           latd_req_header(&x->req, "Authorization"),
                           latd_route(x->route)->scope, len, &x->req.err);
}

/* A handler that takes its body as it comes begins here, and ends. */
static enum lat_code call_head(struct latd_exchange *x)
{
    x->begun = true;
    return x->handler->head(&x->req);
}

/* What the header alone decides. */
enum lat_code latd_exchange_check(struct latd_exchange *x)
{
    uint64_t len = latd_exchange_content_length(x);
    enum lat_code code = find_handler(x);

    if (code)
        return code;
    if (!x->handler->take && len > x->http->app->config.max_body_bytes)
        return latd_exchange_too_large(x, len, "");
    code = check_client(x);
    if (!code)
        code = check_key(x, len);
    if (!code)
        code = latd_parameters_check(&x->req, latd_route(x->route));
    return code || !x->handler->take ? code : call_head(x);
}

struct latd_exchange *latd_exchange_new(struct latd_http *http,
                                        struct MHD_Connection *conn,
                                        const char *target)
{
    struct latd_exchange *x = lat_calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->target = lat_strdup(target);
    if (!x->target) {
        lat_free(x);
        return NULL;
    }
    x->target[strcspn(x->target, "?")] = '\0';
    x->http = http;
    x->conn = conn;
    x->req.app = http->app;
    x->req.get = get;
    x->req.each = each;
    x->req.key = x->who.name;
    x->req.target = x->target;
    x->req.path = "";
    x->arrived_ns = latd_now_ns();
    x->must_close = atomic_load(&http->app->state) >= LATD_DRAINING;
    atomic_fetch_add(&http->in_flight, 1);
    return x;
}

void latd_exchange_meet(struct latd_exchange *x, const char *path,
                        const char *method)
{
    x->met = true;
    x->req.path = path;
    x->req.method = method_of(method);
    snprintf(x->req.verb, sizeof(x->req.verb), "%s", method);
    set_id(&x->req);
}
