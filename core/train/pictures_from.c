/* pictures_from.c - training of pictures that goes on from a model: its net, as
 * a recipe says it, and its weights. */
#include "gated.h"

#include <string.h>

/* ---- the recipe --------------------------------------------------------- */

static enum lat_code set_count(struct lat_recipe *r, const char *key, size_t n,
                               struct lat_err *err)
{
    struct lat_buf text = {0};
    enum lat_code code;

    lat_buf_printf(&text, "%zu", n);
    code = text.failed ? lat_fail(err, LAT_ENOMEM, "%s", key)
                       : lat_recipe_set(r, key, text.v, err);
    lat_buf_fini(&text);
    return code;
}

static enum lat_code set_three(struct lat_recipe *r, const char *key,
                               const double v[3], struct lat_err *err)
{
    struct lat_buf text = {0};
    enum lat_code code;

    lat_buf_printf(&text, "%.12g %.12g %.12g", v[0], v[1], v[2]);
    code = text.failed ? lat_fail(err, LAT_ENOMEM, "%s", key)
                       : lat_recipe_set(r, key, text.v, err);
    lat_buf_fini(&text);
    return code;
}

static enum lat_code set_blocks(struct lat_recipe *r, const size_t *blocks,
                                struct lat_err *err)
{
    struct lat_buf text = {0};
    enum lat_code code;

    for (size_t s = 0; s < LAT_RESNET_STAGES && blocks[s]; s++)
        lat_buf_printf(&text, "%s%zu", s ? " " : "", blocks[s]);
    code = text.failed ? lat_fail(err, LAT_ENOMEM, "blocks")
                       : lat_recipe_set(r, "blocks", text.v, err);
    lat_buf_fini(&text);
    return code;
}

/* Blocks are counted by what they end in, an add, and stages by its width.
 * False: this is no residual net as ours. */
static bool read_resnet(struct lat__resnet *resnet, const struct lat__stack *s)
{
    const struct lat__layer *stem = s->layers;

    if (s->n_layers == 0 || !lat__layer_is(stem, "conv2d"))
        return false;
    *resnet = (struct lat__resnet){.width = stem->spec.out,
                                   .small = stem->spec.kernel == 3,
                                   .stem_pad = stem->spec.pad};
    for (size_t i = 0; i < s->n_layers; i++) {
        size_t stage = 0;

        if (!lat__layer_is(&s->layers[i], "add"))
            continue;
        while (stage < LAT_RESNET_STAGES && s->layers[i].out.c != resnet->width
                                                                      << stage)
            stage++;
        if (stage == LAT_RESNET_STAGES)
            return false;
        resnet->blocks[stage]++;
    }
    return resnet->blocks[0] > 0;
}

static enum lat_code adopt_net(struct lat_recipe *r, const struct lat__net *net,
                               const char *name, struct lat_err *err)
{
    const struct lat__stack *p = &net->projector;
    struct lat__resnet resnet;
    enum lat_code code;

    if (!read_resnet(&resnet, &net->encoder) || p->n_layers != 3 ||
        !lat__layer_is(&p->layers[0], "linear"))
        return lat_fail(err, LAT_EUNFIT,
                        "model %s: training goes on from a residual net with a "
                        "projector of two linear layers, which this is not",
                        name);
    code = lat_recipe_set(r, "stem", resnet.small ? "small" : "large", err);
    if (!code && resnet.small)
        code = set_count(r, "stem_pad", resnet.stem_pad, err);
    if (!code)
        code = set_count(r, "width", resnet.width, err);
    if (!code)
        code = set_blocks(r, resnet.blocks, err);
    if (!code)
        code = set_count(r, "hidden", p->layers[0].spec.out, err);
    if (!code)
        code = set_count(r, "dims", net->dims, err);
    if (!code && net->gate.n_layers > 0)
        code = set_count(r, "gate_layers", (net->gate.n_layers + 1) / 2, err);
    return code;
}

enum lat_code lat__pictures_adopt(struct lat_recipe *r,
                                  const struct lat_model *m,
                                  struct lat_err *err)
{
    const struct lat_card *card = lat_model_card(m);
    const struct lat_image_input *in = &card->image;
    enum lat_code code;

    if (r->kind != LAT_PICTURES)
        return lat_fail(err, LAT_EUNFIT,
                        "model %s reads images, the recipe is of signals",
                        card->name);
    if (in->height != in->width)
        return lat_fail(err, LAT_EUNFIT,
                        "model %s reads images of %zu x %zu; what is trained "
                        "reads squares",
                        card->name, in->width, in->height);
    code = set_count(r, "size", in->width, err);
    if (!code)
        code = set_three(r, "mean", in->mean, err);
    if (!code)
        code = set_three(r, "deviation", in->deviation, err);
    return code ? code : adopt_net(r, lat__model_net(m), card->name, err);
}

/* ---- the weights -------------------------------------------------------- */

/* The trainer's own head begins with a layer that takes a vector as it comes.
 */
static bool same_heads(const struct lat__stack *model,
                       const struct lat__stack *own)
{
    if (model->n_layers + 1 != own->n_layers)
        return false;
    for (size_t i = 0; i < model->n_layers; i++) {
        const struct lat__layer *a = &model->layers[i];
        const struct lat__layer *b = &own->layers[i + 1];

        if (strcmp(a->spec.kind, b->spec.kind) != 0 ||
            a->spec.out != b->spec.out)
            return false;
    }
    return true;
}

static void copy_head(float *to, const struct lat__stack *own,
                      const float *from, const struct lat__stack *model)
{
    for (size_t i = 0; i < model->n_layers; i++)
        for (size_t k = 0; k < model->layers[i].n_params; k++) {
            const struct lat__param *p = &model->layers[i].params[k];

            memcpy(to + own->layers[i + 1].params[k].offset, from + p->offset,
                   lat__param_count(p) * sizeof(*to));
        }
}

static enum lat_code check_gates(const struct lat__gated_trainer *g,
                                 const struct lat__net *net, const char *name,
                                 struct lat_err *err)
{
    const struct lat__net *own = g->part[LAT_PART_GATES].net;

    if (!own)
        return LAT_OK;
    if (net->gate.n_layers == 0)
        return lat_fail_word(err, LAT_EUNFIT, "no_gates",
                             "model %s has no gates, and the recipe has (gate "
                             "= %s)",
                             name, lat__gate_name(g->recipe.loss.gate.kind));
    if (!same_heads(&net->gate, &own->encoder))
        return lat_fail(err, LAT_EUNFIT,
                        "model %s has gates of other layers than the recipe",
                        name);
    return LAT_OK;
}

enum lat_code lat__pictures_from(struct lat_trainer *t,
                                 const struct lat_model *m, struct lat_err *err)
{
    const struct lat__net *net = lat__model_net(m);
    const struct lat_card *card = lat_model_card(m);
    const float *from = lat__model_params(m);
    struct lat__gated_trainer *g = t->gated;
    struct lat__gated_net *body = &g->part[LAT_PART_BODY];
    struct lat__gated_net *gates = &g->part[LAT_PART_GATES];
    enum lat_code code = check_gates(g, net, card->name, err);

    if (code)
        return code;
    if (!lat__layers_same(&net->encoder, &body->net->encoder) ||
        !lat__layers_same(&net->projector, &body->net->projector))
        return lat_fail(err, LAT_EUNFIT,
                        "model %s has an encoder or a projector of other "
                        "layers than the recipe",
                        card->name);
    lat__layers_copy(body->params, &body->net->encoder, from, &net->encoder);
    lat__layers_copy(body->params, &body->net->projector, from,
                     &net->projector);
    if (gates->net)
        copy_head(gates->params, &gates->net->encoder, from, &net->gate);
    memcpy(g->parent, card->digest, sizeof(g->parent));
    g->image = card->image;
    return LAT_OK;
}
