/* options.c - the members of the body, each with its bounds. */
#include "options.h"

#include <string.h>

enum { TIMEOUT_MAX_MS = 600000, HOP_MAX = 1 << 30, MEMBERS_MAX = 32 };

static const char *const members[] = {"model",      "encoding_format",
                                      "dimensions", "include",
                                      "partition",  "normalize",
                                      "windowing",  "timeout_ms",
                                      "on_error",   "channel_match",
                                      "modality",   "user",
                                      "gate_mode",  NULL};

static enum lat_code check_members(const json_t *obj, const char *const *extra,
                                   struct lat_err *err)
{
    const char *names[MEMBERS_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; members[i] && n < MEMBERS_MAX; i++)
        names[n++] = members[i];
    for (; extra && *extra && n < MEMBERS_MAX; extra++)
        names[n++] = *extra;
    names[n] = NULL;
    return latd_json_known(obj, names, err);
}

static enum lat_code read_model(struct latd_embed_req *out, const json_t *obj,
                                struct lat_err *err)
{
    const char *model = NULL;
    enum lat_code code = latd_json_text(&model, obj, "model", err);

    if (code || !model)
        return code;
    if (!*model || strlen(model) >= sizeof(out->model)) {
        code = lat_fail(err, LAT_EINVAL,
                        "model has %zu characters, expected 1 to %zu",
                        strlen(model), sizeof(out->model) - 1);
        return lat_at(err, code, "model");
    }
    memcpy(out->model, model, strlen(model) + 1);
    return LAT_OK;
}

static enum lat_code read_include(struct latd_embed_req *out, const json_t *obj,
                                  struct lat_err *err)
{
    static const char *const words[] = {
        "partitions", "gates", "preprocessing", "task", "features", NULL};
    const json_t *list = latd_json_get(obj, "include"), *value;
    enum lat_code code = LAT_OK;
    size_t i;

    if (list && !json_is_array(list)) {
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "include is not an array of words");
        return lat_at(err, code, "include");
    }
    json_array_foreach(list, i, value)
    {
        const char *word = json_string_value(value);
        int bit = 0;

        code = latd_word_find(&bit, word ? word : "", words, err);
        if (code) {
            lat_at(err, code, "[%zu]", i);
            return lat_at(err, code, "include");
        }
        out->include |= 1u << bit;
    }
    return LAT_OK;
}

static enum lat_code read_windowing(struct latd_embed_req *out,
                                    const json_t *obj, struct lat_err *err)
{
    static const char *const known[] = {"mode", "hop_samples", "pool", NULL};
    static const char *const modes[] = {"reject", "center", "tile", NULL};
    static const char *const pools[] = {"none", "mean", NULL};
    const json_t *w = latd_json_get(obj, "windowing");
    uint64_t hop = 0;
    int mode = LAT_REJECT, pool = 0;
    enum lat_code code;

    if (!w)
        return LAT_OK;
    if (!json_is_object(w)) {
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "expected an object, as {\"mode\": \"tile\"}");
        return lat_at(err, code, "windowing");
    }
    code = latd_json_known(w, known, err);
    if (code == LAT_OK)
        code = latd_json_word(&mode, w, "mode", modes, err);
    if (code == LAT_OK)
        code = latd_json_whole(&hop, w, "hop_samples",
                               (struct latd_bounds){1, HOP_MAX}, err);
    if (code == LAT_OK)
        code = latd_json_word(&pool, w, "pool", pools, err);
    if (code == LAT_OK && hop && mode != LAT_TILE) {
        code = lat_fail(err, LAT_EINVAL, "hop_samples is for mode tile");
        code = lat_at(err, code, "hop_samples");
    }
    if (code)
        return lat_at(err, code, "windowing");
    out->cut.mode = (enum lat_windowing)mode;
    out->cut.hop = (size_t)hop;
    out->pool_mean = pool == 1;
    return LAT_OK;
}

static enum lat_code read_words(struct latd_embed_req *out, const json_t *obj,
                                struct lat_err *err)
{
    static const char *const formats[] = {"float", "base64", "bytes", "sparse",
                                          NULL};
    static const char *const errors[] = {"fail", "partial", NULL};
    static const char *const matches[] = {"name", "positional", NULL};
    static const char *const modalities[] = {"signal", "image", NULL};
    const char *blocks[LAT_N_BLOCKS + 1] = {NULL};
    const char *gates[LAT_N_GATE_MODES + 1] = {NULL};
    int format = LATD_FLOAT, on_error = 0, match = 0;
    enum lat_code code;

    for (int b = 0; b < LAT_N_BLOCKS; b++)
        blocks[b] = lat_block_name((enum lat_block)b);
    for (unsigned g = 0; g < LAT_N_GATE_MODES; g++)
        gates[g] = lat_gate_mode_name(g);
    code = latd_json_word(&format, obj, "encoding_format", formats, err);
    if (code && err && !err->word)
        err->word = "unsupported_encoding";
    if (code == LAT_OK)
        code = latd_json_word(&out->block, obj, "partition", blocks, err);
    if (code == LAT_OK)
        code = latd_json_word(&on_error, obj, "on_error", errors, err);
    if (code == LAT_OK)
        code = latd_json_word(&match, obj, "channel_match", matches, err);
    if (code == LAT_OK)
        code = latd_json_word(&out->modality, obj, "modality", modalities, err);
    if (code == LAT_OK)
        code = latd_json_word(&out->gate_mode, obj, "gate_mode", gates, err);
    out->encoding = (enum latd_encoding)format;
    out->partial = on_error == 1;
    out->cut.positional = match == 1;
    return code;
}

enum lat_code latd_options_decode(struct latd_embed_req *out, const json_t *obj,
                                  const char *const *extra, struct lat_err *err)
{
    const char *user = NULL;
    uint64_t dimensions = 0;
    enum lat_code code = check_members(obj, extra, err);

    if (code == LAT_OK)
        code = read_model(out, obj, err);
    if (code == LAT_OK)
        code = latd_json_text(&user, obj, "user", err);
    if (code == LAT_OK)
        code = read_include(out, obj, err);
    if (code == LAT_OK)
        code = read_windowing(out, obj, err);
    if (code == LAT_OK)
        code = read_words(out, obj, err);
    if (code == LAT_OK)
        code = latd_json_bool(&out->normalize, obj, "normalize", err);
    if (code == LAT_OK)
        code = latd_json_whole(&dimensions, obj, "dimensions",
                               (struct latd_bounds){1, 1 << 24}, err);
    if (code == LAT_OK)
        code = latd_json_whole(&out->timeout_ms, obj, "timeout_ms",
                               (struct latd_bounds){1, TIMEOUT_MAX_MS}, err);
    if (code == LAT_OK && dimensions)
        out->dimensions = (size_t)dimensions;
    return code;
}

/* How a parameter of the query becomes a member. */
enum shape { TEXT, LITERAL, LIST, WINDOWING };

static json_t *member_of(enum shape shape, const char *text)
{
    json_t *list;

    if (shape == TEXT)
        return json_string(text);
    if (shape == LITERAL)
        return latd_json_literal(text);
    list = json_array();
    while (list && *text) {
        size_t len = strcspn(text, ",");

        if (json_array_append_new(list, json_stringn(text, len))) {
            json_decref(list);
            return NULL;
        }
        text += len + (text[len] == ',');
    }
    return list;
}

static enum lat_code put(json_t *to, const char *name, json_t *value,
                         struct lat_err *err)
{
    if (json_object_set_new(to, name, value))
        return lat_fail(err, LAT_ENOMEM, "the query, or it is not UTF-8");
    return LAT_OK;
}

static enum lat_code put_params(json_t *obj, json_t *window,
                                const struct latd_params *query,
                                struct lat_err *err)
{
    static const struct {
        const char *param, *member;
        enum shape shape;
    } table[] = {
        {"model", "model", TEXT},
        {"encoding_format", "encoding_format", TEXT},
        {"dimensions", "dimensions", LITERAL},
        {"include", "include", LIST},
        {"partition", "partition", TEXT},
        {"normalize", "normalize", LITERAL},
        {"timeout_ms", "timeout_ms", LITERAL},
        {"on_error", "on_error", TEXT},
        {"channel_match", "channel_match", TEXT},
        {"user", "user", TEXT},
        {"modality", "modality", TEXT},
        {"gate_mode", "gate_mode", TEXT},
        {"windowing", "mode", WINDOWING},
        {"hop_samples", "hop_samples", WINDOWING},
        {"pool", "pool", WINDOWING},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *text = query->get(query->arg, table[i].param);
        bool in_window = table[i].shape == WINDOWING;
        bool whole = strcmp(table[i].param, "hop_samples") == 0;
        enum lat_code code;

        if (!text)
            continue;
        code =
            put(in_window ? window : obj, table[i].member,
                member_of(in_window ? whole ? LITERAL : TEXT : table[i].shape,
                          text),
                err);
        if (code)
            return code;
    }
    return LAT_OK;
}

enum lat_code latd_options_query(struct latd_embed_req *out,
                                 const struct latd_params *query,
                                 struct lat_err *err)
{
    json_t *obj, *window;
    enum lat_code code = LAT_OK;

    if (!query->get)
        return LAT_OK;
    obj = json_object();
    window = json_object();
    if (!obj || !window)
        code = lat_fail(err, LAT_ENOMEM, "query");
    if (code == LAT_OK)
        code = put_params(obj, window, query, err);
    if (code == LAT_OK && json_object_size(window))
        code = put(obj, "windowing", json_incref(window), err);
    if (code == LAT_OK)
        code = latd_options_decode(out, obj, NULL, err);
    json_decref(window);
    json_decref(obj);
    return code;
}
