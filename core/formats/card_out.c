/*
 * card_out.c - cards as they are written, and the digest of what a card says
 * of the input.
 *
 * Keys are sorted and numbers printed with up to 15 digits, so that the same
 * card has the same bytes.
 */
#include "card.h"

#include "../signal.h"

#include <jansson.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STYLE (JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15))

/* json_*_set_new and its kind take NULL and report it, so that a tree is
 * checked once, when it is whole. */
static bool set(json_t *obj, const char *key, json_t *v)
{
    return json_object_set_new(obj, key, v) == 0;
}

/* Whole numbers without a point. */
static json_t *number(double v)
{
    if (v == floor(v) && fabs(v) < 1e15)
        return json_integer((json_int_t)v);
    return json_real(v);
}

static json_t *count(size_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *unit_json(const struct lat_input *in)
{
    json_t *list = *in->unit ? NULL : json_array();
    bool ok = list != NULL;

    if (*in->unit)
        return json_string(in->unit);
    for (size_t i = 0; ok && i < in->n_channels; i++)
        ok = json_array_append_new(list, json_string(in->units[i])) == 0;
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *input_json(const struct lat_input *in)
{
    json_t *obj = json_object(), *names = json_array();
    bool ok = obj && names;

    for (size_t i = 0; ok && i < in->n_names; i++)
        ok = json_array_append_new(names, json_string(in->names[i])) == 0;
    if (ok && in->n_channels == 1)
        names = json_pack("[o]", names);
    ok = ok && names && set(obj, "channels", json_incref(names)) &&
         set(obj, "unit", unit_json(in)) &&
         set(obj, "sampling_rate_hz", number(in->rate_hz)) &&
         set(obj, "window_samples", count(in->window));
    json_decref(names);
    if (ok)
        return obj;
    json_decref(obj);
    return NULL;
}

/* What is not done is not said. */
static json_t *prep_json(const struct lat_prep *p)
{
    json_t *obj = json_object();
    bool ok = obj != NULL, band = p->low_hz > 0.0 || p->high_hz > 0.0;

    if (band)
        ok = ok && set(obj, "low_hz", number(p->low_hz)) &&
             set(obj, "high_hz", number(p->high_hz)) &&
             set(obj, "order", count(p->order)) &&
             set(obj, "ends", json_string(lat__ends_name(p->ends))) &&
             set(obj, "pad", count(p->pad));
    ok = ok && set(obj, "center", json_boolean(p->center));
    if (p->scale != LAT_SCALE_NONE)
        ok = ok && set(obj, "scale", json_string(lat__scale_name(p->scale))) &&
             set(obj, "floor", number(p->floor));
    if (p->divisor > 0.0)
        ok = ok && set(obj, "divisor", number(p->divisor));
    if (ok)
        return obj;
    json_decref(obj);
    return NULL;
}

static json_t *in_json(const struct lat_card *card)
{
    return card->modality == LAT_IMAGES
               ? lat__card_image_input_json(&card->image)
               : input_json(&card->input);
}

static json_t *conditions_json(const struct lat_card *card)
{
    return card->modality == LAT_IMAGES
               ? lat__card_image_prep_json(&card->image)
               : prep_json(&card->prep);
}

enum lat_code lat__prep_digest(char hex[LAT_DIGEST_HEX],
                               const struct lat_card *card, struct lat_err *err)
{
    json_t *both = json_pack("{s:o, s:o}", "input", in_json(card),
                             "preprocessing", conditions_json(card));
    char *text = both ? json_dumps(both, STYLE) : NULL;
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;

    json_decref(both);
    if (!text)
        return lat_fail(err, LAT_ENOMEM, "input and preprocessing");
    lat_sha256_init(&h);
    lat_sha256_add(&h, text, strlen(text));
    lat_sha256_end(&h, digest);
    lat_digest_hex(hex, digest);
    free(text);
    return LAT_OK;
}

static json_t *layers_json(const struct lat__layer_spec *l, size_t n)
{
    json_t *list = json_array();
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < n; i++) {
        struct lat__layer_spec s = l[i];
        json_t *obj = json_pack("{s:s}", "kind", s.kind);

        for (size_t f = 0; obj && ok && f < LAT_LAYER_FIELDS; f++)
            if (*lat__layer_field(&s, f))
                ok = set(obj, lat__layer_fields[f].name,
                         count(*lat__layer_field(&s, f)));
        ok = json_array_append_new(list, obj) == 0 && ok;
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *partitions_json(const struct lat_card *card)
{
    json_t *obj;
    bool ok;

    if (!card->partitioned)
        return json_null();
    obj = json_object();
    ok = obj != NULL;
    for (int b = 0; ok && b < LAT_N_BLOCKS; b++) {
        const struct lat_range *r = &card->blocks[b];

        if (r->end > r->begin)
            ok = set(
                obj, lat_block_name((enum lat_block)b),
                json_pack("[I, I]", (json_int_t)r->begin, (json_int_t)r->end));
    }
    if (ok)
        return obj;
    json_decref(obj);
    return NULL;
}

static json_t *task_json(const struct lat_card *card)
{
    json_t *obj, *labels;
    bool ok;

    if (card->task == LAT_TASK_NONE)
        return json_null();
    obj = json_pack("{s:s}", "kind", lat__task_names[card->task]);
    if (card->task != LAT_TASK_CLASSES)
        return obj;
    labels = json_array();
    ok = obj && labels;
    for (size_t i = 0; ok && i < card->n_labels; i++)
        ok = json_array_append_new(labels, json_string(card->labels[i])) == 0;
    ok = ok && set(obj, "labels", json_incref(labels));
    json_decref(labels);
    if (ok)
        return obj;
    json_decref(obj);
    return NULL;
}

static json_t *net_json(const struct lat_card *card,
                        const struct lat__architecture *a)
{
    json_t *encoder = layers_json(a->encoder, a->n_encoder);

    if (card->modality == LAT_SIGNALS)
        return json_pack("{s:o, s:o}", "encoder", encoder, "task",
                         layers_json(a->task, a->n_task));
    return json_pack("{s:o, s:o, s:o}", "encoder", encoder, "projector",
                     layers_json(a->projector, a->n_projector), "gate",
                     layers_json(a->gate, a->n_gate));
}

static json_t *latent_json(const struct lat_card *card)
{
    if (card->modality == LAT_SIGNALS)
        return json_pack("{s:I, s:o}", "dimensions", (json_int_t)card->dims,
                         "partitions", partitions_json(card));
    return json_pack("{s:I, s:n, s:s, s:I}", "dimensions",
                     (json_int_t)card->dims, "partitions", "nonnegativity",
                     lat_nonneg_name(card->nonneg), "top_k",
                     (json_int_t)card->top_k);
}

static json_t *head_json(const struct lat_card *card,
                         const struct lat__architecture *a)
{
    return json_pack(
        "{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", card->name,
        "version", (json_int_t)card->version, "modality",
        lat_modality_name(card->modality), "architecture", net_json(card, a),
        "latent", latent_json(card), "gate", lat__card_gate_json(&card->gate),
        "task", task_json(card), "input", in_json(card), "preprocessing",
        conditions_json(card));
}

/* Puts the note's JSON under its key; nothing when there is none. */
static enum lat_code add_note(json_t *card, const char *key, const char *text,
                              struct lat_err *err)
{
    json_error_t at;
    json_t *v;

    if (!text)
        return LAT_OK;
    v = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (!v)
        return lat_fail(err, LAT_EINVAL, "card: %s: byte %d: %s", key,
                        at.position, at.text);
    return set(card, key, v) ? LAT_OK : lat_fail(err, LAT_ENOMEM, "card");
}

enum lat_code lat__card_encode(struct lat_buf *out, const struct lat_card *card,
                               const struct lat__architecture *arch,
                               const struct lat__card_notes *notes,
                               struct lat_err *err)
{
    json_t *v = head_json(card, arch);
    enum lat_code code = LAT_OK;
    char *text = NULL;

    if (v)
        code = add_note(v, "method", notes->method, err);
    if (v && !code)
        code = add_note(v, "training", notes->training, err);
    if (v && !code)
        code = add_note(v, "results", notes->results, err);
    if (v && !code)
        code = add_note(v, "null_scores", notes->null_scores, err);
    if (v && !code)
        code = add_note(v, "licence", notes->licence, err);
    if (v && !code)
        text = json_dumps(v, STYLE);
    if (text)
        lat_buf_puts(out, text);
    if (!code && (!text || out->failed))
        code = lat_fail(err, LAT_ENOMEM, "card");
    free(text);
    json_decref(v);
    return code;
}
