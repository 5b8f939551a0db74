/* own.c - vectors that a client gives. */
#include "own.h"

#include <float.h>
#include <math.h>
#include <string.h>

static enum lat_code read_row(float *v, const json_t *list, size_t n,
                              struct lat_err *err)
{
    json_t *value;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) != n)
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not an array of %zu numbers", n);
    json_array_foreach(list, i, value)
    {
        v[i] = (float)json_number_value(value);
        if (json_is_number(value) && isfinite(v[i]))
            continue;
        lat_fail_word(err, LAT_EUNFIT, "nonfinite_input",
                      "not a number that float32 has");
        return lat_at(err, LAT_EUNFIT, "[%zu]", i);
    }
    return LAT_OK;
}

static enum lat_code read_base64(struct latd_own_vectors *own, const char *text,
                                 struct lat_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    enum lat_code code =
        lat_base64_decode(&bytes, &len, text, strlen(text), err);

    if (code)
        return code;
    own->windows = 1;
    own->dims = len / sizeof(*own->v);
    own->v = lat_calloc(own->dims ? own->dims : 1, sizeof(*own->v));
    if (!own->v)
        code = lat_fail(err, LAT_ENOMEM, "%zu numbers", own->dims);
    else if (len == 0 || len % sizeof(*own->v))
        code = lat_fail(err, LAT_EINVAL,
                        "%zu bytes, expected float32, little-endian", len);
    else
        memcpy(own->v, bytes, len);
    for (size_t i = 0; i < own->dims && !code; i++)
        if (!isfinite(own->v[i]))
            code = lat_fail_word(err, LAT_EUNFIT, "nonfinite_input",
                                 "number %zu is not finite", i);
    lat_free(bytes);
    return code;
}

/* Numbers, or an array of windows of as many numbers each. */
static enum lat_code read_vectors(struct latd_own_vectors *own,
                                  const json_t *list, struct lat_err *err)
{
    const json_t *first = json_array_get(list, 0);
    bool nested = json_is_array(first);
    enum lat_code code = LAT_OK;

    if (json_is_string(list))
        return read_base64(own, json_string_value(list), err);
    own->windows = nested ? json_array_size(list) : 1;
    own->dims = json_array_size(nested ? first : list);
    if (own->dims == 0)
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not an array of numbers");
    own->v = lat_calloc(own->windows * own->dims, sizeof(*own->v));
    if (!own->v)
        return lat_fail(err, LAT_ENOMEM, "%zu vectors", own->windows);
    if (!nested)
        return read_row(own->v, list, own->dims, err);
    for (size_t w = 0; w < own->windows && !code; w++) {
        code = read_row(own->v + w * own->dims, json_array_get(list, w),
                        own->dims, err);
        if (code)
            lat_at(err, code, "[%zu]", w);
    }
    return code;
}

/* Searches keep directions and lengths, and both are float32. */
static enum lat_code check_lengths(const struct latd_own_vectors *own,
                                   struct lat_err *err)
{
    for (size_t w = 0; w < own->windows; w++) {
        double sum = 0.0;

        for (size_t i = 0; i < own->dims; i++)
            sum += pow((double)own->v[w * own->dims + i], 2);
        if (sqrt(sum) > (double)FLT_MAX)
            return lat_fail_word(err, LAT_EUNFIT, "nonfinite_input",
                                 "vector %zu has the length %g, expected at "
                                 "most %g",
                                 w, sqrt(sum), (double)FLT_MAX);
    }
    return LAT_OK;
}

static enum lat_code read_name(char *out, size_t size, const json_t *obj,
                               const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    if (code || !text)
        return code;
    if (strlen(text) >= size)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "%s of %zu bytes, expected at most %zu", name,
                               strlen(text), size - 1),
                      "%s", name);
    memcpy(out, text, strlen(text) + 1);
    return LAT_OK;
}

/* A mean is one vector, and goes on being one. */
static enum lat_code read_pooled(struct latd_own_vectors *own,
                                 const json_t *obj, struct lat_err *err)
{
    uint64_t pooled = 0;
    enum lat_code code = latd_json_whole(
        &pooled, obj, "pooled", (struct latd_bounds){2, UINT32_MAX}, err);

    if (code || !pooled)
        return code;
    own->pooled = (size_t)pooled;
    if (own->windows == 1)
        return LAT_OK;
    return lat_at(err,
                  lat_fail(err, LAT_EINVAL,
                           "pooled is for one vector, the mean of windows, and "
                           "there are %zu",
                           own->windows),
                  "pooled");
}

enum lat_code latd_own_vectors_decode(struct latd_own_vectors *own,
                                      const json_t *obj, struct lat_err *err)
{
    /* The last ones are what a reply says of them, so that one can be sent
     * back as it came. */
    static const char *const known[] = {"model",      "digest",  "embedding",
                                        "dimensions", "windows", "pooled",
                                        NULL};
    enum lat_code code;

    if (!json_is_object(obj))
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "expected {\"model\": name, \"embedding\": "
                             "numbers}");
    code = latd_json_known(obj, known, err);
    if (!code)
        code = read_name(own->model, sizeof(own->model), obj, "model", err);
    if (!code)
        code = read_name(own->digest, sizeof(own->digest), obj, "digest", err);
    if (!code && !own->model[0])
        return lat_at(err, lat_fail(err, LAT_EINVAL, "model is missing"),
                      "model");
    if (code)
        return code;
    code = read_vectors(own, latd_json_get(obj, "embedding"), err);
    if (!code)
        code = check_lengths(own, err);
    return code ? lat_at(err, code, "embedding") : read_pooled(own, obj, err);
}
