/* stream.c - a body that is made while it is sent. */
#include "exchange.h"

#include "../log.h"

#include <string.h>

enum { BLOCK = 65536 };

/* While the connection is suspended the loop has it, else an http thread. */
struct flow {
    struct latd_exchange *x;
    struct latd_stream *stream;
    struct lat_buf piece;
    size_t at; /* in piece */
    char id[72];
    uint64_t news;      /* that had been told when next was asked */
    enum lat_code over; /* why the wait ended for good, or LAT_OK */
    struct latd_watch watch;
    struct latd_task wait;
};

/* ---- waiting ----------------------------------------------------------- */

static struct flow *flow_of(void *at, size_t offset)
{
    return (struct flow *)((char *)at - offset);
}

/* Loop thread. */
static void on_over(struct latd_watch *w, enum lat_code why)
{
    struct flow *f = flow_of(w, offsetof(struct flow, watch));
    struct latd_http *http = f->x->http;

    if (why != LAT_ETIMEOUT)
        f->over = why; /* LAT_OK: there are news */
    latd_loop_unwatch(http->app->loop, w);
    MHD_resume_connection(f->x->conn); /* f is an http thread's from here on */
    atomic_fetch_sub(&http->suspended, 1);
}

/* Loop thread.  News that came before we listen are not lost. */
static void run_wait(struct latd_task *task)
{
    struct flow *f = flow_of(task, offsetof(struct flow, wait));
    struct latd_loop *loop = f->x->http->app->loop;

    latd_loop_watch(loop, &f->watch);
    if (latd_loop_news_told(loop) != f->news)
        on_over(&f->watch, LAT_OK);
}

static void wait_for_news(struct flow *f)
{
    struct latd_http *http = f->x->http;

    f->watch = (struct latd_watch){.fd = latd_exchange_socket(f->x),
                                   .news = true,
                                   .deadline_ns = latd_now_ns() +
                                                  f->stream->wait_ms * 1000000u,
                                   .over = on_over};
    f->wait.run = run_wait;
    atomic_fetch_add(&http->suspended, 1);
    MHD_suspend_connection(f->x->conn);
    latd_loop_post(http->app->loop, &f->wait);
}

/* ---- pieces ------------------------------------------------------------ */

/* The next piece.  False: that was all, or *failed. */
static bool refill(struct flow *f, bool *failed)
{
    struct lat_err err = {0};
    enum lat_code code;

    f->piece.len = 0;
    f->at = 0;
    f->stream->wait_ms = 0;
    f->news = latd_loop_news_told(f->x->http->app->loop);
    code = f->stream->next(f->stream, &f->piece, &err);
    if (!code && f->piece.failed)
        code = lat_fail(&err, LAT_ENOMEM, "a piece of the reply");
    *failed = code != LAT_OK;
    if (code)
        latd_log(LATD_ERROR, "%s: the reply is cut short: %s", f->id, err.msg);
    return !code && f->piece.len > 0;
}

static ssize_t on_read(void *cls, uint64_t at, char *to, size_t max)
{
    struct flow *f = cls;
    size_t n;
    bool failed;

    (void)at;
    if (f->over)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (f->at == f->piece.len && !refill(f, &failed)) {
        if (failed || !f->stream->wait_ms)
            return failed ? MHD_CONTENT_READER_END_WITH_ERROR
                          : MHD_CONTENT_READER_END_OF_STREAM;
        wait_for_news(f);
        return 0;
    }
    n = f->piece.len - f->at;
    n = n < max ? n : max;
    memcpy(to, f->piece.v + f->at, n);
    f->at += n;
    return (ssize_t)n;
}

static void on_free(void *cls)
{
    struct flow *f = cls;

    f->stream->close(f->stream);
    lat_buf_fini(&f->piece);
    lat_free(f);
}

void latd_stream_drop(struct latd_reply *r)
{
    if (r->stream)
        r->stream->close(r->stream);
    r->stream = NULL;
}

struct MHD_Response *latd_stream_response(struct latd_exchange *x)
{
    struct latd_reply *r = &x->req.reply;
    struct flow *f = lat_calloc(1, sizeof(*f));
    struct MHD_Response *resp;
    uint64_t size = r->stream->sized ? r->stream->size : MHD_SIZE_UNKNOWN;

    if (!f)
        return NULL;
    f->x = x;
    f->stream = r->stream;
    memcpy(f->id, x->req.id, sizeof(f->id));
    resp = MHD_create_response_from_callback(size, BLOCK, on_read, f, on_free);
    if (!resp) {
        lat_free(f);
        return NULL;
    }
    r->stream = NULL; /* the response's from here on */
    /* libmicrohttpd ends what is chunked with an empty chunk, even for HEAD:
     * the next reply on the connection would begin with it. */
    if (size == MHD_SIZE_UNKNOWN && x->req.method == LATD_HEAD)
        MHD_set_response_options(resp, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                 MHD_RO_END);
    return resp;
}
