/* alias.c - PUT /v1/aliases/{name}, and an alias as it is told. */
#include "json.h"
#include "parts.h"

#include <stdio.h>
#include <string.h>

enum lat_code latd_wire_alias_decode(char *model, size_t size,
                                     const struct latd_body *body,
                                     struct lat_err *err)
{
    static const char *const names[] = {"model", NULL};
    struct latd_doc doc = {0};
    const char *text = NULL;
    enum lat_code code = latd_doc_open(&doc, body->data, body->len, err);

    if (!code)
        code = latd_json_known(doc.root, names, err);
    if (!code)
        code = latd_json_text(&text, doc.root, "model", err);
    if (!code && (!text || !text[0] || strlen(text) >= size)) {
        code = lat_fail(err, LAT_EINVAL,
                        "\"model\" must be the name of a model, at most %zu "
                        "bytes",
                        size - 1);
        lat_at(err, code, "model");
    }
    if (!code)
        snprintf(model, size, "%s", text);
    latd_doc_close(&doc);
    return code;
}

void latd_wire_alias_encode(struct lat_buf *out,
                            const struct latd_wire_alias *a)
{
    lat_buf_puts(out, "{\"object\":\"alias\",\"name\":");
    latd_write_string(out, a->name);
    lat_buf_puts(out, ",\"model\":");
    latd_write_string(out, a->model);
    lat_buf_puts(out, ",\"previous\":");
    if (a->previous[0])
        latd_write_string(out, a->previous);
    else
        lat_buf_puts(out, "null");
    lat_buf_printf(out, ",\"created_at\":%lld,\"changed_at\":%lld}",
                   (long long)a->created_at, (long long)a->changed_at);
}
