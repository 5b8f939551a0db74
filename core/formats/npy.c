/*
 * npy.c - NumPy arrays to signals.
 *
 * Six bytes, a version, the length of a header, the header: a Python dict with
 * descr, fortran_order and shape; then the numbers.
 */
#include "../latent/signal.h"
#include "text.h"

#include <math.h>
#include <string.h>

enum { DIMENSIONS = 2 };

struct array {
    char kind; /* f, i, u */
    size_t size;
    bool big; /* its bytes stand in the other order */
    bool fortran;
    size_t n_dims, shape[DIMENSIONS];
    const uint8_t *data;
    size_t len;
};

/* ---- the header --------------------------------------------------------- */

static size_t little(const uint8_t *p, size_t n)
{
    size_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* What stands behind 'key': in the dict, without blanks before it. */
static bool find(struct lat__span dict, const char *key, struct lat__span *v)
{
    size_t n = strlen(key);

    for (const char *p = dict.p; dict.end - p >= (ptrdiff_t)n + 3; p++)
        if ((*p == '\'' || *p == '"') && memcmp(p + 1, key, n) == 0 &&
            p[n + 1] == *p) {
            *v = lat__span_trim((struct lat__span){p + n + 2, dict.end});
            if (v->p == v->end || *v->p++ != ':')
                return false;
            *v = lat__span_trim(*v);
            return v->p < v->end;
        }
    return false;
}

static enum lat_code parse_type(struct array *a, struct lat__span dict,
                                struct lat_err *err)
{
    static const char *const types[] = {"f4", "f8", "i2", "i4", "u1"};
    struct lat__span v;

    if (!find(dict, "descr", &v) || lat__span_len(v) < 5)
        return lat_fail(err, LAT_EFORMAT, "the header has no descr");
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (memchr("<>|=", v.p[1], 4) && memcmp(v.p + 2, types[i], 2) == 0 &&
            v.p[4] == v.p[0]) {
            a->kind = v.p[2];
            a->size = (size_t)(v.p[3] - '0');
            a->big = v.p[1] == '>';
            return LAT_OK;
        }
    v.end = lat__span_len(v) > 12 ? v.p + 12 : v.end;
    return lat_fail(err, LAT_EFORMAT,
                    "type %s, must be f4, f8, i2, i4 or u1 of either byte "
                    "order",
                    lat__span_quote(v).text);
}

static enum lat_code parse_shape(struct array *a, struct lat__span dict,
                                 struct lat_err *err)
{
    struct lat__span v;
    int64_t n;

    if (!find(dict, "shape", &v) || *v.p++ != '(')
        return lat_fail(err, LAT_EFORMAT, "the header has no shape");
    for (;;) {
        v = lat__span_trim(v);
        if (v.p < v.end && *v.p == ')')
            break;
        if (a->n_dims == DIMENSIONS)
            return lat_fail(err, LAT_EFORMAT,
                            "more than %d dimensions, must be (samples, "
                            "channels) or (samples,)",
                            DIMENSIONS);
        if (!lat__span_int(&v, &n) || n < 1 || n > (int64_t)1 << 40)
            return lat_fail(err, LAT_EFORMAT,
                            "dimension %zu is not a positive number",
                            a->n_dims);
        a->shape[a->n_dims++] = (size_t)n;
        v = lat__span_trim(v);
        if (v.p < v.end && *v.p == ',')
            v.p++;
    }
    if (a->n_dims == 0)
        return lat_fail(err, LAT_EFORMAT, "a single number, not an array");
    return LAT_OK;
}

static enum lat_code parse(struct array *a, const struct lat_blob *file,
                           struct lat_err *err)
{
    const uint8_t *p = file->data;
    struct lat__span dict, v;
    enum lat_code code;
    size_t at, len;

    if (file->len < 12 || memcmp(p, "\x93NUMPY", 6) != 0)
        return lat_fail(err, LAT_EFORMAT, "not an NPY file");
    if (p[6] < 1 || p[6] > 3)
        return lat_fail(err, LAT_EFORMAT, "NPY version %d, must be 1 to 3",
                        p[6]);
    at = p[6] == 1 ? 10 : 12;
    len = little(p + 8, at - 8);
    if (len > file->len - at)
        return lat_fail(err, LAT_EFORMAT,
                        "a header of %zu bytes in a file of %zu", len,
                        file->len);
    dict.p = (const char *)p + at;
    dict.end = dict.p + len;
    code = parse_type(a, dict, err);
    if (code == LAT_OK)
        code = parse_shape(a, dict, err);
    if (code)
        return code;
    if (!find(dict, "fortran_order", &v))
        return lat_fail(err, LAT_EFORMAT, "the header has no fortran_order");
    a->fortran = *v.p == 'T';
    a->data = p + at + len;
    a->len = file->len - at - len;
    return LAT_OK;
}

/* ---- the numbers -------------------------------------------------------- */

static double number(const struct array *a, size_t i)
{
    const uint8_t *p = a->data + i * a->size;
    uint64_t v = 0;
    uint32_t half;
    float f;
    double d;

    for (size_t k = 0; k < a->size; k++)
        v |= (uint64_t)p[k] << 8 * (a->big ? a->size - 1 - k : k);
    half = (uint32_t)v;
    if (a->kind == 'u')
        return (double)v;
    if (a->kind == 'i' && a->size == 2)
        return (double)half - (half >> 15 ? 65536.0 : 0.0);
    if (a->kind == 'i')
        return (double)half - (half >> 31 ? 4294967296.0 : 0.0);
    if (a->size == 8) {
        memcpy(&d, &v, sizeof(d));
        return d;
    }
    memcpy(&f, &half, sizeof(f));
    return (double)f;
}

/* Where channel k has its sample i. */
static size_t place(const struct array *a, bool channels_first, size_t k,
                    size_t i)
{
    size_t row = channels_first ? k : i, column = channels_first ? i : k;

    if (a->n_dims == 1)
        return i;
    return a->fortran ? column * a->shape[0] + row : row * a->shape[1] + column;
}

static enum lat_code describe(struct lat_signal *sig,
                              const struct lat_hints *hints,
                              struct lat_err *err)
{
    const char *p = hints->channels;
    size_t n = 0;

    sig->rate_hz = hints->rate_hz;
    for (size_t k = 0; hints->unit && k < sig->n_channels; k++)
        strncpy(sig->channels[k].unit, hints->unit, LAT_UNIT_MAX - 1);
    for (; p; n++) {
        const char *comma = strchr(p, ',');
        struct lat__span name = {p, comma ? comma : p + strlen(p)};

        if (n < sig->n_channels)
            lat__span_copy(sig->channels[n].name, LAT_NAME_MAX,
                           lat__span_trim(name));
        p = comma ? comma + 1 : NULL;
    }
    if (hints->channels && n != sig->n_channels)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu names of channels for an array of %zu", n,
                        sig->n_channels);
    return LAT_OK;
}

static enum lat_code check_size(const struct array *a, size_t *n_channels,
                                size_t *n_samples, bool channels_first,
                                struct lat_err *err)
{
    size_t rows = a->shape[0], columns = a->n_dims == 2 ? a->shape[1] : 1;
    bool first = channels_first && a->n_dims == 2;

    *n_channels = first ? rows : columns;
    *n_samples = first ? columns : rows;
    if (*n_channels > LAT_CHANNELS_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu channels of %zu samples, at most %d: is the "
                        "layout the other one?",
                        *n_channels, *n_samples, LAT_CHANNELS_MAX);
    if (a->len % a->size || a->len / a->size / *n_channels != *n_samples ||
        a->len / a->size % *n_channels)
        return lat_fail(err, LAT_EFORMAT,
                        "%s: %zu bytes of data, the header says %zu x %zu of "
                        "%zu",
                        a->len / a->size / *n_channels < *n_samples
                            ? "truncated"
                            : "header and data disagree",
                        a->len, rows, columns, a->size);
    return LAT_OK;
}

static enum lat_code decode(struct lat_signal **out,
                            const struct lat_blob *file,
                            const struct lat_hints *hints, struct lat_err *err)
{
    struct array a = {0};
    struct lat_signal *sig = NULL;
    size_t n_channels, n_samples;
    enum lat_code code = parse(&a, file, err);

    if (code == LAT_OK)
        code =
            check_size(&a, &n_channels, &n_samples, hints->channels_first, err);
    if (code == LAT_OK)
        code = lat_signal_new(&sig, n_channels, n_samples, err);
    if (code == LAT_OK)
        code = describe(sig, hints, err);
    if (code) {
        lat_signal_free(sig);
        return code;
    }
    for (size_t k = 0; k < n_channels; k++)
        for (size_t i = 0; i < n_samples; i++)
            sig->v[k * n_samples + i] =
                (float)number(&a, place(&a, hints->channels_first, k, i));
    *out = sig;
    return LAT_OK;
}

enum lat_code lat_npy_decode(struct lat_signal **out,
                             const struct lat_blob *file,
                             const struct lat_hints *hints, struct lat_err *err)
{
    static const struct lat_hints none = {0};
    enum lat_code code = decode(out, file, hints ? hints : &none, err);

    return code ? lat_wrap(err, code, "%s", file->name) : LAT_OK;
}
