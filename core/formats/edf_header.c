/*
 * edf_header.c - the header of an EDF or EDF+ file.
 *
 * 256 bytes of fields of fixed width, then each field of every signal: all
 * labels, all transducers, and so on; text padded with blanks.
 */
#include "../base/number.h"
#include "edf.h"
#include "text.h"

#include <math.h>
#include <string.h>

enum { FIXED = 256, OF_A_SIGNAL = 256, SIGNALS_MAX = 9999 };

/* Where the fields of the fixed part are … */
enum {
    AT_BYTES = 184,
    AT_KIND = 192,
    AT_RECORDS = 236,
    AT_SECONDS = 244,
    AT_SIGNALS = 252,
};

/* … and those of a signal begin, in bytes of one signal before. */
enum {
    AT_LABEL = 0,
    AT_UNIT = 96,
    AT_PHYSICAL_MIN = 104,
    AT_PHYSICAL_MAX = 112,
    AT_DIGITAL_MIN = 120,
    AT_DIGITAL_MAX = 128,
    AT_SAMPLES = 216,
};

struct reader {
    const char *p;
    size_t len, n_signals;
    struct lat__edf_header *h;
    struct lat_err *err;
};

static struct lat__span fixed_field(const struct reader *r, size_t at,
                                    size_t width)
{
    return lat__span_trim((struct lat__span){r->p + at, r->p + at + width});
}

static struct lat__span field(const struct reader *r, size_t i, size_t at,
                              size_t width)
{
    return fixed_field(r, FIXED + at * r->n_signals + i * width, width);
}

static enum lat_code whole(const struct reader *r, int64_t *v,
                           struct lat__span s, const char *what)
{
    struct lat__span rest = s;

    if (lat__span_int(&rest, v) && rest.p == rest.end)
        return LAT_OK;
    return lat_fail(r->err, LAT_EFORMAT, "%s `%s` is not a whole number", what,
                    lat__span_quote(s).text);
}

static enum lat_code number(const struct reader *r, double *v,
                            struct lat__span s, const char *what)
{
    if (lat__double_scan(v, s.p, s.end) == s.end && s.p < s.end && isfinite(*v))
        return LAT_OK;
    return lat_fail(r->err, LAT_EFORMAT, "%s `%s` is not a number", what,
                    lat__span_quote(s).text);
}

/* ---- the fixed part ----------------------------------------------------- */

static enum lat_code check_kind(const struct reader *r)
{
    if (r->len > 0 && (unsigned char)r->p[0] == 0xff)
        return lat_fail(r->err, LAT_EFORMAT,
                        "a BDF file of 24-bit samples, must be EDF");
    if (r->len < FIXED)
        return lat_fail(r->err, LAT_EFORMAT,
                        "truncated: %zu bytes, a header has at least %d",
                        r->len, FIXED);
    if (!lat__span_is(fixed_field(r, 0, 8), "0"))
        return lat_fail(r->err, LAT_EFORMAT, "not an EDF file");
    if (memcmp(r->p + AT_KIND, "EDF+D", 5) == 0)
        return lat_fail(r->err, LAT_EFORMAT,
                        "EDF+D, a recording with interruptions, must be "
                        "continuous");
    return LAT_OK;
}

static enum lat_code parse_fixed(struct reader *r)
{
    int64_t bytes, records, signals;
    enum lat_code code = check_kind(r);

    if (code == LAT_OK)
        code = whole(r, &bytes, fixed_field(r, AT_BYTES, 8), "header bytes");
    if (code == LAT_OK)
        code = whole(r, &records, fixed_field(r, AT_RECORDS, 8),
                     "number of data records");
    if (code == LAT_OK)
        code = number(r, &r->h->seconds, fixed_field(r, AT_SECONDS, 8),
                      "duration of a data record");
    if (code == LAT_OK)
        code = whole(r, &signals, fixed_field(r, AT_SIGNALS, 4),
                     "number of signals");
    if (code)
        return code;
    if (signals < 1 || signals > SIGNALS_MAX)
        return lat_fail(r->err, LAT_EFORMAT, "%lld signals, must be 1 to %d",
                        (long long)signals, SIGNALS_MAX);
    if (bytes != FIXED + signals * OF_A_SIGNAL)
        return lat_fail(r->err, LAT_EFORMAT,
                        "a header of %lld bytes for %lld signals, must be %lld",
                        (long long)bytes, (long long)signals,
                        (long long)(FIXED + signals * OF_A_SIGNAL));
    if ((size_t)bytes > r->len)
        return lat_fail(r->err, LAT_EFORMAT,
                        "truncated: a header of %lld bytes in a file of %zu",
                        (long long)bytes, r->len);
    if (records < -1)
        return lat_fail(r->err, LAT_EFORMAT, "%lld data records",
                        (long long)records);
    r->h->bytes = (size_t)bytes;
    r->h->n_records = records < 0 ? SIZE_MAX : (size_t)records;
    r->n_signals = (size_t)signals;
    return LAT_OK;
}

/* ---- signals ------------------------------------------------------------ */

static bool is_annotations(struct lat__span label)
{
    return lat__span_is(label, "EDF Annotations") ||
           lat__span_is(label, "BDF Annotations");
}

/* value = (digital - d0) (p1 - p0) / (d1 - d0) + p0 */
static enum lat_code parse_scale(const struct reader *r,
                                 struct lat__edf_channel *c, size_t i)
{
    double v[4];
    static const struct {
        size_t at;
        const char *what;
    } fields[4] = {{AT_PHYSICAL_MIN, "physical minimum"},
                   {AT_PHYSICAL_MAX, "physical maximum"},
                   {AT_DIGITAL_MIN, "digital minimum"},
                   {AT_DIGITAL_MAX, "digital maximum"}};
    enum lat_code code = LAT_OK;

    for (size_t k = 0; k < 4 && !code; k++)
        code = number(r, &v[k], field(r, i, fields[k].at, 8), fields[k].what);
    if (code)
        return code;
    if (!(v[2] < v[3] && v[2] >= -32768.0 && v[3] <= 32767.0))
        return lat_fail(r->err, LAT_EFORMAT,
                        "digital values from %g to %g, must rise within 16 "
                        "bits",
                        v[2], v[3]);
    if (v[0] == v[1])
        return lat_fail(r->err, LAT_EFORMAT,
                        "physical minimum and maximum are both %g", v[0]);
    c->gain = (v[1] - v[0]) / (v[3] - v[2]);
    c->offset_v = v[0] - v[2] * c->gain;
    return LAT_OK;
}

static enum lat_code parse_channel(const struct reader *r, size_t i, size_t n)
{
    struct lat__edf_header *h = r->h;
    struct lat__edf_channel *c = &h->channels[h->n_channels];
    enum lat_code code;

    if (h->n_channels == LAT_CHANNELS_MAX)
        return lat_fail(r->err, LAT_EFORMAT, "more than %d signals of samples",
                        LAT_CHANNELS_MAX);
    lat__span_copy(c->channel.name, LAT_NAME_MAX, field(r, i, AT_LABEL, 16));
    lat__span_copy(c->channel.unit, LAT_UNIT_MAX, field(r, i, AT_UNIT, 8));
    c->per_record = n;
    c->offset = h->record_bytes;
    code = parse_scale(r, c, i);
    if (code)
        return lat_wrap(r->err, code, "signal %zu (%s)", i, c->channel.name);
    h->n_channels++;
    return LAT_OK;
}

static enum lat_code parse_signals(const struct reader *r)
{
    enum lat_code code = LAT_OK;
    int64_t n;

    for (size_t i = 0; i < r->n_signals && !code; i++) {
        code = whole(r, &n, field(r, i, AT_SAMPLES, 8), "samples of a record");
        if (code == LAT_OK && n < 1)
            code = lat_fail(r->err, LAT_EFORMAT,
                            "%lld samples of a data record", (long long)n);
        if (code)
            return lat_wrap(r->err, code, "signal %zu", i);
        if (!is_annotations(field(r, i, AT_LABEL, 16)))
            code = parse_channel(r, i, (size_t)n);
        r->h->record_bytes += 2 * (size_t)n; /* 8 digits at most: no overflow */
    }
    return code;
}

static enum lat_code check_length(const struct reader *r)
{
    struct lat__edf_header *h = r->h;
    size_t have = (r->len - h->bytes) / h->record_bytes;

    if (h->n_channels == 0)
        return lat_fail(r->err, LAT_EFORMAT, "no signals but annotations");
    if (!(h->seconds > 0.0))
        return lat_fail(r->err, LAT_EFORMAT,
                        "a data record lasts %g s, must be more than 0",
                        h->seconds);
    if (h->n_records == SIZE_MAX) /* a recording that was never closed */
        h->n_records = have;
    if (have < h->n_records)
        return lat_fail(r->err, LAT_EFORMAT,
                        "truncated: %zu whole data records, the header says "
                        "%zu",
                        have, h->n_records);
    if (h->n_records == 0)
        return lat_fail(r->err, LAT_EFORMAT, "no data records");
    return LAT_OK;
}

enum lat_code lat__edf_header_parse(struct lat__edf_header **out,
                                    const struct lat_blob *file,
                                    struct lat_err *err)
{
    struct lat__edf_header *h = lat_calloc(1, sizeof(*h));
    struct reader r = {.p = file->data, .len = file->len, .h = h, .err = err};
    enum lat_code code;

    if (!h)
        return lat_fail(err, LAT_ENOMEM, "header");
    code = parse_fixed(&r);
    if (code == LAT_OK)
        code = parse_signals(&r);
    if (code == LAT_OK)
        code = check_length(&r);
    if (code)
        lat_free(h);
    else
        *out = h;
    return code;
}
