/* card_image.c - what a card of images says: size, numbers, sign, gates. */
#include "card.h"

#include <string.h>

static const char *const filters[] = {"bilinear", "bicubic"};

const char *lat_gate_mode_name(unsigned mode)
{
    static const char *const names[] = {"none", "hard", "soft"};

    return mode < LAT_N_GATE_MODES ? names[mode] : NULL;
}

/* ---- input */

static enum lat_code check_colours(const json_t *v, struct lat_err *err)
{
    const char *space = json_string_value(json_object_get(v, "colour_space"));

    if (!space || strcmp(space, "RGB") != 0)
        return lat_fail(err, LAT_EFORMAT,
                        "colour_space is \"%.40s\", must be "
                        "RGB",
                        space ? space : "");
    return LAT_OK;
}

static enum lat_code read_filter(enum lat_filter *out, const json_t *v,
                                 struct lat_err *err)
{
    const char *name = json_string_value(json_object_get(v, "filter"));

    for (int f = LAT_BILINEAR; name && f <= LAT_BICUBIC; f++)
        if (strcmp(name, filters[f]) == 0) {
            *out = (enum lat_filter)f;
            return LAT_OK;
        }
    return lat_fail(err, LAT_EFORMAT,
                    "filter is \"%.40s\", must be bilinear or bicubic",
                    name ? name : "");
}

enum lat_code lat__card_image_input(struct lat_image_input *in, const json_t *v,
                                    struct lat_err *err)
{
    enum lat_code code =
        lat__json_keys(v, "colour_space height width shorter_side filter", err);

    if (!code)
        code = check_colours(v, err);
    if (!code)
        code = lat__json_count(&in->height, v, "height", 1, LAT_IMAGE_SIDE_MAX,
                               err);
    if (!code)
        code =
            lat__json_count(&in->width, v, "width", 1, LAT_IMAGE_SIDE_MAX, err);
    if (!code)
        code = lat__json_count(&in->shorter, v, "shorter_side", 0,
                               LAT_IMAGE_SIDE_MAX, err);
    return code ? code : read_filter(&in->filter, v, err);
}

json_t *lat__card_image_input_json(const struct lat_image_input *in)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:s}", "colour_space", "RGB",
                     "height", (json_int_t)in->height, "width",
                     (json_int_t)in->width, "shorter_side",
                     (json_int_t)in->shorter, "filter", filters[in->filter]);
}

/* ---- preprocessing */

static enum lat_code read_three(double out[3], const json_t *v, const char *key,
                                double least, struct lat_err *err)
{
    const json_t *list = json_object_get(v, key);

    for (size_t i = 0; i < 3; i++) {
        const json_t *x = json_array_get(list, i);

        if (json_array_size(list) != 3 || !json_is_number(x) ||
            !(json_number_value(x) >= least && json_number_value(x) <= 1.0))
            return lat_fail(err, LAT_EFORMAT,
                            "%s is not a list of three numbers from %g to 1",
                            key, least);
        out[i] = json_number_value(x);
    }
    return LAT_OK;
}

enum lat_code lat__card_image_prep(struct lat_image_input *in, const json_t *v,
                                   struct lat_err *err)
{
    enum lat_code code = lat__json_keys(v, "mean deviation", err);

    if (!code)
        code = read_three(in->mean, v, "mean", 0.0, err);
    if (!code)
        code = read_three(in->deviation, v, "deviation", 1e-3, err);
    return code;
}

json_t *lat__card_image_prep_json(const struct lat_image_input *in)
{
    const double *m = in->mean, *d = in->deviation;

    return json_pack("{s:[f,f,f], s:[f,f,f]}", "mean", m[0], m[1], m[2],
                     "deviation", d[0], d[1], d[2]);
}

/* ---- latent */

enum lat_code lat__card_nonneg(struct lat_card *card, const json_t *latent,
                               struct lat_err *err)
{
    const char *name =
        json_string_value(json_object_get(latent, "nonnegativity"));

    for (unsigned i = 0; name && i < LAT_N_NONNEGS; i++)
        if (strcmp(name, lat_nonneg_name(i)) == 0) {
            card->nonneg = (enum lat_nonneg)i;
            return json_object_get(latent, "top_k")
                       ? lat__json_count(&card->top_k, latent, "top_k", 0,
                                         card->dims, err)
                       : LAT_OK;
        }
    return lat_fail(err, LAT_EFORMAT, "nonnegativity: \"%.40s\" is unknown",
                    name ? name : "");
}

/* ---- gate */

static enum lat_code read_mode(enum lat_gate_mode *out, const json_t *v,
                               struct lat_err *err)
{
    const char *name = json_string_value(json_object_get(v, "mode"));

    for (unsigned m = LAT_GATES_HARD; name && m < LAT_N_GATE_MODES; m++)
        if (strcmp(name, lat_gate_mode_name(m)) == 0) {
            *out = (enum lat_gate_mode)m;
            return LAT_OK;
        }
    return lat_fail(err, LAT_EFORMAT, "mode is \"%.40s\", must be hard or soft",
                    name ? name : "");
}

enum lat_code lat__card_gate(struct lat_card *card, const json_t *v,
                             struct lat_err *err)
{
    struct lat_gate *g = &card->gate;
    enum lat_code code;

    if (!v || json_is_null(v))
        return LAT_OK;
    code = lat__json_keys(v, "mode threshold temperature prior", err);
    if (!code)
        code = read_mode(&g->mode, v, err);
    if (!code)
        code = lat__json_number(&g->threshold, v, "threshold", 1.0, err);
    if (!code && g->threshold != 0.5)
        code = lat_fail(err, LAT_EFORMAT,
                        "threshold is missing or not 0.5, which is a logit of "
                        "0");
    if (!code)
        code = lat__json_number(&g->temperature, v, "temperature", 1e3, err);
    if (!code && !(g->temperature > 0.0))
        code = lat_fail(err, LAT_EFORMAT, "temperature is missing or 0");
    return code ? code : lat__json_number(&g->prior, v, "prior", 1.0, err);
}

json_t *lat__card_gate_json(const struct lat_gate *gate)
{
    if (gate->mode == LAT_GATES_NONE)
        return json_null();
    return json_pack("{s:s, s:f, s:f, s:f}", "mode",
                     lat_gate_mode_name(gate->mode), "threshold",
                     gate->threshold, "temperature", gate->temperature, "prior",
                     gate->prior);
}
