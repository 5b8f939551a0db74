/* attributes.c - metadata as values at paths, for filters. */
#include "json.h"
#include "similar.h"

#include <string.h>

/* Paths lie in one buffer that moves while it grows: offsets, at first. */
static enum lat_code add(struct latd_attributes *a, const char *path,
                         struct latd_value value, struct lat_err *err)
{
    size_t cap = a->cap ? 2 * a->cap : 16;
    struct latd_attribute *more;

    if (a->n == a->cap) {
        more = lat_calloc(cap, sizeof(*more));
        if (!more)
            return lat_fail(err, LAT_ENOMEM, "%zu attributes", cap);
        if (a->n)
            memcpy(more, a->v, a->n * sizeof(*more));
        lat_free(a->v);
        a->v = more;
        a->cap = cap;
    }
    a->v[a->n++].value = value;
    lat_buf_put(&a->paths, path, strlen(path) + 1);
    return a->paths.failed ? lat_fail(err, LAT_ENOMEM, "a path") : LAT_OK;
}

static enum lat_code walk(struct latd_attributes *a, struct lat_buf *path,
                          const json_t *value, struct lat_err *err);

static enum lat_code walk_object(struct latd_attributes *a,
                                 struct lat_buf *path, const json_t *obj,
                                 struct lat_err *err)
{
    size_t len = path->len;
    enum lat_code code = LAT_OK;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)obj, key, value)
    {
        lat_buf_puts(path, len ? "." : "");
        lat_buf_puts(path, key);
        if (path->failed)
            return lat_fail(err, LAT_ENOMEM, "a path");
        code = walk(a, path, value, err);
        if (code)
            return code;
        path->v[path->len = len] = '\0';
    }
    return code;
}

static enum lat_code walk_array(struct latd_attributes *a, struct lat_buf *path,
                                const json_t *list, struct lat_err *err)
{
    size_t len = path->len, i;
    enum lat_code code = LAT_OK;
    json_t *value;

    json_array_foreach(list, i, value)
    {
        if (json_is_object(value))
            lat_buf_puts(path, "[]");
        if (path->failed)
            return lat_fail(err, LAT_ENOMEM, "a path");
        code = walk(a, path, value, err);
        if (code)
            return code;
        path->v[path->len = len] = '\0';
    }
    return code;
}

static enum lat_code walk(struct latd_attributes *a, struct lat_buf *path,
                          const json_t *value, struct lat_err *err)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return walk_object(a, path, value, err);
    case JSON_ARRAY:
        return walk_array(a, path, value, err);
    case JSON_NULL:
        return LAT_OK;
    case JSON_STRING:
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
        break;
    }
    return add(a, path->v, latd_json_value(value), err);
}

struct latd_value latd_json_value(const json_t *value)
{
    if (json_is_string(value))
        return (struct latd_value){.kind = LATD_TEXT,
                                   .text = json_string_value(value)};
    if (json_is_boolean(value))
        return (struct latd_value){.kind = LATD_BOOL,
                                   .number = json_is_true(value)};
    return (struct latd_value){.kind = LATD_NUMBER,
                               .number = json_number_value(value)};
}

static enum lat_code read_metadata(struct latd_attributes *a,
                                   const char *metadata, struct lat_err *err)
{
    struct lat_buf path = {0};
    enum lat_code code;

    if (!lat_buf_reserve(&path, 1))
        return lat_fail(err, LAT_ENOMEM, "a path");
    path.v[0] = '\0';
    a->doc = latd_json_literal(metadata);
    if (!a->doc)
        code = lat_fail(err, LAT_ENOMEM, "metadata");
    else if (!json_is_object((json_t *)a->doc))
        code = lat_fail(err, LAT_EFORMAT, "metadata are not a JSON object");
    else
        code = walk(a, &path, a->doc, err);
    lat_buf_fini(&path);
    return code;
}

enum lat_code latd_wire_attributes(struct latd_attributes *out,
                                   const char *metadata, const char *subject,
                                   struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    const char *path;

    if (subject)
        code =
            add(out, "subject",
                (struct latd_value){.kind = LATD_TEXT, .text = subject}, err);
    if (code == LAT_OK && metadata)
        code = read_metadata(out, metadata, err);
    path = out->paths.v;
    for (size_t i = 0; code == LAT_OK && i < out->n; i++) {
        out->v[i].path = path;
        path += strlen(path) + 1;
    }
    return code;
}

void latd_attributes_fini(struct latd_attributes *a)
{
    json_decref(a->doc);
    lat_buf_fini(&a->paths);
    lat_free(a->v);
    *a = (struct latd_attributes){0};
}
