/*
 * fold.c - from layers to steps.
 *
 *     scale = gamma / sqrt(var + 1e-5)
 *     scale (x w + b - mean) + beta  =  x (w scale) + (b - mean) scale + beta
 *
 * Products are taken together with what follows them as long as nobody else
 * reads what lies between.
 */
#include "../plan.h"

#include "../kernel/pairs.h"

#include <math.h>
#include <string.h>

enum { NOWHERE = -1, MANY = -2 };

/* What is known while the steps of a stack are made; by number of the
 * activation. */
struct fold {
    struct lat_plan *p;
    const struct lat__stack *s;
    bool head; /* s is run in slots */
    const float *params;
    int reader[LAT_LAYERS_MAX + 1];    /* the one layer, or one of the above */
    size_t margin[LAT_LAYERS_MAX + 1]; /* samples of zeros on each side */
    struct lat__place at[LAT_LAYERS_MAX + 1];
    bool absorbed[LAT_LAYERS_MAX];
    size_t n_weights; /* floats used so far, of all stacks */
    size_t flat[2];   /* the largest that are copied */
    size_t pairs;     /* of the largest input of bfloat16 */
    float *folded;    /* of one product, before they become pairs */
    double *scale;    /* of its columns */
};

static size_t lines(size_t n)
{
    return (n + 15) / 16 * 16;
}

static bool is_product(const struct lat__layer *l)
{
    return lat__layer_is(l, "conv1d") || lat__layer_is(l, "conv2d") ||
           lat__layer_is(l, "linear");
}

/* The activation that the layer reads as it was declared: the stack leaves out
 * the one between an upsample and its convolution, see encoder/fold.c. */
static size_t source(const struct fold *f, const struct lat__layer *l)
{
    return l->up > 1 ? (size_t)(l - f->s->layers) : l->x;
}

/* ---- who reads what */

static void note_reader(struct fold *f, size_t act, size_t layer)
{
    f->reader[act] = f->reader[act] == NOWHERE ? (int)layer : MANY;
}

static void note_readers(struct fold *f)
{
    for (size_t a = 0; a <= f->s->n_layers; a++) {
        f->reader[a] = NOWHERE;
        f->margin[a] = 0;
    }
    for (size_t i = 0; i < f->s->n_layers; i++) {
        const struct lat__layer *l = &f->s->layers[i];
        const size_t x = source(f, l);

        note_reader(f, x, i);
        if (l->spec.with)
            note_reader(f, l->z, i);
        if (is_product(l) && l->spec.pad > f->margin[x])
            f->margin[x] = l->spec.pad;
    }
}

/* The layer of that kind that alone reads act; NULL when there is none. */
static const struct lat__layer *next_of(struct fold *f, size_t act,
                                        const char *kind)
{
    int i = f->reader[act];

    if (i < 0 || !lat__layer_is(&f->s->layers[i], kind))
        return NULL;
    f->absorbed[i] = true;
    return &f->s->layers[i];
}

static size_t act_of(const struct fold *f, const struct lat__layer *l)
{
    return (size_t)(l - f->s->layers) + 1;
}

/* ---- the room */

/* Of an image zeros are above and below, too. */
static void give_place(struct fold *f, size_t act)
{
    struct lat__shape s = lat__act_shape(f->s, act);
    size_t margin = f->margin[act], row = (s.w + 2 * margin) * s.c;
    size_t before = margin * s.c + (s.h > 1 ? margin * row : 0);

    f->at[act].row = row;
    f->at[act].at = f->p->room + lines(before);
    f->p->room = f->at[act].at + lines((s.h - 1) * row + s.w * s.c + before);
}

static bool is_apart(const struct fold *f, size_t act)
{
    return lat__act_shape(f->s, act).h > 1 && f->margin[act] > 0;
}

static void most(size_t *sum, size_t n)
{
    *sum = n > *sum ? n : *sum;
}

/* ---- steps */

static bool is_narrow(const struct fold *f)
{
    return f->p->precision == LAT_BFLOAT16;
}

/* The layer's weights and bias into the plan's, with the normalisation bn
 * behind it, which may be NULL. */
static void fold_weights(struct fold *f, struct lat__step *st,
                         const struct lat__layer *bn)
{
    const struct lat__param *from = st->layer->params;
    const float *w = f->params + from[0].offset;
    const float *b =
        st->layer->n_params > 1 ? f->params + from[1].offset : NULL;
    float *to = is_narrow(f) ? f->folded : f->p->weights + st->w;
    float *bias = f->p->weights + st->b;

    for (size_t j = 0; j < st->n; j++) {
        double shift = b ? (double)b[j] : 0.0;

        f->scale[j] = 1.0;
        if (bn) {
            const float *v = f->params + j;

            f->scale[j] = (double)v[bn->params[0].offset] /
                          sqrt((double)v[bn->params[3].offset] + 1e-5);
            shift = (shift - (double)v[bn->params[2].offset]) * f->scale[j] +
                    (double)v[bn->params[1].offset];
        }
        bias[j] = (float)shift;
    }
    for (size_t i = 0; i < st->taps * st->k; i++)
        for (size_t j = 0; j < st->n; j++)
            to[i * st->w_row + j] =
                (float)((double)w[i * st->n + j] * f->scale[j]);
}

static void pack_weights(struct fold *f, const struct lat__step *st)
{
    for (size_t q = 0; q < st->taps; q++)
        lat__pairs_weights(f->p->weights + st->w + q * st->w_tap, st->w_row,
                           f->folded + q * st->k * st->w_row, st->k, st->n,
                           st->w_row);
}

/* Rows of the kernel: of an image those of its square, else all is one. */
static size_t taps_of(const struct lat__layer *l)
{
    return l->params[0].n_dims == 4 ? l->params[0].side : 1;
}

static size_t depth_of(const struct lat__layer *l)
{
    return l->params[0].in * l->params[0].taps / taps_of(l);
}

/* Floats that the weights of one row of the kernel take in the plan. */
static size_t tap_of(const struct fold *f, const struct lat__layer *l)
{
    const size_t k = depth_of(l);

    return (is_narrow(f) ? lines(lat__pairs(k)) : k) * lines(l->params[0].out);
}

/* Floats of weights and bias of a product, each on lines of its own. */
static size_t weights_of(const struct fold *f, const struct lat__layer *l)
{
    return taps_of(l) * tap_of(f, l) + lines(l->params[0].out);
}

/* Returns the activation that the step leaves. */
static size_t add_product(struct fold *f, struct lat__step *st)
{
    const struct lat__layer *l = st->layer, *bn, *relu;
    const struct lat__param *w = &l->params[0];
    const bool image = w->n_dims == 4;
    size_t act = act_of(f, l);

    st->way = LAT_BY_PRODUCT;
    st->rows = l->out.h;
    st->taps = taps_of(l);
    st->down = l->spec.stride * st->x.row;
    st->m = l->out.w;
    st->n = w->out;
    st->k = depth_of(l);
    st->stride = l->spec.stride * w->in;
    st->w = f->n_weights;
    st->w_row = lines(st->n);
    st->w_tap = tap_of(f, l);
    st->b = st->w + st->taps * st->w_tap;
    f->n_weights += weights_of(f, l);
    st->from = st->x.at - l->spec.pad * (l->in.c + (image ? st->x.row : 0));
    bn = next_of(f, act, "batchnorm");
    act = bn ? act_of(f, bn) : act;
    relu = next_of(f, act, "relu");
    st->relu = relu != NULL;
    st->rows_are_slots = f->head && st->rows * st->m * st->taps == 1;
    fold_weights(f, st, bn);
    if (is_narrow(f)) {
        pack_weights(f, st);
        lat__plan_lines(st);
        most(&f->pairs, (st->rows_are_slots ? f->p->n_slots : st->lines.n) *
                            st->lines.pitch);
    }
    return relu ? act_of(f, relu) : act;
}

/* A flattened map is the same floats, so it takes no step when nobody pads
 * it. */
static bool is_alias(const struct fold *f, const struct lat__layer *l)
{
    return (lat__layer_is(l, "flatten") || lat__layer_is(l, "unflatten")) &&
           f->margin[act_of(f, l)] == 0 && !is_apart(f, l->x);
}

/* Returns the activation that the step leaves. */
static size_t add_other(struct fold *f, struct lat__step *st)
{
    const struct lat__layer *l = st->layer, *relu = NULL;
    size_t act = act_of(f, l);

    st->way = LAT_AS_A_WHOLE;
    if (l->kind->traits & LAT_ELEMENTWISE) {
        st->way = LAT_BY_ROWS;
        relu = next_of(f, act, "relu");
        st->relu = relu != NULL;
        return relu ? act_of(f, relu) : act;
    }
    if (is_apart(f, l->x))
        most(&f->flat[0], lat__shape_size(l->in));
    if (is_apart(f, act))
        most(&f->flat[1], lat__shape_size(l->out));
    return act;
}

static void add_step(struct fold *f, const struct lat__layer *l)
{
    struct lat__step *st = &f->p->steps[f->p->n_steps];
    size_t act = act_of(f, l);

    if (is_alias(f, l)) {
        f->at[act] = f->at[l->x];
        return;
    }
    f->p->n_steps++;
    st->layer = l;
    st->x = f->at[source(f, l)];
    st->z = f->at[l->z];
    act = is_product(l) ? add_product(f, st) : add_other(f, st);
    give_place(f, act);
    st->y = f->at[act];
}

/* Adds up the weights of a stack, and finds the most of one product: floats of
 * its weights, and columns. */
static void count_weights(const struct fold *f, const struct lat__stack *s,
                          size_t *all, size_t most_of[2])
{
    for (size_t i = 0; i < s->n_layers; i++) {
        const struct lat__layer *l = &s->layers[i];

        if (!is_product(l))
            continue;
        *all += weights_of(f, l);
        most(&most_of[0], taps_of(l) * depth_of(l) * lines(l->params[0].out));
        most(&most_of[1], l->params[0].out);
    }
}

static void fold_stack(struct fold *f, unsigned stack)
{
    struct lat__course *c = &f->p->course[stack];

    memset(f->absorbed, 0, sizeof(f->absorbed));
    f->head = stack != LAT_ENCODER;
    note_readers(f);
    give_place(f, 0);
    c->begin = f->p->n_steps;
    c->in = f->at[0];
    for (size_t i = 0; i < f->s->n_layers; i++)
        if (!f->absorbed[i])
            add_step(f, &f->s->layers[i]);
    c->end = f->p->n_steps;
    c->out = f->at[f->s->n_layers].at;
}

/* The heads last, and then what they need once more for each further slot. */
static void fold_net(struct fold *f, const struct lat__net *net)
{
    static const unsigned heads[] = {LAT_PROJECTOR, LAT_GATES};
    struct lat_plan *p = f->p;
    size_t begin;

    p->n_slots = net->projector.n_layers + net->gate.n_layers ? LAT_SLOTS : 1;
    f->s = &net->encoder;
    fold_stack(f, LAT_ENCODER);
    begin = p->room;
    for (size_t i = 0; i < 2; i++) {
        f->s = &net->stack[heads[i]];
        fold_stack(f, heads[i]);
    }
    p->slot = p->room - begin;
    p->room += (p->n_slots - 1) * p->slot;
    for (size_t i = 0; i < 2; i++) {
        f->p->flat[i] = f->p->room;
        f->p->room += lines(f->flat[i]);
    }
    f->p->pairs = f->p->room;
    f->p->room += lines(f->pairs);
}

static enum lat_code make_memory(struct fold *f, const struct lat__net *net,
                                 struct lat_err *err)
{
    struct lat_plan *p = f->p;
    size_t n_layers = 0, n_weights = 0, most_of[2] = {0, 0};

    for (unsigned i = 0; i < LAT_N_STACKS; i++)
        if (i != LAT_TASK) {
            n_layers += net->stack[i].n_layers;
            count_weights(f, &net->stack[i], &n_weights, most_of);
        }
    p->steps = lat_calloc(n_layers, sizeof(*p->steps));
    p->weights = lat_calloc(n_weights, sizeof(*p->weights));
    f->folded =
        is_narrow(f) ? lat_calloc(most_of[0], sizeof(*f->folded)) : NULL;
    f->scale = lat_calloc(most_of[1], sizeof(*f->scale));
    if (!p->steps || !p->weights || !f->scale || (is_narrow(f) && !f->folded))
        return lat_fail(err, LAT_ENOMEM, "a plan of %zu layers", n_layers);
    return LAT_OK;
}

enum lat_code lat__plan_fold(struct lat_plan *p, struct lat_err *err)
{
    const struct lat__net *net = lat__model_net(p->model);
    struct fold *f = lat_calloc(1, sizeof(*f));
    enum lat_code code;

    if (!f)
        return lat_fail(err, LAT_ENOMEM, "a plan");
    f->p = p;
    f->params = lat__model_params(p->model);
    code = make_memory(f, net, err);
    if (!code)
        fold_net(f, net);
    lat_free(f->folded);
    lat_free(f->scale);
    lat_free(f);
    return code;
}
