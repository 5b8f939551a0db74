/*
 * kinds.c - what each kind of layer is: its fields, shapes, start and ops.
 *
 * The ops do the arithmetic; here they are given their parameters.
 */
#include "../encoder.h"

#include <math.h>
#include <string.h>

/* Bits of lat__layer_fields, in their order. */
enum {
    OUT = 1 << 0,
    KERNEL = 1 << 1,
    STRIDE = 1 << 2,
    PAD = 1 << 3,
    FACTOR = 1 << 4,
    WIDTH = 1 << 5,
    CHANNELS = 1 << 6,
    FROM = 1 << 7,
    WITH = 1 << 8,
};

#define FORWARD(room)                                      \
    static void room##_forward(const struct lat_ctx *ctx,  \
                               const struct lat__layer *l, \
                               const float *params, const struct lat__io *io)

#define BACKWARD(room)                                         \
    static void room##_backward(                               \
        const struct lat_ctx *ctx, const struct lat__layer *l, \
        const float *params, float *grads, const struct lat__io *io)

#define UNUSED ((void)ctx, (void)l, (void)params)

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

static size_t floats(struct lat__shape s)
{
    return s.h * s.w * s.c;
}

static struct lat_tensor rows_of(struct lat__shape s, size_t rows)
{
    return (struct lat_tensor){NULL, rows, s.h, s.w, s.c};
}

/* ---- convolution */

static struct lat_window_geom geom(const struct lat__layer *l)
{
    return (struct lat_window_geom){.kw = l->spec.kernel,
                                    .stride = l->spec.stride,
                                    .pad = l->spec.pad,
                                    .flat = true,
                                    .up = l->up};
}

/* Taps that fit the padded signal; padding less than the kernel, so that no
 * output is made of zeros alone. */
static enum lat_code slide(struct lat__layer *l, struct lat_err *err)
{
    const struct lat__layer_spec *s = &l->spec;

    if (l->in.h != 1 || s->pad >= s->kernel || s->kernel > l->in.w + 2 * s->pad)
        return lat_fail(err, LAT_EFORMAT,
                        "kernel %zu with padding %zu does not fit %zu samples",
                        s->kernel, s->pad, l->in.w);
    l->out = l->in;
    l->out.w = lat__out_len(l->in.w, s->kernel, s->stride, s->pad);
    return LAT_OK;
}

static enum lat_code maxpool_shape(struct lat__layer *l, struct lat_err *err)
{
    if (2 * l->spec.pad > l->spec.kernel)
        return lat_fail(err, LAT_EFORMAT,
                        "padding %zu is more than half the kernel %zu",
                        l->spec.pad, l->spec.kernel);
    return slide(l, err);
}

static enum lat_code conv_shape(struct lat__layer *l, struct lat_err *err)
{
    enum lat_code code = slide(l, err);

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

static size_t conv_scratch(const struct lat__layer *l, size_t rows)
{
    struct lat__shape in = l->in;

    in.w /= l->up;
    return lat__conv_scratch(rows_of(l->out, rows), rows_of(in, rows), geom(l));
}

FORWARD(conv)
{
    lat__conv_forward(ctx, io->y, io->x, par(params, l, 0), par(params, l, 1),
                      geom(l));
}

BACKWARD(conv)
{
    lat__conv_backward(ctx, io->dx, mut(grads, l, 0), mut(grads, l, 1), io->dy,
                       io->x, par(params, l, 0), geom(l));
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

static size_t linear_scratch(const struct lat__layer *l, size_t rows)
{
    (void)rows;
    return lat__linear_scratch(l->in.c, l->out.c);
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

static enum lat_code same_shape(struct lat__layer *l, struct lat_err *err)
{
    (void)err;
    l->out = l->in;
    return LAT_OK;
}

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

/* ---- without parameters */

FORWARD(relu)
{
    UNUSED;
    lat__relu_forward(ctx, io->y, io->x);
}

BACKWARD(relu)
{
    UNUSED;
    (void)grads;
    lat__relu_backward(ctx, io->dx, io->dy, io->y);
}

static enum lat_code add_shape(struct lat__layer *l, struct lat_err *err)
{
    if (memcmp(&l->in, &l->with, sizeof(l->in)) != 0)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu samples of %zu channels and %zu of %zu cannot be "
                        "added",
                        l->in.w, l->in.c, l->with.w, l->with.c);
    return same_shape(l, err);
}

FORWARD(add)
{
    UNUSED;
    lat__add_forward(ctx, io->y, io->x, io->z);
}

BACKWARD(add)
{
    UNUSED;
    (void)grads;
    lat__add_backward(ctx, io->dx, io->dz, io->dy);
}

FORWARD(maxpool)
{
    UNUSED;
    lat__maxpool_forward(ctx, io->y, io->x, geom(l));
}

BACKWARD(maxpool)
{
    UNUSED;
    (void)grads;
    lat__maxpool_backward(ctx, io->dx, io->dy, io->y, io->x, geom(l));
}

static enum lat_code avgpool_shape(struct lat__layer *l, struct lat_err *err)
{
    (void)err;
    l->out = (struct lat__shape){1, 1, l->in.c};
    return LAT_OK;
}

FORWARD(avgpool)
{
    UNUSED;
    lat__avgpool_forward(ctx, io->y, io->x);
}

BACKWARD(avgpool)
{
    UNUSED;
    (void)grads;
    lat__avgpool_backward(ctx, io->dx, io->dy);
}

static enum lat_code upsample_shape(struct lat__layer *l, struct lat_err *err)
{
    if (l->spec.factor > LAT_FIELD_MAX / l->in.w)
        return lat_fail(err, LAT_EFORMAT, "%zu times %zu samples are too many",
                        l->spec.factor, l->in.w);
    l->out = l->in;
    l->out.w *= l->spec.factor;
    return LAT_OK;
}

FORWARD(upsample)
{
    UNUSED;
    lat__upsample_forward(ctx, io->y, io->x, l->spec.factor);
}

BACKWARD(upsample)
{
    UNUSED;
    (void)grads;
    lat__upsample_backward(ctx, io->dx, io->dy, l->spec.factor);
}

/* ---- the same floats in another shape */

static enum lat_code flatten_shape(struct lat__layer *l, struct lat_err *err)
{
    (void)err;
    l->out = (struct lat__shape){1, 1, floats(l->in)};
    return LAT_OK;
}

static enum lat_code unflatten_shape(struct lat__layer *l, struct lat_err *err)
{
    l->out = (struct lat__shape){1, l->spec.width, l->spec.channels};
    if (floats(l->in) != floats(l->out))
        return lat_fail(err, LAT_EFORMAT,
                        "%zu floats cannot be %zu samples of %zu channels",
                        floats(l->in), l->out.w, l->out.c);
    return LAT_OK;
}

FORWARD(flatten)
{
    UNUSED;
    memcpy(io->y.v, io->x.v, lat__count(io->x) * sizeof(float));
}

BACKWARD(flatten)
{
    UNUSED;
    (void)grads;
    if (io->dx.v)
        memcpy(io->dx.v, io->dy.v, lat__count(io->dy) * sizeof(float));
}

/* ---- the table */

#define OPS(room) room##_forward, room##_backward

static const struct lat__layer_kind kinds[] = {
    {"conv1d", OUT | KERNEL, STRIDE | PAD | FROM, 0, conv_shape, fan_in_init,
     conv_scratch, NULL, OPS(conv)},
    {"linear", OUT, FROM, 0, linear_shape, fan_in_init, linear_scratch, NULL,
     OPS(linear)},
    {"batchnorm", 0, FROM, LAT_ELEMENTWISE, batchnorm_shape, batchnorm_init,
     NULL, batchnorm_train, OPS(batchnorm)},
    {"relu", 0, FROM, LAT_ELEMENTWISE, same_shape, NULL, NULL, NULL, OPS(relu)},
    {"add", WITH, FROM, LAT_ELEMENTWISE, add_shape, NULL, NULL, NULL, OPS(add)},
    {"maxpool", KERNEL, STRIDE | PAD | FROM, LAT_POOLING, maxpool_shape, NULL,
     NULL, NULL, OPS(maxpool)},
    {"avgpool", 0, FROM, 0, avgpool_shape, NULL, NULL, NULL, OPS(avgpool)},
    {"upsample", FACTOR, FROM, 0, upsample_shape, NULL, NULL, NULL,
     OPS(upsample)},
    {"flatten", 0, FROM, 0, flatten_shape, NULL, NULL, NULL, OPS(flatten)},
    {"unflatten", WIDTH | CHANNELS, FROM, 0, unflatten_shape, NULL, NULL, NULL,
     OPS(flatten)},
};

const struct lat__layer_kind *lat__layer_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const char *lat__layer_name(const char *name)
{
    const struct lat__layer_kind *kind = lat__layer_kind(name);

    return kind ? kind->name : NULL;
}
