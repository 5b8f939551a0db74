/* door.c - libmicrohttpd's call-backs: a body is collected, a handler led. */
#include "exchange.h"

#include "../api.h"
#include "../log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- the beginning of a request ---------------------------------------- */

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

static enum lat_code too_large(struct latd_exchange *x, uint64_t sent,
                               const char *more)
{
    return lat_fail_word(
        &x->req.err, LAT_ETOOBIG, "request_too_large",
        "the body has %s%llu bytes, the limit is %llu (max-body-bytes)", more,
        (unsigned long long)sent,
        (unsigned long long)x->http->app->config.max_body_bytes);
}

static uint64_t content_length(struct latd_exchange *x)
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

/* What the header alone decides. */
static enum lat_code check_header(struct latd_exchange *x)
{
    uint64_t len = content_length(x);
    enum lat_code code = find_handler(x);

    if (code)
        return code;
    if (len > x->http->app->config.max_body_bytes)
        return too_large(x, len, "");
    return LAT_OK;
}

static struct latd_exchange *exchange_new(struct latd_http *http,
                                          struct MHD_Connection *conn,
                                          const char *url, const char *method)
{
    struct latd_exchange *x = lat_calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->http = http;
    x->conn = conn;
    x->req.app = http->app;
    x->req.get = get;
    x->req.path = url;
    x->req.method = method_of(method);
    x->arrived_ns = latd_now_ns();
    x->must_close = atomic_load(&http->app->state) >= LATD_DRAINING;
    set_id(&x->req);
    atomic_fetch_add(&http->in_flight, 1);
    return x;
}

/* ---- the body ---------------------------------------------------------- */

/* A body that is refused is read on, to a limit, and thrown away: a client
 * that still sends would be reset before it has read why.  One that asked
 * first (Expect: 100-continue) is told at once. */
static bool read_on(struct latd_exchange *x)
{
    uint64_t limit = 2 * x->http->app->config.max_body_bytes;

    return !latd_req_header(&x->req, "Expect") && content_length(x) <= limit;
}

static void drop_body(struct latd_exchange *x)
{
    x->discarded += x->body.len;
    atomic_fetch_sub(&x->http->buffered, x->body.len);
    lat_buf_fini(&x->body);
}

static enum lat_code keep(struct latd_exchange *x, const char *data, size_t len)
{
    const struct latd_config *c = &x->http->app->config;
    uint64_t all;

    if (x->body.len + len > c->max_body_bytes)
        return too_large(x, x->body.len + len, "at least ");
    all = atomic_fetch_add(&x->http->buffered, len) + len;
    lat_buf_put(&x->body, data, len);
    if (x->body.failed) {
        atomic_fetch_sub(&x->http->buffered, len);
        return lat_fail(&x->req.err, LAT_ENOMEM, "the body");
    }
    if (all > c->max_buffered_bytes)
        return lat_fail_word(&x->req.err, LAT_EFULL, "overloaded",
                             "bodies of %llu bytes are being read, at most "
                             "%llu at once (max-buffered-bytes)",
                             (unsigned long long)all,
                             (unsigned long long)c->max_buffered_bytes);
    return LAT_OK;
}

static enum MHD_Result collect(struct latd_exchange *x, const char *data,
                               size_t *len)
{
    const struct latd_config *c = &x->http->app->config;
    uint64_t age = latd_now_ns() - x->arrived_ns;

    if (age > c->body_timeout * 1000000000u) {
        latd_log(LATD_INFO, "%s: the body took over %llu s (body-timeout)",
                 x->req.id, (unsigned long long)c->body_timeout);
        return MHD_NO;
    }
    if (x->code == LAT_OK)
        x->code = keep(x, data, *len);
    if (x->code) {
        drop_body(x);
        x->discarded += *len;
    }
    *len = 0;
    return x->discarded > 2 * c->max_body_bytes ? MHD_NO : MHD_YES;
}

/* ---- the handler ------------------------------------------------------- */

static void on_over(struct latd_watch *w, enum lat_code why)
{
    struct latd_exchange *x =
        (struct latd_exchange *)((char *)w -
                                 offsetof(struct latd_exchange, watch));

    x->left = why == LAT_ECANCEL;
    x->over = why;
    latd_infer_cancel(x->http->app->infer, &x->req.batch, why);
}

static void run_wait(struct latd_task *task)
{
    struct latd_exchange *x =
        (struct latd_exchange *)((char *)task -
                                 offsetof(struct latd_exchange, wait));

    latd_loop_watch(x->http->app->loop, &x->watch);
}

static void run_resume(struct latd_task *task)
{
    struct latd_exchange *x =
        (struct latd_exchange *)((char *)task -
                                 offsetof(struct latd_exchange, resume));

    latd_loop_unwatch(x->http->app->loop, &x->watch);
    atomic_fetch_sub(&x->http->suspended, 1);
    MHD_resume_connection(x->conn);
}

/* Any thread: the last item is done. */
static void on_done(struct latd_batch *batch)
{
    struct latd_exchange *x =
        (struct latd_exchange *)((char *)batch -
                                 offsetof(struct latd_exchange, req.batch));

    latd_loop_post(x->http->app->loop, &x->resume);
}

static int socket_of(struct latd_exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

static uint64_t wait_ms(const struct latd_exchange *x)
{
    return x->req.timeout_ms ? x->req.timeout_ms
                             : x->http->app->config.timeout_ms;
}

/* Suspend first: a fast worker would resume what still runs.  Whatever submit
 * says, the batch ends and the connection is resumed. */
static void wait_for_batch(struct latd_exchange *x)
{
    x->suspended = true;
    x->watch =
        (struct latd_watch){.fd = socket_of(x),
                            .deadline_ns = x->body_ns + wait_ms(x) * 1000000u,
                            .over = on_over};
    x->wait.run = run_wait;
    x->resume.run = run_resume;
    atomic_fetch_add(&x->http->suspended, 1);
    MHD_suspend_connection(x->conn);
    latd_loop_post(x->http->app->loop, &x->wait);
    if (x->code == LAT_OK)
        x->code = x->handler->submit(&x->req);
    if (x->code)
        latd_infer_cancel(x->http->app->infer, &x->req.batch, LAT_ECANCEL);
    latd_batch_release(&x->req.batch);
}

static enum MHD_Result reply(struct latd_exchange *x)
{
    uint64_t begun = latd_now_ns();

    if (x->code == LAT_OK)
        x->code = x->handler->reply(&x->req);
    x->req.times.serialise = latd_now_ns() - begun;
    return latd_exchange_answer(x);
}

/* The request is whole. */
static enum MHD_Result begin(struct latd_exchange *x)
{
    x->body_ns = latd_now_ns();
    x->req.body = x->body.v ? x->body.v : "";
    x->req.body_len = x->body.len;
    latd_batch_init(&x->req.batch, on_done);
    if (x->code == LAT_OK) {
        x->begun = true;
        if (x->handler->begin)
            x->code = x->handler->begin(&x->req);
        x->req.times.parse = latd_now_ns() - x->body_ns;
    }
    /* A begin that failed may have items that follow: wait for those, too. */
    if (atomic_load(&x->req.batch.holds) > 1 || (!x->code && x->req.compute)) {
        wait_for_batch(x);
        return MHD_YES;
    }
    return reply(x);
}

/* The deadline, the client or the drain was faster than the batch. */
static enum lat_code why_over(struct latd_exchange *x)
{
    struct lat_err *err = &x->req.err;

    if (x->over == LAT_ETIMEOUT)
        return lat_fail_word(err, x->over, "deadline_exceeded",
                             "not done within %llu ms (timeout_ms, or the "
                             "setting timeout-ms)",
                             (unsigned long long)wait_ms(x));
    if (x->over == LAT_EAWAY)
        return lat_fail_word(err, x->over, "draining",
                             "the server is shutting down");
    return lat_fail(err, x->over, "the client left");
}

static enum MHD_Result resumed(struct latd_exchange *x)
{
    struct latd_batch *b = &x->req.batch;
    uint64_t taken = atomic_load(&b->taken_ns), done = atomic_load(&b->done_ns);

    x->suspended = false;
    if (taken > x->body_ns)
        x->req.times.queue = taken - x->body_ns - x->req.times.parse;
    if (done > taken)
        x->req.times.infer = done - taken;
    if (x->over && x->code == LAT_OK)
        x->code = why_over(x);
    return reply(x);
}

/* ---- libmicrohttpd's call-backs ---------------------------------------- */

static enum MHD_Result on_access(void *cls, struct MHD_Connection *conn,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *len, void **state)
{
    struct latd_exchange *x = *state;

    (void)version;
    if (!x) {
        x = *state = exchange_new(cls, conn, url, method);
        if (!x)
            return MHD_NO;
        x->code = check_header(x);
        return x->code && !read_on(x) ? latd_exchange_answer(x) : MHD_YES;
    }
    if (*len > 0)
        return collect(x, data, len);
    return x->suspended ? resumed(x) : begin(x);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct latd_http *http = cls;
    struct latd_exchange *x = *state;

    (void)conn;
    (void)why;
    if (!x)
        return;
    latd_exchange_end(x);
    lat_buf_fini(&x->req.reply.body);
    lat_free(x);
    *state = NULL;
    atomic_fetch_sub(&http->in_flight, 1);
}

static void on_log(void *cls, const char *fmt, va_list args)
{
    char msg[512];

    (void)cls;
    vsnprintf(msg, sizeof(msg), fmt, args);
    msg[strcspn(msg, "\n")] = '\0';
    latd_log(LATD_DEBUG, "libmicrohttpd: %s", msg);
}

enum lat_code latd_http_start(struct latd_http **out, struct latd_app *app,
                              int fd, bool only_probes, struct lat_err *err)
{
    const struct latd_config *c = &app->config;
    struct latd_http *http = lat_calloc(1, sizeof(*http));
    unsigned threads = only_probes ? 1 : (unsigned)c->http_threads;

    if (!http) {
        close(fd);
        return lat_fail(err, LAT_ENOMEM, "http");
    }
    http->app = app;
    http->fd = fd;
    http->only_probes = only_probes;
    http->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_access, http, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, http, MHD_OPTION_THREAD_POOL_SIZE,
        threads > 1 ? threads : 0, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)c->connection_limit, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)c->connection_timeout, MHD_OPTION_END);
    if (!http->daemon) {
        close(fd);
        lat_free(http);
        return lat_fail(err, LAT_EIO, "libmicrohttpd does not start");
    }
    *out = http;
    return LAT_OK;
}

void latd_http_quiesce(struct latd_http *http)
{
    int fd = MHD_quiesce_daemon(http->daemon);

    if (fd >= 0)
        close(fd);
}

size_t latd_http_in_flight(const struct latd_http *http)
{
    return atomic_load(&http->in_flight);
}

size_t latd_http_suspended(const struct latd_http *http)
{
    return atomic_load(&http->suspended);
}

void latd_http_stop(struct latd_http *http)
{
    if (!http)
        return;
    MHD_stop_daemon(http->daemon);
    lat_free(http);
}
