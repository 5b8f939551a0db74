/* native.c - {"type": "signal", …}: the shortest way to say a signal. */
#include "native.h"

#include "samples.h"

#include <math.h>
#include <string.h>

/* What an object says of its samples before they are looked at. */
struct said {
    double rate_hz;
    size_t n; /* channels; 0: not said */
    struct lat_channel channels[LAT_CHANNELS_MAX];
    struct latd_scaling scaling;
};

static enum lat_code copy_word(char *to, size_t size, const char *text,
                               const char *what, struct lat_err *err)
{
    size_t len = strlen(text);
    enum lat_code code;

    if (len < size) {
        memcpy(to, text, len + 1);
        return LAT_OK;
    }
    code = lat_fail(err, LAT_EINVAL, "%s \"%.60s\" is longer than %zu bytes",
                    what, text, size - 1);
    return lat_at(err, code, "%s", what);
}

/* "II", or {"name": "II", "unit": "mV"}. */
static enum lat_code read_channel(struct lat_channel *to, const json_t *value,
                                  struct lat_err *err)
{
    static const char *const known[] = {"name", "unit", NULL};
    const char *name = json_string_value(value), *unit = NULL;
    enum lat_code code = LAT_OK;

    if (!name && !json_is_object(value))
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "expected a channel's name, or an object with "
                             "name and unit");
    if (!name) {
        code = latd_json_known(value, known, err);
        if (code == LAT_OK)
            code = latd_json_text(&name, value, "name", err);
        if (code == LAT_OK)
            code = latd_json_text(&unit, value, "unit", err);
    }
    if (code == LAT_OK && name)
        code = copy_word(to->name, sizeof(to->name), name, "name", err);
    if (code == LAT_OK && unit)
        code = copy_word(to->unit, sizeof(to->unit), unit, "unit", err);
    return code;
}

static enum lat_code read_channels(struct said *said, const json_t *obj,
                                   struct lat_err *err)
{
    const json_t *list = latd_json_get(obj, "channels");
    enum lat_code code = LAT_OK;

    if (!list)
        return LAT_OK;
    said->n = json_array_size(list);
    if (said->n == 0 || said->n > LAT_CHANNELS_MAX) {
        code = lat_fail(err, LAT_EINVAL,
                        "channels is not an array of 1 to %d channels",
                        LAT_CHANNELS_MAX);
        return lat_at(err, code, "channels");
    }
    for (size_t i = 0; i < said->n && code == LAT_OK; i++) {
        code = read_channel(&said->channels[i], json_array_get(list, i), err);
        if (code) {
            lat_at(err, code, "[%zu]", i);
            lat_at(err, code, "channels");
        }
    }
    return code;
}

/* A unit beside the channels is that of each that names none. */
static enum lat_code read_unit(struct said *said, const json_t *obj,
                               struct lat_err *err)
{
    const char *unit = NULL;
    enum lat_code code = latd_json_text(&unit, obj, "unit", err);

    for (size_t i = 0; i < said->n && code == LAT_OK && unit; i++)
        if (!said->channels[i].unit[0])
            code = copy_word(said->channels[i].unit,
                             sizeof(said->channels[i].unit), unit, "unit", err);
    for (size_t i = 0; i < said->n && code == LAT_OK; i++) {
        if (said->channels[i].unit[0])
            continue;
        code = lat_fail_word(err, LAT_EUNFIT, "unknown_unit",
                             "channel %s has no unit; it is never guessed: "
                             "say mV, uV, V, g, m/s2, rad/s or deg/s",
                             said->channels[i].name);
        lat_at(err, code, "[%zu]", i);
        lat_at(err, code, "channels");
    }
    return code;
}

/* A number for all channels, or an array with one for each. */
static enum lat_code read_factor(double *to, const struct said *said,
                                 const json_t *obj, const char *name,
                                 struct lat_err *err)
{
    const json_t *value = latd_json_get(obj, name);
    enum lat_code code;

    if (!value)
        return LAT_OK;
    if (json_is_array(value) && json_array_size(value) != said->n) {
        code = lat_fail(err, LAT_EINVAL, "%zu values of %s, but %zu channels",
                        json_array_size(value), name, said->n);
        return lat_at(err, code, "%s", name);
    }
    for (size_t c = 0; c < said->n; c++) {
        const json_t *v =
            json_is_array(value) ? json_array_get(value, c) : value;

        if (!json_is_number(v)) {
            code =
                lat_fail_word(err, LAT_EINVAL, "invalid_type",
                              "%s is not a number or an array of them", name);
            return lat_at(err, code, "%s", name);
        }
        to[c] = json_number_value(v);
    }
    return LAT_OK;
}

static enum lat_code read_rate(struct said *said, const json_t *obj,
                               struct lat_err *err)
{
    enum lat_code code;

    said->rate_hz = -1.0;
    code = latd_json_number(&said->rate_hz, obj, "sampling_rate_hz", err);
    if (code)
        return code;
    if (said->rate_hz > 0.0 && isfinite(said->rate_hz))
        return LAT_OK;
    if (!latd_json_get(obj, "sampling_rate_hz"))
        code = lat_fail_word(err, LAT_EUNFIT, "sampling_rate_required",
                             "sampling_rate_hz is missing; it is never "
                             "guessed");
    else
        code = lat_fail_word(err, LAT_EUNFIT, "invalid_rate",
                             "sampling_rate_hz is %g, must be above 0",
                             said->rate_hz);
    return lat_at(err, code, "sampling_rate_hz");
}

static enum lat_code fail_shape(struct lat_err *err, size_t rows,
                                const struct said *said)
{
    enum lat_code code = lat_fail_word(
        err, LAT_EUNFIT, "shape_mismatch",
        "data has %zu channels, but channels names %zu", rows, said->n);

    return lat_at(err, code, "data");
}

static enum lat_code fail_empty(struct lat_err *err)
{
    enum lat_code code =
        lat_fail_word(err, LAT_EUNFIT, "too_short", "data has no samples");

    return lat_at(err, code, "data");
}

static enum lat_code new_signal(struct lat_signal **out,
                                const struct said *said, size_t n_samples,
                                struct lat_err *err)
{
    enum lat_code code = lat_signal_new(out, said->n, n_samples, err);

    if (code)
        return code;
    (*out)->rate_hz = said->rate_hz;
    memcpy((*out)->channels, said->channels,
           said->n * sizeof(said->channels[0]));
    return LAT_OK;
}

static enum lat_code from_numbers(struct lat_signal **out,
                                  const struct said *said,
                                  const struct latd_piece *piece,
                                  struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    enum lat_code code;

    if (piece->bad) {
        if (err)
            *err = *piece->bad;
        return lat_at(err, piece->bad->code, "data");
    }
    if (piece->n_rows != said->n)
        return fail_shape(err, piece->n_rows, said);
    if (piece->n == 0)
        return fail_empty(err);
    code = new_signal(&sig, said, piece->n, err);
    if (code)
        return code;
    code = latd_samples_scale(sig, piece->v, &said->scaling, err);
    if (code) {
        lat_signal_free(sig);
        return lat_at(err, code, "data");
    }
    *out = sig;
    return LAT_OK;
}

static enum lat_code from_bytes(struct lat_signal **out,
                                const struct said *said, enum latd_dtype t,
                                const struct lat_blob *bytes,
                                struct lat_err *err)
{
    size_t frame = said->n * latd_dtype_size(t);
    struct lat_signal *sig = NULL;
    enum lat_code code;

    if (bytes->len == 0)
        return fail_empty(err);
    if (bytes->len % frame) {
        code = lat_fail_word(err, LAT_EUNFIT, "shape_mismatch",
                             "%zu bytes of %s are not the same number of "
                             "samples in each of %zu channels",
                             bytes->len, latd_dtype_names[t], said->n);
        return lat_at(err, code, "data");
    }
    code = new_signal(&sig, said, bytes->len / frame, err);
    if (code)
        return code;
    code = latd_samples_decode(sig, bytes->data, t, &said->scaling, err);
    if (code) {
        lat_signal_free(sig);
        return lat_at(err, code, "data");
    }
    *out = sig;
    return LAT_OK;
}

/* The number type of "i16le+base64"; LATD_N_DTYPES when there is none. */
static enum lat_code read_encoding(enum latd_dtype *t, const json_t *obj,
                                   struct lat_err *err)
{
    static const char *const names[] = {"i16le+base64", "i32le+base64",
                                        "f16le+base64", "f32le+base64",
                                        "f64le+base64", NULL};
    int i = LATD_N_DTYPES;
    enum lat_code code = latd_json_word(&i, obj, "encoding", names, err);

    if (code == LAT_EINVAL && err)
        err->word = "unsupported_encoding";
    *t = (enum latd_dtype)i;
    return code;
}

static enum lat_code read_data(struct lat_signal **out, struct said *said,
                               struct latd_doc *doc, const json_t *obj,
                               struct lat_err *err)
{
    const json_t *data = latd_json_get(obj, "data");
    const struct latd_piece *piece = latd_doc_piece(doc, data);
    struct lat_blob bytes = {0};
    enum latd_dtype t;
    const char *text;
    char *raw = NULL;
    size_t len;
    enum lat_code code = read_encoding(&t, obj, err);

    if (code)
        return code;
    if (t == LATD_N_DTYPES && piece && piece->n_rows)
        return from_numbers(out, said, piece, err);
    text = latd_doc_text(doc, data, &len);
    if (!text || t == LATD_N_DTYPES) {
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type", "data is not %s",
                             t == LATD_N_DTYPES
                                 ? "an array of numbers per channel (base64 "
                                   "text needs an encoding beside it)"
                                 : "base64 text, as encoding says");
        return lat_at(err, code, "data");
    }
    code = lat_base64_decode(&raw, &bytes.len, text, len, err);
    if (code)
        return lat_at(err, code, "data");
    bytes.data = raw;
    code = from_bytes(out, said, t, &bytes, err);
    lat_free(raw);
    return code;
}

enum lat_code latd_native_decode(struct lat_signal **out, struct latd_doc *doc,
                                 const json_t *obj, struct lat_err *err)
{
    static const char *const known[] = {
        "type", "id",    "sampling_rate_hz", "channels", "unit", "encoding",
        "data", "scale", "offset",           NULL};
    struct said said = {0};
    enum lat_code code = latd_json_known(obj, known, err);

    latd_scaling_init(&said.scaling);
    if (code == LAT_OK)
        code = read_rate(&said, obj, err);
    if (code == LAT_OK)
        code = read_channels(&said, obj, err);
    if (code == LAT_OK && said.n == 0) {
        code = lat_fail_word(err, LAT_EUNFIT, "missing_channel",
                             "channels is missing; they are matched by name");
        code = lat_at(err, code, "channels");
    }
    if (code == LAT_OK)
        code = read_unit(&said, obj, err);
    if (code == LAT_OK)
        code = read_factor(said.scaling.scale, &said, obj, "scale", err);
    if (code == LAT_OK)
        code = read_factor(said.scaling.offset, &said, obj, "offset", err);
    return code ? code : read_data(out, &said, doc, obj, err);
}
