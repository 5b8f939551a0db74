/* reply.c - what was embedded, item by item. */
#include "reply.h"

#include <math.h>

static void write_sparse(struct lat_buf *out, const float *v, size_t n)
{
    const char *comma = "";

    lat_buf_puts(out, "{\"indices\":[");
    for (size_t i = 0; i < n; i++)
        if (fabsf(v[i]) > 0.0f) {
            lat_buf_printf(out, "%s%zu", comma, i);
            comma = ",";
        }
    lat_buf_puts(out, "],\"values\":[");
    comma = "";
    for (size_t i = 0; i < n; i++)
        if (fabsf(v[i]) > 0.0f) {
            lat_buf_puts(out, comma);
            latd_write_float(out, v[i]);
            comma = ",";
        }
    lat_buf_puts(out, "]}");
}

/* The part of the latent that was asked for, of unit length if so. */
static void write_embedding(struct latd_writer *w, const float *z)
{
    const struct latd_embed_req *req = w->r->req;
    struct lat_range part = {0, w->r->card->dims};
    double length;

    if (req->block >= 0)
        part = w->r->card->blocks[req->block];
    if (req->dimensions && req->dimensions < part.end - part.begin)
        part.end = part.begin + req->dimensions;
    z += part.begin;
    length = latd_norm(z, part.end - part.begin);
    if (req->normalize && length > 0.0) {
        for (size_t i = 0; i < part.end - part.begin; i++)
            w->scratch[i] = (float)((double)z[i] / length);
        z = w->scratch;
    }
    if (req->encoding == LATD_SPARSE)
        write_sparse(w->out, z, part.end - part.begin);
    else
        latd_write_vector(w, z, part.end - part.begin);
}

/* The embedding of an item that has none. */
static const char *nothing(enum latd_encoding encoding)
{
    switch (encoding) {
    case LATD_BASE64:
        return "\"\"";
    case LATD_SPARSE:
        return "{\"indices\":[],\"values\":[]}";
    case LATD_FLOAT:
    case LATD_BYTES:
        break;
    }
    return "[]";
}

static void write_id(struct lat_buf *out, const char *id)
{
    if (!id)
        return;
    lat_buf_puts(out, ",\"id\":");
    latd_write_string(out, id);
}

static void write_where(struct latd_writer *w, const struct latd_embed_item *it)
{
    const struct lat_window *win;

    if (it->pooled) {
        lat_buf_printf(w->out, ",\"windows\":%zu", it->windows->n);
        return;
    }
    if (!it->windows)
        return;
    win = &it->windows->w[it->window];
    if (w->r->req->cut.mode != LAT_REJECT)
        lat_buf_printf(w->out, ",\"window\":{\"start\":%zu,\"end\":%zu}",
                       win->begin, win->end);
}

static void write_digest(struct lat_buf *out, const struct latd_embed_item *it)
{
    const uint8_t *digest = it->digest;
    char hex[LAT_DIGEST_HEX];

    if (it->windows && (!it->pooled || it->windows->n == 1))
        digest = it->windows->w[it->window].digest;
    if (it->image)
        digest = it->image->digest;
    if (!digest)
        return;
    lat_digest_hex(hex, digest);
    lat_buf_printf(out, ",\"digest\":\"sha256:%s\"", hex);
}

/* A member for each word of include; null where the model has no such thing.
 */
static void write_sections(struct latd_writer *w,
                           const struct latd_embed_item *it)
{
    unsigned include = w->r->req->include;

    if (include & LATD_INCLUDE_PARTITIONS) {
        lat_buf_puts(w->out, ",\"partitions\":");
        latd_write_partitions(w, it->z);
    }
    if (include & LATD_INCLUDE_GATES) {
        lat_buf_puts(w->out, ",\"gates\":");
        latd_write_gates(w, &it->code);
    }
    if (include & LATD_INCLUDE_TASK) {
        lat_buf_puts(w->out, ",\"task\":");
        latd_write_task(w, it->likely);
    }
    if (include & LATD_INCLUDE_FEATURES) {
        lat_buf_puts(w->out, ",\"features\":");
        if (it->code.features)
            latd_write_vector(w, it->code.features, w->r->card->features);
        else
            lat_buf_puts(w->out, "null");
    }
}

static void write_preprocessing(struct latd_writer *w,
                                const struct latd_embed_item *it)
{
    if (!it->windows && !it->image)
        return;
    lat_buf_puts(w->out, ",\"preprocessing\":");
    if (it->windows)
        latd_write_preprocessing(w->out, it->windows);
    else
        latd_write_fitting(w->out, it->image, it->picture, w->r->card);
}

static void write_vectors(struct latd_writer *w,
                          const struct latd_embed_item *it)
{
    write_embedding(w, it->z);
    write_where(w, it);
    write_sections(w, it);
    write_digest(w->out, it);
    if (it->cache)
        lat_buf_printf(w->out, ",\"cache\":\"%s\"", it->cache);
    if (w->r->req->include & LATD_INCLUDE_PREPROCESSING)
        write_preprocessing(w, it);
}

static void write_item(struct latd_writer *w, size_t i)
{
    const struct latd_embed_item *it = &w->r->items[i];

    lat_buf_printf(w->out,
                   "{\"object\":\"embedding\",\"index\":%zu,"
                   "\"input_index\":%zu",
                   i, it->input);
    write_id(w->out, it->id);
    lat_buf_puts(w->out, ",\"embedding\":");
    if (it->z) {
        write_vectors(w, it);
    } else {
        lat_buf_puts(w->out, nothing(w->r->req->encoding));
        lat_buf_puts(w->out, ",\"error\":");
        latd_write_error(w->out, it->err);
    }
    lat_buf_puts(w->out, "}");
}

static bool all_finite(const float *v, size_t n, size_t *k)
{
    for (*k = 0; v && *k < n; ++*k)
        if (!isfinite(v[*k]))
            return false;
    return true;
}

/* What is not finite must never leave, least of all as null. */
static enum lat_code check_finite(const struct latd_embed_reply *r,
                                  struct lat_err *err)
{
    const struct lat_card *card = r->card;
    size_t k;

    for (size_t i = 0; i < r->n; i++) {
        const struct latd_embed_item *it = &r->items[i];

        if (!all_finite(it->z, card->dims, &k) ||
            !all_finite(it->code.features, card->features, &k) ||
            !all_finite(it->code.probability, card->dims, &k))
            return lat_fail_word(err, LAT_ENONFINITE, "nonfinite_output",
                                 "item %zu: value %zu of its embedding is not "
                                 "finite",
                                 i, k);
    }
    return LAT_OK;
}

static enum lat_code begin(struct latd_writer *w, struct lat_err *err)
{
    enum lat_code code = check_finite(w->r, err);

    if (code)
        return code;
    w->scratch = lat_calloc(w->r->card->dims, sizeof(float));
    return w->scratch ? LAT_OK : lat_fail(err, LAT_ENOMEM, "reply");
}

/* Hands over the bytes behind the JSON. */
static enum lat_code finish(struct latd_writer *w, size_t *json_len,
                            struct lat_err *err)
{
    bool failed;

    *json_len = w->out->len;
    if (w->bytes.len)
        lat_buf_put(w->out, w->bytes.v, w->bytes.len);
    failed = w->out->failed || w->bytes.failed;
    lat_buf_fini(&w->bytes);
    lat_free(w->scratch);
    return failed ? lat_fail(err, LAT_ENOMEM, "reply") : LAT_OK;
}

enum lat_code latd_wire_embed_encode(struct lat_buf *out, size_t *json_len,
                                     const struct latd_embed_reply *reply,
                                     struct lat_err *err)
{
    struct latd_writer w = {.out = out, .r = reply};
    enum lat_code code = begin(&w, err);

    if (code)
        return code;
    lat_buf_puts(out, "{\"object\":\"list\",\"model\":");
    latd_write_string(out, reply->model);
    lat_buf_printf(out, ",\"precision\":\"%s\"",
                   lat_precision_name(reply->precision));
    lat_buf_puts(out, ",\"data\":[");
    for (size_t i = 0; i < reply->n; i++) {
        lat_buf_puts(out, i ? "," : "");
        write_item(&w, i);
    }
    lat_buf_printf(out,
                   "],\"usage\":{\"prompt_tokens\":%llu,"
                   "\"total_tokens\":%llu}}",
                   (unsigned long long)reply->tokens,
                   (unsigned long long)reply->tokens);
    return finish(&w, json_len, err);
}

enum lat_code latd_wire_embed_encode_one(struct lat_buf *out, size_t *json_len,
                                         const struct latd_embed_reply *reply,
                                         struct lat_err *err)
{
    struct latd_writer w = {.out = out, .r = reply};
    enum lat_code code = begin(&w, err);

    if (code)
        return code;
    write_item(&w, 0);
    return finish(&w, json_len, err);
}
