/* input.c - the forms that an element of "input" may have. */
#include "formats.h"
#include "native.h"
#include "picture.h"

#include <string.h>

enum { ID_MAX = 256 };

static enum lat_code read_id(char **out, const json_t *obj, struct lat_err *err)
{
    const char *id = NULL;
    enum lat_code code = latd_json_text(&id, obj, "id", err);

    if (code || !id || *out)
        return code;
    if (strlen(id) > ID_MAX) {
        code = lat_fail(err, LAT_EINVAL, "id has %zu bytes, at most %d",
                        strlen(id), ID_MAX);
        return lat_at(err, code, "id");
    }
    *out = lat_strdup(id);
    return *out ? LAT_OK : lat_fail(err, LAT_ENOMEM, "id");
}

/* A data URI, as a text or as {"url": …}. */
static enum lat_code from_uri(struct latd_embed_input *out,
                              struct latd_doc *doc, const json_t *value,
                              struct lat_err *err)
{
    static const char *const known[] = {"url", NULL};
    const char *text;
    size_t len;
    enum lat_code code;

    if (json_is_object(value)) {
        code = latd_json_known(value, known, err);
        if (code)
            return code;
        value = latd_json_get(value, "url");
    }
    text = latd_doc_text(doc, value, &len);
    if (!text)
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not a data URI, a signal or an image object");
    return latd_uri_decode(out, text, len, err);
}

/* {"type": "input_signal"} with the signal's members beside the type, or in
 * an object or a data URI called input_signal. */
static enum lat_code from_signal(struct latd_embed_input *out,
                                 struct latd_doc *doc, const json_t *part,
                                 struct lat_err *err)
{
    static const char *const known[] = {"type", "input_signal", "id", NULL};
    const json_t *inner = latd_json_get(part, "input_signal");
    enum lat_code code;

    if (!inner)
        return latd_native_decode(&out->sig, doc, part, err);
    code = latd_json_known(part, known, err);
    if (code)
        return code;
    if (json_is_object(inner) && !json_object_get(inner, "url"))
        code = latd_native_decode(&out->sig, doc, inner, err);
    else
        code = from_uri(out, doc, inner, err);
    if (!code && out->picture)
        code = lat_fail_word(err, LAT_EUNFIT, "modality_mismatch",
                             "an image where a signal was announced");
    return code ? lat_at(err, code, "input_signal") : LAT_OK;
}

static enum lat_code from_part(struct latd_embed_input *out,
                               struct latd_doc *doc, const json_t *part,
                               struct lat_err *err)
{
    static const char *const types[] = {"input_signal", "signal", "input_image",
                                        "image_url",    "image",  NULL};
    int type = -1;
    enum lat_code code = latd_json_word(&type, part, "type", types, err);

    if (code == LAT_OK && type < 0)
        code = lat_fail(err, LAT_EINVAL,
                        "type is missing: input_signal or input_image");
    if (code == LAT_OK)
        code = read_id(&out->id, part, err);
    if (code)
        return code;
    return latd_picture_is_part(types[type])
               ? latd_picture_part(out, doc, part, err)
               : from_signal(out, doc, part, err);
}

static enum lat_code from_content(struct latd_embed_input *out,
                                  struct latd_doc *doc, const json_t *obj,
                                  struct lat_err *err)
{
    static const char *const known[] = {"content", "id", NULL};
    const json_t *content = json_object_get(obj, "content");
    enum lat_code code = latd_json_known(obj, known, err);

    if (code)
        return code;
    if (json_array_size(content) != 1 ||
        !json_is_object(json_array_get(content, 0))) {
        code = lat_fail(err, LAT_EINVAL,
                        "content is not an array of one input_signal "
                        "or input_image");
        return lat_at(err, code, "content");
    }
    code = from_part(out, doc, json_array_get(content, 0), err);
    if (code) {
        lat_at(err, code, "[0]");
        lat_at(err, code, "content");
    }
    return code;
}

enum lat_code latd_input_decode(struct latd_embed_input *out,
                                struct latd_doc *doc, const json_t *value,
                                struct lat_err *err)
{
    enum lat_code code;

    if (!json_is_object(value))
        return from_uri(out, doc, value, err);
    code = read_id(&out->id, value, err);
    if (code)
        return code;
    if (json_object_get(value, "content"))
        return from_content(out, doc, value, err);
    return from_part(out, doc, value, err);
}
