/* recording_out.c - what is answered of recordings. */
#include "recording.h"

#include "parts.h"
#include "reply.h"

#include <math.h>
#include <string.h>

/* ---- floats ------------------------------------------------------------- */

static void put_row(struct lat_buf *out, const float *v, size_t n, bool base64)
{
    if (!base64) {
        latd_write_floats(out, v, n);
        return;
    }
    lat_buf_puts(out, "\"");
    lat_base64_encode(out, v, n * sizeof(*v));
    lat_buf_puts(out, "\"");
}

/* One window as it is, several as an array of them. */
static void put_windows(struct lat_buf *out, const struct latd_embedding *e,
                        bool base64)
{
    if (e->windows == 1) {
        put_row(out, e->v, e->dims, base64);
        return;
    }
    for (size_t w = 0; w < e->windows; w++) {
        lat_buf_puts(out, w ? "," : "[");
        put_row(out, e->v + w * e->dims, e->dims, base64);
    }
    lat_buf_puts(out, "]");
}

static enum lat_code check_finite(const struct latd_embedding *e,
                                  struct lat_err *err)
{
    for (size_t i = 0; i < e->windows * e->dims; i++)
        if (!isfinite(e->v[i]))
            return lat_fail(err, LAT_EIO,
                            "number %zu of the vectors by %s is not finite", i,
                            e->model);
    return LAT_OK;
}

/* ---- embeddings --------------------------------------------------------- */

static void mean_of(float *mean, const struct latd_embedding *e)
{
    for (size_t d = 0; d < e->dims; d++) {
        double sum = 0.0;

        for (size_t w = 0; w < e->windows; w++)
            sum += (double)e->v[w * e->dims + d];
        mean[d] = (float)(sum / (double)e->windows);
    }
}

/* Of the mean of the windows; null when the model is not here, or has none. */
static enum lat_code put_partitions(struct lat_buf *out,
                                    const struct latd_embedding *e,
                                    const struct latd_recording_show *show,
                                    struct lat_err *err)
{
    const struct lat_card *card = show->card(show->arg, e->digest);
    float *mean;

    lat_buf_puts(out, ",\"partitions\":");
    if (!card || !card->partitioned || card->dims != e->dims) {
        lat_buf_puts(out, "null");
        return LAT_OK;
    }
    mean = lat_calloc(e->dims, sizeof(*mean));
    if (!mean)
        return lat_fail(err, LAT_ENOMEM, "%zu numbers", e->dims);
    mean_of(mean, e);
    for (int b = 0; b < LAT_N_BLOCKS; b++) {
        const struct lat_range *at = &card->blocks[b];

        lat_buf_printf(
            out, "%s\"%s\":{\"range\":[%zu,%zu],\"values\":", b ? "," : "{",
            lat_block_name((enum lat_block)b), at->begin, at->end);
        put_row(out, mean + at->begin, at->end - at->begin, show->base64);
        lat_buf_puts(out, ",\"norm\":");
        latd_write_float(
            out, (float)latd_norm(mean + at->begin, at->end - at->begin));
        lat_buf_puts(out, "}");
    }
    lat_buf_puts(out, "}");
    lat_free(mean);
    return LAT_OK;
}

enum lat_code latd_wire_embedding_encode(struct lat_buf *out,
                                         const struct latd_embedding *e,
                                         const struct latd_recording_show *show,
                                         struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    lat_buf_puts(out, "{\"model\":");
    latd_write_string(out, e->model);
    lat_buf_printf(out, ",\"digest\":\"%s\",\"windows\":%zu,\"dimensions\":%zu",
                   e->digest, e->windows, e->dims);
    if (e->pooled)
        lat_buf_printf(out, ",\"pooled\":%zu", e->pooled);
    if (e->v)
        code = check_finite(e, err);
    if (!code && e->v && show->with & LATD_WITH_VECTORS) {
        lat_buf_puts(out, ",\"embedding\":");
        put_windows(out, e, show->base64);
    }
    if (!code && e->v && show->partitions)
        code = put_partitions(out, e, show, err);
    lat_buf_puts(out, "}");
    return code;
}

/* ---- waveforms ---------------------------------------------------------- */

static void put_cut(struct lat_buf *b, const struct latd_embed_req *asked)
{
    static const char *const modes[] = {"reject", "center", "tile"};

    lat_buf_printf(b, ",\"windowing\":{\"mode\":\"%s\",\"pool\":\"%s\"",
                   modes[asked->cut.mode], asked->pool_mean ? "mean" : "none");
    if (asked->cut.hop)
        lat_buf_printf(b, ",\"hop_samples\":%zu", asked->cut.hop);
    lat_buf_printf(b, "},\"channel_match\":\"%s\"",
                   asked->cut.positional ? "positional" : "name");
}

char *latd_wire_signal_text(const struct lat_signal *sig,
                            const struct latd_embed_req *asked)
{
    struct lat_buf b = {0};

    lat_buf_puts(&b, "{\"type\":\"signal\",\"sampling_rate_hz\":");
    latd_write_number(&b, sig->rate_hz);
    lat_buf_puts(&b, ",\"channels\":[");
    for (size_t c = 0; c < sig->n_channels; c++) {
        lat_buf_puts(&b, c ? ",{\"name\":" : "{\"name\":");
        latd_write_string(&b, sig->channels[c].name);
        lat_buf_puts(&b, ",\"unit\":");
        latd_write_string(&b, sig->channels[c].unit);
        lat_buf_puts(&b, "}");
    }
    lat_buf_printf(&b, "],\"samples\":%zu", sig->n_samples);
    put_cut(&b, asked);
    lat_buf_puts(&b, "}");
    if (b.failed) {
        lat_buf_fini(&b);
        return NULL;
    }
    return b.v;
}

/* A missing sample is null, as in an input. */
static void put_samples(struct lat_buf *out, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        lat_buf_puts(out, i ? "," : "[");
        if (isnan(v[i]))
            lat_buf_puts(out, "null");
        else
            latd_write_float(out, v[i]);
    }
    lat_buf_puts(out, n ? "]" : "[]");
}

/* What it is, and with it the samples, so that it is an input again.  The
 * number of channels is that of the names. */
static void put_signal(struct lat_buf *out, const struct latd_waveform *w,
                       bool samples)
{
    static const char mark[] = ",\"samples\":";
    const char *at = strstr(w->signal, mark);
    size_t n = 0, per = 0;

    for (const char *p = w->signal; (p = strstr(p, "{\"name\":")); p++)
        n++;
    if (!samples || !w->v || n == 0 || !at) {
        lat_buf_puts(out, w->signal);
        return;
    }
    per = w->n / n;
    lat_buf_put(out, w->signal, (size_t)(at - w->signal));
    lat_buf_puts(out, ",\"data\":[");
    for (size_t c = 0; c < n; c++) {
        if (c)
            lat_buf_puts(out, ",");
        put_samples(out, w->v + c * per, per);
    }
    lat_buf_puts(out, "]}");
}

void latd_wire_reembed_body(struct lat_buf *out, const struct latd_recording *r,
                            const char *model)
{
    const char *cut = strstr(r->waveform.signal, ",\"windowing\":");

    lat_buf_puts(out, "{\"model\":");
    latd_write_string(out, model);
    lat_buf_puts(out, ",\"input\":");
    put_signal(out, &r->waveform, true);
    lat_buf_puts(out, cut ? cut : "}"); /* its brace ends the body */
}

/* ---- recordings --------------------------------------------------------- */

static void put_digest(struct lat_buf *out, const uint8_t digest[LAT_DIGEST])
{
    char hex[LAT_DIGEST_HEX];

    lat_digest_hex(hex, digest);
    hex[32] = '\0';
    lat_buf_printf(out, ",\"etag\":\"%s\"", hex);
}

enum lat_code latd_wire_recording_encode(struct lat_buf *out,
                                         const struct latd_recording *r,
                                         const struct latd_recording_show *show,
                                         struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    lat_buf_puts(out, "{\"id\":");
    latd_write_string(out, r->id);
    lat_buf_printf(out,
                   ",\"object\":\"recording\",\"created_at\":%lld,"
                   "\"changed_at\":%lld",
                   (long long)r->created_at, (long long)r->changed_at);
    put_digest(out, r->etag);
    lat_buf_puts(out, ",\"subject\":");
    if (r->subject[0])
        latd_write_string(out, r->subject);
    else
        lat_buf_puts(out, "null");
    lat_buf_printf(out, ",\"metadata\":%s,\"embeddings\":[", r->metadata);
    for (size_t i = 0; i < r->n && !code; i++) {
        if (i)
            lat_buf_puts(out, ",");
        code = latd_wire_embedding_encode(out, &r->embeddings[i], show, err);
    }
    lat_buf_puts(out, "]");
    lat_buf_puts(out, ",\"waveform\":");
    if (r->waveform.signal)
        put_signal(out, &r->waveform, (show->with & LATD_WITH_WAVEFORM) != 0);
    else
        lat_buf_puts(out, "null");
    lat_buf_puts(out, "}");
    return code;
}

void latd_wire_deleted_encode(struct lat_buf *out, const char *object,
                              const char *id, const struct latd_deleted *gone,
                              uint64_t cached)
{
    lat_buf_puts(out, "{\"id\":");
    latd_write_string(out, id);
    lat_buf_printf(out,
                   ",\"object\":\"%s\",\"deleted\":true,\"counts\":{"
                   "\"recordings\":%llu,\"vectors\":%llu,\"waveforms\":%llu,"
                   "\"cached\":%llu}}",
                   object, (unsigned long long)gone->recordings,
                   (unsigned long long)gone->vectors,
                   (unsigned long long)gone->waveforms,
                   (unsigned long long)cached);
}

void latd_wire_bulk_encode(struct lat_buf *out, size_t index,
                           const struct latd_bulk_item *item)
{
    lat_buf_printf(out, "{\"index\":%zu,\"id\":", index);
    if (item->id)
        latd_write_string(out, item->id);
    else
        lat_buf_puts(out, "null");
    lat_buf_printf(out, ",\"status\":%u", item->status);
    if (item->err) {
        lat_buf_puts(out, ",\"error\":");
        latd_write_error(out, item->err);
    } else {
        put_digest(out, item->etag);
    }
    lat_buf_puts(out, "}");
}
