/* model.c - a model, as OpenAI's shape has it, and what it can do. */
#include "../wire.h"

static void put_count(struct lat_buf *out, const char *name, uint64_t n)
{
    lat_buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void put_partitions(struct lat_buf *out, const struct lat_card *card)
{
    if (!card->partitioned) {
        lat_buf_puts(out, ",\"partitions\":null");
        return;
    }
    lat_buf_puts(out, ",\"partitions\":{");
    for (int b = 0; b < LAT_N_BLOCKS; b++)
        lat_buf_printf(out, "%s\"%s\":[%zu,%zu]", b ? "," : "",
                       lat_block_name((enum lat_block)b), card->blocks[b].begin,
                       card->blocks[b].end);
    lat_buf_puts(out, "}");
}

/* One for all channels, or a list. */
static void put_unit(struct lat_buf *out, const struct lat_input *in)
{
    lat_buf_puts(out, ",\"unit\":");
    if (*in->unit) {
        latd_write_string(out, in->unit);
        return;
    }
    for (size_t k = 0; k < in->n_channels; k++) {
        lat_buf_puts(out, k ? "," : "[");
        latd_write_string(out, lat_input_unit(in, k));
    }
    lat_buf_puts(out, "]");
}

/* One channel of several names: the first of these that a recording has. */
static void put_signal(struct lat_buf *out, const struct latd_wire_model *m)
{
    const struct lat_input *in = &m->card->input;

    lat_buf_puts(out, ",\"signal\":{\"sampling_rate_hz\":");
    latd_write_number(out, in->rate_hz);
    lat_buf_puts(out, ",\"channels\":[");
    for (size_t i = 0; i < in->n_names; i++) {
        if (i)
            lat_buf_puts(out, ",");
        latd_write_string(out, in->names[i]);
    }
    lat_buf_puts(out, "]");
    put_count(out, "channels_used", in->n_channels);
    put_unit(out, in);
    put_count(out, "min_samples", 2);
    put_count(out, "window_samples", in->window);
    put_count(out, "max_samples", m->max_samples);
    lat_buf_puts(out, "}");
}

/* What the network reads, and what an image goes through before. */
static void put_image(struct lat_buf *out, const struct latd_wire_model *m)
{
    const struct lat_image_input *in = &m->card->image;

    lat_buf_puts(out, ",\"image\":{\"media_types\":[\"image/jpeg\","
                      "\"image/png\"],\"colour_space\":\"RGB\"");
    put_count(out, "width", in->width);
    put_count(out, "height", in->height);
    put_count(out, "shorter_side", in->shorter);
    lat_buf_printf(out, ",\"filter\":\"%s\"",
                   in->filter == LAT_BICUBIC ? "bicubic" : "bilinear");
    put_count(out, "max_pixels", m->max_pixels);
    lat_buf_puts(out, "}");
}

static void put_gate(struct lat_buf *out, const struct lat_gate *gate)
{
    if (!gate->mode) {
        lat_buf_puts(out, ",\"gate\":null");
        return;
    }
    lat_buf_printf(out, ",\"gate\":{\"mode\":\"%s\",\"threshold\":",
                   lat_gate_mode_name(gate->mode));
    latd_write_number(out, gate->threshold);
    lat_buf_puts(out, ",\"temperature\":");
    latd_write_number(out, gate->temperature);
    lat_buf_puts(out, ",\"prior\":");
    latd_write_number(out, gate->prior);
    lat_buf_puts(out, "}");
}

/* Whether no latent of the model has a value below 0. */
static bool is_nonnegative(enum lat_nonneg kind)
{
    switch (kind) {
    case LAT_NONNEG_RELU:
    case LAT_NONNEG_REP_RELU:
    case LAT_NONNEG_SOFTPLUS:
    case LAT_NONNEG_EXP:
    case LAT_NONNEG_SIGMOID:
        return true;
    case LAT_NONNEG_NONE:
    case LAT_NONNEG_GELU:
    case LAT_NONNEG_LEAKY_RELU:
    case LAT_N_NONNEGS:
        break;
    }
    return false;
}

void latd_wire_model_encode(struct lat_buf *out,
                            const struct latd_wire_model *m)
{
    const struct lat_card *card = m->card;

    lat_buf_puts(out, "{\"id\":");
    latd_write_string(out, m->id);
    lat_buf_printf(out,
                   ",\"object\":\"model\",\"created\":%lld,"
                   "\"owned_by\":\"local\",\"capabilities\":{"
                   "\"modalities\":[\"%s\"],\"dimensions\":%zu,"
                   "\"nonnegative\":%s,\"gated\":%s",
                   (long long)m->created, lat_modality_name(card->modality),
                   card->dims, is_nonnegative(card->nonneg) ? "true" : "false",
                   card->gate.mode ? "true" : "false");
    lat_buf_printf(out, ",\"precision\":\"%s\"",
                   lat_precision_name(m->precision));
    put_partitions(out, card);
    if (card->modality == LAT_IMAGES) {
        put_image(out, m);
        put_gate(out, &card->gate);
        put_count(out, "features", card->features);
    } else {
        put_signal(out, m);
    }
    lat_buf_printf(out,
                   ",\"limits\":{\"max_inputs\":%llu,\"max_body_bytes\":%llu}"
                   ",\"digest\":\"sha256:%s\",\"weights_digest\":\"sha256:%s\""
                   ",\"preprocessing_digest\":\"sha256:%s\"}}",
                   (unsigned long long)m->max_inputs,
                   (unsigned long long)m->max_body_bytes, card->digest,
                   card->weights_digest, card->prep_digest);
}
