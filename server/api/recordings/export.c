/* export.c - GET /v1/recordings/export: vectors and metadata, as a stream. */
#include "../../api.h"

#include "draft.h"

#include <stdio.h>
#include <string.h>

enum { PIECE = 65536 };

struct export
{
    struct latd_stream stream;
    struct latd_recordings_cursor *cursor;
    char digest[LAT_DIGEST_HEX]; /* of the vectors that are wanted; "": all */
    size_t dims;                 /* of a matrix; 0: lines */
    size_t limit;                /* 0: none */
    bool begun;
};

/* ---- lines --------------------------------------------------------------- */

/* The recording as POST /v1/recordings takes it, with the vectors that are
 * wanted. */
static enum lat_code put_line(struct lat_buf *out,
                              const struct latd_recording *r,
                              const char *digest, struct lat_err *err)
{
    const struct latd_recording_show show = {.with = LATD_WITH_VECTORS};
    enum lat_code code = LAT_OK;
    const char *comma = "";

    lat_buf_puts(out, "{\"id\":");
    latd_write_string(out, r->id);
    lat_buf_puts(out, ",\"subject\":");
    if (r->subject[0])
        latd_write_string(out, r->subject);
    else
        lat_buf_puts(out, "null");
    lat_buf_printf(out, ",\"metadata\":%s,\"embeddings\":[", r->metadata);
    for (size_t i = 0; i < r->n && !code; i++) {
        if (*digest && strcmp(digest, r->embeddings[i].digest) != 0)
            continue;
        lat_buf_puts(out, comma);
        comma = ",";
        code = latd_wire_embedding_encode(out, &r->embeddings[i], &show, err);
    }
    lat_buf_puts(out, "]}\n");
    return code;
}

/* ---- a matrix ------------------------------------------------------------ */

/* Version 1.0: magic, length of the header, the header, padded to 64. */
static void put_npy_head(struct lat_buf *out, uint64_t rows, size_t dims)
{
    char head[192], text[118];
    int n = snprintf(text, sizeof(text),
                     "{'descr': '<f4', 'fortran_order': False, 'shape': "
                     "(%llu, %zu), }",
                     (unsigned long long)rows, dims);

    memset(head, ' ', sizeof(head));
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(head + 10, text, (size_t)n);
    head[127] = '\n';
    lat_buf_put(out, head, 128);
}

/* The mean of its windows. */
static enum lat_code put_row(struct lat_buf *out,
                             const struct latd_recording *r,
                             const struct export *e, struct lat_err *err)
{
    const struct latd_embedding *from = r->embeddings;

    while (from < r->embeddings + r->n && strcmp(from->digest, e->digest) != 0)
        from++;
    if (from == r->embeddings + r->n || from->dims != e->dims)
        return lat_fail(err, LAT_EIO, "recording %.80s: no %zu dimensions",
                        r->id, e->dims);
    for (size_t d = 0; d < e->dims; d++) {
        double sum = 0.0;
        float mean;

        for (size_t w = 0; w < from->windows; w++)
            sum += (double)from->v[w * e->dims + d];
        mean = (float)(sum / (double)from->windows);
        lat_buf_put(out, &mean, sizeof(mean));
    }
    return LAT_OK;
}

/* ---- the stream ---------------------------------------------------------- */

static uint64_t n_rows(const struct export *e)
{
    uint64_t n = latd_recordings_cursor_count(e->cursor);

    return e->limit && e->limit < n ? e->limit : n;
}

static enum lat_code next(struct latd_stream *s, struct lat_buf *out,
                          struct lat_err *err)
{
    struct export *e = (struct export *)(void *)s;
    const struct latd_recording *r = NULL;
    enum lat_code code = LAT_OK;

    if (!e->begun && e->dims)
        put_npy_head(out, n_rows(e), e->dims);
    e->begun = true;
    do {
        code = latd_recordings_cursor_next(&r, e->cursor, err);
        if (!code && r)
            code = e->dims ? put_row(out, r, e, err)
                           : put_line(out, r, e->digest, err);
    } while (!code && r && out->len < PIECE);
    return code;
}

static void end(struct latd_stream *s)
{
    struct export *e = (struct export *)(void *)s;

    latd_recordings_cursor_close(e->cursor);
    lat_free(e);
}

/* Which vectors: those of the model as it is here, or of a digest that is
 * said. */
static enum lat_code choose(struct export *e, struct latd_req *req,
                            struct latd_finding *f, bool matrix)
{
    struct latd_model *m = NULL;
    enum lat_code code = LAT_OK;

    if (!f->filter.model)
        return matrix ? lat_at(&req->err,
                               lat_fail(&req->err, LAT_EINVAL,
                                        "a matrix is of one model, expected "
                                        "model"),
                               "model")
                      : LAT_OK;
    code = latd_models_ref(req->app->models, f->filter.model, &m, &req->err);
    if (code)
        return lat_at(&req->err, code, "model");
    latd_recordings_digest(e->digest, m->card);
    e->dims = matrix ? m->card->dims : 0;
    latd_model_unref(m);
    f->filter.model = NULL;
    f->filter.digest = e->digest;
    return LAT_OK;
}

static enum lat_code read_format(bool *matrix, struct latd_req *req)
{
    const char *format = latd_req_query(req, "format");

    *matrix = format && strcmp(format, "npy") == 0;
    if (!format || *matrix || strcmp(format, "jsonl") == 0 ||
        strcmp(format, "ndjson") == 0)
        return LAT_OK;
    return lat_at(&req->err,
                  lat_fail(&req->err, LAT_EINVAL,
                           "format is %.40s, expected jsonl, ndjson or npy",
                           format),
                  "format");
}

static enum lat_code export_open(struct export *e, struct latd_req *req)
{
    struct latd_finding f;
    bool matrix = false;
    enum lat_code code = latd_finding_init(&f, req);

    if (!code)
        code = read_format(&matrix, req);
    if (!code)
        code = choose(e, req, &f, matrix);
    if (!code)
        code = latd_limit_of(&e->limit, req, SIZE_MAX >> 1);
    f.filter.limit = e->limit;
    if (!code)
        code = latd_recordings_cursor_open(&e->cursor, req->app->database,
                                           &f.filter, LATD_WITH_VECTORS,
                                           &req->err);
    if (code)
        return code;
    req->reply.type = matrix ? "application/x-npy" : "application/x-ndjson";
    latd_reply_header(&req->reply, "Content-Disposition",
                      "attachment; filename=\"recordings.%s\"",
                      matrix ? "npy" : "jsonl");
    return LAT_OK;
}

static enum lat_code export_reply(struct latd_req *req)
{
    struct export *e;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    e = lat_calloc(1, sizeof(*e));
    if (!e)
        return lat_fail(&req->err, LAT_ENOMEM, "export");
    e->stream.next = next;
    e->stream.close = end;
    code = export_open(e, req);
    if (code)
        end(&e->stream);
    else
        req->reply.stream = &e->stream;
    return code;
}

const struct latd_handler latd_recordings_export = {.reply = export_reply};
