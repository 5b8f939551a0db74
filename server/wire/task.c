/* task.c - what the model's head says of a latent. */
#include "reply.h"

void latd_write_task(struct latd_writer *w, const float *likely)
{
    const struct lat_card *card = w->r->card;

    if (!likely) {
        lat_buf_puts(w->out, "null");
        return;
    }
    lat_buf_puts(w->out, "{\"kind\":\"classes\",\"labels\":[");
    for (size_t i = 0; i < card->n_labels; i++) {
        lat_buf_puts(w->out, i ? "," : "");
        latd_write_string(w->out, card->labels[i]);
    }
    lat_buf_puts(w->out, "],\"probabilities\":");
    latd_write_vector(w, likely, card->n_labels);
    lat_buf_puts(w->out, "}");
}
