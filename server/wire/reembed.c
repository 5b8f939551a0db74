/* reembed.c - bodies of /v1/recordings/reembed. */
#include "json.h"
#include "recording.h"

#include <string.h>

static enum lat_code read_name(char out[LATD_MODEL_NAME], const json_t *obj,
                               const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);
    size_t len = text ? strlen(text) : 0;

    if (code || !text)
        return code;
    if (len == 0 || len >= LATD_MODEL_NAME)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "%s has %zu characters, expected 1 to %d", name,
                               len, LATD_MODEL_NAME - 1),
                      "%s", name);
    memcpy(out, text, len + 1);
    return LAT_OK;
}

enum lat_code latd_wire_reembed_decode(struct latd_reembed_req *out,
                                       const struct latd_body *body,
                                       struct lat_err *err)
{
    static const char *const known[] = {"from", "to", "drop", NULL};
    struct latd_doc doc = {0};
    enum latd_kind kind;
    enum lat_code code = latd_wire_kind(&kind, body, err);

    *out = (struct latd_reembed_req){0};
    if (!code && kind != LATD_KIND_JSON)
        code = lat_fail(err, LAT_EMEDIA, "%.80s, expected application/json",
                        body->type);
    if (code)
        return code;
    code = latd_doc_open(&doc, body->data, body->len, err);
    if (!code)
        code = latd_json_known(doc.root, known, err);
    if (!code)
        code = read_name(out->from, doc.root, "from", err);
    if (!code)
        code = read_name(out->to, doc.root, "to", err);
    if (!code)
        code = latd_json_bool(&out->drop, doc.root, "drop", err);
    if (!code && !out->to[0])
        code = lat_at(err, lat_fail(err, LAT_EINVAL, "to is missing"), "to");
    if (!code && out->drop && !out->from[0])
        code = lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "drop takes the vectors of from away, expected "
                               "from"),
                      "drop");
    latd_doc_close(&doc);
    return code;
}

void latd_wire_reembed_encode(struct lat_buf *out,
                              const struct latd_reembedding *t)
{
    lat_buf_puts(out, "{\"id\":");
    latd_write_string(out, t->id);
    lat_buf_puts(out, ",\"object\":\"recording.reembedding\",\"model\":");
    latd_write_string(out, t->model);
    lat_buf_printf(out, ",\"digest\":\"%s\",\"from\":", t->digest);
    if (t->source[0])
        latd_write_string(out, t->source);
    else
        lat_buf_puts(out, "null");
    lat_buf_printf(out,
                   ",\"drop\":%s,\"status\":\"%s\",\"total\":%llu,"
                   "\"done\":%llu,\"skipped\":%llu,\"created_at\":%lld,"
                   "\"changed_at\":%lld,\"error\":",
                   t->drops ? "true" : "false", t->state,
                   (unsigned long long)t->total, (unsigned long long)t->done,
                   (unsigned long long)t->skipped, (long long)t->created_at,
                   (long long)t->changed_at);
    if (t->error[0])
        latd_write_string(out, t->error);
    else
        lat_buf_puts(out, "null");
    lat_buf_puts(out, "}");
}
