/*
 * net.c - from declared layers to shapes, offsets and order.
 *
 * In three passes over each stack: shapes from the input on, checked layer by
 * layer; then which vectors are flattened maps, for the sake of PyTorch's
 * order; last, places in the block.
 */
#include "../encoder.h"

#include <string.h>

static size_t act_spread(const struct lat__stack *s, size_t act)
{
    return act ? s->layers[act - 1].spread : 0;
}

/* ---- shapes */

/* What is said must be wanted, and what is wanted said. */
static enum lat_code check_fields(struct lat__layer *l, struct lat_err *err)
{
    for (size_t f = 0; f < LAT_LAYER_FIELDS; f++) {
        const char *name = lat__layer_fields[f].name;
        size_t v = *lat__layer_field(&l->spec, f);
        unsigned bit = 1u << f;

        if (v && !((l->kind->needs | l->kind->takes) & bit))
            return lat_fail(err, LAT_EFORMAT, "has no %s", name);
        if (!v && (l->kind->needs & bit))
            return lat_fail(err, LAT_EFORMAT, "%s is missing", name);
        if (v > LAT_FIELD_MAX)
            return lat_fail(err, LAT_EFORMAT, "%s is %zu, at most %d", name, v,
                            LAT_FIELD_MAX);
    }
    return LAT_OK;
}

/* Counts back activations from layer i; 0, not said, is 1. */
static enum lat_code count_back(size_t *act, size_t i, size_t back,
                                struct lat_err *err)
{
    if (back > i + 1)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu activations back from layer %zu is before the "
                        "input",
                        back, i);
    *act = i + 1 - (back ? back : 1);
    return LAT_OK;
}

static enum lat_code shape_layer(struct lat__stack *s, size_t i,
                                 struct lat_err *err)
{
    struct lat__layer *l = &s->layers[i];
    enum lat_code code = check_fields(l, err);

    if (!code)
        code = count_back(&l->x, i, l->spec.from, err);
    if (!code)
        code = count_back(&l->z, i, l->spec.with, err);
    if (code)
        return code;
    if (!l->spec.stride)
        l->spec.stride = (l->kind->traits & LAT_POOLING) ? l->spec.kernel : 1;
    l->in = lat__act_shape(s, l->x);
    l->with = lat__act_shape(s, l->z);
    code = l->kind->shape(l, err);
    if (code)
        return code;
    /* h, w and c are at most 2^21 each here, so this does not overflow */
    if (lat__shape_size(l->out) > LAT_ITEM_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu samples of %zu channels are too many",
                        l->out.h * l->out.w, l->out.c);
    return LAT_OK;
}

/* Marks which reads are followed by another read of the same activation, and
 * refuses a layer whose output nobody reads. */
static enum lat_code mark_shared(struct lat__stack *s, struct lat_err *err)
{
    bool read[LAT_LAYERS_MAX + 1] = {false};

    read[s->n_layers] = true;
    for (size_t i = s->n_layers; i-- > 0;) {
        struct lat__layer *l = &s->layers[i];

        if (!read[i + 1])
            return lat_fail(err, LAT_EFORMAT, "%s[%zu]: no layer reads it",
                            s->name, i);
        l->x_shared = read[l->x];
        read[l->x] = true;
        if (l->spec.with) {
            l->z_shared = read[l->z];
            read[l->z] = true;
        }
    }
    return LAT_OK;
}

static enum lat_code shape_stack(struct lat__stack *s,
                                 const struct lat__layer_spec *spec,
                                 struct lat_err *err)
{
    size_t total = lat__shape_size(s->in);

    for (size_t i = 0; i < s->n_layers; i++) {
        struct lat__layer *l = &s->layers[i];
        enum lat_code code;

        l->spec = spec[i];
        l->kind = lat__layer_kind(spec[i].kind);
        if (!l->kind)
            return lat_fail(err, LAT_EFORMAT, "%s[%zu]: unknown kind \"%s\"",
                            s->name, i, spec[i].kind);
        if ((l->kind->traits & LAT_OF_IMAGES) && s->in.h == 1)
            return lat_fail(err, LAT_EFORMAT,
                            "%s[%zu] %s: the input is not an image", s->name, i,
                            l->kind->name);
        code = shape_layer(s, i, err);
        if (code)
            return lat_wrap(err, code, "%s[%zu] %s", s->name, i, l->kind->name);
        total += lat__shape_size(l->out);
        if (total > LAT_ITEM_MAX)
            return lat_fail(err, LAT_EFORMAT,
                            "%s[%zu]: activations of more than %d floats",
                            s->name, i, LAT_ITEM_MAX);
        l->saved = s->n_saved;
        s->n_saved += l->n_saved;
    }
    s->out = lat__act_shape(s, s->n_layers);
    return mark_shared(s, err);
}

/* ---- order */

/* An unflatten decides what the vector before it counts, up to the linear
 * layer that makes it. */
static void spread_back(struct lat__stack *s, size_t act, size_t spread)
{
    while (act > 0 && (s->layers[act - 1].kind->traits & LAT_ELEMENTWISE)) {
        s->layers[act - 1].spread = spread;
        act = s->layers[act - 1].x;
    }
    if (act > 0)
        s->layers[act - 1].spread = spread;
}

static enum lat_code spread_layer(struct lat__stack *s, size_t i,
                                  struct lat_err *err)
{
    struct lat__layer *l = &s->layers[i];
    size_t x = act_spread(s, l->x);

    if (l->kind->traits & LAT_ELEMENTWISE) {
        if (l->spec.with && act_spread(s, l->z) != x)
            return lat_fail(err, LAT_EFORMAT,
                            "%s[%zu]: adds vectors of different order", s->name,
                            i);
        l->spread = x;
    } else if (lat__layer_is(l, "flatten")) {
        l->spread = x ? x : lat__shape_size(l->in) > l->in.c ? l->in.c : 0;
    } else if (lat__layer_is(l, "unflatten")) {
        if (x != l->out.c)
            return lat_fail(err, LAT_EFORMAT,
                            "%s[%zu]: only a linear layer's output can be "
                            "unflattened",
                            s->name, i);
        l->spread = 0;
    } else if (!lat__layer_is(l, "linear")) {
        l->spread = 0;
        if (x)
            return lat_fail(err, LAT_EFORMAT,
                            "%s[%zu]: a flattened map goes to a linear layer, "
                            "not to %s",
                            s->name, i, l->kind->name);
    }
    for (size_t p = 0; p < l->n_params; p++) {
        l->params[p].in_spread = l->params[p].in > 1 ? x : 0;
        l->params[p].out_spread = l->spread;
    }
    return LAT_OK;
}

static enum lat_code spread_stack(struct lat__stack *s, struct lat_err *err)
{
    for (size_t i = s->n_layers; i-- > 0;)
        if (lat__layer_is(&s->layers[i], "unflatten"))
            spread_back(s, s->layers[i].x, s->layers[i].out.c);
    for (size_t i = 0; i < s->n_layers; i++) {
        enum lat_code code = spread_layer(s, i, err);

        if (code)
            return code;
    }
    return LAT_OK;
}

/* ---- places */

static enum lat_code place(struct lat__stack *s, bool trained, size_t *offset,
                           struct lat_err *err)
{
    for (size_t i = 0; i < s->n_layers; i++)
        for (size_t p = 0; p < s->layers[i].n_params; p++) {
            struct lat__param *par = &s->layers[i].params[p];

            if (par->trained != trained)
                continue;
            /* factors below 2^20, 2^25 and 2^20: no overflow */
            if (par->in * par->taps > LAT_PARAMS_MAX ||
                par->out * par->in * par->taps > LAT_PARAMS_MAX - *offset)
                return lat_fail(err, LAT_EFORMAT,
                                "%s[%zu]: more than %d parameters", s->name, i,
                                LAT_PARAMS_MAX);
            par->offset = *offset;
            *offset += lat__param_count(par);
        }
    return LAT_OK;
}

static enum lat_code place_all(struct lat__net *net, struct lat_err *err)
{
    size_t offset = 0;
    enum lat_code code = LAT_OK;

    for (size_t s = 0; s < LAT_N_STACKS && !code; s++)
        code = place(&net->stack[s], true, &offset, err);
    net->n_trained = offset;
    if (!code && offset == 0)
        code = lat_fail(err, LAT_EFORMAT, "no layer has parameters");
    for (size_t s = 0; s < LAT_N_STACKS && !code; s++)
        code = place(&net->stack[s], false, &offset, err);
    net->n_params = offset;
    return code;
}

/* ---- a net */

static enum lat_code stack_init(struct lat__stack *s,
                                const struct lat__layer_spec *spec, size_t n,
                                struct lat_err *err)
{
    enum lat_code code;

    if (n > LAT_LAYERS_MAX)
        return lat_fail(err, LAT_EFORMAT, "%s: %zu layers, at most %d", s->name,
                        n, LAT_LAYERS_MAX);
    s->layers = lat_calloc(n, sizeof(*s->layers));
    if (!s->layers)
        return lat_fail(err, LAT_ENOMEM, "%s: %zu layers", s->name, n);
    s->n_layers = n;
    code = shape_stack(s, spec, err);
    if (!code)
        code = spread_stack(s, err);
    if (!code)
        lat__stack_fold(s);
    return code;
}

static enum lat_code check_ends(const struct lat__net_spec *spec,
                                struct lat_err *err)
{
    const struct lat__shape in = spec->input;

    if (spec->n_encoder == 0)
        return lat_fail(err, LAT_EFORMAT, "encoder: has no layers");
    if (in.h < 1 || in.h > LAT_FIELD_MAX || in.w < 1 || in.w > LAT_FIELD_MAX ||
        in.c < 1 || in.c > LAT_CHANNELS_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "input of %zu samples of %zu channels", in.w, in.c);
    return LAT_OK;
}

const char *lat__stack_name(unsigned s)
{
    static const char *const names[] = {"encoder", "task", "projector", "gate"};

    return names[s];
}

static enum lat_code is_vector(const struct lat__stack *s, struct lat_err *err)
{
    if (s->out.h * s->out.w != 1 || act_spread(s, s->n_layers))
        return lat_fail(err, LAT_EFORMAT, "%s: ends in a map, not in a vector",
                        s->name);
    return LAT_OK;
}

static enum lat_code stacks_init(struct lat__net *net,
                                 const struct lat__net_spec *spec,
                                 struct lat_err *err)
{
    const struct lat__layer_spec *layers[] = {spec->encoder, spec->task,
                                              spec->projector, spec->gate};
    const size_t n[] = {spec->n_encoder, spec->n_task, spec->n_projector,
                        spec->n_gate};
    enum lat_code code = LAT_OK;

    for (unsigned i = 0; i < LAT_N_STACKS && !code; i++) {
        struct lat__stack *s = &net->stack[i];

        s->name = lat__stack_name(i);
        s->in = i == LAT_ENCODER ? spec->input : net->encoder.out;
        code = stack_init(s, layers[i], n[i], err);
        if (!code && i != LAT_TASK)
            code = is_vector(s, err);
    }
    if (code)
        return code;
    net->features = net->encoder.out.c;
    net->dims = net->projector.out.c;
    if (spec->n_gate && net->gate.out.c != net->dims)
        return lat_fail(err, LAT_EFORMAT, "gate: %zu gates for %zu dimensions",
                        net->gate.out.c, net->dims);
    return LAT_OK;
}

enum lat_code lat__net_new(struct lat__net **out,
                           const struct lat__net_spec *spec,
                           struct lat_err *err)
{
    struct lat__net *net = NULL;
    enum lat_code code = check_ends(spec, err);

    if (code)
        return code;
    net = lat_calloc(1, sizeof(*net));
    if (!net)
        return lat_fail(err, LAT_ENOMEM, "a net");
    code = stacks_init(net, spec, err);
    if (!code)
        code = place_all(net, err);
    if (code)
        goto out;
    *out = net;
    net = NULL;
out:
    lat__net_free(net);
    return code;
}

void lat__net_free(struct lat__net *net)
{
    if (!net)
        return;
    for (size_t s = 0; s < LAT_N_STACKS; s++)
        lat_free(net->stack[s].layers);
    lat_free(net);
}

static void stack_start(const struct lat__stack *s, float *params,
                        struct lat_rng *rng)
{
    for (size_t i = 0; i < s->n_layers; i++)
        if (s->layers[i].kind->init)
            s->layers[i].kind->init(&s->layers[i], params, rng);
}

void lat__net_init(const struct lat__net *net, float *params,
                   struct lat_rng *rng)
{
    for (size_t s = 0; s < LAT_N_STACKS; s++)
        stack_start(&net->stack[s], params, rng);
}

static size_t stack_scratch(const struct lat__stack *s, size_t rows,
                            enum lat_precision precision)
{
    size_t most = 0;

    for (size_t i = 0; i < s->n_layers; i++) {
        const struct lat__layer *l = &s->layers[i];
        size_t n = l->kind->scratch ? l->kind->scratch(l, rows, precision) : 0;

        most = n > most ? n : most;
    }
    return most;
}

size_t lat__net_scratch(const struct lat__net *net, size_t rows,
                        enum lat_precision precision)
{
    size_t most = 0;

    for (size_t s = 0; s < LAT_N_STACKS; s++) {
        size_t n = stack_scratch(&net->stack[s], rows, precision);

        most = n > most ? n : most;
    }
    return most;
}
