/*
 * wfdb.c - WFDB records to signals.
 *
 * Signals that share a file stand beside each other in the header, and their
 * samples alternate in it, frame by frame.  A frame holds one sample of each,
 * or the same number of several.
 */
#include "wfdb.h"

#include <math.h>
#include <string.h>

/* Signals of one file. */
struct group {
    size_t first, n;
    const struct lat_blob *file;
    const uint8_t *data; /* after the offset */
    size_t len;
};

/* All that decoding needs to know. */
struct record {
    struct lat__wfdb_header *h;
    const struct lat_blob *files;
    size_t n_files;
    size_t n_frames, per_frame;
    struct lat_err *err;
};

static enum lat_code find_file(const struct record *r, struct group *g)
{
    const char *name = r->h->channels[g->first].file;

    for (size_t i = 0; i < r->n_files; i++)
        if (r->files[i].name && strcmp(r->files[i].name, name) == 0) {
            g->file = &r->files[i];
            return LAT_OK;
        }
    return lat_fail(r->err, LAT_EFORMAT,
                    "signal file `%s` of the header is missing", name);
}

/* The signals from first on that share a file. */
static enum lat_code open_group(const struct record *r, struct group *g,
                                size_t first)
{
    const struct lat__wfdb_channel *a = &r->h->channels[first];
    enum lat_code code;

    *g = (struct group){.first = first, .n = 1};
    code = find_file(r, g);
    if (code)
        return code;
    for (; first + g->n < r->h->n_channels; g->n++) {
        const struct lat__wfdb_channel *b = a + g->n;

        if (strcmp(a->file, b->file) != 0)
            break;
        if (a->format != b->format || a->offset != b->offset)
            return lat_fail(r->err, LAT_EFORMAT,
                            "signals of %s differ in format or offset",
                            a->file);
    }
    if (a->offset > g->file->len)
        return lat_fail(r->err, LAT_EFORMAT,
                        "%s has %zu bytes, samples begin at byte %zu", a->file,
                        g->file->len, a->offset);
    g->data = (const uint8_t *)g->file->data + a->offset;
    g->len = g->file->len - a->offset;
    return LAT_OK;
}

/* The length of the file against what the header says, or what the first file
 * said where the header does not. */
static enum lat_code check_length(struct record *r, const struct group *g)
{
    const struct lat__wfdb_channel *c = &r->h->channels[g->first];
    size_t frame = g->n * r->per_frame;
    size_t samples = lat__wfdb_samples(c->format, g->len);

    if (!r->h->has_frames) {
        r->h->has_frames = true;
        r->n_frames = samples / frame;
    }
    if (r->n_frames == 0)
        return lat_fail(r->err, LAT_EFORMAT, "%s has no samples", c->file);
    if (samples / frame < r->n_frames)
        return lat_fail(r->err, LAT_EFORMAT,
                        "%s is truncated: %zu samples of %zu signals, the "
                        "header says %zu",
                        c->file, samples / frame * r->per_frame, g->n,
                        r->n_frames * r->per_frame);
    /* the last block may be filled up */
    if (samples - r->n_frames * frame >= frame + c->format->pack)
        return lat_fail(r->err, LAT_EFORMAT,
                        "%s: header and data disagree: %zu samples of %zu "
                        "signals, the header says %zu",
                        c->file, samples / frame * r->per_frame, g->n,
                        r->n_frames * r->per_frame);
    return LAT_OK;
}

static enum lat_code check_values(const struct record *r,
                                  const struct lat__wfdb_channel *c,
                                  int32_t first, uint32_t sum)
{
    if (c->has_initial && c->initial != first)
        return lat_fail(r->err, LAT_EFORMAT,
                        "%s: header and data disagree: %s begins with %d, the "
                        "header says %lld",
                        c->file, c->channel.name, (int)first,
                        (long long)c->initial);
    if (c->has_checksum && ((uint64_t)c->checksum & 0xffff) != (sum & 0xffff))
        return lat_fail(r->err, LAT_EFORMAT,
                        "%s: header and data disagree: the checksum of %s is "
                        "%u, the header says %u",
                        c->file, c->channel.name, (unsigned)(sum & 0xffff),
                        (unsigned)((uint64_t)c->checksum & 0xffff));
    return LAT_OK;
}

/* Channel k of the group into v (frames x per_frame); where the file runs
 * behind by the skew, the end of v is missing. */
static enum lat_code read_channel(const struct record *r, const struct group *g,
                                  size_t k, float *v)
{
    const struct lat__wfdb_channel *c = &r->h->channels[g->first + k];
    const size_t per = r->per_frame, skip = c->skew * per;
    const double baseline = (double)c->baseline;
    const int32_t invalid = c->format->invalid;
    uint32_t sum = 0;
    size_t at = 0;

    for (size_t t = 0; t < r->n_frames; t++) {
        for (size_t j = 0; j < per; j++, at++) {
            int32_t raw = c->format->get(g->data, (t * g->n + k) * per + j);

            sum += (uint32_t)raw;
            if (at >= skip)
                v[at - skip] =
                    raw == invalid ? NAN : (float)((raw - baseline) / c->gain);
        }
    }
    for (size_t i = at > skip ? at - skip : 0; i < at; i++)
        v[i] = NAN;
    return check_values(r, c, c->format->get(g->data, k * per), sum);
}

static enum lat_code check_header(struct record *r)
{
    const struct lat__wfdb_header *h = r->h;

    r->per_frame = h->channels[0].per_frame;
    r->n_frames = h->n_frames;
    if (h->rate_hz == 0.0)
        return lat_fail_word(r->err, LAT_EUNFIT, "sampling_rate_required",
                             "the header does not say the sampling rate");
    for (size_t i = 0; i < h->n_channels; i++) {
        const struct lat__wfdb_channel *c = &h->channels[i];

        if (c->per_frame != r->per_frame)
            return lat_fail(r->err, LAT_EFORMAT,
                            "signals of different rates: %zu and %zu samples a "
                            "frame",
                            r->per_frame, c->per_frame);
        if (c->gain == 0.0)
            return lat_fail_word(r->err, LAT_EUNFIT, "unknown_unit",
                                 "signal %zu (%s) is not calibrated: the "
                                 "header has no gain",
                                 i, c->channel.name);
    }
    return LAT_OK;
}

/* Each file in turn, first its length alone, then (sig not NULL) its samples.
 * Nothing is allocated for what is not there. */
static enum lat_code each_group(struct record *r, struct lat_signal *sig)
{
    enum lat_code code = LAT_OK;
    struct group g;

    for (size_t i = 0; code == LAT_OK && i < r->h->n_channels; i += g.n) {
        code = open_group(r, &g, i);
        if (code)
            break;
        if (!sig) {
            code = check_length(r, &g);
            continue;
        }
        for (size_t k = 0; code == LAT_OK && k < g.n; k++)
            code = read_channel(r, &g, k, sig->v + (i + k) * sig->n_samples);
    }
    return code;
}

enum lat_code lat_wfdb_decode(struct lat_signal **out,
                              const struct lat_blob *header,
                              const struct lat_blob *files, size_t n_files,
                              struct lat_err *err)
{
    struct record r = {.files = files, .n_files = n_files, .err = err};
    struct lat_signal *sig = NULL;
    enum lat_code code;

    code = lat__wfdb_header_parse(&r.h, header, err);
    if (code)
        goto out;
    code = check_header(&r);
    if (code == LAT_OK)
        code = each_group(&r, NULL);
    if (code)
        goto out;
    code = lat_signal_new(&sig, r.h->n_channels, r.n_frames * r.per_frame, err);
    if (code)
        goto out;
    sig->rate_hz = r.h->rate_hz * (double)r.per_frame;
    for (size_t i = 0; i < r.h->n_channels; i++)
        sig->channels[i] = r.h->channels[i].channel;
    code = each_group(&r, sig);
    if (code)
        goto out;
    *out = sig;
    sig = NULL; /* the caller's from here on */
out:
    lat_signal_free(sig);
    lat_free(r.h);
    return code;
}
