/* partitions.c - the latent by its partitions. */
#include "reply.h"

void latd_write_partitions(struct latd_writer *w, const float *z)
{
    const struct lat_card *card = w->r->card;

    if (!card->partitioned) {
        lat_buf_puts(w->out, "null");
        return;
    }
    for (int b = 0; b < LAT_N_BLOCKS; b++) {
        const struct lat_range *at = &card->blocks[b];
        size_t n = at->end - at->begin;

        lat_buf_printf(
            w->out, "%s\"%s\":{\"range\":[%zu,%zu],\"values\":", b ? "," : "{",
            lat_block_name((enum lat_block)b), at->begin, at->end);
        latd_write_vector(w, z + at->begin, n);
        lat_buf_puts(w->out, ",\"norm\":");
        latd_write_float(w->out, (float)latd_norm(z + at->begin, n));
        lat_buf_puts(w->out, "}");
    }
    lat_buf_puts(w->out, "}");
}
