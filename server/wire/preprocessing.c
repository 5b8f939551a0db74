/* preprocessing.c - reports what lat_prepare and lat_prepare_image did. */
#include "parts.h"

static void write_warnings(struct lat_buf *out, const struct lat_windows *w)
{
    const char *comma = "";

    lat_buf_puts(out, "[");
    for (int i = 0; i < LAT_N_WARNINGS; i++) {
        if (!w->warned[i])
            continue;
        lat_buf_printf(out, "%s{\"code\":\"%s\",\"message\":", comma,
                       lat_warning_word((enum lat_warning)i));
        latd_write_string(out, w->warnings[i]);
        lat_buf_puts(out, "}");
        comma = ",";
    }
    lat_buf_puts(out, "]");
}

void latd_write_preprocessing(struct lat_buf *out, const struct lat_windows *w)
{
    lat_buf_puts(out, "{\"resampled_from_hz\":");
    latd_write_number(out, w->from_hz);
    lat_buf_puts(out, ",\"resampled_to_hz\":");
    latd_write_number(out, w->to_hz);
    lat_buf_puts(out, ",\"channel_map\":[");
    for (size_t i = 0; i < w->n_used; i++) {
        lat_buf_puts(out, i ? "," : "");
        latd_write_string(out, w->used[i]);
    }
    lat_buf_printf(out,
                   "],\"missing_samples\":%zu,\"dropped_samples\":%zu,"
                   "\"warnings\":",
                   w->n_missing, w->n_dropped);
    write_warnings(out, w);
    lat_buf_puts(out, "}");
}

static void write_size(struct lat_buf *out, const char *name, size_t width,
                       size_t height)
{
    lat_buf_printf(out, ",\"%s\":{\"width\":%zu,\"height\":%zu}", name, width,
                   height);
}

static void write_image_warnings(struct lat_buf *out,
                                 const struct lat_image_prepared *p,
                                 const struct lat_image_input *in)
{
    const char *comma = "";

    lat_buf_puts(out, ",\"warnings\":[");
    if (p->to_width > p->width || p->to_height > p->height) {
        lat_buf_printf(out,
                       "{\"code\":\"enlarged\",\"message\":\"%zu x %zu pixels "
                       "were enlarged to %zu x %zu\"}",
                       p->width, p->height, p->to_width, p->to_height);
        comma = ",";
    }
    if (p->crop.width < in->width || p->crop.height < in->height)
        lat_buf_printf(
            out,
            "%s{\"code\":\"padded\",\"message\":\"black stands around "
            "%zu x %zu pixels: the model reads %zu x %zu\"}",
            comma, p->crop.width, p->crop.height, in->width, in->height);
    lat_buf_puts(out, "]");
}

void latd_write_fitting(struct lat_buf *out, const struct lat_image_prepared *p,
                        const struct latd_picture *file,
                        const struct lat_card *card)
{
    const struct lat_picture_info *info = &file->info;

    lat_buf_printf(out, "{\"media_type\":\"%s\"",
                   lat_picture_type(info->format));
    write_size(out, "stored", info->width, info->height);
    lat_buf_printf(out, ",\"orientation\":%u", info->orientation);
    write_size(out, "resized", p->to_width, p->to_height);
    lat_buf_printf(
        out, ",\"crop\":{\"x\":%zu,\"y\":%zu,\"width\":%zu,\"height\":%zu}",
        p->crop.x, p->crop.y, p->crop.width, p->crop.height);
    write_size(out, "input", card->image.width, card->image.height);
    write_image_warnings(out, p, &card->image);
    lat_buf_puts(out, "}");
}
