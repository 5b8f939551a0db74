/* similar.c - what stands in bodies that compare. */
#include "given.h"
#include "native.h"
#include "options.h"
#include "settle.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum lat_code fail_at(struct lat_err *err, const char *at,
                             enum lat_code code)
{
    return lat_at(err, code, "%s", at);
}

/* ---- one thing that is given ---- */

static enum lat_code read_floats(struct latd_given *g, const json_t *list,
                                 struct lat_err *err)
{
    json_t *value;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) == 0)
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "embedding is not an array of numbers");
    g->dims = json_array_size(list);
    g->v = lat_calloc(g->dims, sizeof(*g->v));
    if (!g->v)
        return lat_fail(err, LAT_ENOMEM, "%zu numbers", g->dims);
    json_array_foreach(list, i, value)
    {
        g->v[i] = (float)json_number_value(value);
        if (json_is_number(value) && isfinite(g->v[i]))
            continue;
        lat_fail_word(err, LAT_EINVAL, "invalid_type",
                      "not a number that float32 has");
        return lat_at(err, LAT_EINVAL, "[%zu]", i);
    }
    return LAT_OK;
}

static enum lat_code read_text(char **out, const json_t *obj, const char *name,
                               struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    if (code || !text)
        return code;
    *out = lat_strdup(text);
    return *out ? LAT_OK : lat_fail(err, LAT_ENOMEM, "%s", name);
}

static enum lat_code read_embedding(struct latd_given *g, const json_t *obj,
                                    struct lat_err *err)
{
    enum lat_code code = read_floats(g, latd_json_get(obj, "embedding"), err);

    g->kind = LATD_GIVEN_EMBEDDING;
    if (code)
        return lat_at(err, code, "embedding");
    return read_text(&g->model, obj, "model", err);
}

/* Room for one more input was made. */
static enum lat_code read_input(struct latd_similar_req *out,
                                struct latd_given *g, struct latd_doc *doc,
                                const json_t *obj,
                                const struct latd_embed_limits *limits,
                                struct lat_err *err)
{
    struct latd_embed_input *in = &out->inputs.inputs[out->inputs.n];
    enum lat_code code;

    g->kind = LATD_GIVEN_INPUT;
    g->input = out->inputs.n++;
    memcpy(in->at, g->at, sizeof(in->at));
    code = latd_input_decode(in, doc, latd_json_get(obj, "input"), &in->err);
    return latd_inputs_settle(&out->inputs, g->input, code, limits, err);
}

/* Errors of an input have their whole path already. */
enum lat_code latd_given_read(struct latd_similar_req *out, size_t i,
                              struct latd_doc *doc, const json_t *obj,
                              const struct latd_embed_limits *limits,
                              struct lat_err *err)
{
    static const char *const known[] = {"recording", "embedding", "model",
                                        "input", NULL};
    struct latd_given *g = &out->given[i];
    bool recording = latd_json_get(obj, "recording") != NULL;
    bool embedding = latd_json_get(obj, "embedding") != NULL;
    bool input = latd_json_get(obj, "input") != NULL;
    enum lat_code code;

    if (!json_is_object(obj) || recording + embedding + input != 1 ||
        (!embedding && latd_json_get(obj, "model"))) {
        code = lat_fail(err, LAT_EINVAL,
                        "expected {\"recording\": id}, {\"embedding\": "
                        "numbers, \"model\": name} or {\"input\": signal}");
        return fail_at(err, g->at, code);
    }
    code = latd_json_known(obj, known, err);
    if (code == LAT_OK && input)
        return read_input(out, g, doc, obj, limits, err);
    if (code == LAT_OK && recording)
        code = read_text(&g->recording, obj, "recording", err);
    else if (code == LAT_OK)
        code = read_embedding(g, obj, err);
    return code ? fail_at(err, g->at, code) : LAT_OK;
}

enum lat_code latd_given_room(struct latd_similar_req *out, size_t n,
                              struct lat_err *err)
{
    out->n = n;
    out->given = lat_calloc(n, sizeof(*out->given));
    out->inputs.inputs = lat_calloc(n, sizeof(*out->inputs.inputs));
    out->inputs.place = LATD_AT_EACH;
    if (!out->given || !out->inputs.inputs)
        return lat_fail(err, LAT_ENOMEM, "%zu to compare", n);
    return LAT_OK;
}

enum lat_code latd_given_count(const json_t *list, const char *name,
                               size_t most, const char *bound,
                               struct lat_err *err)
{
    size_t n = json_array_size(list);
    enum lat_code code;

    if (json_is_array(list) && n > 0 && n <= most)
        return LAT_OK;
    if (!json_is_array(list) || n == 0)
        code = lat_fail(err, LAT_EINVAL, "%s is not an array of at least one",
                        name);
    else
        code = lat_fail(err, LAT_ETOOBIG,
                        "%zu %s, at most %zu are taken at "
                        "once (%s)",
                        n, name, most, bound);
    return lat_at(err, code, "%s", name);
}

/* ---- what both bodies say ---- */

static enum lat_code read_weights(struct latd_similar_req *out,
                                  const json_t *obj, struct lat_err *err)
{
    const char *names[LAT_N_BLOCKS + 1] = {NULL};
    const json_t *weights = latd_json_get(obj, "weights");
    enum lat_code code;

    if (!weights)
        return LAT_OK;
    for (int b = 0; b < LAT_N_BLOCKS; b++)
        names[b] = lat_block_name((enum lat_block)b);
    if (!json_is_object(weights))
        return lat_at(err,
                      lat_fail_word(err, LAT_EINVAL, "invalid_type",
                                    "expected an object, as "
                                    "{\"invariant\": 1}"),
                      "weights");
    code = latd_json_known(weights, names, err);
    out->weighted = true;
    for (int b = 0; b < LAT_N_BLOCKS && code == LAT_OK; b++)
        code = latd_json_number(&out->weights[b], weights, names[b], err);
    return code ? lat_at(err, code, "weights") : LAT_OK;
}

static enum lat_code read_explain(struct latd_similar_req *out,
                                  const json_t *obj, struct lat_err *err)
{
    static const char *const known[] = {"top_dims", NULL};
    const json_t *explain = latd_json_get(obj, "explain");
    uint64_t top = 0;
    enum lat_code code;

    if (!explain)
        return LAT_OK;
    if (!json_is_object(explain))
        return lat_at(err,
                      lat_fail_word(err, LAT_EINVAL, "invalid_type",
                                    "expected an object, as "
                                    "{\"top_dims\": 5}"),
                      "explain");
    code = latd_json_known(explain, known, err);
    if (code == LAT_OK)
        code = latd_json_whole(&top, explain, "top_dims",
                               (struct latd_bounds){1, LATD_TOP_DIMS_MAX}, err);
    out->top_dims = top ? (size_t)top : 5;
    return code ? lat_at(err, code, "explain") : LAT_OK;
}

/* "match": how the windows of two become one score. */
static enum lat_code read_match(struct latd_similar_req *out, const json_t *obj,
                                struct lat_err *err)
{
    static const char *const words[] = {"mean", "best_window", NULL};
    int match = 0;
    enum lat_code code = latd_json_word(&match, obj, "match", words, err);

    out->best_window = match == 1;
    if (code || !out->best_window || !out->inputs.pool_mean)
        return code;
    return lat_at(err,
                  lat_fail(err, LAT_EINVAL,
                           "match best_window compares windows, and pool mean "
                           "leaves none: leave out one of them"),
                  "match");
}

enum lat_code latd_similar_common(struct latd_similar_req *out,
                                  const json_t *obj, const char *const *members,
                                  struct lat_err *err)
{
    static const char *const metrics[] = {"cosine", "dot", NULL};
    int metric = LAT_COSINE;
    enum lat_code code = latd_json_known(obj, members, err);

    if (code == LAT_OK)
        code = latd_options_decode(&out->inputs, obj, members, err);
    if (code == LAT_OK && !out->inputs.model[0])
        code =
            lat_at(err, lat_fail(err, LAT_EINVAL, "model is missing"), "model");
    if (code == LAT_OK)
        code = latd_json_word(&metric, obj, "metric", metrics, err);
    if (code == LAT_OK)
        code = read_match(out, obj, err);
    if (code == LAT_OK)
        code = read_weights(out, obj, err);
    if (code == LAT_OK)
        code = read_explain(out, obj, err);
    out->metric = (enum lat_metric)metric;
    return code;
}

enum lat_code latd_similar_open(struct latd_doc *doc,
                                const struct latd_body *body,
                                struct lat_err *err)
{
    enum latd_kind kind;
    enum lat_code code = latd_wire_kind(&kind, body, err);

    if (code == LAT_OK && kind != LATD_KIND_JSON)
        code = lat_fail(err, LAT_EMEDIA, "%.80s, expected application/json",
                        body->type);
    return code ? code : latd_doc_open(doc, body->data, body->len, err);
}

/* ---- POST /v1/similarity ---- */

static enum lat_code read_similarity(struct latd_similar_req *out,
                                     struct latd_doc *doc,
                                     const struct latd_embed_limits *limits,
                                     struct lat_err *err)
{
    static const char *const members[] = {
        "model",         "source",     "targets", "metric",
        "weights",       "match",      "explain", "windowing",
        "channel_match", "timeout_ms", NULL};
    const json_t *targets = json_object_get(doc->root, "targets");
    enum lat_code code = latd_similar_common(out, doc->root, members, err);

    if (code == LAT_OK)
        code = latd_given_count(targets, "targets", limits->max_inputs,
                                "max-inputs", err);
    if (code == LAT_OK)
        code = latd_given_room(out, json_array_size(targets) + 1, err);
    for (size_t i = 0; i < out->n && code == LAT_OK; i++) {
        struct latd_given *g = &out->given[i];
        const json_t *obj = i ? json_array_get(targets, i - 1)
                              : json_object_get(doc->root, "source");

        if (i)
            snprintf(g->at, sizeof(g->at), "targets[%zu]", i - 1);
        else
            snprintf(g->at, sizeof(g->at), "source");
        code = latd_given_read(out, i, doc, obj, limits, err);
    }
    return code;
}

enum lat_code latd_wire_similarity_decode(
    struct latd_similar_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err)
{
    struct latd_doc doc = {0};
    enum lat_code code = latd_similar_open(&doc, body, err);

    *out = (struct latd_similar_req){
        .inputs = {.block = -1, .modality = -1, .gate_mode = -1}};
    if (code == LAT_OK)
        code = read_similarity(out, &doc, limits, err);
    latd_doc_close(&doc);
    if (code)
        latd_wire_similar_fini(out);
    return code;
}

void latd_wire_similar_fini(struct latd_similar_req *req)
{
    for (size_t i = 0; req->given && i < req->n; i++) {
        lat_free(req->given[i].recording);
        lat_free(req->given[i].v);
        lat_free(req->given[i].model);
    }
    lat_free(req->given);
    latd_filter_fini(&req->filter);
    latd_wire_embed_fini(&req->inputs);
    *req = (struct latd_similar_req){0};
}
