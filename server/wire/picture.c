/* picture.c - an image in a body, before anybody decodes it. */
#include "picture.h"

#include "formats.h"

#include <string.h>
#include <strings.h>

static const char *const types[] = {"image", "input_image", "image_url", NULL};

bool latd_picture_is_part(const char *type)
{
    for (size_t i = 0; types[i]; i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

enum latd_claim latd_claim_of(const char *type)
{
    if (strcasecmp(type, "image/jpeg") == 0 ||
        strcasecmp(type, "image/jpg") == 0)
        return LATD_CLAIM_JPEG;
    return strcasecmp(type, "image/png") == 0 ? LATD_CLAIM_PNG
                                              : LATD_CLAIM_NONE;
}

static enum lat_code fail_format(struct lat_err *err)
{
    if (err) {
        err->code = LAT_EINVAL;
        err->word = "unsupported_format";
    }
    return LAT_EINVAL;
}

enum lat_code latd_picture_open(struct latd_embed_input *out,
                                const struct lat_blob *file,
                                enum latd_claim claim, struct lat_err *err)
{
    static const enum lat_picture claimed[] = {
        [LATD_CLAIM_JPEG] = LAT_PICTURE_JPEG,
        [LATD_CLAIM_PNG] = LAT_PICTURE_PNG,
    };
    struct lat_picture_info info;
    enum lat_code code = lat_picture_look(&info, file, err);

    if (code == LAT_EMEDIA) /* the body's type is taken, what is in it not */
        return fail_format(err);
    if (code)
        return code;
    if (claim && info.format != claimed[claim])
        return lat_fail_word(err, LAT_EINVAL, "media_type_mismatch",
                             "said to be %s, but the bytes are %s",
                             lat_picture_type(claimed[claim]),
                             lat_picture_type(info.format));
    out->picture = lat_calloc(1, sizeof(*out->picture));
    if (!out->picture)
        return lat_fail(err, LAT_ENOMEM, "an image");
    out->picture->file = *file;
    out->picture->file.name = "image"; /* the other may go before it */
    out->picture->info = info;
    return LAT_OK;
}

enum lat_code latd_picture_adopt(struct latd_embed_input *out, char *bytes,
                                 size_t len, enum latd_claim claim,
                                 struct lat_err *err)
{
    const struct lat_blob file = {"image", bytes, len};
    enum lat_code code = latd_picture_open(out, &file, claim, err);

    if (code)
        lat_free(bytes);
    else
        out->picture->own = bytes;
    return code;
}

void latd_picture_free(struct latd_picture *p)
{
    if (!p)
        return;
    lat_free(p->own);
    lat_free(p);
}

/* ---- in an object ---- */

/* "detail" is a wish that OpenAI's clients send: only what changes nothing. */
static enum lat_code check_detail(const json_t *obj, struct lat_err *err)
{
    static const char *const words[] = {"auto", NULL};
    int i;

    return latd_json_word(&i, obj, "detail", words, err);
}

/* A data URI, or {"url": a data URI}. */
static enum lat_code from_url(struct latd_embed_input *out,
                              struct latd_doc *doc, const json_t *value,
                              struct lat_err *err)
{
    static const char *const known[] = {"url", "detail", NULL};
    enum lat_code code = LAT_OK;
    const char *text;
    size_t len;

    if (json_is_object(value)) {
        code = latd_json_known(value, known, err);
        if (!code)
            code = check_detail(value, err);
        value = latd_json_get(value, "url");
    }
    if (code)
        return code;
    text = latd_doc_text(doc, value, &len);
    if (!text)
        return lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "not a data URI of an image");
    code = latd_uri_decode(out, text, len, err);
    if (code || out->picture)
        return code;
    return lat_fail_word(err, LAT_EUNFIT, "modality_mismatch",
                         "a signal where an image was announced");
}

/* Base64, and perhaps its type beside it. */
static enum lat_code from_data(struct latd_embed_input *out,
                               struct latd_doc *doc, const json_t *part,
                               struct lat_err *err)
{
    const char *text, *type = NULL;
    char *bytes = NULL;
    size_t len;
    enum lat_code code = latd_json_text(&type, part, "media_type", err);

    if (code)
        return code;
    if (type && !latd_claim_of(type)) {
        code = lat_fail_word(err, LAT_EINVAL, "unsupported_media_type",
                             "media_type is %.60s, expected image/jpeg or "
                             "image/png",
                             type);
        return lat_at(err, code, "media_type");
    }
    text = latd_doc_text(doc, latd_json_get(part, "data"), &len);
    if (!text)
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "data is not base64 text of an image");
    else
        code = lat_base64_decode(&bytes, &len, text, len, err);
    if (!code)
        code = latd_picture_adopt(
            out, bytes, len, type ? latd_claim_of(type) : LATD_CLAIM_NONE, err);
    return code ? lat_at(err, code, "data") : LAT_OK;
}

enum lat_code latd_picture_part(struct latd_embed_input *out,
                                struct latd_doc *doc, const json_t *part,
                                struct lat_err *err)
{
    static const char *const known[] = {
        "type", "id", "image_url", "data", "detail", "media_type", NULL};
    const json_t *url = latd_json_get(part, "image_url");
    enum lat_code code = latd_json_known(part, known, err);

    if (!code)
        code = check_detail(part, err);
    if (code)
        return code;
    if ((url != NULL) == (latd_json_get(part, "data") != NULL)) {
        code = lat_fail(err, LAT_EINVAL,
                        "an image is a data URI in image_url, or base64 in "
                        "data: one of the two");
        return lat_at(err, code, "image_url");
    }
    if (!url)
        return from_data(out, doc, part, err);
    if (latd_json_get(part, "media_type")) {
        code = lat_fail(err, LAT_EINVAL,
                        "media_type is for data; a data URI says its own");
        return lat_at(err, code, "media_type");
    }
    code = from_url(out, doc, url, err);
    return code ? lat_at(err, code, "image_url") : LAT_OK;
}
