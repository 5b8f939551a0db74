/* json.c - fields of JSON objects, each refused by name. */
#include "json.h"

#include <string.h>

enum lat_code lat__json_keys(const json_t *v, const char *keys,
                             struct lat_err *err)
{
    const char *key;
    json_t *item;

    if (!json_is_object(v))
        return lat_fail(err, LAT_EFORMAT, "is missing or not an object");
    json_object_foreach((json_t *)v, key, item)
    {
        const char *at = strstr(keys, key);
        size_t len = strlen(key);

        while (at && len &&
               ((at > keys && at[-1] != ' ') || (at[len] && at[len] != ' ')))
            at = strstr(at + 1, key);
        if (!at || !len)
            return lat_fail(err, LAT_EFORMAT,
                            "unknown field \"%.40s\", known are %s", key, keys);
    }
    return LAT_OK;
}

enum lat_code lat__json_text(char *out, size_t size, const json_t *obj,
                             const char *key, struct lat_err *err)
{
    const char *s = json_string_value(json_object_get(obj, key));

    if (!s || !*s || strlen(s) >= size)
        return lat_fail(err, LAT_EFORMAT, "%s is not a text of 1 to %zu bytes",
                        key, size - 1);
    memcpy(out, s, strlen(s) + 1);
    return LAT_OK;
}

enum lat_code lat__json_count(size_t *out, const json_t *obj, const char *key,
                              size_t min, size_t max, struct lat_err *err)
{
    const json_t *v = json_object_get(obj, key);
    json_int_t n = json_integer_value(v);

    if (!json_is_integer(v) || n < 0 || (uint64_t)n < min || (uint64_t)n > max)
        return lat_fail(err, LAT_EFORMAT,
                        "%s is not a whole number from %zu to %zu", key, min,
                        max);
    *out = (size_t)n;
    return LAT_OK;
}

enum lat_code lat__json_number(double *out, const json_t *obj, const char *key,
                               double max, struct lat_err *err)
{
    const json_t *v = json_object_get(obj, key);

    if (!v)
        return LAT_OK;
    if (!json_is_number(v) ||
        !(json_number_value(v) >= 0.0 && json_number_value(v) <= max))
        return lat_fail(err, LAT_EFORMAT, "%s is not a number from 0 to %g",
                        key, max);
    *out = json_number_value(v);
    return LAT_OK;
}
