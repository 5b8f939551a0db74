/*
 * solo.c - weights from solo-learn: the state_dict of its SimCLR, NCL and
 * BayesNCL as safetensors.
 *
 *     backbone.conv1 bn1 layer1.0.conv1 … layer2.0.downsample.0 … (torchvision)
 *     projector.0 .2, gating_head.0 .2, classifier
 *
 * Our layers are walked in their order, which is the order of execution, and
 * each is given the name that it has there.
 */
#include "gated.h"

#include <stdio.h>
#include <string.h>

/* Where in a residual net the walk is. */
struct walk {
    bool stem;        /* passed */
    int stage, block; /* stages from 1, blocks from 0 */
    int convs;        /* of this block so far */
    bool beside;      /* in what goes beside the block's convolutions */
};

enum { PREFIX_MAX = 64 };

static void name_conv(char name[PREFIX_MAX], struct walk *w,
                      const struct lat__layer *l)
{
    if (!w->stem) {
        snprintf(name, PREFIX_MAX, "backbone.conv1");
        return;
    }
    w->beside = l->spec.from > 1;
    if (w->beside) {
        snprintf(name, PREFIX_MAX, "backbone.layer%d.%d.downsample.0", w->stage,
                 w->block);
        return;
    }
    if (w->convs == 2) {
        w->convs = 0;
        w->block++;
        if (l->spec.stride > 1) {
            w->stage++;
            w->block = 0;
        }
    }
    snprintf(name, PREFIX_MAX, "backbone.layer%d.%d.conv%d", w->stage, w->block,
             ++w->convs);
}

static void name_norm(char name[PREFIX_MAX], struct walk *w)
{
    if (!w->stem)
        snprintf(name, PREFIX_MAX, "backbone.bn1");
    else if (w->beside)
        snprintf(name, PREFIX_MAX, "backbone.layer%d.%d.downsample.1", w->stage,
                 w->block);
    else
        snprintf(name, PREFIX_MAX, "backbone.layer%d.%d.bn%d", w->stage,
                 w->block, w->convs);
    w->stem = true;
}

/* ---- one tensor */

static bool fits(const struct lat__tensor *t, const struct lat__param *p)
{
    const size_t want[] = {p->out, p->in, p->n_dims == 4 ? p->side : p->taps,
                           p->side};

    return t->n_dims == p->n_dims &&
           memcmp(t->dims, want, t->n_dims * sizeof(*want)) == 0;
}

static enum lat_code import_param(float *params, const char *prefix,
                                  const struct lat__param *p,
                                  const struct lat__safetensors *st,
                                  struct lat_err *err)
{
    char name[LAT_TENSOR_NAME_MAX];
    const struct lat__tensor *t;
    enum lat_code code;
    float *file;

    snprintf(name, sizeof(name), "%s.%s", prefix, p->name);
    t = lat__safetensors_find(st, name);
    if (!t)
        return lat_fail(err, LAT_EFORMAT, "tensor %s: is missing", name);
    if (!fits(t, p))
        return lat_fail(err, LAT_EFORMAT,
                        "tensor %s: its shape does not fit the net", name);
    file = lat_calloc(lat__param_count(p), sizeof(*file));
    if (!file)
        return lat_fail(err, LAT_ENOMEM, "tensor %s", name);
    code = lat__tensor_floats(file, st, t, err);
    if (!code)
        lat__param_import(params, file, p);
    lat_free(file);
    return code;
}

static enum lat_code import_layer(float *params, const char *prefix,
                                  const struct lat__layer *l,
                                  const struct lat__safetensors *st,
                                  struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < l->n_params && !code; i++)
        code = import_param(params, prefix, &l->params[i], st, err);
    return code;
}

static enum lat_code import_backbone(float *params, const struct lat__stack *s,
                                     const struct lat__safetensors *st,
                                     struct lat_err *err)
{
    struct walk w = {.stage = 1, .block = -1, .convs = 2};
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < s->n_layers && !code; i++) {
        char name[PREFIX_MAX] = "";

        if (lat__layer_is(&s->layers[i], "conv2d"))
            name_conv(name, &w, &s->layers[i]);
        else if (lat__layer_is(&s->layers[i], "batchnorm"))
            name_norm(name, &w);
        code = import_layer(params, name, &s->layers[i], st, err);
    }
    return code;
}

/* first is what stands before the layer that is called HEAD.0. */
static enum lat_code import_head(float *params, const struct lat__stack *s,
                                 const char *head, size_t first,
                                 const struct lat__safetensors *st,
                                 struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = first; i < s->n_layers && !code; i++) {
        char name[PREFIX_MAX];

        snprintf(name, sizeof(name), "%s.%zu", head, i - first);
        code = import_layer(params, name, &s->layers[i], st, err);
    }
    return code;
}

enum lat_code lat__solo_import(float *params, const struct lat__net *net,
                               enum lat__gated_part part,
                               const struct lat__safetensors *st,
                               struct lat_err *err)
{
    enum lat_code code;

    if (part == LAT_PART_GATES && net->gate.n_layers > 0)
        return import_head(params, &net->gate, "gating_head", 0, st, err);
    if (part == LAT_PART_GATES)
        return import_head(params, &net->encoder, "gating_head", 1, st, err);
    if (part == LAT_PART_CLASSES)
        return import_layer(params, "classifier", &net->encoder.layers[1], st,
                            err);
    code = import_backbone(params, &net->encoder, st, err);
    if (!code)
        code = import_head(params, &net->projector, "projector", 0, st, err);
    return code;
}

/* ---- what a file holds */

/* Dimension d of a tensor; 0 where there is no such tensor. */
static size_t dim(const struct lat__safetensors *st, const char *name, size_t d)
{
    const struct lat__tensor *t = lat__safetensors_find(st, name);

    return t && d < t->n_dims ? t->dims[d] : 0;
}

static size_t count_blocks(const struct lat__safetensors *st, size_t stage)
{
    size_t n = 0;

    for (;; n++) {
        char name[PREFIX_MAX];

        snprintf(name, sizeof(name), "backbone.layer%zu.%zu.conv1.weight",
                 stage + 1, n);
        if (n == LAT_LAYERS_MAX || !dim(st, name, 0))
            return n;
    }
}

/* Linear layers of a head: HEAD.0, HEAD.2, HEAD.4. */
static size_t count_linear(const struct lat__safetensors *st, const char *head)
{
    size_t n = 0;

    for (;; n++) {
        char name[PREFIX_MAX];

        snprintf(name, sizeof(name), "%s.%zu.weight", head, 2 * n);
        if (n == 4 || !dim(st, name, 0))
            return n;
    }
}

static enum lat_code check_names(const struct lat__safetensors *st,
                                 struct lat_err *err)
{
    static const char *const parts[] = {"backbone.", "projector.",
                                        "gating_head.", "classifier."};

    for (size_t i = 0; i < st->n; i++) {
        const char *name = st->tensors[i].name;
        bool known = false;

        for (size_t k = 0; k < sizeof(parts) / sizeof(*parts); k++)
            known = known || strncmp(name, parts[k], strlen(parts[k])) == 0;
        if (!known)
            return lat_fail(err, LAT_EFORMAT,
                            "tensor %s: not of a backbone, projector, "
                            "gating_head or classifier",
                            name);
    }
    return LAT_OK;
}

/* A layer behind a missing one, or a head's that the net has not, would
 * otherwise be left out without a word. */
static bool has_place(const char *name, const struct lat__gated_recipe *r)
{
    unsigned stage, at;

    if (sscanf(name, "backbone.layer%3u.%3u.", &stage, &at) == 2)
        return stage >= 1 && stage <= LAT_RESNET_STAGES &&
               at < r->resnet.blocks[stage - 1];
    if (sscanf(name, "projector.%3u.", &at) == 1)
        return at == 0 || at == 2;
    if (sscanf(name, "gating_head.%3u.", &at) == 1)
        return at % 2 == 0 && at / 2 < r->gate_layers;
    return true;
}

static enum lat_code check_places(const struct lat__gated_recipe *r,
                                  const struct lat__safetensors *st,
                                  struct lat_err *err)
{
    for (size_t i = 0; i < st->n; i++)
        if (!has_place(st->tensors[i].name, r))
            return lat_fail(err, LAT_EFORMAT,
                            "tensor %s: the net has no place for it, or a "
                            "layer before it is missing",
                            st->tensors[i].name);
    return LAT_OK;
}

enum lat_code lat__solo_describe(struct lat__gated_recipe *r,
                                 const struct lat__safetensors *st,
                                 struct lat_err *err)
{
    enum lat_code code = check_names(st, err);

    if (code)
        return code;
    r->resnet.width = dim(st, "backbone.conv1.weight", 0);
    r->resnet.small = dim(st, "backbone.conv1.weight", 2) == 3;
    for (size_t s = 0; s < LAT_RESNET_STAGES; s++)
        r->resnet.blocks[s] = count_blocks(st, s);
    r->hidden = dim(st, "projector.0.weight", 0);
    r->dims = dim(st, "projector.2.weight", 0);
    r->gate_layers = count_linear(st, "gating_head");
    if (!r->resnet.width || !r->resnet.blocks[0])
        return lat_fail(err, LAT_EFORMAT,
                        "no residual net of basic blocks: backbone.conv1 or "
                        "backbone.layer1.0 is missing");
    if (!r->hidden || !r->dims)
        return lat_fail(err, LAT_EFORMAT,
                        "projector.0 or projector.2 is missing");
    if (r->gate_layers > 3)
        return lat_fail(err, LAT_EFORMAT,
                        "gating_head: more than three layers");
    return check_places(r, st, err);
}
