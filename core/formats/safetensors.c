/*
 * safetensors.c - named tensors in one file.
 *
 *     8 bytes, little-endian: the length of the header
 *     header, JSON: {"__metadata__": {key: text}, name: {"dtype", "shape",
 *         "data_offsets": [begin, end]}, ...}, padded with spaces
 *     data: the tensors, row-major, one after another without holes
 */
#include "safetensors.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[LAT_N_DTYPES] = {
    {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
};

/* ---- the entry of a tensor */

/* Names go into messages and lists, so they are letters, digits and . _ -. */
static enum lat_code check_name(const char *name, struct lat_err *err)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);

    if (len == 0 || len >= LAT_TENSOR_NAME_MAX || name[strspn(name, good)])
        return lat_fail(err, LAT_EFORMAT,
                        "a tensor's name is not 1 to %d letters, digits, dots, "
                        "dashes and underscores",
                        LAT_TENSOR_NAME_MAX - 1);
    return LAT_OK;
}

static enum lat_code read_dtype(enum lat__dtype *out, const json_t *v,
                                struct lat_err *err)
{
    const char *name = json_string_value(v);
    int i = 0;

    while (name && i < LAT_N_DTYPES && strcmp(dtypes[i].name, name) != 0)
        i++;
    if (!name || i == LAT_N_DTYPES)
        return lat_fail(err, LAT_EFORMAT,
                        "dtype is %.20s, must be F32, F16, BF16 or F64",
                        name ? name : "not a text");
    *out = (enum lat__dtype)i;
    return LAT_OK;
}

static enum lat_code read_shape(struct lat__tensor *t, const json_t *v,
                                struct lat_err *err)
{
    size_t count = 1;

    if (!json_is_array(v) || json_array_size(v) > LAT_DIMS_MAX)
        return lat_fail(err, LAT_EFORMAT, "shape is not a list of at most %d",
                        LAT_DIMS_MAX);
    t->n_dims = json_array_size(v);
    for (size_t i = 0; i < t->n_dims; i++) {
        const json_t *dim = json_array_get(v, i);
        json_int_t n = json_integer_value(dim);

        if (!json_is_integer(dim) || n < 1 ||
            (uint64_t)n > SIZE_MAX / 8 / count)
            return lat_fail(err, LAT_EFORMAT,
                            "shape[%zu] is not a whole number from 1 that fits",
                            i);
        t->dims[i] = (size_t)n;
        count *= (size_t)n;
    }
    return LAT_OK;
}

static enum lat_code read_offsets(struct lat__tensor *t, const json_t *v,
                                  size_t data_len, struct lat_err *err)
{
    const json_t *b = json_array_get(v, 0), *e = json_array_get(v, 1);
    json_int_t begin = json_integer_value(b), end = json_integer_value(e);
    size_t want = lat__tensor_count(t) * dtypes[t->dtype].size;

    if (json_array_size(v) != 2 || !json_is_integer(b) || !json_is_integer(e) ||
        begin < 0 || end < begin)
        return lat_fail(err, LAT_EFORMAT,
                        "data_offsets are not [begin, end], two whole numbers");
    if ((uint64_t)end > data_len)
        return lat_fail(err, LAT_EFORMAT,
                        "ends at byte %lld of %zu bytes of data",
                        (long long)end, data_len);
    t->begin = (size_t)begin;
    t->end = (size_t)end;
    if (t->end - t->begin != want)
        return lat_fail(err, LAT_EFORMAT,
                        "has %zu bytes, its shape and dtype want %zu",
                        t->end - t->begin, want);
    return LAT_OK;
}

static enum lat_code read_tensor(struct lat__tensor *t, json_t *v,
                                 size_t data_len, struct lat_err *err)
{
    enum lat_code code;

    if (json_object_size(v) != 3)
        return lat_fail(err, LAT_EFORMAT,
                        "is not an object of dtype, shape and data_offsets");
    code = read_dtype(&t->dtype, json_object_get(v, "dtype"), err);
    if (!code)
        code = read_shape(t, json_object_get(v, "shape"), err);
    if (!code)
        code =
            read_offsets(t, json_object_get(v, "data_offsets"), data_len, err);
    return code;
}

/* ---- the header */

static enum lat_code read_metadata(struct lat__safetensors *st, json_t *meta,
                                   struct lat_err *err)
{
    const char *key, *card;
    json_t *v;

    if (!json_is_object(meta))
        return lat_fail(err, LAT_EFORMAT, "%s is not an object",
                        lat__metadata_key);
    json_object_foreach(meta, key, v)
    {
        if (!json_is_string(v))
            return lat_fail(err, LAT_EFORMAT, "%s: a value is not a text",
                            lat__metadata_key);
    }
    card = json_string_value(json_object_get(meta, lat__card_key));
    if (!card)
        return LAT_OK;
    st->card = lat_strdup(card);
    return st->card ? LAT_OK : lat_fail(err, LAT_ENOMEM, "%s", lat__card_key);
}

static enum lat_code read_entry(struct lat__safetensors *st, const char *name,
                                json_t *v, size_t data_len, struct lat_err *err)
{
    struct lat__tensor *t = &st->tensors[st->n];
    enum lat_code code = check_name(name, err);

    if (code)
        return code;
    memcpy(t->name, name, strlen(name) + 1);
    st->n++;
    code = read_tensor(t, v, data_len, err);
    return code ? lat_wrap(err, code, "tensor %s", name) : LAT_OK;
}

static enum lat_code read_entries(struct lat__safetensors *st, json_t *header,
                                  size_t data_len, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    const char *key;
    json_t *v;

    json_object_foreach(header, key, v)
    {
        if (strcmp(key, lat__metadata_key) == 0)
            code = read_metadata(st, v, err);
        else
            code = read_entry(st, key, v, data_len, err);
        if (code)
            return code;
    }
    return LAT_OK;
}

static int by_begin(const void *a, const void *b)
{
    const struct lat__tensor *s = a, *t = b;

    return (s->begin > t->begin) - (s->begin < t->begin);
}

static int by_name(const void *a, const void *b)
{
    const struct lat__tensor *s = a, *t = b;

    return strcmp(s->name, t->name);
}

/* One after another from the first byte to the last: no byte is read twice,
 * and none is carried along unseen. */
static enum lat_code check_places(struct lat__safetensors *st, size_t data_len,
                                  struct lat_err *err)
{
    size_t at = 0;

    qsort(st->tensors, st->n, sizeof(*st->tensors), by_begin);
    for (size_t i = 0; i < st->n; i++) {
        const struct lat__tensor *t = &st->tensors[i];

        if (t->begin != at)
            return lat_fail(
                err, LAT_EFORMAT, "tensor %s: begins at byte %zu, %s byte %zu",
                t->name, t->begin,
                t->begin < at ? "inside the one that ends at" : "a hole behind",
                at);
        at = t->end;
    }
    if (at != data_len)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu bytes behind the last tensor belong to none",
                        data_len - at);
    qsort(st->tensors, st->n, sizeof(*st->tensors), by_name);
    return LAT_OK;
}

static enum lat_code parse_header(json_t **out, const unsigned char *p,
                                  size_t len, struct lat_err *err)
{
    json_error_t at;
    json_t *header =
        json_loadb((const char *)p, len, JSON_REJECT_DUPLICATES, &at);

    if (!header)
        return lat_fail(err, LAT_EFORMAT, "header: byte %d: %s", at.position,
                        at.text);
    if (!json_is_object(header) ||
        json_object_size(header) > LAT_TENSORS_MAX + 1) {
        json_decref(header);
        return lat_fail(err, LAT_EFORMAT,
                        "header: not an object of at most %d tensors",
                        LAT_TENSORS_MAX);
    }
    *out = header;
    return LAT_OK;
}

static enum lat_code read_length(size_t *out, const unsigned char *p,
                                 size_t len, struct lat_err *err)
{
    uint64_t n;

    if (len < LAT_ST_PREFIX)
        return lat_fail(err, LAT_EFORMAT, "%zu bytes are no safetensors file",
                        len);
    n = lat__read_u64(p);
    if (n > LAT_HEADER_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "header of %llu bytes, at most %d are read",
                        (unsigned long long)n, LAT_HEADER_MAX);
    if (n > len - LAT_ST_PREFIX)
        return lat_fail(err, LAT_EFORMAT,
                        "header of %llu bytes in a file of %zu",
                        (unsigned long long)n, len);
    *out = (size_t)n;
    return LAT_OK;
}

static struct lat__safetensors *list_new(size_t n)
{
    struct lat__safetensors *st = lat_calloc(1, sizeof(*st));

    if (!st)
        return NULL;
    st->tensors = lat_calloc(n + 1, sizeof(*st->tensors));
    if (st->tensors)
        return st;
    lat_free(st);
    return NULL;
}

enum lat_code lat__safetensors_decode(struct lat__safetensors **out,
                                      const void *file, size_t len,
                                      struct lat_err *err)
{
    const unsigned char *p = file;
    struct lat__safetensors *st = NULL;
    json_t *header = NULL;
    size_t n = 0, data_len;
    enum lat_code code = read_length(&n, p, len, err);

    if (!code)
        code = parse_header(&header, p + LAT_ST_PREFIX, n, err);
    if (code)
        goto out;
    data_len = len - LAT_ST_PREFIX - n;
    st = list_new(json_object_size(header));
    if (!st) {
        code = lat_fail(err, LAT_ENOMEM, "a list of tensors");
        goto out;
    }
    st->data = p + LAT_ST_PREFIX + n;
    code = read_entries(st, header, data_len, err);
    if (!code)
        code = check_places(st, data_len, err);
    if (code)
        goto out;
    *out = st;
    st = NULL;
out:
    lat__safetensors_free(st);
    json_decref(header);
    return code;
}

void lat__safetensors_free(struct lat__safetensors *st)
{
    if (!st)
        return;
    lat_free(st->card);
    lat_free(st->tensors);
    lat_free(st);
}

const struct lat__tensor *lat__safetensors_find(
    const struct lat__safetensors *st, const char *name)
{
    size_t low = 0, high = st->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(name, st->tensors[mid].name);

        if (order == 0)
            return &st->tensors[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

size_t lat__tensor_count(const struct lat__tensor *t)
{
    size_t n = 1;

    for (size_t i = 0; i < t->n_dims; i++)
        n *= t->dims[i];
    return n;
}
