/* recording.c - what stands in the body of a recording. */
#include "recording.h"

#include "native.h"
#include "options.h"
#include "own.h"
#include "settle.h"

#include <string.h>

/* ---- names -------------------------------------------------------------- */

static bool is_utf8(const char *text)
{
    size_t n = 1;

    for (; *text && n; text += n)
        n = lat_utf8_length(text);
    return n > 0;
}

enum lat_code latd_wire_recording_id(const char *id, const char *what,
                                     struct lat_err *err)
{
    static const char *const taken[] = {".",      "..",      "query",
                                        "export", "reembed", NULL};
    size_t len = strlen(id);

    if (len == 0 || len >= LATD_RECORDING_ID)
        return lat_fail(err, LAT_EINVAL, "%s of %zu bytes, expected 1 to %d",
                        what, len, LATD_RECORDING_ID - 1);
    if (!is_utf8(id))
        return lat_fail(err, LAT_EINVAL, "%s is not UTF-8", what);
    for (size_t i = 0; taken[i]; i++)
        if (strcmp(id, taken[i]) == 0)
            return lat_fail(err, LAT_EINVAL,
                            "%s \"%s\" cannot stand in a path, expected "
                            "another",
                            what, id);
    return LAT_OK;
}

/* A copy of a text with a bound; out is left alone when it is not there. */
static enum lat_code copy_text(char *out, size_t size, const char *text,
                               const char *name, struct lat_err *err)
{
    size_t len = text ? strlen(text) : 0;

    if (!text)
        return LAT_OK;
    if (len == 0 || len >= size) {
        enum lat_code code =
            lat_fail(err, LAT_EINVAL, "%s of %zu bytes, expected 1 to %zu",
                     name, len, size - 1);

        return lat_at(err, code, "%s", name);
    }
    memcpy(out, text, len + 1);
    return LAT_OK;
}

static enum lat_code read_text(char *out, size_t size, const json_t *obj,
                               const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    return code ? code : copy_text(out, size, text, name, err);
}

/* ---- metadata ----------------------------------------------------------- */

static enum lat_code keep_metadata(struct latd_recording_req *out,
                                   const json_t *obj, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char *text;

    if (obj && !json_is_object(obj)) {
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "metadata is not an object");
        return lat_at(err, code, "metadata");
    }
    text =
        obj ? json_dumps(obj, JSON_COMPACT | JSON_SORT_KEYS) : lat_strdup("{}");
    if (!text)
        return lat_fail(err, LAT_ENOMEM, "metadata");
    lat_free(out->metadata);
    out->metadata = text; /* jansson's memory is ours: latd_wire_init */
    if (strlen(text) >= LATD_METADATA) {
        code = lat_fail(err, LAT_ETOOBIG,
                        "metadata of %zu bytes as JSON, at most %d",
                        strlen(text), LATD_METADATA - 1);
        return lat_at(err, code, "metadata");
    }
    return LAT_OK;
}

/* ---- models ------------------------------------------------------------- */

static enum lat_code add_model(struct latd_recording_req *out, const char *name,
                               struct lat_err *err)
{
    for (size_t i = 0; name && i < out->n_models; i++)
        if (strcmp(out->models[i], name) == 0)
            return lat_fail(err, LAT_EINVAL, "model %.80s twice", name);
    if (out->n_models == LATD_RECORDING_MODELS)
        return lat_fail(err, LAT_ETOOBIG, "over %d models",
                        LATD_RECORDING_MODELS);
    if (!name)
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not a model's name");
    return copy_text(out->models[out->n_models++], LATD_MODEL_NAME, name,
                     "model", err);
}

/* "model": one; "models": several. */
static enum lat_code read_models(struct latd_recording_req *out,
                                 const json_t *obj, struct lat_err *err)
{
    const json_t *list = latd_json_get(obj, "models"), *value;
    enum lat_code code = LAT_OK;
    size_t i;

    if (out->asked.model[0])
        code = add_model(out, out->asked.model, err);
    if (list && (!json_is_array(list) || out->n_models)) {
        code = lat_fail(err, LAT_EINVAL,
                        "expected model, or models as an array of names");
        return lat_at(err, code, "models");
    }
    json_array_foreach(list, i, value)
    {
        code = add_model(out, json_string_value(value), err);
        if (code) {
            lat_at(err, code, "[%zu]", i);
            return lat_at(err, code, "models");
        }
    }
    return code;
}

/* ---- vectors that are given --------------------------------------------- */

static enum lat_code read_all_own(struct latd_recording_req *out,
                                  const json_t *obj, struct lat_err *err)
{
    const json_t *list = latd_json_get(obj, "embeddings"), *value;
    enum lat_code code = LAT_OK;
    size_t i;

    if (list && (!json_is_array(list) ||
                 json_array_size(list) > LATD_RECORDING_MODELS)) {
        code = lat_fail(err, LAT_EINVAL,
                        "embeddings is not an array of at most %d",
                        LATD_RECORDING_MODELS);
        return lat_at(err, code, "embeddings");
    }
    json_array_foreach(list, i, value)
    {
        code = latd_own_vectors_decode(&out->own[out->n_own++], value, err);
        if (code) {
            lat_at(err, code, "[%zu]", i);
            return lat_at(err, code, "embeddings");
        }
    }
    return code;
}

/* ---- the whole ---------------------------------------------------------- */

/* Whole vectors are kept, as the model gives them. */
static enum lat_code check_plain(const struct latd_embed_req *asked,
                                 struct lat_err *err)
{
    const char *what = NULL;

    if (asked->block >= 0)
        what = "partition";
    else if (asked->dimensions)
        what = "dimensions";
    else if (asked->normalize)
        what = "normalize";
    else if (asked->include)
        what = "include";
    else if (asked->encoding != LATD_FLOAT)
        what = "encoding_format";
    else if (asked->partial)
        what = "on_error";
    else if (asked->gate_mode >= 0)
        what = "gate_mode";
    if (!what)
        return LAT_OK;
    return lat_at(err,
                  lat_fail_word(err, LAT_EINVAL, "unknown_field",
                                "%s is not said of a recording: its vectors "
                                "are kept whole, as the model gives them",
                                what),
                  "%s", what);
}

/* What the members say together. */
static enum lat_code check_whole(const struct latd_recording_req *r,
                                 struct lat_err *err)
{
    enum lat_code code = check_plain(&r->asked, err);

    if (code)
        return code;
    if (r->asked.n > 1)
        return lat_fail(err, LAT_EINVAL,
                        "%zu inputs, expected one for a recording", r->asked.n);
    if (r->asked.n + r->n_own == 0)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "expected input, or embeddings with vectors"),
                      "input");
    if (r->asked.n && r->n_models == 0)
        return lat_at(err, lat_fail(err, LAT_EINVAL, "model is missing"),
                      "model");
    if (!r->asked.n && r->n_models)
        return lat_at(
            err,
            lat_fail(err, LAT_EINVAL, "a model, but no input for it to embed"),
            "model");
    if (r->store_waveform && (r->asked.n == 0 || !r->asked.inputs[0].sig))
        return lat_at(
            err, lat_fail(err, LAT_EUNFIT, "there is no signal to be stored"),
            "store_waveform");
    return LAT_OK;
}

static enum lat_code read_input(struct latd_embed_req *asked,
                                struct latd_doc *doc,
                                const struct latd_embed_limits *limits,
                                struct lat_err *err)
{
    const json_t *input = latd_json_get(doc->root, "input");
    enum lat_code code;

    if (!input)
        return LAT_OK;
    asked->place = LATD_AT_INPUT;
    code = latd_inputs_new(asked, 1, 1, err);
    if (code)
        return code;
    code = latd_input_decode(asked->inputs, doc, input, &asked->inputs[0].err);
    return latd_inputs_settle(asked, 0, code, limits, err);
}

/* keep: {"windows": true, "signal": false}, how store_waveform and the pool of
 * the windowing are said together. */
static enum lat_code read_keep(struct latd_recording_req *out,
                               const json_t *root, struct lat_err *err)
{
    static const char *const known[] = {"windows", "signal", NULL};
    const json_t *keep = latd_json_get(root, "keep");
    bool windows = true;
    enum lat_code code = LAT_OK;

    if (!keep)
        return LAT_OK;
    if (!json_is_object(keep))
        code = lat_fail(err, LAT_EINVAL, "expected an object");
    if (!code)
        code = latd_json_known(keep, known, err);
    if (!code)
        code = latd_json_bool(&windows, keep, "windows", err);
    if (!code)
        code = latd_json_bool(&out->store_waveform, keep, "signal", err);
    if (!code && !windows && latd_json_get(root, "embeddings"))
        code = lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "vectors that are given are kept as they are: "
                               "send their mean instead"),
                      "windows");
    if (!windows)
        out->asked.pool_mean = true;
    return code ? lat_at(err, code, "keep") : LAT_OK;
}

static enum lat_code from_json(struct latd_recording_req *out,
                               const struct latd_body *body,
                               const struct latd_embed_limits *limits,
                               struct lat_err *err)
{
    static const char *const extra[] = {
        "id",         "input",          "subject", "metadata", "models",
        "embeddings", "store_waveform", "keep",    NULL};
    struct latd_doc doc;
    enum lat_code code = latd_doc_open(&doc, body->data, body->len, err);

    if (code)
        return code;
    code = latd_options_decode(&out->asked, doc.root, extra, err);
    if (!code)
        code = read_text(out->id, sizeof(out->id), doc.root, "id", err);
    if (!code)
        code = read_text(out->subject, sizeof(out->subject), doc.root,
                         "subject", err);
    if (!code)
        code = keep_metadata(out, latd_json_get(doc.root, "metadata"), err);
    if (!code)
        code = latd_json_bool(&out->store_waveform, doc.root, "store_waveform",
                              err);
    if (!code)
        code = read_keep(out, doc.root, err);
    if (!code)
        code = read_models(out, doc.root, err);
    if (!code)
        code = read_all_own(out, doc.root, err);
    if (!code)
        code = read_input(&out->asked, &doc, limits, err);
    latd_doc_close(&doc);
    return code;
}

static enum lat_code from_query(struct latd_recording_req *out,
                                const struct latd_params *q,
                                struct lat_err *err)
{
    const char *text = q->get(q->arg, "metadata");
    const char *store = q->get(q->arg, "store_waveform");
    json_t *metadata = text ? latd_json_literal(text) : NULL;
    enum lat_code code = keep_metadata(out, metadata, err);

    json_decref(metadata);
    if (!code)
        code = copy_text(out->subject, sizeof(out->subject),
                         q->get(q->arg, "subject"), "subject", err);
    if (!code && store && strcmp(store, "true") != 0 &&
        strcmp(store, "false") != 0)
        code = lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "store_waveform is %.40s, expected true or "
                               "false",
                               store),
                      "store_waveform");
    out->store_waveform = store && strcmp(store, "true") == 0;
    return code ? code : add_model(out, out->asked.model, err);
}

enum lat_code latd_wire_recording_decode(struct latd_recording_req *out,
                                         const struct latd_body *body,
                                         const struct latd_embed_limits *limits,
                                         struct lat_err *err)
{
    enum latd_kind kind;
    enum lat_code code = latd_wire_kind(&kind, body, err);

    *out = (struct latd_recording_req){
        .asked = {.block = -1, .modality = -1, .gate_mode = -1}};
    if (!code && kind == LATD_KIND_JSON)
        code = from_json(out, body, limits, err);
    else if (!code)
        code = latd_wire_embed_decode(&out->asked, body, limits, err);
    if (!code && kind != LATD_KIND_JSON)
        code = from_query(out, &body->query, err);
    if (!code)
        code = check_whole(out, err);
    if (code)
        latd_wire_recording_fini(out);
    return code;
}

void latd_wire_recording_fini(struct latd_recording_req *req)
{
    for (size_t i = 0; i < req->n_own; i++)
        lat_free(req->own[i].v);
    lat_free(req->metadata);
    latd_wire_embed_fini(&req->asked);
    *req = (struct latd_recording_req){0};
}
