/* file.c - files as OpenAI has them, and what is in them. */
#include "../wire.h"

#include <string.h>

static void write_error(struct lat_buf *out, const struct lat_report_error *e)
{
    lat_buf_puts(out, "{");
    if (e->line)
        lat_buf_printf(out, "\"line\":%zu,", e->line);
    if (e->entry[0]) {
        lat_buf_puts(out, "\"entry\":");
        latd_write_string(out, e->entry);
        lat_buf_puts(out, ",");
    }
    lat_buf_puts(out, "\"reason\":");
    latd_write_string(out, e->reason);
    lat_buf_puts(out, "}");
}

void latd_wire_report_encode(struct lat_buf *out, const struct lat_report *r,
                             const char *filename)
{
    lat_buf_printf(out, "{\"recordings\":%zu,\"rejected\":%zu,\"subjects\":",
                   r->recordings, r->rejected);
    if (lat_file_kind(filename) == LAT_FILE_MANIFEST)
        lat_buf_printf(out, "%zu", r->subjects);
    else
        lat_buf_puts(out, "null");
    lat_buf_puts(out, ",\"errors\":[");
    for (size_t i = 0; i < r->n_errors; i++) {
        if (i)
            lat_buf_puts(out, ",");
        write_error(out, &r->errors[i]);
    }
    lat_buf_puts(out, "]}");
}

void latd_wire_file_encode(struct lat_buf *out, const struct latd_wire_file *f)
{
    lat_buf_puts(out, "{\"id\":");
    latd_write_string(out, f->id);
    lat_buf_printf(out,
                   ",\"object\":\"file\",\"bytes\":%llu,\"created_at\":%lld,"
                   "\"filename\":",
                   (unsigned long long)f->bytes, (long long)f->created_at);
    latd_write_string(out, f->filename);
    lat_buf_puts(out, ",\"purpose\":");
    latd_write_string(out, f->purpose);
    lat_buf_printf(out, ",\"status\":\"%s\",\"sha256\":\"%s\",\"report\":%s}",
                   f->usable ? "processed" : "error", f->sha256, f->report);
}
