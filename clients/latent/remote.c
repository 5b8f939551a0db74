/* remote.c - embeddings by a server: what its replies say. */
#include "picture.h"
#include "request.h"

#include <jansson.h>

#include <string.h>

static enum lat_code fail_reply(const struct cli_asked *asked,
                                const struct cli_reply *r, const json_t *root,
                                const char *path, struct lat_err *err)
{
    const json_t *e = json_object_get(root, "error");
    const char *msg = json_string_value(json_object_get(e, "message"));

    if (!msg)
        return lat_fail(err, LAT_EIO, "%s: %s answered %ld", path,
                        asked->server, r->status);
    return lat_fail(err, LAT_EIO, "%s: %s", path, msg);
}

static enum lat_code not_understood(const char *what, struct lat_err *err)
{
    return lat_fail(err, LAT_EFORMAT, "the server's reply: no %s", what);
}

/* Base64 of floats, the caller's to lat_free. */
static enum lat_code take_floats(float **out, size_t *n, const json_t *value,
                                 struct lat_err *err)
{
    const char *text = json_string_value(value);
    size_t len = 0;
    char *v = NULL;
    enum lat_code code;

    if (!text)
        return not_understood("embedding", err);
    code = lat_base64_decode(&v, &len, text, strlen(text), err);
    if (code == LAT_ENOMEM)
        return code;
    if (code || len == 0 || len % sizeof(**out)) {
        lat_free(v);
        return not_understood("embedding in base64", err);
    }
    *out = (float *)(void *)v;
    *n = len / sizeof(**out);
    return LAT_OK;
}

static size_t member_count(const json_t *obj, const char *name)
{
    return (size_t)json_integer_value(json_object_get(obj, name));
}

static void take_blocks(struct cli_embeddings *out, const json_t *item)
{
    const json_t *parts = json_object_get(item, "partitions");

    out->partitioned = json_is_object(parts);
    for (int b = 0; b < LAT_N_BLOCKS; b++) {
        const json_t *range = json_object_get(
            json_object_get(parts, lat_block_name((enum lat_block)b)), "range");

        out->blocks[b] = (struct lat_range){
            (size_t)json_integer_value(json_array_get(range, 0)),
            (size_t)json_integer_value(json_array_get(range, 1))};
    }
}

/* Names and probabilities of the classes; likely (LAT_LABELS_MAX). */
static enum lat_code take_task(struct cli_embeddings *out, float *likely,
                               const json_t *task, struct lat_err *err)
{
    const json_t *labels = json_object_get(task, "labels");
    size_t n = json_array_size(labels), got = 0;
    float *v = NULL;
    enum lat_code code =
        take_floats(&v, &got, json_object_get(task, "probabilities"), err);

    if (!code && (n > LAT_LABELS_MAX || got != n))
        code = not_understood("probability for each label", err);
    if (!code)
        memcpy(likely, v, n * sizeof(*v));
    lat_free(v);
    if (code)
        return code;
    out->n_labels = n;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(labels, i));

        snprintf(out->labels[i], LAT_NAME_MAX, "%s", name ? name : "?");
    }
    return LAT_OK;
}

/* Of a gated model's reply, as many as dims; NULL where there are none. */
static enum lat_code take_gates(float **out, size_t dims, const json_t *obj,
                                struct lat_err *err)
{
    const json_t *gates = json_object_get(obj, "gates");
    enum lat_code code;
    size_t n = 0;

    *out = NULL;
    if (!json_is_object(gates))
        return LAT_OK;
    code = take_floats(out, &n, json_object_get(gates, "probabilities"), err);
    return code || n == dims ? code : not_understood("gate for each", err);
}

static enum lat_code take_item(struct cli_embeddings *out, const json_t *obj,
                               size_t file, struct lat_err *err)
{
    const char *cache = json_string_value(json_object_get(obj, "cache"));
    const json_t *window = json_object_get(obj, "window");
    const json_t *prep = json_object_get(obj, "preprocessing");
    const json_t *task = json_object_get(obj, "task");
    float likely[LAT_LABELS_MAX + 1];
    struct cli_item item = {.file = file,
                            .begin = member_count(window, "start"),
                            .end = member_count(window, "end")};
    float *z = NULL;
    size_t dims = 0;
    enum lat_code code =
        take_floats(&z, &dims, json_object_get(obj, "embedding"), err);

    item.rate_hz =
        json_number_value(json_object_get(prep, "resampled_from_hz"));
    snprintf(item.cache, sizeof(item.cache), "%s", cache ? cache : "");
    if (!code && json_is_object(task)) {
        code = take_task(out, likely, task, err);
        item.likely = likely;
    }
    if (!code)
        code = take_gates(&item.open, dims, obj, err);
    if (!code)
        code = cli_embeddings_add(out, &item, z, dims, err);
    lat_free(item.open);
    lat_free(z);
    if (!code)
        take_blocks(out, obj);
    return code;
}

static enum lat_code take_list(struct cli_embeddings *out, const json_t *root,
                               size_t file, struct lat_err *err)
{
    const char *model = json_string_value(json_object_get(root, "model"));
    const json_t *data = json_object_get(root, "data");
    enum lat_code code = LAT_OK;

    if (!model || !json_is_array(data))
        return not_understood("model and data", err);
    snprintf(out->model, sizeof(out->model), "%s", model);
    for (size_t i = 0; i < json_array_size(data) && !code; i++)
        code = take_item(out, json_array_get(data, i), file, err);
    return code;
}

/* Sends one recording to url; *root is the reply, and the caller's. */
static enum lat_code ask(json_t **root, const struct cli_asked *asked,
                         const char *url, const char *path, struct lat_err *err)
{
    struct cli_reply reply = {0};
    enum lat_code code =
        cli_post_recording(&reply, asked, asked->model, url, path, err);

    *root = NULL;
    if (!code) {
        *root = json_loadb(reply.body.v ? reply.body.v : "", reply.body.len, 0,
                           NULL);
        if (reply.status != 200)
            code = fail_reply(asked, &reply, *root, path, err);
        else if (!*root)
            code = not_understood("JSON", err);
    }
    cli_reply_fini(&reply);
    return code;
}

enum lat_code cli_remote_embed(const struct cli_asked *asked, const char *path,
                               size_t file, struct cli_embeddings *out,
                               struct lat_err *err)
{
    json_t *root;
    enum lat_code code = ask(&root, asked, "/v1/embeddings", path, err);

    out->images = cli_is_picture(path);
    if (!code)
        code = take_list(out, root, file, err);
    json_decref(root);
    return code;
}

static void take_fitting(struct cli_checked *out, const json_t *prep)
{
    const json_t *resized = json_object_get(prep, "resized");
    const json_t *crop = json_object_get(prep, "crop");

    snprintf(out->fitting, sizeof(out->fitting),
             "resized to %zu x %zu, the middle %zu x %zu",
             member_count(resized, "width"), member_count(resized, "height"),
             member_count(crop, "width"), member_count(crop, "height"));
}

static void take_check(struct cli_checked *out, const json_t *item)
{
    const json_t *prep = json_object_get(item, "preprocessing");
    const json_t *map = json_object_get(prep, "channel_map");
    const json_t *warnings = json_object_get(prep, "warnings");
    size_t len = 0;

    out->n_windows = member_count(item, "windows");
    out->n_missing = member_count(prep, "missing_samples");
    if (json_object_get(prep, "media_type"))
        take_fitting(out, prep);
    out->from_hz =
        json_number_value(json_object_get(prep, "resampled_from_hz"));
    out->to_hz = json_number_value(json_object_get(prep, "resampled_to_hz"));
    for (size_t i = 0; i < json_array_size(map) && len < sizeof(out->used); i++)
        len += (size_t)snprintf(out->used + len, sizeof(out->used) - len,
                                "%s%s", i ? ", " : "",
                                json_string_value(json_array_get(map, i)));
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const json_t *w = json_array_get(warnings, i);
        const char *text = json_string_value(w);

        if (!text)
            text = json_string_value(json_object_get(w, "message"));
        if (text && out->n_warnings < LAT_N_WARNINGS)
            snprintf(out->warnings[out->n_warnings++], sizeof(out->warnings[0]),
                     "%s", text);
    }
}

enum lat_code cli_remote_check(const struct cli_asked *asked, const char *path,
                               struct cli_checked *out, struct lat_err *err)
{
    const json_t *item;
    const char *text;
    json_t *root;
    enum lat_code code = ask(&root, asked, "/v1/validate", path, err);

    if (code)
        goto out;
    *out = (struct cli_checked){0};
    text = json_string_value(json_object_get(root, "model"));
    snprintf(out->model, sizeof(out->model), "%s", text ? text : "?");
    item = json_array_get(json_object_get(root, "items"), 0);
    text = json_string_value(
        json_object_get(json_object_get(item, "error"), "message"));
    if (json_is_true(json_object_get(item, "ok")))
        take_check(out, item);
    else
        code = lat_fail(err, LAT_EUNFIT, "%s: %s", path,
                        text ? text : "not accepted");
out:
    json_decref(root);
    return code;
}
