/* json.c - the door to jansson. */
#include "json.h"

#include "../wire.h"

#include <math.h>
#include <string.h>

/* jansson reports some failed allocations as errors of syntax, and passes over
 * others with a character less in a name or a number: so we remember for
 * ourselves that one failed. */
static _Thread_local bool starved;

static void *json_alloc(size_t n)
{
    void *p = lat_calloc(n, 1);

    starved |= !p;
    return p;
}

void latd_wire_init(void)
{
    json_set_alloc_funcs(json_alloc, lat_free);
}

/* An offset in the envelope, as one in the body. */
static size_t offset_in_body(const struct latd_scan *s, size_t at)
{
    size_t saved = 0;

    for (size_t i = 0; i < s->n_pieces && s->pieces[i].at < at; i++)
        saved += s->pieces[i].saved;
    return at + saved;
}

static enum lat_code fail_parse(const struct latd_doc *doc,
                                const json_error_t *at, struct lat_err *err)
{
    if (starved || json_error_code(at) == json_error_out_of_memory)
        return lat_fail(err, LAT_ENOMEM, "the envelope of a body");
    return lat_fail_word(
        err, LAT_EFORMAT, "invalid_json", "not JSON at byte %zu: %s",
        offset_in_body(&doc->scan, (size_t)at->position), at->text);
}

enum lat_code latd_doc_open(struct latd_doc *doc, const char *body, size_t len,
                            struct lat_err *err)
{
    enum lat_code code;
    json_error_t at;

    *doc = (struct latd_doc){0};
    code = latd_scan_run(&doc->scan, body, len, err);
    if (code)
        goto out;
    starved = false;
    doc->root = json_loadb(doc->scan.envelope.len ? doc->scan.envelope.v : "",
                           doc->scan.envelope.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (!doc->root || starved)
        code = fail_parse(doc, &at, err);
    else if (!json_is_object(doc->root))
        code = lat_fail_word(err, LAT_EINVAL, "invalid_json",
                             "the body is not a JSON object");
out:
    if (code)
        latd_doc_close(doc);
    return code;
}

void latd_doc_close(struct latd_doc *doc)
{
    json_decref(doc->root);
    latd_scan_fini(&doc->scan);
    *doc = (struct latd_doc){0};
}

struct latd_piece *latd_doc_piece(struct latd_doc *doc, const json_t *value)
{
    json_int_t i = json_is_integer(value) ? json_integer_value(value) : -1;

    if (i < 0 || (uint64_t)i >= doc->scan.n_pieces)
        return NULL;
    return &doc->scan.pieces[i];
}

const char *latd_doc_text(struct latd_doc *doc, const json_t *value,
                          size_t *len)
{
    const struct latd_piece *piece = latd_doc_piece(doc, value);

    if (piece) {
        *len = piece->len;
        return piece->text;
    }
    *len = json_string_length(value);
    return json_string_value(value);
}

json_t *latd_json_literal(const char *text)
{
    json_t *v;

    starved = false;
    v = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!starved)
        return v ? v : json_string(text);
    json_decref(v);
    return NULL;
}

/* The words, with commas between, for a message. */
static void list_words(char *to, size_t size, const char *const *words)
{
    size_t at = 0;

    to[0] = '\0';
    for (; *words; words++) {
        size_t len = strlen(*words);

        if (at + len + 3 > size)
            return;
        if (at) {
            memcpy(to + at, ", ", 2);
            at += 2;
        }
        memcpy(to + at, *words, len + 1);
        at += len;
    }
}

static bool among(const char *const *words, const char *text)
{
    while (*words && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

enum lat_code latd_json_known(const json_t *obj, const char *const *names,
                              struct lat_err *err)
{
    const char *key;
    json_t *value;
    char list[280];
    enum lat_code code;

    json_object_foreach((json_t *)obj, key, value)
    {
        if (among(names, key))
            continue;
        list_words(list, sizeof(list), names);
        code = lat_fail_word(err, LAT_EINVAL, "unknown_field",
                             "unknown field \"%.60s\", expected one of %s", key,
                             list);
        return lat_at(err, code, "%.60s", key);
    }
    return LAT_OK;
}

json_t *latd_json_get(const json_t *obj, const char *name)
{
    json_t *value = json_object_get(obj, name);

    return json_is_null(value) ? NULL : value;
}

/* What a value is, for a message. */
static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static enum lat_code fail_type(struct lat_err *err, const char *name,
                               const json_t *value, const char *expected)
{
    enum lat_code code =
        lat_fail_word(err, LAT_EINVAL, "invalid_type", "%s is %s, expected %s",
                      name, type_name(value), expected);

    return lat_at(err, code, "%s", name);
}

enum lat_code latd_json_text(const char **out, const json_t *obj,
                             const char *name, struct lat_err *err)
{
    const json_t *value = latd_json_get(obj, name);

    if (!value)
        return LAT_OK;
    if (!json_is_string(value))
        return fail_type(err, name, value, "a text");
    *out = json_string_value(value);
    return LAT_OK;
}

enum lat_code latd_json_bool(bool *out, const json_t *obj, const char *name,
                             struct lat_err *err)
{
    const json_t *value = latd_json_get(obj, name);

    if (!value)
        return LAT_OK;
    if (!json_is_boolean(value))
        return fail_type(err, name, value, "true or false");
    *out = json_is_true(value);
    return LAT_OK;
}

enum lat_code latd_json_number(double *out, const json_t *obj, const char *name,
                               struct lat_err *err)
{
    const json_t *value = latd_json_get(obj, name);

    if (!value)
        return LAT_OK;
    if (!json_is_number(value))
        return fail_type(err, name, value, "a number");
    *out = json_number_value(value);
    return LAT_OK;
}

enum lat_code latd_json_whole(uint64_t *out, const json_t *obj,
                              const char *name, struct latd_bounds in,
                              struct lat_err *err)
{
    const json_t *value = latd_json_get(obj, name);
    json_int_t n = json_integer_value(value);
    enum lat_code code;

    if (!value)
        return LAT_OK;
    if (!json_is_integer(value))
        return fail_type(err, name, value, "a whole number");
    if (n < 0 || (uint64_t)n < in.least || (uint64_t)n > in.most) {
        code = lat_fail(err, LAT_EINVAL, "%s is %lld, expected %llu to %llu",
                        name, (long long)n, (unsigned long long)in.least,
                        (unsigned long long)in.most);
        return lat_at(err, code, "%s", name);
    }
    *out = (uint64_t)n;
    return LAT_OK;
}

enum lat_code latd_word_find(int *out, const char *text,
                             const char *const *words, struct lat_err *err)
{
    char list[280];

    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return LAT_OK;
        }
    }
    list_words(list, sizeof(list), words);
    return lat_fail(err, LAT_EINVAL, "\"%.60s\", expected one of %s", text,
                    list);
}

enum lat_code latd_json_word(int *out, const json_t *obj, const char *name,
                             const char *const *words, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    if (code || !text)
        return code;
    code = latd_word_find(out, text, words, err);
    if (!code)
        return LAT_OK;
    code = lat_wrap(err, code, "%s", name);
    return lat_at(err, code, "%s", name);
}
