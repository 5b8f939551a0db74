/*
 * edf.c - EDF and EDF+ files to signals.
 *
 * Data records follow the header; each has some samples of every signal, as
 * 16-bit numbers, low byte first.  Annotations are skipped.  Where signals have
 * different rates, all are brought to the highest; a signal that is more than
 * 256 times slower than it is refused.
 */
#include "edf.h"

#include "../signal.h"

static const double RATIO_MAX = 256.0;

/* Beyond so many samples, no more than SPREAD times those of the file: few
 * bytes may not ask for much memory. */
enum { SMALL = 1 << 20, SPREAD = 8 };

static size_t highest(const struct lat__edf_header *h)
{
    size_t most = 0;

    for (size_t k = 0; k < h->n_channels; k++)
        if (h->channels[k].per_record > most)
            most = h->channels[k].per_record;
    return most;
}

static enum lat_code check_rates(const struct lat__edf_header *h, size_t most,
                                 struct lat_err *err)
{
    size_t room = SMALL + SPREAD * (h->n_records * (h->record_bytes / 2));

    for (size_t k = 0; k < h->n_channels; k++) {
        const struct lat__edf_channel *c = &h->channels[k];

        if ((double)most > RATIO_MAX * (double)c->per_record)
            return lat_fail(err, LAT_EFORMAT,
                            "signal %s has %g Hz, another %g Hz: rates differ "
                            "by more than %g times",
                            c->channel.name, (double)c->per_record / h->seconds,
                            (double)most / h->seconds, RATIO_MAX);
    }
    if (most > room / h->n_channels / h->n_records)
        return lat_fail(err, LAT_ETOOBIG,
                        "%zu signals of %zu samples from %zu in the file",
                        h->n_channels, most * h->n_records, room);
    return LAT_OK;
}

static void read_channel(float *v, const struct lat__edf_header *h, size_t k,
                         const uint8_t *data)
{
    const struct lat__edf_channel *c = &h->channels[k];

    for (size_t r = 0; r < h->n_records; r++) {
        const uint8_t *p = data + r * h->record_bytes + c->offset;

        for (size_t i = 0; i < c->per_record; i++, p += 2) {
            int d = p[0] | p[1] << 8;

            d -= d > 32767 ? 65536 : 0;
            *v++ = (float)(c->gain * d + c->offset_v);
        }
    }
}

static enum lat_code read_slower(float *v, const struct lat__edf_header *h,
                                 size_t k, const uint8_t *data, double rate_hz,
                                 struct lat_err *err)
{
    const size_t n = h->n_records * h->channels[k].per_record;
    float *own = lat_calloc(n, sizeof(*own));
    enum lat_code code;

    if (!own)
        return lat_fail(err, LAT_ENOMEM, "%zu samples", n);
    read_channel(own, h, k, data);
    code =
        lat__resample(v, own, n, (double)h->channels[k].per_record / h->seconds,
                      rate_hz, err);
    lat_free(own);
    return code;
}

static enum lat_code decode(struct lat_signal **out,
                            const struct lat__edf_header *h,
                            const struct lat_blob *file, struct lat_err *err)
{
    const uint8_t *data = (const uint8_t *)file->data + h->bytes;
    const size_t most = highest(h);
    struct lat_signal *sig = NULL;
    enum lat_code code = check_rates(h, most, err);

    if (code == LAT_OK)
        code = lat_signal_new(&sig, h->n_channels, most * h->n_records, err);
    if (code)
        return code;
    sig->rate_hz = (double)most / h->seconds;
    for (size_t k = 0; k < h->n_channels && !code; k++) {
        float *v = sig->v + k * sig->n_samples;

        sig->channels[k] = h->channels[k].channel;
        if (h->channels[k].per_record == most)
            read_channel(v, h, k, data);
        else
            code = read_slower(v, h, k, data, sig->rate_hz, err);
    }
    if (code)
        lat_signal_free(sig);
    else
        *out = sig;
    return code;
}

enum lat_code lat_edf_decode(struct lat_signal **out,
                             const struct lat_blob *file, struct lat_err *err)
{
    struct lat__edf_header *h = NULL;
    enum lat_code code = lat__edf_header_parse(&h, file, err);

    if (code == LAT_OK)
        code = decode(out, h, file, err);
    lat_free(h);
    return code ? lat_wrap(err, code, "%s", file->name) : LAT_OK;
}
