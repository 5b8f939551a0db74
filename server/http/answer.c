/* answer.c - from a handler's reply, or its error, to bytes and counters. */
#include "exchange.h"

#include "../log.h"
#include "../wire.h"

#include <stdio.h>
#include <string.h>

/* No default: a new code does not compile until someone decides here. */
static unsigned status_of(enum lat_code code)
{
    switch (code) {
    case LAT_OK:
        return MHD_HTTP_OK;
    case LAT_EINVAL:
    case LAT_EFORMAT:
        return MHD_HTTP_BAD_REQUEST;
    case LAT_EUNFIT:
        return MHD_HTTP_UNPROCESSABLE_CONTENT;
    case LAT_ENOENT:
        return MHD_HTTP_NOT_FOUND;
    case LAT_EMETHOD:
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    case LAT_EBUSY:
    case LAT_ECANCEL:
        return MHD_HTTP_CONFLICT;
    case LAT_EMATCH:
        return MHD_HTTP_PRECONDITION_FAILED;
    case LAT_ETOOBIG:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case LAT_EMEDIA:
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    case LAT_EFULL:
        return MHD_HTTP_TOO_MANY_REQUESTS;
    case LAT_EAUTH:
        return MHD_HTTP_UNAUTHORIZED;
    case LAT_EACCESS:
        return MHD_HTTP_FORBIDDEN;
    case LAT_ETIMEOUT:
    case LAT_EAWAY:
    case LAT_ENOMEM:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    case LAT_ENOSPACE:
        return MHD_HTTP_INSUFFICIENT_STORAGE;
    case LAT_ENONFINITE:
    case LAT_EDIVERGE:
    case LAT_EIO:
        break;
    }
    return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* What the contract wants beside an error. */
static void add_headers_of(struct latd_reply *r, const struct latd_exchange *x,
                           bool for_good)
{
    enum lat_code code = x->code;
    uint64_t retry_ms = code == LAT_EFULL ? x->who.retry_ms : 0;
    const char *name, *value;

    if (for_good)
        latd_reply_header(r, "x-should-retry", "false");
    if (retry_ms) { /* known better than by the table */
        uint64_t s = (retry_ms + 999) / 1000;

        latd_reply_header(r, "Retry-After", "%llu",
                          (unsigned long long)(s < 120 ? s : 120));
        latd_reply_header(r, "retry-after-ms", "%llu",
                          (unsigned long long)retry_ms);
        return;
    }
    for (size_t i = 0;
         (name = latd_wire_error_header(&value, code, i)) && !for_good; i++)
        latd_reply_header(r, name, "%s", value);
}

/* A resource that this daemon does not have: waiting does not help. */
static bool is_for_good(const struct lat_err *err)
{
    return err->word && strcmp(err->word, "no_data_dir") == 0;
}

/* Of what the handler had begun to say, the tag of what stands stays beside a
 * condition that was not met. */
static void keep_headers(struct latd_reply *r, enum lat_code code)
{
    size_t n = r->n_headers;

    r->n_headers = 0;
    for (size_t i = 0; i < n && code == LAT_EMATCH; i++)
        if (strcmp(r->headers[i].name, "ETag") == 0)
            r->headers[r->n_headers++] = r->headers[i];
}

/* The error takes the place of whatever the handler had begun to say. */
static void write_error(struct latd_exchange *x)
{
    const char *accept = latd_req_header(&x->req, "accept");
    struct latd_reply *r = &x->req.reply;
    bool for_good = is_for_good(&x->req.err);

    lat_buf_fini(&r->body);
    latd_stream_drop(r);
    r->type = NULL;
    keep_headers(r, x->code);
    r->status = x->left ? 499 : status_of(x->code);
    add_headers_of(r, x, for_good);
    if (x->code == LAT_EMETHOD)
        latd_reply_header(r, "Allow", "%s", x->allow);
    if (x->code == LAT_ETOOBIG || (x->code == LAT_EAWAY && !for_good))
        x->must_close = true;
    if (accept && strstr(accept, "application/problem+json"))
        r->type = "application/problem+json";
    x->req.err.code = x->code;
    latd_wire_error_encode(&r->body, &x->req.err, r->status, x->req.id);
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void add_headers(struct latd_exchange *x, struct MHD_Response *resp)
{
    struct latd_reply *r = &x->req.reply;
    const struct latd_times *t = &x->req.times;
    char text[160];

    for (size_t i = 0; i < r->n_headers; i++)
        MHD_add_response_header(resp, r->headers[i].name, r->headers[i].value);
    MHD_add_response_header(resp, "Content-Type",
                            r->type ? r->type : "application/json");
    MHD_add_response_header(resp, "X-Request-Id", x->req.id);
    snprintf(text, sizeof(text),
             "parse;dur=%.3f, queue;dur=%.3f, infer;dur=%.3f, "
             "serialize;dur=%.3f",
             ms(t->parse), ms(t->queue), ms(t->infer), ms(t->serialise));
    MHD_add_response_header(resp, "Server-Timing", text);
    if (x->must_close)
        MHD_add_response_header(resp, "Connection", "close");
}

static void count_rejected(const struct latd_exchange *x)
{
    enum latd_rejected why = LATD_REJECTED_invalid;

    if (x->code == LAT_OK)
        return;
    if (x->left)
        why = LATD_REJECTED_cancelled;
    else if (x->code == LAT_EAUTH || x->code == LAT_EACCESS)
        why = LATD_REJECTED_unauthorized;
    else if (x->code == LAT_EFULL && x->who.retry_ms)
        why = LATD_REJECTED_rate_limited;
    else if (x->code == LAT_EFULL)
        why = LATD_REJECTED_overloaded;
    else if (x->code == LAT_ETIMEOUT)
        why = LATD_REJECTED_deadline;
    else if (x->code == LAT_ETOOBIG)
        why = LATD_REJECTED_too_large;
    else if (x->status >= 500)
        return;
    atomic_fetch_add(&x->http->app->metrics->rejected[why], 1);
}

static void report(const struct latd_exchange *x)
{
    const struct latd_req *req = &x->req;
    const char *trace = latd_req_header(req, "traceparent");
    uint64_t ns = latd_now_ns() - x->arrived_ns;
    struct latd_line line;
    bool quiet = x->route && latd_route(x->route)->probe && x->code == LAT_OK;

    latd_metrics_request(x->http->app->metrics, x->route, req->method,
                         x->status, ns);
    count_rejected(x);
    latd_line_begin(&line, quiet ? LATD_DEBUG : LATD_INFO, "request");
    latd_line_text(&line, "id", req->id);
    latd_line_text(&line, "method", req->verb);
    latd_line_text(&line, "path", req->path);
    if (x->who.name[0])
        latd_line_text(&line, "key", x->who.name);
    latd_line_count(&line, "status", x->status);
    latd_line_count(&line, "bytes_in", req->body_len + x->taken + x->discarded);
    latd_line_count(&line, "bytes_out", x->sent);
    latd_line_ms(&line, "ms", ms(ns));
    latd_line_ms(&line, "queue_ms", ms(req->times.queue));
    latd_line_ms(&line, "infer_ms", ms(req->times.infer));
    if (x->code)
        latd_line_text(&line, "error", req->err.msg);
    if (trace)
        latd_line_text(&line, "traceparent", trace);
    latd_line_end(&line);
}

void latd_exchange_end(struct latd_exchange *x)
{
    struct latd_http *http = x->http;

    if (x->ended)
        return;
    x->ended = true;
    if (x->begun && x->handler->end)
        x->handler->end(&x->req);
    atomic_fetch_sub(&http->buffered, x->body.len);
    lat_buf_fini(&x->body);
}

static struct MHD_Response *make_response(struct latd_exchange *x)
{
    struct latd_reply *r = &x->req.reply;
    struct MHD_Response *resp;

    if (r->stream)
        return latd_stream_response(x);
    if (r->body.len == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    resp = MHD_create_response_from_buffer_with_free_callback(
        r->body.len, r->body.v, lat_free);
    if (resp)
        r->body = (struct lat_buf){0}; /* the response's from here on */
    return resp;
}

void latd_exchange_abandon(struct latd_exchange *x)
{
    if (x->status)
        return;
    x->left = true;
    x->status = 499;
    if (x->code == LAT_OK)
        x->code = lat_fail(&x->req.err, LAT_ECANCEL, "the client left");
    report(x);
}

enum MHD_Result latd_exchange_answer(struct latd_exchange *x)
{
    struct latd_reply *r = &x->req.reply;
    struct MHD_Response *resp;
    enum MHD_Result ok;

    if (x->code == LAT_OK && r->body.failed)
        x->code = lat_fail(&x->req.err, LAT_ENOMEM, "the reply");
    if (x->code)
        write_error(x);
    latd_exchange_end(x);
    x->status = r->status ? r->status : MHD_HTTP_OK;
    x->sent = r->body.len;
    resp = make_response(x);
    if (!resp)
        return MHD_NO;
    add_headers(x, resp);
    ok = MHD_queue_response(x->conn, x->status, resp);
    MHD_destroy_response(resp);
    report(x);
    return ok;
}
