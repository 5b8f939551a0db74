/* wfdb_write.c - signals to WFDB records in format 16. */
#include "wfdb.h"

#include <math.h>
#include <string.h>

static const int32_t MISSING = -32768;

/* 1000 for each mV or other unit; less where the samples would not fit. */
static double choose_gain(const struct lat_channel *c, const float *v, size_t n)
{
    double gain = 1000.0, peak = 0.0, per_mv;

    if (lat_unit_factor(&per_mv, c->unit, "mV", NULL) == LAT_OK)
        gain *= per_mv;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i]))
            peak = fmax(peak, fabs((double)v[i]));
    while (peak * gain > 32767.0)
        gain /= 10.0;
    return gain;
}

static int32_t to_raw(float v, double gain)
{
    return isfinite(v) ? (int32_t)lrint((double)v * gain) : MISSING;
}

/* One channel's samples, every step-th of d, and its line of the header. */
static void encode_channel(uint8_t *d, size_t step, struct lat_buf *header,
                           const char *name, const struct lat_signal *sig,
                           size_t k)
{
    const float *v = sig->v + k * sig->n_samples;
    const struct lat_channel *c = &sig->channels[k];
    double gain = choose_gain(c, v, sig->n_samples);
    uint32_t sum = 0;

    for (size_t i = 0; i < sig->n_samples; i++, d += 2 * step) {
        uint32_t raw = (uint32_t)to_raw(v[i], gain);

        d[0] = raw & 0xff;
        d[1] = raw >> 8 & 0xff;
        sum += raw;
    }
    lat_buf_printf(header, "%s.dat 16 %.12g(0)/%s 16 0 %d %d 0 %s\n", name,
                   gain, c->unit[0] ? c->unit : "mV", (int)to_raw(v[0], gain),
                   (int)(int16_t)(sum & 0xffff), c->name);
}

/* Samples alternate between the channels. */
static void encode(struct lat_buf *data, struct lat_buf *header,
                   const struct lat_signal *sig, const char *name)
{
    const size_t n = sig->n_samples, m = sig->n_channels;
    uint8_t *d = (uint8_t *)lat_buf_reserve(data, 2 * n * m);

    if (!d)
        return;
    data->len = 2 * n * m;
    lat_buf_printf(header, "%s %zu %.12g %zu\n", name, m, sig->rate_hz, n);
    for (size_t k = 0; k < m; k++)
        encode_channel(d + 2 * k, m, header, name, sig, k);
}

static enum lat_code check(const struct lat_signal *sig, const char *name,
                           struct lat_err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    if (!name[0] || strlen(name) > 50 || name[strspn(name, letters)])
        return lat_fail(err, LAT_EINVAL,
                        "record name `%s`, must be letters, digits, _ and -",
                        name);
    if (sig->n_samples == 0 || sig->n_channels == 0 || !(sig->rate_hz > 0.0))
        return lat_fail(err, LAT_EINVAL,
                        "record of %zu channels, %zu samples, %g Hz",
                        sig->n_channels, sig->n_samples, sig->rate_hz);
    for (size_t k = 0; k < sig->n_channels; k++)
        if (strpbrk(sig->channels[k].name, "\r\n") ||
            strpbrk(sig->channels[k].unit, " \t\r\n"))
            return lat_fail(err, LAT_EINVAL,
                            "channel %zu has a line's end in its name or a "
                            "blank in its unit",
                            k);
    return LAT_OK;
}

enum lat_code lat_wfdb_write(const struct lat_signal *sig, const char *dir,
                             const char *name, struct lat_err *err)
{
    struct lat_buf data = {0}, header = {0}, dat = {0}, hea = {0};
    enum lat_code code = check(sig, name, err);

    if (code)
        return code;
    encode(&data, &header, sig, name);
    lat_buf_printf(&dat, "%s/%s.dat", dir, name);
    lat_buf_printf(&hea, "%s/%s.hea", dir, name);
    if (data.failed || header.failed || dat.failed || hea.failed)
        code = lat_fail(err, LAT_ENOMEM, "record %s", name);
    if (code == LAT_OK)
        code = lat_file_write(dat.v, data.v, data.len, err);
    if (code == LAT_OK)
        code = lat_file_write(hea.v, header.v, header.len, err);
    lat_buf_fini(&data);
    lat_buf_fini(&header);
    lat_buf_fini(&dat);
    lat_buf_fini(&hea);
    return code;
}
