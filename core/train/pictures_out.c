/* pictures_out.c - what was learned from pictures, as a model file. */
#include "gated.h"

#include <stdio.h>
#include <string.h>

/* ---- notes of the card */

static void put_method(struct lat_buf *b, const struct lat_recipe *r)
{
    const struct lat__picture_recipe *p = &r->image;

    lat_buf_printf(b,
                   "{\"objective\":\"nt-xent\",\"tau\":%.9g,"
                   "\"nonnegativity\":\"%s\",\"top_k\":%zu,\"gate\":\"%s\"",
                   r->tau, lat_nonneg_name(p->nonneg), p->top_k,
                   lat__gate_name(p->gate));
    if (p->gate != LAT_GATE_OFF && p->gate != LAT_GATE_FIXED)
        lat_buf_printf(b,
                       ",\"gate_layers\":%zu,\"isolated\":%s,\"prior\":%.9g,"
                       "\"prior_by\":\"%s\",\"price\":%.9g",
                       p->gate_layers, p->isolated ? "true" : "false", p->prior,
                       p->prior_by == LAT_PRIOR_OF_ALL ? "all" : "activity",
                       p->price);
    lat_buf_puts(b, "}");
}

static void put_counts(struct lat_buf *b, const struct lat_dataset *d)
{
    static const char *const names[] = {"train", "valid", "test"};

    for (size_t s = 0; s < LAT_N_SPLITS; s++)
        lat_buf_printf(b, "%s\"%s\":%zu", s ? "," : "{", names[s],
                       d->gallery[s] ? lat_gallery_count(d->gallery[s]) : 0);
    lat_buf_puts(b, "}");
}

static void put_training(struct lat_buf *b, const struct lat_trainer *t)
{
    char hex[LAT_DIGEST_HEX];
    struct lat_buf recipe = {0};

    lat_digest_hex(hex, t->data->digest);
    lat_recipe_print(&recipe, t->recipe);
    lat_buf_puts(b, "{\"data\":");
    lat__put_string(b, t->recipe->data);
    lat_buf_printf(b, ",\"data_sha256\":\"%s\",\"images\":", hex);
    put_counts(b, t->data);
    lat_buf_printf(b,
                   ",\"seed\":%zu,\"steps\":%zu,\"best_step\":%zu,"
                   "\"kernel\":\"%s\",\"recipe\":",
                   t->recipe->seed, t->step, t->best_step,
                   lat_kernel_way(t->ctx.kernel, t->ctx.precision));
    lat__put_string(b, recipe.failed ? "" : recipe.v);
    lat__put_parent(b, t);
    lat_buf_puts(b, "}");
    b->failed = b->failed || recipe.failed;
    lat_buf_fini(&recipe);
}

/* ---- the net */

/* What the trainer has, from layer first on, to the stack of the file. */
static void copy_stack(float *to, const struct lat__stack *out,
                       const float *from, const struct lat__stack *in,
                       size_t first)
{
    for (size_t i = 0; i < out->n_layers; i++)
        for (size_t k = 0; k < out->layers[i].n_params; k++) {
            const struct lat__param *p = &out->layers[i].params[k];

            memcpy(to + p->offset,
                   from + in->layers[i + first].params[k].offset,
                   lat__param_count(p) * sizeof(*to));
        }
}

/* Dimensions that a fixed mask shuts give zero, and what is not negative of it
 * is zero, too. */
static void shut(float *params, const struct lat__stack *projector,
                 const float *mask)
{
    const struct lat__layer *last = &projector->layers[projector->n_layers - 1];

    for (size_t k = 0; k < last->n_params; k++) {
        const struct lat__param *p = &last->params[k];

        for (size_t i = 0; i < lat__param_count(p); i++)
            if (mask[i % p->out] == 0.0f)
                params[p->offset + i] = 0.0f;
    }
}

static enum lat_code check_fixed(const struct lat__gated_recipe *r,
                                 struct lat_err *err)
{
    if (r->loss.gate.kind == LAT_GATE_FIXED &&
        (r->loss.nonneg == LAT_NONNEG_SOFTPLUS ||
         r->loss.nonneg == LAT_NONNEG_EXP ||
         r->loss.nonneg == LAT_NONNEG_SIGMOID))
        return lat_fail(err, LAT_EUNFIT,
                        "a fixed mask behind %s has no place in a model file",
                        lat_nonneg_name(r->loss.nonneg));
    return LAT_OK;
}

static const float *learned(const struct lat__gated_net *p, bool best)
{
    return best ? p->best : p->params;
}

static void fill(float *params, const struct lat__net *net,
                 const struct lat__gated_trainer *t, bool best)
{
    const struct lat__gated_net *body = &t->part[LAT_PART_BODY];
    const struct lat__gated_net *gates = &t->part[LAT_PART_GATES];

    best = best && t->best_step > 0;
    copy_stack(params, &net->encoder, learned(body, best), &body->net->encoder,
               0);
    copy_stack(params, &net->projector, learned(body, best),
               &body->net->projector, 0);
    if (gates->net) /* whose first layer takes a vector as it comes */
        copy_stack(params, &net->gate, learned(gates, best),
                   &gates->net->encoder, 1);
    if (t->recipe.loss.gate.kind == LAT_GATE_FIXED)
        shut(params, &net->projector, t->fixed);
}

/* ---- the card */

void lat__gated_describe(struct lat_card *card,
                         const struct lat__gated_recipe *r)
{
    size_t side = r->data.views.size;

    card->modality = LAT_IMAGES;
    card->dims = r->dims;
    card->image = (struct lat_image_input){
        .height = side,
        .width = side,
        .shorter = side,
        .filter = LAT_BICUBIC,
    };
    memcpy(card->image.mean, r->data.mean, sizeof(card->image.mean));
    memcpy(card->image.deviation, r->data.deviation,
           sizeof(card->image.deviation));
    card->nonneg = r->loss.nonneg;
    card->top_k = r->loss.top_k;
    if (!lat__gated_learns(r))
        return;
    card->gate = (struct lat_gate){
        .mode = r->loss.gate.kind == LAT_GATE_SOFT ? LAT_GATES_SOFT
                                                   : LAT_GATES_HARD,
        .threshold = 0.5,
        .temperature = r->cool > 0.0 ? r->cool : r->loss.gate.temperature,
        .prior = r->loss.prior,
    };
}

static enum lat_code parse(struct lat__layer_spec **out, size_t *n,
                           struct lat_buf *text, struct lat_err *err)
{
    enum lat_code code = text->failed ? lat_fail(err, LAT_ENOMEM, "layers")
                                      : lat__layers_parse(out, n, text->v, err);

    lat_buf_fini(text);
    return code;
}

enum lat_code lat__gated_architecture(struct lat__architecture *a,
                                      const struct lat__gated_recipe *r,
                                      struct lat_err *err)
{
    struct lat_buf encoder = {0}, projector = {0}, gate = {0};
    enum lat_code code;

    lat__resnet_print(&encoder, &r->resnet);
    lat__gated_head_print(&projector, 2, r->hidden, r->dims);
    lat__gated_head_print(&gate, r->gate_layers, r->hidden, r->dims);
    code = parse(&a->encoder, &a->n_encoder, &encoder, err);
    if (!code)
        code = parse(&a->projector, &a->n_projector, &projector, err);
    if (!code && lat__gated_learns(r))
        code = parse(&a->gate, &a->n_gate, &gate, err);
    lat_buf_fini(&encoder);
    lat_buf_fini(&projector);
    lat_buf_fini(&gate);
    return code;
}

static enum lat_code encode_card(struct lat_buf *out, struct lat_card *card,
                                 const struct lat__architecture *arch,
                                 const struct lat_trainer *t,
                                 const char *results, struct lat_err *err)
{
    struct lat_buf method = {0}, training = {0}, licence = {0};
    struct lat__card_notes notes = {.results = results};
    enum lat_code code;

    put_method(&method, t->recipe);
    put_training(&training, t);
    lat__put_string(&licence, t->recipe->licence);
    notes.method = method.v;
    notes.training = training.v;
    notes.licence = *t->recipe->licence ? licence.v : NULL;
    if (method.failed || training.failed || licence.failed)
        code = lat_fail(err, LAT_ENOMEM, "card");
    else
        code = lat__card_encode(out, card, arch, &notes, err);
    lat_buf_fini(&method);
    lat_buf_fini(&training);
    lat_buf_fini(&licence);
    return code;
}

struct wanted {
    bool best; /* of the best step, if there is one */
    const char *results;
};

static enum lat_code encode(struct lat_buf *file, const struct lat_trainer *t,
                            const struct wanted *w, struct lat_card *card,
                            struct lat_err *err)
{
    struct lat__architecture arch = {0};
    struct lat_buf text = {0};
    struct lat__net *net = NULL;
    float *params = NULL;
    enum lat_code code = lat__gated_architecture(&arch, &t->gated->recipe, err);

    if (!code)
        code = lat__net_of(&net, card, &arch, err);
    if (!code) {
        params = lat_calloc(net->n_params, sizeof(*params));
        if (!params)
            code = lat_fail(err, LAT_ENOMEM, "%zu parameters", net->n_params);
    }
    if (!code)
        code = encode_card(&text, card, &arch, t, w->results, err);
    if (!code) {
        fill(params, net, t->gated, w->best);
        code = lat__model_encode(file, net, params, text.v, err);
    }
    lat_buf_fini(&text);
    lat_free(params);
    lat__net_free(net);
    lat__architecture_fini(&arch);
    return code;
}

enum lat_code lat__pictures_publish(const struct lat_trainer *t, bool best,
                                    const char *path, const char *results,
                                    struct lat_err *err)
{
    const struct wanted w = {best, results};
    struct lat_card *card = lat_calloc(1, sizeof(*card));
    struct lat_buf file = {0};
    enum lat_code code = check_fixed(&t->gated->recipe, err);

    if (!card && !code)
        code = lat_fail(err, LAT_ENOMEM, "card");
    if (!code) {
        snprintf(card->name, sizeof(card->name), "%s", t->recipe->name);
        card->version = 1;
        lat__gated_describe(card, &t->gated->recipe);
        if (*t->gated->parent) /* it sees what its parent saw */
            card->image = t->gated->image;
        code = encode(&file, t, &w, card, err);
    }
    if (!code)
        code = lat_file_write(path, file.v, file.len, err);
    lat_buf_fini(&file);
    lat_free(card);
    return code ? lat_wrap(err, code, "model %s", t->recipe->name) : LAT_OK;
}
