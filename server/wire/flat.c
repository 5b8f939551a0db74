/* flat.c - raw numbers, CSV and NPY, with parameters beside them; EDF. */
#include "formats.h"
#include "json.h"
#include "samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *param(const struct latd_params *p, const char *name)
{
    const char *v = p && p->get ? p->get(p->arg, name) : NULL;

    return v && *v ? v : NULL;
}

bool latd_kind_of(enum latd_kind *kind, const char *type)
{
    static const struct {
        const char *type;
        enum latd_kind kind;
    } table[] = {
        {"application/json", LATD_KIND_JSON},
        {"multipart/form-data", LATD_KIND_MULTIPART},
        {"application/octet-stream", LATD_KIND_RAW},
        {"text/csv", LATD_KIND_CSV},
        {"application/x-npy", LATD_KIND_NPY},
        {"application/edf", LATD_KIND_EDF},
        {"application/x-edf", LATD_KIND_EDF},
        {"image/jpeg", LATD_KIND_JPEG},
        {"image/jpg", LATD_KIND_JPEG},
        {"image/png", LATD_KIND_PNG},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcasecmp(type, table[i].type) == 0) {
            *kind = table[i].kind;
            return true;
        }
    }
    return false;
}

static enum lat_code read_number(double *out, const struct latd_params *p,
                                 const char *name, struct lat_err *err)
{
    const char *text = param(p, name);
    enum lat_code code;
    char *end;

    if (!text)
        return LAT_OK;
    *out = strtod(text, &end);
    /* strtod takes spaces and hexadecimal as well */
    if (*end == '\0' && isfinite(*out) && !strpbrk(text, "xX \t"))
        return LAT_OK;
    code = lat_fail(err, LAT_EINVAL, "%s is \"%.40s\", expected a number", name,
                    text);
    return lat_at(err, code, "%s", name);
}

static enum lat_code read_hints(struct lat_hints *h,
                                const struct latd_params *p,
                                struct lat_err *err)
{
    static const char *const layouts[] = {"tc", "ct", NULL};
    const char *layout = param(p, "layout");
    int i = 0;
    enum lat_code code = read_number(&h->rate_hz, p, "rate", err);

    if (code)
        return code;
    if (h->rate_hz < 0.0) {
        code = lat_fail_word(err, LAT_EUNFIT, "invalid_rate",
                             "rate is %g, must be above 0", h->rate_hz);
        return lat_at(err, code, "rate");
    }
    h->unit = param(p, "unit");
    h->channels = param(p, "channels");
    if (layout)
        code = latd_word_find(&i, layout, layouts, err);
    if (code)
        return lat_at(err, lat_wrap(err, code, "layout"), "layout");
    h->channels_first = i == 1;
    return LAT_OK;
}

struct raw {
    struct lat_hints hints;
    enum latd_dtype t;
    size_t n_channels, n_samples; /* 0: not said */
    struct lat_channel channels[LAT_CHANNELS_MAX];
    size_t n_names;
    struct latd_scaling scaling;
};

/* "12,5000" or "5000". */
static enum lat_code read_shape(struct raw *r, const struct latd_params *p,
                                struct lat_err *err)
{
    const char *text = param(p, "shape");
    unsigned long long a = 0, b = 0;
    enum lat_code code;
    char *end;

    if (!text)
        return LAT_OK;
    if (*text >= '0' && *text <= '9') {
        a = strtoull(text, &end, 10);
        if (*end == '\0') {
            b = a;
            a = 1;
        } else if (*end == ',' && end[1] >= '0' && end[1] <= '9') {
            b = strtoull(end + 1, &end, 10);
        }
        if (*end == '\0' && a && a <= LAT_CHANNELS_MAX &&
            b <= SIZE_MAX / 1024) {
            r->n_channels = (size_t)a;
            r->n_samples = (size_t)b;
            return LAT_OK;
        }
    }
    code = lat_fail(err, LAT_EINVAL,
                    "shape is \"%.40s\", expected CHANNELS,SAMPLES with 1 to "
                    "%d channels",
                    text, LAT_CHANNELS_MAX);
    return lat_at(err, code, "shape");
}

/* Names between the commas; each has the unit. */
static enum lat_code read_names(struct raw *r, struct lat_err *err)
{
    const char *text = r->hints.channels;
    enum lat_code code;

    while (text) {
        size_t len = strcspn(text, ",");
        struct lat_channel *c = &r->channels[r->n_names];

        if (r->n_names == LAT_CHANNELS_MAX || len >= sizeof(c->name) ||
            strlen(r->hints.unit) >= sizeof(c->unit)) {
            code = lat_fail(err, LAT_EINVAL,
                            "more than %d channels, or a name or unit that is "
                            "too long",
                            LAT_CHANNELS_MAX);
            return lat_at(err, code, "channels");
        }
        memcpy(c->name, text, len);
        memcpy(c->unit, r->hints.unit, strlen(r->hints.unit));
        r->n_names++;
        text = text[len] ? text + len + 1 : NULL;
    }
    return LAT_OK;
}

/* None of these is ever guessed. */
static enum lat_code require(const struct raw *r, const char *dtype,
                             struct lat_err *err)
{
    const char *name = "rate";
    enum lat_code code;

    if (!dtype) {
        name = "dtype";
        code = lat_fail(err, LAT_EINVAL,
                        "dtype is missing: i16le, i32le, f16le, f32le, f64le");
    } else if (r->hints.rate_hz <= 0.0) {
        code = lat_fail_word(err, LAT_EUNFIT, "sampling_rate_required",
                             "rate is missing; it is never guessed");
    } else if (!r->hints.unit) {
        name = "unit";
        code = lat_fail_word(err, LAT_EUNFIT, "unknown_unit",
                             "unit is missing; it is never guessed");
    } else if (!r->hints.channels) {
        name = "channels";
        code = lat_fail_word(err, LAT_EUNFIT, "missing_channel",
                             "channels is missing; they are matched by name");
    } else {
        return LAT_OK;
    }
    return lat_at(err, code, "%s", name);
}

static enum lat_code read_raw(struct raw *r, const struct latd_params *p,
                              struct lat_err *err)
{
    const char *dtype = param(p, "dtype");
    double scale = 1.0, offset = 0.0;
    int t = 0;
    enum lat_code code = require(r, dtype, err);

    if (code == LAT_OK) {
        code = latd_word_find(&t, dtype, latd_dtype_names, err);
        if (code)
            code = lat_at(err, lat_wrap(err, code, "dtype"), "dtype");
    }
    if (code == LAT_OK)
        code = read_shape(r, p, err);
    if (code == LAT_OK)
        code = read_names(r, err);
    if (code == LAT_OK)
        code = read_number(&scale, p, "scale", err);
    if (code == LAT_OK)
        code = read_number(&offset, p, "offset", err);
    r->t = (enum latd_dtype)t;
    for (size_t c = 0; c < LAT_CHANNELS_MAX; c++) {
        r->scaling.scale[c] = scale;
        r->scaling.offset[c] = offset;
    }
    return code;
}

/* The bytes must be what the shape says, to the byte. */
static enum lat_code settle_shape(struct raw *r, size_t len,
                                  struct lat_err *err)
{
    size_t size = latd_dtype_size(r->t);
    enum lat_code code = LAT_OK;

    if (!r->n_channels) {
        r->n_channels = r->n_names;
        r->n_samples = len / (size * r->n_channels);
    }
    if (r->n_names != r->n_channels)
        code = lat_fail_word(err, LAT_EUNFIT, "shape_mismatch",
                             "shape has %zu channels, but channels names %zu",
                             r->n_channels, r->n_names);
    else if (len != r->n_channels * r->n_samples * size)
        code =
            lat_fail_word(err, LAT_EUNFIT, "shape_mismatch",
                          "%zu bytes, but %zu channels of %zu %s are %zu", len,
                          r->n_channels, r->n_samples, latd_dtype_names[r->t],
                          r->n_channels * r->n_samples * size);
    if (code)
        return lat_at(err, code, "shape");
    if (r->n_samples == 0)
        return lat_fail_word(err, LAT_EUNFIT, "too_short", "no samples");
    return LAT_OK;
}

static enum lat_code raw_decode(struct lat_signal **out,
                                const struct lat_blob *blob,
                                const struct lat_hints *hints,
                                const struct latd_params *p,
                                struct lat_err *err)
{
    struct raw r = {.hints = *hints};
    struct lat_signal *sig = NULL;
    enum lat_code code = read_raw(&r, p, err);

    if (code == LAT_OK)
        code = settle_shape(&r, blob->len, err);
    if (code == LAT_OK)
        code = lat_signal_new(&sig, r.n_channels, r.n_samples, err);
    if (code)
        return code;
    sig->rate_hz = r.hints.rate_hz;
    memcpy(sig->channels, r.channels, r.n_channels * sizeof(r.channels[0]));
    code = latd_samples_decode(sig, blob->data, r.t, &r.scaling, err);
    if (code) {
        lat_signal_free(sig);
        return code;
    }
    *out = sig;
    return LAT_OK;
}

/* An EDF says rate, units and names itself: who says them too may mean others.
 */
static enum lat_code edf_decode(struct lat_signal **out,
                                const struct lat_blob *blob,
                                const struct latd_params *p,
                                struct lat_err *err)
{
    static const char *const names[] = {"rate",  "unit",  "channels", "layout",
                                        "dtype", "shape", "scale",    "offset"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (param(p, names[i]))
            return lat_at(err,
                          lat_fail(err, LAT_EINVAL,
                                   "%s is said, but an EDF says it itself",
                                   names[i]),
                          "%s", names[i]);
    return lat_edf_decode(out, blob, err);
}

/* The version, and blanks: no number begins so that is a sample. */
static bool is_edf(const struct lat_blob *blob, const struct latd_params *p)
{
    return !param(p, "dtype") && blob->len >= 8 &&
           memcmp(blob->data, "0       ", 8) == 0;
}

enum lat_code latd_flat_decode(struct lat_signal **out, enum latd_kind kind,
                               const struct lat_blob *blob,
                               const struct latd_params *params,
                               struct lat_err *err)
{
    struct lat_hints hints = {0};
    enum lat_code code;

    if (kind == LATD_KIND_EDF ||
        (kind == LATD_KIND_RAW && is_edf(blob, params)))
        return edf_decode(out, blob, params, err);
    code = read_hints(&hints, params, err);
    if (code)
        return code;
    switch (kind) {
    case LATD_KIND_RAW:
        return raw_decode(out, blob, &hints, params, err);
    case LATD_KIND_CSV:
        return lat_csv_decode(out, blob, &hints, err);
    case LATD_KIND_NPY:
        return lat_npy_decode(out, blob, &hints, err);
    case LATD_KIND_EDF:
    case LATD_KIND_JPEG:
    case LATD_KIND_PNG:
    case LATD_KIND_JSON:
    case LATD_KIND_MULTIPART:
        break;
    }
    return lat_fail(err, LAT_EMEDIA, "not a signal by itself");
}
