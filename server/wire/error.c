/* error.c - one error, in OpenAI's envelope and RFC 9457's at once. */
#include "parts.h"

#include <string.h>

/* What the contract calls a failure that brought no word of its own. */
static const char *word_of(enum lat_code code)
{
    switch (code) {
    case LAT_OK:
        return "ok";
    case LAT_EINVAL:
        return "invalid_request";
    case LAT_EFORMAT:
        return "malformed_data";
    case LAT_EUNFIT:
        return "unprocessable_input";
    case LAT_ENOENT:
        return "not_found";
    case LAT_EMETHOD:
        return "method_not_allowed";
    case LAT_EBUSY:
        return "invalid_state";
    case LAT_EMATCH:
        return "etag_mismatch";
    case LAT_ETOOBIG:
        return "request_too_large";
    case LAT_EMEDIA:
        return "unsupported_media_type";
    case LAT_EFULL:
        return "overloaded";
    case LAT_EAUTH:
        return "invalid_api_key";
    case LAT_EACCESS:
        return "insufficient_scope";
    case LAT_ECANCEL:
        return "cancelled";
    case LAT_ETIMEOUT:
        return "deadline_exceeded";
    case LAT_EAWAY:
        return "unavailable";
    case LAT_ENOMEM:
        return "out_of_memory";
    case LAT_ENOSPACE:
        return "insufficient_storage";
    case LAT_ENONFINITE:
        return "nonfinite_output";
    case LAT_EDIVERGE:
        return "training_diverged";
    case LAT_EIO:
        return "internal_error";
    }
    return "internal_error";
}

/* OpenAI's word for a family of failures. */
static const char *type_of(enum lat_code code)
{
    switch (code) {
    case LAT_EAUTH:
        return "authentication_error";
    case LAT_EACCESS:
        return "permission_error";
    case LAT_EFULL:
        return "rate_limit_error";
    case LAT_OK:
    case LAT_EINVAL:
    case LAT_EFORMAT:
    case LAT_EUNFIT:
    case LAT_ENOENT:
    case LAT_EMETHOD:
    case LAT_EBUSY:
    case LAT_EMATCH:
    case LAT_ETOOBIG:
    case LAT_EMEDIA:
    case LAT_ECANCEL:
        return "invalid_request_error";
    case LAT_ETIMEOUT:
    case LAT_EAWAY:
    case LAT_ENOMEM:
    case LAT_ENOSPACE:
    case LAT_ENONFINITE:
    case LAT_EDIVERGE:
    case LAT_EIO:
        break;
    }
    return "server_error";
}

const char *latd_wire_error_word(const struct lat_err *err)
{
    return err->word ? err->word : word_of(err->code);
}

void latd_write_error(struct lat_buf *out, const struct lat_err *err)
{
    lat_buf_puts(out, "{\"message\":");
    latd_write_string(out, err->msg[0] ? err->msg : lat_code_text(err->code));
    lat_buf_printf(out, ",\"type\":\"%s\",\"param\":", type_of(err->code));
    if (err->param[0])
        latd_write_string(out, err->param);
    else
        lat_buf_puts(out, "null");
    lat_buf_puts(out, ",\"code\":");
    latd_write_string(out, latd_wire_error_word(err));
    lat_buf_puts(out, "}");
}

/* "missing_channel" as "Missing channel". */
static void write_title(struct lat_buf *out, const char *word)
{
    char title[64];
    size_t n = 0;

    for (; word[n] && n + 1 < sizeof(title); n++)
        title[n] = word[n] == '_' ? ' ' : word[n];
    title[n] = '\0';
    if (title[0] >= 'a' && title[0] <= 'z')
        title[0] = (char)(title[0] - 'a' + 'A');
    latd_write_string(out, title);
}

void latd_wire_error_encode(struct lat_buf *out, const struct lat_err *err,
                            unsigned status, const char *request_id)
{
    const char *word = latd_wire_error_word(err);

    lat_buf_puts(out, "{\"error\":");
    latd_write_error(out, err);
    lat_buf_printf(out,
                   ",\"type\":\"https://latentd.example/errors/%s\","
                   "\"title\":",
                   word);
    write_title(out, word);
    lat_buf_printf(out, ",\"status\":%u,\"detail\":", status);
    latd_write_string(out, err->msg[0] ? err->msg : lat_code_text(err->code));
    lat_buf_puts(out, ",\"instance\":");
    latd_write_string(out, request_id);
    lat_buf_puts(out, "}\n");
}

const char *latd_wire_error_header(const char **value, enum lat_code code,
                                   size_t i)
{
    static const struct {
        enum lat_code code;
        const char *name, *value;
    } table[] = {
        {LAT_EAUTH, "WWW-Authenticate", "Bearer"},
        {LAT_EMEDIA, "Accept-Post",
         "application/json, multipart/form-data, application/octet-stream, "
         "text/csv, application/x-npy, application/edf, image/jpeg, image/png"},
        {LAT_EMEDIA, "Accept-Encoding", "identity"},
        {LAT_EBUSY, "x-should-retry", "false"},
        {LAT_EFULL, "Retry-After", "1"},
        {LAT_EFULL, "retry-after-ms", "250"},
        {LAT_ETIMEOUT, "Retry-After", "1"},
        {LAT_EAWAY, "Retry-After", "2"},
        {LAT_ENOMEM, "Retry-After", "1"},
        {LAT_ENOSPACE, "x-should-retry", "false"},
        {LAT_ENONFINITE, "x-should-retry", "false"},
        {LAT_EDIVERGE, "x-should-retry", "false"},
    };

    for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
        if (table[k].code != code || i-- > 0)
            continue;
        *value = table[k].value;
        return table[k].name;
    }
    return NULL;
}
