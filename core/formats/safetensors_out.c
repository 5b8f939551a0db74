/*
 * safetensors_out.c - the writer: tensors by name, float32, one after another.
 *
 * Keys are sorted and the header is padded to 8 bytes, so that the same
 * tensors give the same file and the data is aligned in it.
 */
#include "safetensors.h"

#include <jansson.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct lat__tensor_out *s = a, *t = b;

    return strcmp(s->name, t->name);
}

static size_t count(const struct lat__tensor_out *t)
{
    size_t n = 1;

    for (size_t i = 0; i < t->n_dims; i++)
        n *= t->dims[i];
    return n;
}

static json_t *entry_json(const struct lat__tensor_out *t, size_t begin)
{
    json_t *shape = json_array();

    for (size_t i = 0; i < t->n_dims; i++)
        json_array_append_new(shape, json_integer((json_int_t)t->dims[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape,
                     "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + 4 * count(t)));
}

/* NULL when there is no memory. */
static char *header_text(const struct lat__tensor_out *t, size_t n,
                         const char *card)
{
    json_t *header = json_object();
    size_t begin = 0;
    bool ok = header != NULL;
    char *text = NULL;

    if (ok && card)
        ok = json_object_set_new(header, lat__metadata_key,
                                 json_pack("{s:s}", lat__card_key, card)) == 0;
    for (size_t i = 0; ok && i < n; i++) {
        ok = json_object_set_new(header, t[i].name, entry_json(&t[i], begin)) ==
             0;
        begin += 4 * count(&t[i]);
    }
    if (ok)
        text = json_dumps(header, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(header);
    return text;
}

static void put_length(struct lat_buf *out, uint64_t n)
{
    unsigned char p[LAT_ST_PREFIX];

    for (size_t i = 0; i < LAT_ST_PREFIX; i++)
        p[i] = (unsigned char)(n >> 8 * i);
    lat_buf_put(out, p, sizeof(p));
}

static void put_floats(struct lat_buf *out, const float *v, size_t n)
{
    unsigned char *p = (unsigned char *)lat_buf_reserve(out, 4 * n);

    for (size_t i = 0; p && i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &v[i], sizeof(bits));
        for (size_t b = 0; b < 4; b++)
            p[4 * i + b] = (unsigned char)(bits >> 8 * b);
    }
    if (p)
        out->len += 4 * n;
}

static void put_header(struct lat_buf *out, const char *text)
{
    size_t len = strlen(text);

    put_length(out, (len + 7) / 8 * 8);
    lat_buf_put(out, text, len);
    lat_buf_put(out, "       ", (8 - len % 8) % 8);
}

enum lat_code lat__safetensors_encode(struct lat_buf *out,
                                      struct lat__tensor_out *tensors, size_t n,
                                      const char *card, struct lat_err *err)
{
    char *text;

    assert(n > 0);
    qsort(tensors, n, sizeof(*tensors), by_name);
    text = header_text(tensors, n, card);
    if (!text)
        return lat_fail(err, LAT_ENOMEM, "the header of %zu tensors", n);
    put_header(out, text);
    free(text);
    for (size_t i = 0; i < n; i++)
        put_floats(out, tensors[i].v, count(&tensors[i]));
    if (out->failed)
        return lat_fail(err, LAT_ENOMEM, "a file of %zu tensors", n);
    return LAT_OK;
}

/* ---- another note in the card ---- */

/* The card's text with the note in it; NULL when there is no memory. */
static char *noted(const char *card, const char *key, const char *note)
{
    json_t *v = json_loads(card, JSON_REJECT_DUPLICATES, NULL);
    json_t *n =
        json_loads(note, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    char *text = NULL;

    if (v && n && json_object_set(v, key, n) == 0)
        text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS |
                                 JSON_REAL_PRECISION(15));
    json_decref(n);
    json_decref(v);
    return text;
}

/* The header's text with that card; NULL when there is no memory. */
static char *renewed(json_t *header, const char *card)
{
    json_t *metadata = json_object_get(header, lat__metadata_key);

    if (json_object_set_new(metadata, lat__card_key, json_string(card)))
        return NULL;
    return json_dumps(header, JSON_COMPACT | JSON_SORT_KEYS);
}

enum lat_code lat__safetensors_note(struct lat_buf *out, const void *file,
                                    size_t len, const char *key,
                                    const char *note, struct lat_err *err)
{
    const unsigned char *p = file;
    struct lat__safetensors *st = NULL;
    char *card = NULL, *text = NULL;
    json_t *header = NULL;
    size_t begin;
    enum lat_code code = lat__safetensors_decode(&st, file, len, err);

    if (code)
        return code;
    begin = (size_t)(st->data - p);
    header = json_loadb((const char *)p + LAT_ST_PREFIX, begin - LAT_ST_PREFIX,
                        JSON_REJECT_DUPLICATES, NULL);
    card = st->card ? noted(st->card, key, note) : NULL;
    text = header && card ? renewed(header, card) : NULL;
    if (!st->card)
        code = lat_fail(err, LAT_EFORMAT, "there is no card");
    else if (!text)
        code = lat_fail(err, LAT_ENOMEM, "a card");
    if (text) {
        put_header(out, text);
        lat_buf_put(out, st->data, len - begin);
        if (out->failed)
            code = lat_fail(err, LAT_ENOMEM, "a file of %zu bytes", len);
    }
    free(text);
    free(card);
    json_decref(header);
    lat__safetensors_free(st);
    return code;
}
