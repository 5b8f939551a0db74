/*
 * kinds.c - what each kind of layer is: its fields, shapes, start and ops;
 * here the kinds with parameters and the table of all.
 *
 * The ops do the arithmetic; here they are given their parameters.
 */
#include "kinds.h"

#include <math.h>
#include <string.h>

static const float *par(const float *params, const struct lat__layer *l,
                        size_t i)
{
    return params + l->params[i].offset;
}

static float *mut(float *params, const struct lat__layer *l, size_t i)
{
    return params + l->params[i].offset;
}

static void add_param(struct lat__layer *l, const char *name, bool trained)
{
    l->params[l->n_params++] = (struct lat__param){.name = name,
                                                   .trained = trained,
                                                   .out = l->out.c,
                                                   .in = 1,
                                                   .taps = 1,
                                                   .n_dims = 1};
}

static void add_weight_and_bias(struct lat__layer *l, size_t taps,
                                size_t n_dims)
{
    add_param(l, "weight", true);
    add_param(l, "bias", true);
    l->params[0].in = l->in.c;
    l->params[0].taps = taps;
    l->params[0].n_dims = n_dims;
}

static struct lat_tensor rows_of(struct lat__shape s, size_t rows)
{
    return (struct lat_tensor){NULL, rows, s.h, s.w, s.c};
}

/* ---- convolution */

static enum lat_code conv_shape(struct lat__layer *l, struct lat_err *err)
{
    enum lat_code code = lat__layer_slide(l, err);

    l->out.c = l->spec.out;
    add_weight_and_bias(l, l->spec.kernel, 3);
    return code;
}

/* Kaiming's uniform with a = sqrt 5, as PyTorch: within 1 / sqrt(fan in) for
 * weights and biases alike. */
static void fan_in_init(const struct lat__layer *l, float *params,
                        struct lat_rng *rng)
{
    double bound = 1.0 / sqrt((double)(l->params[0].in * l->params[0].taps));

    for (size_t i = 0; i < 2; i++) {
        float *v = mut(params, l, i);

        for (size_t j = 0; j < lat__param_count(&l->params[i]); j++)
            v[j] = (float)(bound * (2.0 * lat__rng_uniform(rng) - 1.0));
    }
}

static size_t conv_scratch(const struct lat__layer *l, size_t rows,
                           enum lat_precision precision)
{
    struct lat__shape in = l->in;

    in.w /= l->up;
    return lat__conv_scratch(rows_of(l->out, rows), rows_of(in, rows),
                             lat__layer_geom(l), precision);
}

FORWARD(conv)
{
    lat__conv_forward(ctx, io->y, io->x, par(params, l, 0), par(params, l, 1),
                      lat__layer_geom(l));
}

BACKWARD(conv)
{
    lat__conv_backward(ctx, io->dx, mut(grads, l, 0), mut(grads, l, 1), io->dy,
                       io->x, par(params, l, 0), lat__layer_geom(l));
}

/* ---- convolution of an image: no bias, a batch normalisation follows it */

enum { SIDE_MAX = 255 };

static enum lat_code conv2d_shape(struct lat__layer *l, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    if (l->spec.kernel > SIDE_MAX)
        return lat_fail(err, LAT_EFORMAT, "kernel %zu, at most %d",
                        l->spec.kernel, SIDE_MAX);
    code = lat__layer_slide(l, err);
    l->out.c = l->spec.out;
    add_param(l, "weight", true);
    l->params[0].in = l->in.c;
    l->params[0].taps = l->spec.kernel * l->spec.kernel;
    l->params[0].side = l->spec.kernel;
    l->params[0].n_dims = 4;
    return code;
}

/* Kaiming's normal by the fan out, as torchvision starts its ResNets. */
static void conv2d_init(const struct lat__layer *l, float *params,
                        struct lat_rng *rng)
{
    const struct lat__param *p = &l->params[0];
    double deviation = sqrt(2.0 / (double)(p->out * p->taps));

    for (size_t i = 0; i < lat__param_count(p); i++)
        mut(params, l, 0)[i] = (float)(deviation * lat__rng_normal(rng));
}

FORWARD(conv2d)
{
    lat__conv_forward(ctx, io->y, io->x, par(params, l, 0), NULL,
                      lat__layer_geom(l));
}

BACKWARD(conv2d)
{
    lat__conv_backward(ctx, io->dx, mut(grads, l, 0), NULL, io->dy, io->x,
                       par(params, l, 0), lat__layer_geom(l));
}

/* ---- linear */

static enum lat_code linear_shape(struct lat__layer *l, struct lat_err *err)
{
    if (l->in.h * l->in.w != 1)
        return lat_fail(err, LAT_EFORMAT,
                        "wants a vector, is given %zu samples of %zu channels: "
                        "flatten or avgpool goes before it",
                        l->in.w, l->in.c);
    l->out = (struct lat__shape){1, 1, l->spec.out};
    add_weight_and_bias(l, 1, 2);
    return LAT_OK;
}

static size_t linear_scratch(const struct lat__layer *l, size_t rows,
                             enum lat_precision precision)
{
    return lat__linear_scratch(rows, l->in.c, l->out.c, precision);
}

FORWARD(linear)
{
    lat__linear_forward(ctx, io->y, io->x, par(params, l, 0),
                        par(params, l, 1));
}

BACKWARD(linear)
{
    lat__linear_backward(ctx, io->dx, mut(grads, l, 0), mut(grads, l, 1),
                         io->dy, io->x, par(params, l, 0));
}

/* ---- batch normalisation: parameters gamma, beta, mean, variance */

static enum lat_code batchnorm_shape(struct lat__layer *l, struct lat_err *err)
{
    l->n_saved = 2 * l->in.c; /* mean and rstd of the batch */
    l->out = l->in;
    add_param(l, "weight", true);
    add_param(l, "bias", true);
    add_param(l, "running_mean", false);
    add_param(l, "running_var", false);
    (void)err;
    return LAT_OK;
}

static void batchnorm_init(const struct lat__layer *l, float *params,
                           struct lat_rng *rng)
{
    static const float start[] = {1.0f, 0.0f, 0.0f, 1.0f};

    (void)rng;
    for (size_t i = 0; i < 4; i++)
        for (size_t c = 0; c < l->in.c; c++)
            mut(params, l, i)[c] = start[i];
}

/* The statistics, and with them params, are written in training's forward
 * alone. */
static struct lat_batchnorm norm(const struct lat__layer *l,
                                 const float *params, const struct lat__io *io)
{
    return (struct lat_batchnorm){
        .gamma = par(params, l, 0),
        .beta = par(params, l, 1),
        .mean = io->saved,
        .rstd = io->saved + l->in.c,
        .running_mean = mut((float *)params, l, 2),
        .running_var = mut((float *)params, l, 3),
        .relu = l->relu,
    };
}

static void batchnorm_train(const struct lat_ctx *ctx,
                            const struct lat__layer *l, float *params,
                            const struct lat__io *io)
{
    const struct lat_batchnorm p = norm(l, params, io);

    lat__batchnorm_forward(ctx, io->y, io->x, &p);
}

BACKWARD(batchnorm)
{
    const struct lat_batchnorm p = norm(l, params, io);

    lat__batchnorm_backward(ctx, io->dx, mut(grads, l, 0), mut(grads, l, 1),
                            io->dy, io->x, &p);
}

FORWARD(batchnorm)
{
    const struct lat_batchnorm p = norm(l, params, io);

    lat__batchnorm_eval(ctx, io->y, io->x, &p);
}

/* ---- the table */

static const struct lat__layer_kind conv1d = {
    .name = "conv1d",
    .needs = OUT | KERNEL,
    .takes = STRIDE | PAD | FROM,
    .shape = conv_shape,
    .init = fan_in_init,
    .scratch = conv_scratch,
    OPS(conv),
};

static const struct lat__layer_kind conv2d = {
    .name = "conv2d",
    .needs = OUT | KERNEL,
    .takes = STRIDE | PAD | FROM,
    .traits = LAT_OF_IMAGES,
    .shape = conv2d_shape,
    .init = conv2d_init,
    .scratch = conv_scratch,
    OPS(conv2d),
};

static const struct lat__layer_kind linear = {
    .name = "linear",
    .needs = OUT,
    .takes = FROM,
    .shape = linear_shape,
    .init = fan_in_init,
    .scratch = linear_scratch,
    OPS(linear),
};

static const struct lat__layer_kind batchnorm = {
    .name = "batchnorm",
    .takes = FROM,
    .traits = LAT_ELEMENTWISE,
    .shape = batchnorm_shape,
    .init = batchnorm_init,
    .train = batchnorm_train,
    OPS(batchnorm),
};

static const struct lat__layer_kind *const kinds[] = {
    &conv1d,
    &conv2d,
    &linear,
    &batchnorm,
    &lat__kind_relu,
    &lat__kind_add,
    &lat__kind_maxpool,
    &lat__kind_avgpool,
    &lat__kind_upsample,
    &lat__kind_flatten,
    &lat__kind_unflatten,
};

const struct lat__layer_kind *lat__layer_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

bool lat__layer_is(const struct lat__layer *l, const char *name)
{
    return strcmp(l->kind->name, name) == 0;
}

const char *lat__layer_name(const char *name)
{
    const struct lat__layer_kind *kind = lat__layer_kind(name);

    return kind ? kind->name : NULL;
}
