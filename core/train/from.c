/*
 * from.c - training that goes on from a model: its card's input and layers,
 * its weights, and a pace for each layer.
 *
 * The pace of a layer of the encoder is its learning rate as a share of the
 * last layer's.  `freeze` layers have none, and from the first of the others
 * on it rises as
 *
 *     early_lr ^ (1 - i / (n - 1))        i = 0 … n - 1
 *
 * What is frozen keeps its bytes: weights, and the running statistics, with
 * which it also computes.
 */
#include "../train.h"
#include "gated.h"

#include <math.h>
#include <string.h>

/* ---- the recipe ---- */

/* As it was written: shaping fills in defaults that a kind may not be told. */
static struct lat__layer_spec as_said(const struct lat__layer *l)
{
    struct lat__layer_spec s = l->spec;

    for (size_t f = 0; f < LAT_LAYER_FIELDS; f++)
        if (!((l->kind->needs | l->kind->takes) & 1u << f))
            *lat__layer_field(&s, f) = 0;
    return s;
}

/* The layers as a recipe would say them; "" for none. */
static enum lat_code set_layers(struct lat_recipe *r, const char *key,
                                const struct lat__stack *s, struct lat_err *err)
{
    struct lat__layer_spec *l = lat_calloc(s->n_layers + 1, sizeof(*l));
    struct lat_buf text = {0};
    enum lat_code code;

    for (size_t i = 0; l && i < s->n_layers; i++)
        l[i] = as_said(&s->layers[i]);
    lat_buf_puts(&text, "");
    if (l)
        lat__layers_print(&text, l, s->n_layers);
    if (!l || text.failed)
        code = lat_fail(err, LAT_ENOMEM, "%s", key);
    else
        code = lat_recipe_set(r, key, text.v, err);
    lat_buf_fini(&text);
    lat_free(l);
    return code;
}

static enum lat_code set_input(struct lat_recipe *r, const struct lat_input *in,
                               struct lat_err *err)
{
    struct lat_buf names = {0};
    enum lat_code code;

    for (size_t i = 0; i < in->n_names; i++)
        lat_buf_printf(&names, "%s%s", i ? " " : "", in->names[i]);
    if (names.failed)
        return lat_fail(err, LAT_ENOMEM, "leads");
    code = lat_recipe_set(r, "leads", names.len ? names.v : "", err);
    names.len = 0;
    for (size_t k = 0; k < (*in->unit ? 1 : in->n_channels); k++)
        lat_buf_printf(&names, "%s%s", k ? " " : "", lat_input_unit(in, k));
    if (!code && names.failed)
        code = lat_fail(err, LAT_ENOMEM, "unit");
    if (!code)
        code = lat_recipe_set(r, "unit", names.v, err);
    r->rate_hz = in->rate_hz;
    r->window = in->window;
    lat_buf_fini(&names);
    return code;
}

enum lat_code lat_recipe_adopt(struct lat_recipe *r, const struct lat_model *m,
                               struct lat_err *err)
{
    const struct lat_card *card = lat_model_card(m);
    const struct lat__net *net = lat__model_net(m);
    enum lat_code code;

    if (card->modality == LAT_IMAGES)
        return lat__pictures_adopt(r, m, err);
    if (r->kind == LAT_PICTURES)
        return lat_fail(err, LAT_EUNFIT,
                        "model %s reads signals, the recipe is of images",
                        card->name);
    code = set_layers(r, "encoder", &net->encoder, err);
    if (!code)
        code = set_layers(r, "task", &net->task, err);
    if (!code)
        code = set_input(r, &card->input, err);
    if (code)
        return code;
    r->prep = card->prep;
    r->pooled = false;
    if (card->input.n_channels == 1)
        r->kind = LAT_WFDB;
    else if (r->kind == LAT_WFDB)
        r->kind = LAT_WISDM;
    if (net->task.n_layers == 0)
        r->w_task = 0.0;
    for (size_t b = 0; b < LAT_N_BLOCKS; b++)
        r->block[b] =
            card->partitioned ? card->blocks[b].end - card->blocks[b].begin : 0;
    if (!card->partitioned)
        r->block[LAT_INV] = card->dims;
    return LAT_OK;
}

enum lat_code lat_recipe_of(struct lat_recipe **out, const struct lat_model *m,
                            struct lat_err *err)
{
    char *text = NULL;
    enum lat_code code = lat__card_recipe(&text, lat_model_card(m)->json, err);

    if (!code)
        code = lat__recipe_parse(out, text, err);
    lat_free(text);
    return code ? lat_wrap(err, code, "the recipe in the card of %s",
                           lat_model_card(m)->name)
                : LAT_OK;
}

static void adopt_latent(struct lat_recipe *r, const struct lat_card *card)
{
    r->kind = LAT_PICTURES;
    r->image.nonneg = card->nonneg;
    r->image.top_k = card->top_k;
    if (card->gate.mode == LAT_GATES_NONE)
        return;
    r->image.gate =
        card->gate.mode == LAT_GATES_SOFT ? LAT_GATE_SOFT : LAT_GATE_STE;
    r->image.temperature = card->gate.temperature;
    r->image.prior = card->gate.prior;
}

enum lat_code lat_recipe_like(struct lat_recipe **out,
                              const struct lat_model *m, struct lat_err *err)
{
    enum lat_code code = lat_recipe_of(out, m, NULL);

    if (!code)
        return LAT_OK;
    code = lat_recipe_new(out, err);
    if (!code && lat_model_card(m)->modality == LAT_IMAGES)
        adopt_latent(*out, lat_model_card(m));
    return code;
}

/* ---- the weights ---- */

bool lat__layers_same(const struct lat__stack *a, const struct lat__stack *b)
{
    if (a->n_layers != b->n_layers || a->in.w != b->in.w || a->in.c != b->in.c)
        return false;
    for (size_t i = 0; i < a->n_layers; i++) {
        struct lat__layer_spec x = a->layers[i].spec, y = b->layers[i].spec;

        if (strcmp(x.kind, y.kind) != 0)
            return false;
        for (size_t f = 0; f < LAT_LAYER_FIELDS; f++)
            if (*lat__layer_field(&x, f) != *lat__layer_field(&y, f))
                return false;
    }
    return true;
}

/* Of stacks with the same layers, whose places in the block may differ. */
void lat__layers_copy(float *to, const struct lat__stack *t, const float *from,
                      const struct lat__stack *f)
{
    for (size_t i = 0; i < t->n_layers; i++)
        for (size_t p = 0; p < t->layers[i].n_params; p++) {
            const struct lat__param *a = &t->layers[i].params[p];

            memcpy(to + a->offset, from + f->layers[i].params[p].offset,
                   lat__param_count(a) * sizeof(*to));
        }
}

static void name_parent(struct lat_trainer *t, const struct lat_card *card)
{
    memcpy(t->parent, card->digest, sizeof(t->parent));
    memcpy(t->parent_name, card->name, sizeof(t->parent_name));
    t->parent_version = card->version;
}

enum lat_code lat_train_from(struct lat_trainer *t, const struct lat_model *m,
                             struct lat_err *err)
{
    const struct lat__net *net = lat__model_net(m);
    const struct lat_card *card = lat_model_card(m);

    if (t->step > 0)
        return lat_fail(err, LAT_EBUSY, "%zu steps are done already", t->step);
    if ((t->gated != NULL) != (card->modality == LAT_IMAGES))
        return lat_fail(err, LAT_EUNFIT, "model %s reads %ss, the data are %ss",
                        card->name, lat_modality_name(card->modality),
                        lat_modality_name(t->gated ? LAT_IMAGES : LAT_SIGNALS));
    if (t->gated) {
        enum lat_code code = lat__pictures_from(t, m, err);

        if (!code)
            name_parent(t, card);
        return code;
    }
    if (!lat__layers_same(&net->encoder, &t->net->encoder))
        return lat_fail(err, LAT_EUNFIT,
                        "model %s has an encoder of other layers than the "
                        "recipe",
                        card->name);
    lat__layers_copy(t->params, &t->net->encoder, lat__model_params(m),
                     &net->encoder);
    if (lat__layers_same(&net->task, &t->net->task))
        lat__layers_copy(t->params, &t->net->task, lat__model_params(m),
                         &net->task);
    name_parent(t, card);
    return LAT_OK;
}

/* ---- the pace ---- */

static void pace_layer(float *pace, const struct lat__layer *l, double share)
{
    for (size_t p = 0; p < l->n_params; p++)
        for (size_t i = 0;
             l->params[p].trained && i < lat__param_count(&l->params[p]); i++)
            pace[l->params[p].offset + i] = (float)share;
}

double lat__layer_share(size_t freeze, double early, size_t i, size_t n_layers)
{
    double n = (double)(n_layers - freeze);

    if (i < freeze)
        return 0.0;
    if (n <= 1.0)
        return 1.0;
    return pow(early, 1.0 - (double)(i - freeze) / (n - 1.0));
}

enum lat_code lat__train_pace(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat__stack *s = &t->net->encoder;
    const struct lat_recipe *r = t->recipe;

    if (r->freeze > s->n_layers ||
        (r->freeze == s->n_layers && t->net->task.n_layers == 0))
        return lat_fail(err, LAT_EINVAL,
                        "freeze is %zu of an encoder of %zu layers: nothing "
                        "is left to learn",
                        r->freeze, s->n_layers);
    t->encoder->frozen = r->freeze;
    if (r->freeze == 0 && r->early_lr >= 1.0)
        return LAT_OK;
    t->pace = lat_calloc(t->net->n_trained, sizeof(*t->pace));
    if (!t->pace)
        return lat_fail(err, LAT_ENOMEM, "the pace of %zu parameters",
                        t->net->n_trained);
    for (size_t i = 0; i < t->net->n_trained; i++)
        t->pace[i] = 1.0f;
    for (size_t i = 0; i < s->n_layers; i++)
        pace_layer(t->pace, &s->layers[i],
                   lat__layer_share(r->freeze, r->early_lr, i, s->n_layers));
    return LAT_OK;
}
