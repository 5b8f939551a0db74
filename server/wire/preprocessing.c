/* preprocessing.c - reports what lat_prepare did. */
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
