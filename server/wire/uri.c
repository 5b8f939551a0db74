/* uri.c - a signal or an image in a data URI (RFC 2397). */
#include "formats.h"
#include "picture.h"

#include <string.h>
#include <strings.h>

enum { HEAD_MAX = 1024, PARAMS_MAX = 12 };

/* The head in pieces, each ended by a NUL; the first is the type. */
struct head {
    char text[HEAD_MAX];
    const char *params[PARAMS_MAX]; /* name=value */
    size_t n;
    bool base64;
};

static const char *head_get(const void *arg, const char *name)
{
    const struct head *h = arg;
    size_t len = strlen(name);

    for (size_t i = 0; i < h->n; i++)
        if (strncasecmp(h->params[i], name, len) == 0 &&
            h->params[i][len] == '=')
            return h->params[i] + len + 1;
    return NULL;
}

static enum lat_code fail_uri(struct lat_err *err, const char *what)
{
    return lat_fail_word(err, LAT_EINVAL, "invalid_data_uri",
                         "%s, expected data:TYPE;rate=360;unit=mV;"
                         "channels=MLII;base64,… with TYPE text/csv, "
                         "application/x-npy, application/edf or "
                         "application/octet-stream, or "
                         "data:image/png;base64,… (or image/jpeg)",
                         what);
}

/* Undoes %41.  to has room for len bytes and a NUL; false: not well formed. */
static bool unescape(char *to, size_t *to_len, const char *p, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (p[i] != '%') {
            to[n++] = p[i];
            continue;
        }
        if (len - i < 3 || lat_hex_value(p[i + 1]) < 0 ||
            lat_hex_value(p[i + 2]) < 0)
            return false;
        to[n++] =
            (char)(lat_hex_value(p[i + 1]) << 4 | lat_hex_value(p[i + 2]));
        i += 2;
    }
    to[n] = '\0';
    *to_len = n;
    return true;
}

/* The comma between head and data.  That of ";base64," wins, so that a list
 * of channels may have commas of its own. */
static const char *find_comma(const char *text, size_t len)
{
    static const char mark[] = ";base64,";
    size_t n = sizeof(mark) - 1, most = len < HEAD_MAX ? len : HEAD_MAX;

    for (size_t i = 0; i + n <= most; i++)
        if (memcmp(text + i, mark, n) == 0)
            return text + i + n - 1;
    return memchr(text, ',', most);
}

/* TYPE;name=value;…;base64 */
static enum lat_code split(struct head *h, const char *p, size_t len,
                           struct lat_err *err)
{
    size_t n, at = 0;

    while (len > 0) {
        const char *semicolon = memchr(p, ';', len);
        size_t part = semicolon ? (size_t)(semicolon - p) : len;
        char *to = h->text + at;

        if (memchr(p, '\0', part) || !unescape(to, &n, p, part) ||
            strlen(to) != n)
            return fail_uri(err, "a % that is not followed by two digits");
        at += n + 1;
        p += part + (semicolon != NULL);
        len -= part + (semicolon != NULL);
        if (to == h->text)
            continue;
        if (strcasecmp(to, "base64") == 0 && len == 0)
            h->base64 = true;
        else if (h->n == PARAMS_MAX)
            return fail_uri(err, "too many parameters");
        else
            h->params[h->n++] = to;
    }
    return LAT_OK;
}

/* The bytes after the comma. */
static enum lat_code payload(char **out, size_t *out_len, bool base64,
                             const struct lat_blob *data, struct lat_err *err)
{
    char *v;

    if (base64)
        return lat_base64_decode(out, out_len, data->data, data->len, err);
    v = lat_calloc(data->len + 1, 1);
    if (!v)
        return lat_fail(err, LAT_ENOMEM, "%zu bytes", data->len);
    if (!unescape(v, out_len, data->data, data->len)) {
        lat_free(v);
        return fail_uri(err, "a % that is not followed by two digits");
    }
    *out = v;
    return LAT_OK;
}

static enum lat_code pick_kind(enum latd_kind *kind, const char *type,
                               struct lat_err *err)
{
    if (latd_kind_of(kind, type) && *kind != LATD_KIND_JSON &&
        *kind != LATD_KIND_MULTIPART)
        return LAT_OK;
    return lat_fail_word(err, LAT_EINVAL, "unsupported_media_type",
                         "a data URI of %.60s, expected image/jpeg, image/png, "
                         "text/csv, application/x-npy, application/edf or "
                         "application/octet-stream",
                         *type ? type : "no type");
}

/* The head, and where the data begin. */
static enum lat_code read_head(struct head *h, struct lat_blob *data,
                               const char *text, size_t len,
                               struct lat_err *err)
{
    const char *comma;
    enum lat_code code;

    if (len >= 4 && strncasecmp(text, "http", 4) == 0)
        return fail_uri(err, "an address, and nothing is fetched");
    if (len < 5 || strncasecmp(text, "data:", 5) != 0)
        return fail_uri(err, "a text that is not a data URI");
    comma = find_comma(text + 5, len - 5);
    if (!comma)
        return fail_uri(err, "a data URI without a comma");
    code = split(h, text + 5, (size_t)(comma - text - 5), err);
    data->data = comma + 1;
    data->len = (size_t)(text + len - comma - 1);
    return code;
}

enum lat_code latd_uri_decode(struct latd_embed_input *out, const char *text,
                              size_t len, struct lat_err *err)
{
    struct head h = {0};
    struct latd_params params = {head_get, &h};
    struct lat_blob data = {.name = ""};
    enum latd_kind kind = LATD_KIND_CSV;
    char *bytes = NULL;
    enum lat_code code = read_head(&h, &data, text, len, err);

    if (code == LAT_OK)
        code = pick_kind(&kind, h.text, err);
    if (code == LAT_OK)
        code = payload(&bytes, &data.len, h.base64, &data, err);
    if (code)
        return code;
    if (latd_claim_of(h.text))
        return latd_picture_adopt(out, bytes, data.len, latd_claim_of(h.text),
                                  err);
    data.data = bytes;
    code = latd_flat_decode(&out->sig, kind, &data, &params, err);
    lat_free(bytes);
    return code;
}
