/* solo_model.c - a checkpoint of solo-learn as a model file. */
#include "gated.h"

#include <stdio.h>
#include <string.h>

enum { CHECKPOINT_MAX = 1 << 30 };

void lat_solo_defaults(struct lat_solo *s, bool small)
{
    const double cifar[2][3] = {{0.4914, 0.4822, 0.4465},
                                {0.2470, 0.2435, 0.2616}};
    const double imagenet[2][3] = {{0.485, 0.456, 0.406},
                                   {0.229, 0.224, 0.225}};
    const size_t three = sizeof(s->image.mean);

    *s = (struct lat_solo){
        .nonneg = small ? LAT_NONNEG_REP_RELU : LAT_NONNEG_RELU,
        .stem_pad = small ? 2 : 3,
        .temperature = 1.0,
        .prior = 0.8,
    };
    s->image.height = s->image.width = small ? 32 : 224;
    s->image.shorter = small ? 32 : 256;
    s->image.filter = small ? LAT_BICUBIC : LAT_BILINEAR;
    memcpy(s->image.mean, small ? cifar[0] : imagenet[0], three);
    memcpy(s->image.deviation, small ? cifar[1] : imagenet[1], three);
}

/* What the card says of a checkpoint that was described. */
static void make_card(struct lat_card *card, struct lat__gated_recipe *r,
                      const struct lat_solo *s)
{
    r->resnet.stem_pad = s->stem_pad;
    r->data.views.size = s->image.width;
    r->loss.nonneg = s->nonneg;
    r->loss.top_k = s->top_k;
    r->loss.prior = s->prior;
    r->loss.gate.temperature = s->temperature;
    r->loss.gate.kind = r->gate_layers > 0 ? LAT_GATE_STE : LAT_GATE_OFF;
    lat__gated_describe(card, r);
    card->image = s->image;
    card->version = 1;
    snprintf(card->name, sizeof(card->name), "%s", s->name);
}

static enum lat_code import(float *params, const struct lat__net *net,
                            const struct lat__safetensors *st,
                            struct lat_err *err)
{
    enum lat_code code = lat__solo_import(params, net, LAT_PART_BODY, st, err);

    if (!code && net->gate.n_layers > 0)
        code = lat__solo_import(params, net, LAT_PART_GATES, st, err);
    return code;
}

static enum lat_code encode(struct lat_buf *out,
                            const struct lat__gated_recipe *r,
                            const struct lat_card *card,
                            const struct lat__safetensors *st,
                            struct lat_err *err)
{
    const struct lat__card_notes notes = {.training =
                                              "{\"code\":\"solo-learn\"}"};
    struct lat__architecture arch = {0};
    struct lat_buf text = {0};
    struct lat__net *net = NULL;
    float *params = NULL;
    enum lat_code code = lat__gated_architecture(&arch, r, err);

    if (!code)
        code = lat__net_of(&net, card, &arch, err);
    if (!code) {
        params = lat_calloc(net->n_params, sizeof(*params));
        code = params ? import(params, net, st, err)
                      : lat_fail(err, LAT_ENOMEM, "parameters");
    }
    if (!code)
        code = lat__card_encode(&text, card, &arch, &notes, err);
    if (!code)
        code = lat__model_encode(out, net, params, text.v, err);
    lat_buf_fini(&text);
    lat_free(params);
    lat__net_free(net);
    lat__architecture_fini(&arch);
    return code;
}

static enum lat_code check(const struct lat_solo *s,
                           const struct lat__gated_recipe *r,
                           struct lat_err *err)
{
    if (s->top_k > r->dims)
        return lat_fail(err, LAT_EINVAL, "the largest %zu of %zu dimensions",
                        s->top_k, r->dims);
    if (s->image.width != s->image.height)
        return lat_fail(err, LAT_EINVAL, "%zu x %zu pixels are no square",
                        s->image.width, s->image.height);
    if (s->gated && r->gate_layers == 0)
        return lat_fail(err, LAT_EUNFIT,
                        "a temperature and a prior are of gates, and it has "
                        "none (gating_head)");
    return LAT_OK;
}

/* Everything of the file but what it means. */
static enum lat_code convert(struct lat_buf *out, const void *file, size_t len,
                             const struct lat_solo *how, struct lat_err *err)
{
    struct lat__gated_recipe r = {0};
    struct lat__safetensors *st = NULL;
    struct lat_card *card = lat_calloc(1, sizeof(*card));
    struct lat_model *m = NULL;
    enum lat_code code = lat__safetensors_decode(&st, file, len, err);

    if (!code && !card)
        code = lat_fail(err, LAT_ENOMEM, "card");
    if (!code)
        code = lat__solo_describe(&r, st, err);
    if (!code)
        code = check(how, &r, err);
    if (!code) {
        make_card(card, &r, how);
        code = encode(out, &r, card, st, err);
    }
    if (!code) /* what is written can be read, name and all */
        code = lat_model_decode(&m, out->v, out->len, err);
    lat_model_unref(m);
    lat__safetensors_free(st);
    lat_free(card);
    return code;
}

enum lat_code lat_solo_stem(bool *small, const char *path, struct lat_err *err)
{
    struct lat__gated_recipe r = {0};
    struct lat__safetensors *st = NULL;
    char *file = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&file, &len, path, CHECKPOINT_MAX, err);

    if (!code)
        code = lat__safetensors_decode(&st, file, len, err);
    if (!code)
        code = lat__solo_describe(&r, st, err);
    if (!code)
        *small = r.resnet.small;
    lat__safetensors_free(st);
    lat_free(file);
    return code ? lat_wrap(err, code, "checkpoint %s", path) : LAT_OK;
}

enum lat_code lat_solo_import(struct lat_buf *out, const char *path,
                              const struct lat_solo *how, struct lat_err *err)
{
    char *file = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&file, &len, path, CHECKPOINT_MAX, err);

    if (!code)
        code = convert(out, file, len, how, err);
    lat_free(file);
    return code ? lat_wrap(err, code, "checkpoint %s", path) : LAT_OK;
}
