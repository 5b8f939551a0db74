/*
 * filter.c - {"must": […], "should": […], "must_not": […]} of
 * {"key", "match": {"value" | "any"}} or {"key", "range": {gt, gte, lt, lte}}.
 */
#include "filter.h"

#include <math.h>
#include <string.h>

static const char *const groups[] = {"must", "should", "must_not", NULL};

static enum lat_code read_value(struct latd_value *out, const json_t *value,
                                struct lat_err *err)
{
    if (!json_is_string(value) && !json_is_number(value) &&
        !json_is_boolean(value))
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "expected a text, a number, true or false");
    *out = latd_json_value(value);
    if (out->kind != LATD_TEXT)
        return LAT_OK;
    out->text = lat_strdup(out->text);
    return out->text ? LAT_OK : lat_fail(err, LAT_ENOMEM, "a text");
}

static enum lat_code read_values(struct latd_condition *c, const json_t *one,
                                 const json_t *any, struct lat_err *err)
{
    size_t n = one ? 1 : json_array_size(any);

    if (n == 0 || n > LATD_VALUES_MAX)
        return lat_fail(err, LAT_EINVAL, "%zu values, expected 1 to %d", n,
                        LATD_VALUES_MAX);
    c->values = lat_calloc(n, sizeof(*c->values));
    if (!c->values)
        return lat_fail(err, LAT_ENOMEM, "%zu values", n);
    for (; c->n_values < n; c->n_values++) {
        enum lat_code code =
            read_value(&c->values[c->n_values],
                       one ? one : json_array_get(any, c->n_values), err);

        if (code)
            return code;
    }
    return LAT_OK;
}

static enum lat_code read_match(struct latd_condition *c, const json_t *match,
                                struct lat_err *err)
{
    static const char *const known[] = {"value", "any", NULL};
    const json_t *one = latd_json_get(match, "value");
    const json_t *any = latd_json_get(match, "any");
    enum lat_code code = LAT_OK;

    if (!json_is_object(match) || !one == !any)
        return lat_fail(err, LAT_EINVAL,
                        "expected {\"value\": …} or {\"any\": […]}");
    code = latd_json_known(match, known, err);
    return code ? code : read_values(c, one, any, err);
}

static enum lat_code read_range(struct latd_condition *c, const json_t *range,
                                struct lat_err *err)
{
    static const char *const known[] = {"gt", "gte", "lt", "lte", NULL};
    double gt = -INFINITY, gte = -INFINITY, lt = INFINITY, lte = INFINITY;
    enum lat_code code;

    if (!json_is_object(range) || json_object_size(range) == 0)
        return lat_fail(err, LAT_EINVAL, "expected gt, gte, lt or lte");
    code = latd_json_known(range, known, err);
    if (code == LAT_OK)
        code = latd_json_number(&gt, range, "gt", err);
    if (code == LAT_OK)
        code = latd_json_number(&gte, range, "gte", err);
    if (code == LAT_OK)
        code = latd_json_number(&lt, range, "lt", err);
    if (code == LAT_OK)
        code = latd_json_number(&lte, range, "lte", err);
    gt = gt > -INFINITY ? nextafter(gt, INFINITY) : gt;
    lt = lt < INFINITY ? nextafter(lt, -INFINITY) : lt;
    c->least = gt > gte ? gt : gte;
    c->most = lt < lte ? lt : lte;
    return code;
}

static enum lat_code read_condition(struct latd_condition *c,
                                    const json_t *value, struct lat_err *err)
{
    static const char *const known[] = {"key", "match", "range", NULL};
    const json_t *match = latd_json_get(value, "match");
    const json_t *range = latd_json_get(value, "range");
    const char *key = NULL;
    enum lat_code code;

    if (!json_is_object(value))
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not an object with key and match or range");
    code = latd_json_known(value, known, err);
    if (code == LAT_OK)
        code = latd_json_text(&key, value, "key", err);
    if (code)
        return code;
    if (!key || !match == !range)
        return lat_fail(err, LAT_EINVAL,
                        "expected key, and match or range beside it");
    c->key = lat_strdup(key);
    if (!c->key)
        return lat_fail(err, LAT_ENOMEM, "a key");
    code = match ? read_match(c, match, err) : read_range(c, range, err);
    return code ? lat_at(err, code, match ? "match" : "range") : LAT_OK;
}

static enum lat_code read_group(struct latd_filter *out, const json_t *value,
                                enum latd_group group, struct lat_err *err)
{
    size_t n = json_array_size(value);
    enum lat_code code = LAT_OK;

    if (!value)
        return LAT_OK;
    if (!json_is_array(value))
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not an array of conditions");
    if (n > LATD_CONDITIONS_MAX - out->n)
        return lat_fail(err, LAT_EINVAL, "more than %d conditions",
                        LATD_CONDITIONS_MAX);
    for (size_t i = 0; i < n && code == LAT_OK; i++) {
        struct latd_condition *c = &out->conditions[out->n++];

        c->group = group;
        code = read_condition(c, json_array_get(value, i), err);
        if (code)
            lat_at(err, code, "[%zu]", i);
    }
    return code;
}

enum lat_code latd_filter_decode(struct latd_filter *out, const json_t *value,
                                 struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    *out = (struct latd_filter){0};
    if (!value)
        return LAT_OK;
    if (!json_is_object(value))
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "expected an object, as {\"must\": […]}");
    else
        code = latd_json_known(value, groups, err);
    out->conditions = lat_calloc(LATD_CONDITIONS_MAX, sizeof(*out->conditions));
    if (code == LAT_OK && !out->conditions)
        code = lat_fail(err, LAT_ENOMEM, "a filter");
    for (int g = 0; groups[g] && code == LAT_OK; g++) {
        code = read_group(out, latd_json_get(value, groups[g]),
                          (enum latd_group)g, err);
        if (code)
            lat_at(err, code, "%s", groups[g]);
    }
    if (code == LAT_OK)
        return LAT_OK;
    latd_filter_fini(out);
    return lat_at(err, code, "filter");
}
