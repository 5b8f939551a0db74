/* stream.c - a body that is made while it is sent. */
#include "exchange.h"

#include "../log.h"

#include <string.h>

enum { BLOCK = 65536 };

struct flow {
    struct latd_stream *stream;
    struct lat_buf piece;
    size_t at; /* in piece */
    char id[72];
};

/* The next piece.  False: that was all, or *failed. */
static bool refill(struct flow *f, bool *failed)
{
    struct lat_err err = {0};
    enum lat_code code;

    f->piece.len = 0;
    f->at = 0;
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
    if (f->at == f->piece.len && !refill(f, &failed))
        return failed ? MHD_CONTENT_READER_END_WITH_ERROR
                      : MHD_CONTENT_READER_END_OF_STREAM;
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
    f->stream = r->stream;
    memcpy(f->id, x->req.id, sizeof(f->id));
    resp = MHD_create_response_from_callback(size, BLOCK, on_read, f, on_free);
    if (resp)
        r->stream = NULL; /* the response's from here on */
    else
        lat_free(f);
    return resp;
}
