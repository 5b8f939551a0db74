/* request.c - the body of POST /v1/embeddings, whatever it was sent as. */
#include "form.h"
#include "formats.h"
#include "native.h"
#include "options.h"
#include "picture.h"
#include "settle.h"

static enum lat_code read_inputs(struct latd_embed_req *out,
                                 struct latd_doc *doc,
                                 const struct latd_embed_limits *limits,
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
    code = latd_inputs_new(out, listed ? json_array_size(input) : 1,
                           limits->max_inputs, err);
    for (size_t i = 0; i < out->n && code == LAT_OK; i++) {
        struct latd_embed_input *in = &out->inputs[i];

        code = latd_input_decode(
            in, doc, listed ? json_array_get(input, i) : input, &in->err);
        code = latd_inputs_settle(out, i, code, limits, err);
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
        code = read_inputs(out, &doc, limits, err);
    latd_doc_close(&doc);
    return code;
}

static enum lat_code from_flat(struct latd_embed_req *out, enum latd_kind kind,
                               const struct latd_body *body,
                               const struct latd_embed_limits *limits,
                               struct lat_err *err)
{
    struct lat_blob blob = {"body", body->data, body->len};
    struct latd_embed_input *in;
    enum lat_code code = latd_options_query(out, &body->query, err);

    out->place = LATD_AT_BODY;
    out->partial |= limits->each;
    if (code == LAT_OK)
        code = latd_inputs_new(out, 1, 1, err);
    if (code)
        return code;
    in = out->inputs;
    if (kind == LATD_KIND_JPEG || kind == LATD_KIND_PNG)
        code = latd_picture_open(in, &blob,
                                 kind == LATD_KIND_JPEG ? LATD_CLAIM_JPEG
                                                        : LATD_CLAIM_PNG,
                                 &in->err);
    else
        code = latd_flat_decode(&in->sig, kind, &blob, &body->query, &in->err);
    return latd_inputs_settle(out, 0, code, limits, err);
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
        return latd_form_decode(out, body, limits, err);
    case LATD_KIND_RAW:
    case LATD_KIND_CSV:
    case LATD_KIND_NPY:
    case LATD_KIND_EDF:
    case LATD_KIND_JPEG:
    case LATD_KIND_PNG:
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

    *out =
        (struct latd_embed_req){.block = -1, .modality = -1, .gate_mode = -1};
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

    *out =
        (struct latd_embed_req){.block = -1, .modality = -1, .gate_mode = -1};
    code = latd_options_query(out, query, err);
    return code ? code : check_model(out, err);
}

void latd_wire_embed_fini(struct latd_embed_req *req)
{
    for (size_t i = 0; i < req->n; i++) {
        lat_free(req->inputs[i].id);
        latd_input_forget(&req->inputs[i]);
    }
    lat_free(req->inputs);
    *req = (struct latd_embed_req){0};
}
