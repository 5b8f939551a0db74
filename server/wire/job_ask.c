/* job_ask.c - what a client wants to be trained, and how. */
#include "job_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 1 << 20 };

/* ---- hyperparameters, limits, checkpoints ------------------------------ */

/* "auto" is as good as nothing. */
static bool is_auto(const json_t *obj, const char *name)
{
    const char *text = json_string_value(json_object_get(obj, name));

    return text && strcmp(text, "auto") == 0;
}

static enum lat_code read_hyper(struct latd_job_ask *ask, const json_t *root,
                                struct lat_err *err)
{
    static const char *const known[] = {"n_epochs", "batch_size",
                                        "learning_rate_multiplier", NULL};
    const json_t *h = NULL;
    enum lat_code code =
        latd_job_object(&h, root, "hyperparameters", known, err);

    if (code || !h)
        return code;
    if (!is_auto(h, known[0]))
        code = latd_json_whole(&ask->n_epochs, h, known[0],
                               (struct latd_bounds){1, 100000}, err);
    if (!code && !is_auto(h, known[1]))
        code = latd_json_whole(&ask->batch_size, h, known[1],
                               (struct latd_bounds){2, 65536}, err);
    if (!code && !is_auto(h, known[2])) {
        code = latd_json_number(&ask->rate_multiplier, h, known[2], err);
        if (!code && latd_json_get(h, known[2]) &&
            !(ask->rate_multiplier > 0.0 && ask->rate_multiplier <= 1000.0))
            code = lat_at(err,
                          lat_fail(err, LAT_EINVAL,
                                   "learning_rate_multiplier is %g, must be "
                                   "above 0 and at most 1000",
                                   ask->rate_multiplier),
                          "learning_rate_multiplier");
    }
    return code ? lat_at(err, code, "hyperparameters") : LAT_OK;
}

static enum lat_code read_limits(struct latd_job_ask *ask, const json_t *root,
                                 struct lat_err *err)
{
    static const char *const known[] = {"max_wall_seconds", "max_threads",
                                        "max_disk_bytes", NULL};
    static const char *const saves[] = {"every_steps", "keep", NULL};
    const json_t *l = NULL, *c = NULL;
    enum lat_code code = latd_job_object(&l, root, "limits", known, err);

    if (!code && l) {
        code = latd_json_whole(&ask->max_wall_seconds, l, known[0],
                               (struct latd_bounds){1, 1000000000}, err);
        if (!code)
            code = latd_json_whole(&ask->max_threads, l, known[1],
                                   (struct latd_bounds){1, 256}, err);
        if (!code)
            code = latd_json_whole(&ask->max_disk_bytes, l, known[2],
                                   (struct latd_bounds){1, INT64_MAX}, err);
        if (code)
            return lat_at(err, code, "limits");
    }
    if (!code)
        code = latd_job_object(&c, root, "checkpoint", saves, err);
    if (code || !c)
        return code;
    code = latd_json_whole(&ask->every_steps, c, saves[0],
                           (struct latd_bounds){1, 1000000000}, err);
    if (!code)
        code = latd_json_whole(&ask->keep, c, saves[1],
                               (struct latd_bounds){0, 100}, err);
    return code ? lat_at(err, code, "checkpoint") : LAT_OK;
}

/* ---- the whole --------------------------------------------------------- */

static enum lat_code read_text(char *to, size_t size, const json_t *root,
                               const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, root, name, err);

    if (code || !text)
        return code;
    if (strlen(text) >= size)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL, "%s has %zu bytes, at most %zu",
                               name, strlen(text), size - 1),
                      "%s", name);
    memcpy(to, text, strlen(text) + 1);
    return LAT_OK;
}

static enum lat_code need(const char *text, const char *name,
                          struct lat_err *err)
{
    if (*text)
        return LAT_OK;
    return lat_at(err, lat_fail(err, LAT_EINVAL, "%s is missing", name), "%s",
                  name);
}

static enum lat_code read_names(struct latd_job_ask *ask, const json_t *root,
                                struct lat_err *err)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    enum lat_code code =
        read_text(ask->model, sizeof(ask->model), root, "model", err);

    if (!code)
        code = read_text(ask->training_file, sizeof(ask->training_file), root,
                         "training_file", err);
    if (!code)
        code = read_text(ask->validation_file, sizeof(ask->validation_file),
                         root, "validation_file", err);
    if (!code)
        code = read_text(ask->suffix, sizeof(ask->suffix), root, "suffix", err);
    if (!code)
        code = need(ask->model, "model", err);
    if (!code)
        code = need(ask->training_file, "training_file", err);
    if (!code && ask->suffix[strspn(ask->suffix, good)])
        code = lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "suffix is %s, must be of letters, digits and "
                               "_ . -",
                               ask->suffix),
                      "suffix");
    return code;
}

static enum lat_code check_metadata(const json_t *root, struct lat_err *err)
{
    json_t *m = latd_json_get(root, "metadata"), *value;
    const char *key;

    if (m && !json_is_object(m))
        return lat_at(err,
                      lat_fail_word(err, LAT_EINVAL, "invalid_type",
                                    "metadata is not an object"),
                      "metadata");
    if (json_object_size(m) > 16)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL, "%zu metadata, at most 16",
                               json_object_size(m)),
                      "metadata");
    json_object_foreach(m, key, value)
    {
        if (!json_is_string(value) || strlen(key) > 64 ||
            json_string_length(value) > 512)
            return lat_at(err,
                          lat_fail(err, LAT_EINVAL,
                                   "metadata are texts of at most 512 bytes, "
                                   "by names of at most 64"),
                          "metadata.%.40s", key);
    }
    return LAT_OK;
}

/* OpenAI's newer place for hyperparameters: method.supervised. */
static enum lat_code unwrap_method(json_t *root, struct lat_err *err)
{
    static const char *const known[] = {"type", "supervised", NULL};
    static const char *const inner[] = {"hyperparameters", NULL};
    json_t *m = latd_json_get(root, "method");
    const char *type = json_string_value(json_object_get(m, "type"));
    json_t *s = json_object_get(m, "supervised");
    json_t *h = json_object_get(s, "hyperparameters");
    enum lat_code code = LAT_OK;

    if (!m)
        return LAT_OK;
    if (json_is_object(m))
        code = latd_json_known(m, known, err);
    if (!code && json_is_object(s)) {
        code = latd_json_known(s, inner, err);
        lat_at(err, code, "supervised");
    }
    if (code)
        return lat_at(err, code, "method");
    if (!type || strcmp(type, "supervised") != 0)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "method.type must be supervised; what is "
                               "learned is said in objective"),
                      "method.type");
    if (h && json_object_set(root, "hyperparameters", h))
        return lat_fail(err, LAT_ENOMEM, "method");
    json_object_del(root, "method");
    return LAT_OK;
}

static enum lat_code read_root(struct latd_job_ask *ask, json_t *root,
                               struct lat_err *err)
{
    static const char *const known[] = {
        "model",    "training_file",   "validation_file", "suffix",
        "seed",     "hyperparameters", "objective",       "limits",
        "metadata", "checkpoint",      "method",          NULL};
    enum lat_code code = LAT_OK;

    if (!json_is_object(root))
        return lat_fail_word(err, LAT_EINVAL, "invalid_json",
                             "the body is not a JSON object");
    code = latd_json_known(root, known, err);
    if (!code)
        code = unwrap_method(root, err);
    if (!code)
        code = read_names(ask, root, err);
    if (!code)
        code = latd_json_whole(&ask->seed, root, "seed",
                               (struct latd_bounds){0, 1000000000000000}, err);
    if (!code)
        code = read_hyper(ask, root, err);
    if (!code)
        code = latd_job_objective(ask, root, err);
    if (!code)
        code = read_limits(ask, root, err);
    return code ? code : check_metadata(root, err);
}

/* What decides what is learned, but for model and files: those may have other
 * names. */
static enum lat_code digest(uint8_t out[LAT_DIGEST], const json_t *root,
                            struct lat_err *err)
{
    static const char *const names[] = {
        "model", "training_file", "validation_file", "metadata", "suffix"};
    json_t *rest = json_copy((json_t *)(uintptr_t)root);
    struct lat_sha256 h;
    char *text = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_object_del(rest, names[i]);
    if (rest)
        text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(rest);
    if (!text)
        return lat_fail(err, LAT_ENOMEM, "a job");
    lat_sha256_init(&h);
    lat_sha256_add(&h, text, strlen(text));
    lat_sha256_end(&h, out);
    lat_free(text);
    return LAT_OK;
}

enum lat_code latd_wire_job_decode(struct latd_job_ask *out, char **normal,
                                   const char *body, size_t len,
                                   struct lat_err *err)
{
    struct latd_job_ask *ask = lat_calloc(1, sizeof(*ask));
    json_error_t at;
    json_t *root = NULL;
    char *text = NULL;
    enum lat_code code = LAT_OK;

    if (!ask)
        return lat_fail(err, LAT_ENOMEM, "a job");
    ask->seed = 1;
    ask->keep = 5;
    if (len > BODY_MAX)
        code = lat_fail_word(err, LAT_ETOOBIG, "request_too_large",
                             "a job of %zu bytes, at most %d", len, BODY_MAX);
    else
        root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &at);
    if (!code && !root)
        code = lat_fail_word(err, LAT_EFORMAT, "invalid_json",
                             "not JSON at byte %d: %s", at.position, at.text);
    if (!code)
        code = read_root(ask, root, err);
    if (!code)
        code = digest(ask->digest, root, err);
    if (!code)
        text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    if (!code && !text)
        code = lat_fail(err, LAT_ENOMEM, "a job");
    if (!code) {
        *out = *ask;
        *normal = text;
    }
    json_decref(root);
    lat_free(ask);
    return code;
}
