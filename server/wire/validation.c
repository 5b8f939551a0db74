/* validation.c - what would be done with each input, without doing it. */
#include "parts.h"

static void write_item(struct lat_buf *out, const struct lat_card *card,
                       size_t i, const struct latd_validate_item *it)
{
    bool ok = it->windows || it->image;

    lat_buf_printf(out, "{\"index\":%zu,\"ok\":%s,\"windows\":%zu,", i,
                   ok ? "true" : "false",
                   it->windows ? it->windows->n : (size_t)ok);
    lat_buf_puts(out, "\"preprocessing\":");
    if (it->windows)
        latd_write_preprocessing(out, it->windows);
    else if (ok)
        latd_write_fitting(out, it->image, it->picture, card);
    else
        lat_buf_puts(out, "null");
    lat_buf_puts(out, ",\"error\":");
    if (ok)
        lat_buf_puts(out, "null");
    else
        latd_write_error(out, it->err);
    lat_buf_puts(out, "}");
}

enum lat_code latd_wire_validate_encode(struct lat_buf *out, const char *model,
                                        const struct lat_card *card,
                                        const struct latd_validate_item *items,
                                        size_t n, struct lat_err *err)
{
    lat_buf_puts(out, "{\"object\":\"validation\",\"model\":");
    latd_write_string(out, model);
    lat_buf_puts(out, ",\"items\":[");
    for (size_t i = 0; i < n; i++) {
        lat_buf_puts(out, i ? "," : "");
        write_item(out, card, i, &items[i]);
    }
    lat_buf_puts(out, "]}");
    return out->failed ? lat_fail(err, LAT_ENOMEM, "reply") : LAT_OK;
}
