/* gates.c - which dimensions of a code are there, and how sure that is. */
#include "reply.h"

#include <math.h>

/* Of the probability: what a small change of the image would flip. */
static const double undecided = 0.05;

/* Open, and not zero behind the gate. */
static bool is_active(const struct lat_image_code *code, size_t i)
{
    return code->logit[i] > 0.0f && fabsf(code->latent[i]) > 0.0f;
}

static bool is_undecided(const struct lat_image_code *code, size_t i,
                         const struct lat_gate *gate)
{
    return fabs((double)code->probability[i] - gate->threshold) <= undecided;
}

static void put_index(struct lat_buf *out, size_t i, size_t *n)
{
    lat_buf_printf(out, (*n)++ ? ",%zu" : "%zu", i);
}

static void write_lists(struct lat_buf *out, const struct lat_image_code *code,
                        const struct lat_card *card)
{
    size_t n_active = 0, n_undecided = 0, n_open = 0;
    double expected = 0.0;

    lat_buf_puts(out, ",\"active\":[");
    for (size_t i = 0; i < card->dims; i++) {
        if (is_active(code, i))
            put_index(out, i, &n_active);
        n_open += code->logit[i] > 0.0f;
        expected += (double)code->probability[i];
    }
    lat_buf_printf(out,
                   "],\"active_count\":%zu,\"open_count\":%zu,"
                   "\"expected_active\":",
                   n_active, n_open);
    latd_write_float(out, (float)expected);
    lat_buf_puts(out, ",\"undecided\":[");
    for (size_t i = 0; i < card->dims; i++)
        if (is_undecided(code, i, &card->gate))
            put_index(out, i, &n_undecided);
    lat_buf_puts(out, "]");
}

static bool all_shut(const float *latent, size_t n)
{
    while (n > 0 && !(fabsf(latent[n - 1]) > 0.0f))
        n--;
    return n == 0;
}

void latd_write_gates(struct latd_writer *w, const struct lat_image_code *code)
{
    const struct lat_card *card = w->r->card;
    const struct lat_gate *gate = &card->gate;

    if (!code->probability) {
        lat_buf_puts(w->out, "null");
        return;
    }
    lat_buf_printf(w->out, "{\"mode\":\"%s\",\"threshold\":",
                   lat_gate_mode_name(w->r->mode));
    latd_write_number(w->out, gate->threshold);
    lat_buf_puts(w->out, ",\"temperature\":");
    latd_write_number(w->out, gate->temperature);
    lat_buf_puts(w->out, ",\"prior\":");
    latd_write_number(w->out, gate->prior);
    lat_buf_puts(w->out, ",\"probabilities\":");
    latd_write_vector(w, code->probability, card->dims);
    write_lists(w->out, code, card);
    lat_buf_printf(w->out, ",\"all_shut\":%s}",
                   all_shut(code->latent, card->dims) ? "true" : "false");
}
