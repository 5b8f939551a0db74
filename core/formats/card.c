/*
 * card.c - what a model says of itself, read and checked.
 *
 * Fields that decide a number are known here or refused, so that a card never
 * asks for something that is silently not done.  What is only told (method,
 * training, results, licence) is any JSON.  schema/model-card.json has the
 * same rules.
 */
#include "card.h"

#include "../signal.h"

#include <string.h>

const char *lat_modality_name(enum lat_modality m)
{
    return m == LAT_IMAGES ? "image" : "signal";
}

size_t lat_input_floats(const struct lat_card *card)
{
    if (card->modality == LAT_IMAGES)
        return card->image.height * card->image.width * 3;
    return card->input.window * card->input.n_channels;
}

const char *lat_block_name(enum lat_block b)
{
    static const char *const names[LAT_N_BLOCKS] = {"invariant", "variant",
                                                    "free"};

    return names[b];
}

/* ---- input */

/* Names of channels, or of one channel's alternatives. */
static enum lat_code read_names(struct lat_input *in, const json_t *list,
                                struct lat_err *err)
{
    const size_t most = sizeof(in->names) / sizeof(in->names[0]);
    const size_t n = json_array_size(list);

    if (n < 1 || n > most)
        return lat_fail(err, LAT_EFORMAT,
                        "channels is not a list of 1 to %zu names, or of one "
                        "list of them",
                        most);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));

        if (!name || !*name || strlen(name) >= LAT_NAME_MAX)
            return lat_fail(err, LAT_EFORMAT,
                            "channels[%zu] is not a name of 1 to %d bytes", i,
                            LAT_NAME_MAX - 1);
        memcpy(in->names[i], name, strlen(name) + 1);
        for (size_t j = 0; j < i; j++)
            if (strcmp(in->names[i], in->names[j]) == 0)
                return lat_fail(err, LAT_EFORMAT,
                                "channels[%zu] is \"%s\" again", i, name);
    }
    in->n_names = n;
    return LAT_OK;
}

static enum lat_code read_channels(struct lat_input *in, const json_t *list,
                                   struct lat_err *err)
{
    const json_t *one = json_array_get(list, 0);
    enum lat_code code;

    if (json_array_size(list) == 1 && json_is_array(one)) {
        in->n_channels = 1;
        return read_names(in, one, err);
    }
    code = read_names(in, list, err);
    in->n_channels = in->n_names;
    return code;
}

static enum lat_code check_unit(const char *unit, struct lat_err *err)
{
    if (lat__unit_known(unit))
        return LAT_OK;
    return lat_fail(err, LAT_EFORMAT, "unit %s is not known", unit);
}

/* One for all, or a list with one for each channel. */
static enum lat_code read_units(struct lat_input *in, const json_t *v,
                                struct lat_err *err)
{
    const json_t *list = json_object_get(v, "unit");
    enum lat_code code = LAT_OK;

    if (!json_is_array(list)) {
        code = lat__json_text(in->unit, sizeof(in->unit), v, "unit", err);
        return code ? code : check_unit(in->unit, err);
    }
    if (in->n_channels < 2 || json_array_size(list) != in->n_channels)
        return lat_fail(err, LAT_EFORMAT, "%zu units for %zu channels",
                        json_array_size(list), in->n_channels);
    for (size_t i = 0; !code && i < in->n_channels; i++) {
        const char *unit = json_string_value(json_array_get(list, i));

        if (!unit || strlen(unit) >= LAT_UNIT_MAX)
            return lat_fail(err, LAT_EFORMAT, "unit[%zu] is no unit", i);
        strcpy(in->units[i], unit);
        code = check_unit(unit, err);
    }
    return code;
}

static enum lat_code read_input(struct lat_input *in, const json_t *v,
                                struct lat_err *err)
{
    enum lat_code code =
        lat__json_keys(v, "channels unit sampling_rate_hz window_samples", err);

    if (!code)
        code = read_channels(in, json_object_get(v, "channels"), err);
    if (!code)
        code = read_units(in, v, err);
    if (!code)
        code = lat__json_number(&in->rate_hz, v, "sampling_rate_hz", 1e6, err);
    if (!code && !(in->rate_hz > 0.0))
        code = lat_fail(err, LAT_EFORMAT, "sampling_rate_hz is missing or 0");
    if (!code)
        code = lat__json_count(&in->window, v, "window_samples", 1,
                               LAT_FIELD_MAX, err);
    return code;
}

/* ---- preprocessing */

static enum lat_code read_word(unsigned *out, const json_t *obj,
                               const char *key, unsigned (*find)(const char *),
                               unsigned n, struct lat_err *err)
{
    const json_t *v = json_object_get(obj, key);
    const char *word = json_string_value(v);

    if (!v)
        return LAT_OK;
    if (!word || find(word) >= n)
        return lat_fail(err, LAT_EFORMAT, "%s: \"%.40s\" is unknown", key,
                        word ? word : "");
    *out = find(word);
    return LAT_OK;
}

static unsigned find_ends(const char *word)
{
    return lat__ends_of(word);
}

static unsigned find_scale(const char *word)
{
    return lat__scale_of(word);
}

static enum lat_code read_prep(struct lat_prep *p, const json_t *v,
                               struct lat_err *err)
{
    const json_t *center = json_object_get(v, "center");
    unsigned ends = LAT_ENDS_ODD, scale = LAT_SCALE_NONE;
    size_t order = 0;
    enum lat_code code = lat__json_keys(
        v, "low_hz high_hz order ends pad center scale floor divisor", err);

    if (!code)
        code = lat__json_number(&p->low_hz, v, "low_hz", 1e6, err);
    if (!code)
        code = lat__json_number(&p->high_hz, v, "high_hz", 1e6, err);
    if (!code && json_object_get(v, "order"))
        code = lat__json_count(&order, v, "order", 1, 8, err);
    if (!code)
        code = read_word(&ends, v, "ends", find_ends, LAT_N_ENDS, err);
    if (!code && json_object_get(v, "pad"))
        code = lat__json_count(&p->pad, v, "pad", 0, LAT_FIELD_MAX, err);
    if (!code && center && !json_is_boolean(center))
        code = lat_fail(err, LAT_EFORMAT, "center is not true or false");
    if (!code)
        code = read_word(&scale, v, "scale", find_scale, LAT_N_SCALES, err);
    if (!code)
        code = lat__json_number(&p->floor, v, "floor", 1e9, err);
    if (!code)
        code = lat__json_number(&p->divisor, v, "divisor", 1e9, err);
    p->order = (unsigned)order;
    p->ends = (enum lat_ends)ends;
    p->center = json_is_true(center);
    p->scale = (enum lat_scale)scale;
    return code;
}

/* ---- the whole */

static const char top_keys[] =
    "name version modality architecture latent gate task input preprocessing "
    "method training results null_scores licence";

/* A name is part of paths and of addresses. */
static enum lat_code check_name(const char *name, struct lat_err *err)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";

    if (name[strspn(name, good)] || name[0] == '.')
        return lat_fail(err, LAT_EFORMAT,
                        "name is not made of letters, digits and . _ : -");
    return LAT_OK;
}

static enum lat_code read_head(struct lat_card *card, const json_t *v,
                               struct lat_err *err)
{
    const char *modality = json_string_value(json_object_get(v, "modality"));
    size_t version = 0;
    enum lat_code code = lat__json_keys(v, top_keys, err);

    if (!code)
        code = lat__json_text(card->name, sizeof(card->name), v, "name", err);
    if (!code)
        code = check_name(card->name, err);
    if (!code)
        code = lat__json_count(&version, v, "version", 1, 1 << 30, err);
    card->version = (unsigned)version;
    for (int m = LAT_SIGNALS; m <= LAT_IMAGES; m++)
        if (modality &&
            strcmp(modality, lat_modality_name((enum lat_modality)m)) == 0) {
            card->modality = (enum lat_modality)m;
            return code;
        }
    if (!code)
        code = lat_fail(err, LAT_EFORMAT,
                        "modality is \"%.40s\", must be signal or image",
                        modality ? modality : "");
    return code;
}

static enum lat_code is_null(const json_t *v, const char *key,
                             const char *whose, struct lat_err *err)
{
    v = json_object_get(v, key);
    if (v && !json_is_null(v))
        return lat_fail(err, LAT_EFORMAT, "%s: %s have none", key, whose);
    return LAT_OK;
}

static enum lat_code in_field(enum lat_code code, const char *field,
                              struct lat_err *err)
{
    return code ? lat_wrap(err, code, "%s", field) : LAT_OK;
}

static enum lat_code read_image(struct lat_card *card, const json_t *v,
                                struct lat_err *err)
{
    const json_t *in = json_object_get(v, "input");
    const json_t *prep = json_object_get(v, "preprocessing");
    enum lat_code code = is_null(v, "task", "images", err);

    if (!code)
        code = in_field(lat__card_gate(card, json_object_get(v, "gate"), err),
                        "gate", err);
    if (!code)
        code = in_field(lat__card_image_input(&card->image, in, err), "input",
                        err);
    if (!code)
        code = in_field(lat__card_image_prep(&card->image, prep, err),
                        "preprocessing", err);
    return code;
}

static enum lat_code read_signal(struct lat_card *card, const json_t *v,
                                 struct lat_err *err)
{
    enum lat_code code = is_null(v, "gate", "signals", err);

    if (!code)
        code = in_field(lat__card_task(card, json_object_get(v, "task"), err),
                        "task", err);
    if (!code)
        code =
            in_field(read_input(&card->input, json_object_get(v, "input"), err),
                     "input", err);
    if (!code)
        code = in_field(
            read_prep(&card->prep, json_object_get(v, "preprocessing"), err),
            "preprocessing", err);
    return code;
}

static enum lat_code read_card(struct lat_card *card,
                               struct lat__architecture *arch, const json_t *v,
                               struct lat_err *err)
{
    const json_t *net = json_object_get(v, "architecture");
    enum lat_code code = read_head(card, v, err);

    if (!code)
        code = in_field(lat__card_architecture(arch, net, card->modality, err),
                        "architecture", err);
    if (!code)
        code =
            in_field(lat__card_latent(card, json_object_get(v, "latent"), err),
                     "latent", err);
    if (!code)
        code = in_field(
            lat__card_null(card, json_object_get(v, "null_scores"), err),
            "null_scores", err);
    if (code)
        return code;
    return card->modality == LAT_IMAGES ? read_image(card, v, err)
                                        : read_signal(card, v, err);
}

enum lat_code lat__card_decode(struct lat_card *card,
                               struct lat__architecture *arch, const char *json,
                               struct lat_err *err)
{
    struct lat__architecture a = {0};
    struct lat_card c = {.json = card->json};
    json_error_t at;
    json_t *v = NULL;
    enum lat_code code = LAT_OK;

    if (strlen(json) > LAT_CARD_MAX) {
        code = lat_fail(err, LAT_EFORMAT, "%zu bytes, at most %d are read",
                        strlen(json), LAT_CARD_MAX);
        goto out;
    }
    v = json_loads(json, JSON_REJECT_DUPLICATES, &at);
    if (!v) {
        code = lat_fail(err, LAT_EFORMAT, "byte %d: %s", at.position, at.text);
        goto out;
    }
    code = read_card(&c, &a, v, err);
    if (!code)
        code = lat__prep_digest(c.prep_digest, &c, err);
    if (code)
        goto out;
    memcpy(c.digest, card->digest, sizeof(c.digest));
    memcpy(c.weights_digest, card->weights_digest, sizeof(c.weights_digest));
    *card = c;
    *arch = a;
    a = (struct lat__architecture){0};
out:
    lat__architecture_fini(&a);
    json_decref(v);
    return code ? lat_wrap(err, code, "card") : LAT_OK;
}

enum lat_code lat__card_recipe(char **out, const char *json,
                               struct lat_err *err)
{
    json_t *v = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(
        json_object_get(json_object_get(v, "training"), "recipe"));
    enum lat_code code = LAT_OK;

    if (!text)
        code = lat_fail(err, LAT_ENOENT, "training.recipe is not said");
    else if (!(*out = lat_strdup(text)))
        code = lat_fail(err, LAT_ENOMEM, "recipe");
    json_decref(v);
    return code;
}
