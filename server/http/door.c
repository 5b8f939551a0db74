/* door.c - libmicrohttpd's call-backs: a handler is led through a request. */
#include "exchange.h"

#include "../log.h"
#include "tls.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CA_MAX = 1 << 20 };

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
    struct latd_http *http = x->http;

    latd_loop_unwatch(http->app->loop, &x->watch);
    MHD_resume_connection(x->conn); /* x is an http thread's from here on */
    atomic_fetch_sub(&http->suspended, 1);
}

/* Any thread: the last item is done. */
static void on_done(struct latd_batch *batch)
{
    struct latd_exchange *x =
        (struct latd_exchange *)((char *)batch -
                                 offsetof(struct latd_exchange, req.batch));

    latd_loop_post(x->http->app->loop, &x->resume);
}

int latd_exchange_socket(const struct latd_exchange *x)
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

/* Suspend first: a fast worker would resume what still runs.  Whatever happens
 * from here on, the last hold is released and the connection resumed. */
static void suspend(struct latd_exchange *x, uint64_t deadline_ns)
{
    x->suspended = true;
    x->watch = (struct latd_watch){.fd = latd_exchange_socket(x),
                                   .deadline_ns = deadline_ns,
                                   .over = on_over};
    x->wait.run = run_wait;
    x->resume.run = run_resume;
    atomic_fetch_add(&x->http->suspended, 1);
    MHD_suspend_connection(x->conn);
    latd_loop_post(x->http->app->loop, &x->wait);
}

static void compute(struct latd_exchange *x)
{
    suspend(x, x->body_ns + wait_ms(x) * 1000000u);
    if (x->code == LAT_OK)
        x->code = x->handler->submit(&x->req);
    if (x->code)
        latd_infer_cancel(x->http->app->infer, &x->req.batch, LAT_ECANCEL);
    latd_batch_release(&x->req.batch);
}

static struct latd_exchange *exchange_of(struct latd_change *c)
{
    return (struct latd_exchange *)((char *)c -
                                    offsetof(struct latd_exchange, change));
}

/* Store thread. */
static enum lat_code on_store(struct latd_change *c, struct latd_rows *rows,
                              struct lat_err *err)
{
    struct latd_exchange *x = exchange_of(c);
    enum lat_code code;

    x->req.err = (struct lat_err){0};
    code = x->handler->store(&x->req, rows);
    if (code)
        *err = x->req.err;
    return code;
}

/* Store thread. */
static void on_stored(struct latd_change *c)
{
    latd_batch_release(&exchange_of(c)->req.batch);
}

/* Without a deadline: a change that is queued is made, and its end is worth
 * knowing.  The one hold is the change's. */
static void store(struct latd_exchange *x)
{
    struct lat_err err = {0};
    enum lat_code code;

    x->storing = true;
    x->change = (struct latd_change){.run = on_store, .done = on_stored};
    atomic_store(&x->req.batch.holds, 1);
    suspend(x, 0);
    code = latd_database_write(x->http->app->database, &x->change, &err);
    if (!code)
        return;
    x->change.code = code;
    x->change.err = err;
    latd_batch_release(&x->req.batch);
}

static enum MHD_Result reply(struct latd_exchange *x)
{
    uint64_t begun = latd_now_ns();

    if (x->code == LAT_OK && x->handler->reply)
        x->code = x->handler->reply(&x->req);
    x->req.times.serialise = latd_now_ns() - begun;
    return latd_exchange_answer(x);
}

/* Nothing is to be computed any more. */
static enum MHD_Result proceed(struct latd_exchange *x)
{
    if (x->code || x->storing || !x->handler->store)
        return reply(x);
    store(x);
    return MHD_YES;
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
        compute(x);
        return MHD_YES;
    }
    return proceed(x);
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

static void note_times(struct latd_exchange *x)
{
    struct latd_batch *b = &x->req.batch;
    uint64_t taken = atomic_load(&b->taken_ns), done = atomic_load(&b->done_ns);

    if (taken > x->body_ns)
        x->req.times.queue = taken - x->body_ns - x->req.times.parse;
    if (taken && done > taken)
        x->req.times.infer = done - taken;
}

static enum MHD_Result resumed(struct latd_exchange *x)
{
    x->suspended = false;
    note_times(x);
    if (x->storing) {
        x->code = x->change.code;
        if (x->code)
            x->req.err = x->change.err;
    }
    /* What is stored is said, even when the server is about to stop. */
    if (x->over && x->code == LAT_OK && (!x->storing || x->left))
        x->code = why_over(x);
    return proceed(x);
}

/* ---- libmicrohttpd's call-backs ---------------------------------------- */

/* The first line is there.  What it asks for is *state of the others. */
static void *on_target(void *cls, const char *target,
                       struct MHD_Connection *conn)
{
    return latd_exchange_new(cls, conn, target);
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *conn,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *len, void **state)
{
    struct latd_exchange *x = *state;

    (void)version;
    (void)cls;
    (void)conn;
    if (!x)
        return MHD_NO;
    if (!x->met) {
        latd_exchange_meet(x, url, method);
        x->code = latd_exchange_check(x);
        return x->code && !latd_exchange_read_on(x) ? latd_exchange_answer(x)
                                                    : MHD_YES;
    }
    if (*len > 0)
        return latd_exchange_collect(x, data, len);
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
    if (x->met)
        latd_exchange_abandon(x);
    latd_exchange_end(x);
    latd_stream_drop(&x->req.reply);
    lat_buf_fini(&x->req.reply.body);
    lat_free(x->target);
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

/* Whoever can connect may ask for anything when there are no keys. */
static enum lat_code check_address(const struct latd_http *http,
                                   struct lat_err *err)
{
    const struct latd_app *app = http->app;
    char where[300];

    if (app->auth || app->config.insecure_listen ||
        (app->config.tls_client_ca[0] && !http->only_probes) ||
        latd_listen_is_local(http->fd))
        return LAT_OK;
    latd_listen_where(http->fd, where, sizeof(where));
    return lat_fail(err, LAT_EACCESS,
                    "%s can be reached from elsewhere, and there are no keys: "
                    "set keys-file (see latent keys), or insecure-listen to 1 "
                    "where something else keeps the others out",
                    where);
}

/* Options after the one that is MHD_OPTION_END are not looked at. */
static enum lat_code start(struct latd_http *http, struct lat_err *err)
{
    const struct latd_config *c = &http->app->config;
    bool tls = c->tls_cert[0] && !http->only_probes;
    unsigned threads = http->only_probes ? 1 : (unsigned)c->http_threads;

    http->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0),
        0, NULL, NULL, on_access, http, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        NULL, MHD_OPTION_LISTEN_SOCKET, http->fd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, http, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
        MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)c->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)c->connection_timeout,
        tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END,
        latd_tls_retrieve, MHD_OPTION_HTTPS_PRIORITIES, LATD_TLS_PRIORITIES,
        http->ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, http->ca,
        MHD_OPTION_END);
    return http->daemon
               ? LAT_OK
               : lat_fail(err, LAT_EIO, "libmicrohttpd does not start");
}

enum lat_code latd_http_start(struct latd_http **out, struct latd_app *app,
                              int fd, bool only_probes, struct lat_err *err)
{
    struct latd_http *http = lat_calloc(1, sizeof(*http));
    enum lat_code code = LAT_OK;
    size_t len;

    if (!http) {
        close(fd);
        return lat_fail(err, LAT_ENOMEM, "http");
    }
    http->app = app;
    http->fd = fd;
    http->only_probes = only_probes;
    code = check_address(http, err);
    if (!code && app->config.tls_client_ca[0] && !only_probes) {
        code = lat_file_read(&http->ca, &len, app->config.tls_client_ca, CA_MAX,
                             err);
        if (code)
            code = lat_wrap(err, code, "tls-client-ca");
    }
    if (!code)
        code = start(http, err);
    if (code) {
        close(fd);
        lat_free(http->ca);
        lat_free(http);
        return code;
    }
    *out = http;
    return LAT_OK;
}

void latd_http_quiesce(struct latd_http *http, bool lent)
{
    int fd = MHD_quiesce_daemon(http->daemon);

    if (fd < 0)
        return;
    /* A thread that polls the socket keeps it listening after close. */
    if (!lent)
        shutdown(fd, SHUT_RDWR);
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
    lat_free(http->ca);
    lat_free(http);
}
