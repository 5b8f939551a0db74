/* form.c - a multipart body: its files, and what is said beside them. */
#include "form.h"

#include "files.h"
#include "json.h"
#include "options.h"
#include "settle.h"

#include <stdio.h>
#include <string.h>

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

enum lat_code latd_form_decode(struct latd_embed_req *out,
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
        code = latd_inputs_new(out, latd_files_count(parts, n),
                               limits->max_inputs, err);
    out->partial |= limits->each;
    for (size_t i = 0; i < out->n && code == LAT_OK; i++) {
        struct latd_embed_input *in = &out->inputs[i];

        code = latd_file_decode(in, parts, n, i, &hints, &in->err);
        code = latd_inputs_settle(out, i, code, limits, err);
    }
    lat_free(parts);
    return code;
}
