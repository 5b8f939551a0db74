/* request.c - the body of POST /v1/embeddings, whatever it was sent as. */
#include "files.h"
#include "formats.h"
#include "native.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

enum lat_code latd_wire_embed_at(const struct latd_embed_req *req, size_t i,
                                 enum lat_code code, struct lat_err *err)
{
    switch (req->place) {
    case LATD_AT_BODY:
        break;
    case LATD_AT_INPUT:
        return lat_at(err, code, "input");
    case LATD_AT_INPUTS:
        lat_at(err, code, "[%zu]", i);
        return lat_at(err, code, "input");
    case LATD_AT_FILES:
        lat_at(err, code, "[%zu]", i);
        return lat_at(err, code, "file");
    }
    return code;
}

/* Room for n inputs. */
static enum lat_code new_inputs(struct latd_embed_req *out, size_t n,
                                size_t max, struct lat_err *err)
{
    enum lat_code code;

    if (n == 0) {
        code = lat_fail(err, LAT_EINVAL, "no inputs, expected at least one");
        return lat_at(err, code, "input");
    }
    if (n > max) {
        code = lat_fail(err, LAT_ETOOBIG,
                        "%zu inputs, at most %zu are taken at once "
                        "(max-inputs)",
                        n, max);
        return lat_at(err, code, "input");
    }
    out->inputs = lat_calloc(n, sizeof(*out->inputs));
    if (!out->inputs)
        return lat_fail(err, LAT_ENOMEM, "%zu inputs", n);
    out->n = n;
    return LAT_OK;
}

/* Input i came to code: an error of the request, or of the item alone.  What
 * is no fault of the input is never the item's. */
static enum lat_code settle(struct latd_embed_req *out, size_t i,
                            enum lat_code code, struct lat_err *err)
{
    struct latd_embed_input *in = &out->inputs[i];

    if (code == LAT_OK)
        return LAT_OK;
    latd_wire_embed_at(out, i, code, &in->err);
    if (out->partial && code != LAT_ENOMEM)
        return LAT_OK;
    if (err)
        *err = in->err;
    return code;
}

static enum lat_code read_inputs(struct latd_embed_req *out,
                                 struct latd_doc *doc, size_t max,
                                 struct lat_err *err)
{
    const json_t *input = latd_json_get(doc->root, "input");
    bool listed = json_is_array(input);
    enum lat_code code;

    if (!input) {
        code = lat_fail(err, LAT_EINVAL, "input is missing");
        return lat_at(err, code, "input");
    }
    out->place = listed ? LATD_AT_INPUTS : LATD_AT_INPUT;
    code = new_inputs(out, listed ? json_array_size(input) : 1, max, err);
    for (size_t i = 0; i < out->n && code == LAT_OK; i++) {
        struct latd_embed_input *in = &out->inputs[i];

        code = latd_input_decode(
            in, doc, listed ? json_array_get(input, i) : input, &in->err);
        code = settle(out, i, code, err);
    }
    return code;
}

static enum lat_code from_json(struct latd_embed_req *out,
                               const struct latd_body *body,
                               const struct latd_embed_limits *limits,
                               struct lat_err *err)
{
    static const char *const extra[] = {"input", NULL};
    struct latd_doc doc;
    enum lat_code code = latd_doc_open(&doc, body->data, body->len, err);

    if (code)
        return code;
    code = latd_options_decode(out, doc.root, extra, err);
    out->partial |= limits->each;
    if (code == LAT_OK)
        code = read_inputs(out, &doc, limits->max_inputs, err);
    latd_doc_close(&doc);
    return code;
}

static enum lat_code from_flat(struct latd_embed_req *out, enum latd_kind kind,
                               const struct latd_body *body,
                               const struct latd_embed_limits *limits,
                               struct lat_err *err)
{
    struct lat_blob blob = {"body", body->data, body->len};
    enum lat_code code = latd_options_query(out, &body->query, err);

    out->place = LATD_AT_BODY;
    out->partial |= limits->each;
    if (code == LAT_OK)
        code = new_inputs(out, 1, 1, err);
    if (code)
        return code;
    code = latd_flat_decode(&out->inputs[0].sig, kind, &blob, &body->query,
                            &out->inputs[0].err);
    return settle(out, 0, code, err);
}

/* ---- multipart ---- */

/* What files do not say: of the request part, else of the query. */
struct hints {
    char rate[32], unit[LAT_UNIT_MAX], channels[1024], layout[8];
    const struct latd_params *query;
};

static const char *hint_get(const void *arg, const char *name)
{
    const struct hints *h = arg;
    const char *v = "";

    if (strcmp(name, "rate") == 0)
        v = h->rate;
    else if (strcmp(name, "unit") == 0)
        v = h->unit;
    else if (strcmp(name, "channels") == 0)
        v = h->channels;
    else if (strcmp(name, "layout") == 0)
        v = h->layout;
    if (*v)
        return v;
    return h->query->get ? h->query->get(h->query->arg, name) : NULL;
}

static enum lat_code hint_text(char *to, size_t size, const json_t *obj,
                               const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    if (code || !text)
        return code;
    if (strlen(text) < size) {
        memcpy(to, text, strlen(text) + 1);
        return LAT_OK;
    }
    code = lat_fail(err, LAT_EINVAL, "%s is longer than %zu bytes", name,
                    size - 1);
    return lat_at(err, code, "%s", name);
}

static enum lat_code hint_channels(struct hints *h, const json_t *obj,
                                   struct lat_err *err)
{
    const json_t *list = latd_json_get(obj, "channels"), *value;
    size_t i, at = 0;

    if (json_is_string(list))
        return hint_text(h->channels, sizeof(h->channels), obj, "channels",
                         err);
    json_array_foreach(list, i, value)
    {
        const char *name = json_string_value(value);
        size_t len = json_string_length(value);

        if (!name || at + len + 2 > sizeof(h->channels)) {
            enum lat_code code = lat_fail(
                err, LAT_EINVAL, "channels is not an array of short names");

            return lat_at(err, code, "channels");
        }
        if (i)
            h->channels[at++] = ',';
        memcpy(h->channels + at, name, len + 1);
        at += len;
    }
    return LAT_OK;
}

static enum lat_code read_request(struct latd_embed_req *out, struct hints *h,
                                  const struct latd_part *part,
                                  struct lat_err *err)
{
    static const char *const extra[] = {"sampling_rate_hz", "unit", "channels",
                                        "layout", NULL};
    struct latd_doc doc;
    double rate = 0.0;
    enum lat_code code = latd_doc_open(&doc, part->data, part->len, err);

    if (code)
        return lat_at(err, code, "request");
    code = latd_options_decode(out, doc.root, extra, err);
    if (code == LAT_OK)
        code = latd_json_number(&rate, doc.root, "sampling_rate_hz", err);
    if (code == LAT_OK)
        code = hint_text(h->unit, sizeof(h->unit), doc.root, "unit", err);
    if (code == LAT_OK)
        code = hint_text(h->layout, sizeof(h->layout), doc.root, "layout", err);
    if (code == LAT_OK)
        code = hint_channels(h, doc.root, err);
    if (latd_json_get(doc.root, "sampling_rate_hz"))
        snprintf(h->rate, sizeof(h->rate), "%.17g", rate);
    latd_doc_close(&doc);
    return code ? lat_at(err, code, "request") : LAT_OK;
}

static enum lat_code read_fields(struct latd_embed_req *out, struct hints *h,
                                 const struct latd_part *parts, size_t n,
                                 struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < n && code == LAT_OK; i++) {
        const struct latd_part *p = &parts[i];

        if (strcmp(p->name, "request") == 0) {
            code = read_request(out, h, p, err);
        } else if (strcmp(p->name, "model") == 0) {
            if (p->len == 0 || p->len >= sizeof(out->model) ||
                memchr(p->data, '\0', p->len))
                return lat_at(err,
                              lat_fail(err, LAT_EINVAL, "not a model's name"),
                              "model");
            memcpy(out->model, p->data, p->len);
            out->model[p->len] = '\0';
        } else if (strcmp(p->name, "file") != 0 &&
                   strcmp(p->name, "file[]") != 0) {
            code = lat_fail_word(err, LAT_EINVAL, "unknown_field",
                                 "unknown part \"%.60s\", expected file, model "
                                 "or request",
                                 p->name);
            return lat_at(err, code, "%.60s", p->name);
        }
    }
    return code;
}

static enum lat_code from_parts(struct latd_embed_req *out,
                                const struct latd_body *body,
                                const struct latd_embed_limits *limits,
                                struct lat_err *err)
{
    struct latd_part *parts = NULL;
    struct hints h = {.query = &body->query};
    struct latd_params hints = {hint_get, &h};
    size_t n = 0;
    enum lat_code code = latd_multipart_split(&parts, &n, body->type,
                                              body->data, body->len, err);

    out->place = LATD_AT_FILES;
    if (code == LAT_OK)
        code = latd_options_query(out, &body->query, err);
    if (code == LAT_OK)
        code = read_fields(out, &h, parts, n, err);
    if (code == LAT_OK)
        code = latd_files_check(parts, n, err);
    if (code == LAT_OK)
        code = new_inputs(out, latd_files_count(parts, n), limits->max_inputs,
                          err);
    out->partial |= limits->each;
    for (size_t i = 0; i < out->n && code == LAT_OK; i++) {
        struct latd_embed_input *in = &out->inputs[i];

        code = latd_file_decode(in, parts, n, i, &hints, &in->err);
        code = settle(out, i, code, err);
    }
    lat_free(parts);
    return code;
}

/* ---- all kinds ---- */

static enum lat_code by_kind(struct latd_embed_req *out, enum latd_kind kind,
                             const struct latd_body *body,
                             const struct latd_embed_limits *limits,
                             struct lat_err *err)
{
    switch (kind) {
    case LATD_KIND_JSON:
        return from_json(out, body, limits, err);
    case LATD_KIND_MULTIPART:
        return from_parts(out, body, limits, err);
    case LATD_KIND_RAW:
    case LATD_KIND_CSV:
    case LATD_KIND_NPY:
        break;
    }
    return from_flat(out, kind, body, limits, err);
}

static enum lat_code check_model(const struct latd_embed_req *req,
                                 struct lat_err *err)
{
    enum lat_code code;

    if (req->model[0])
        return LAT_OK;
    code = lat_fail(err, LAT_EINVAL, "model is missing");
    return lat_at(err, code, "model");
}

enum lat_code latd_wire_embed_decode(struct latd_embed_req *out,
                                     const struct latd_body *body,
                                     const struct latd_embed_limits *limits,
                                     struct lat_err *err)
{
    enum latd_kind kind;
    enum lat_code code = latd_wire_kind(&kind, body, err);

    *out = (struct latd_embed_req){.block = -1};
    if (code == LAT_OK)
        code = by_kind(out, kind, body, limits, err);
    if (code == LAT_OK)
        code = check_model(out, err);
    if (code)
        latd_wire_embed_fini(out);
    return code;
}

enum lat_code latd_wire_embed_query(struct latd_embed_req *out,
                                    const struct latd_params *query,
                                    struct lat_err *err)
{
    enum lat_code code;

    *out = (struct latd_embed_req){.block = -1};
    code = latd_options_query(out, query, err);
    return code ? code : check_model(out, err);
}

void latd_wire_embed_fini(struct latd_embed_req *req)
{
    for (size_t i = 0; i < req->n; i++) {
        lat_free(req->inputs[i].id);
        lat_signal_free(req->inputs[i].sig);
    }
    lat_free(req->inputs);
    *req = (struct latd_embed_req){0};
}
