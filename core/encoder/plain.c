/* plain.c - the kinds of layers without parameters. */
#include "kinds.h"

#include <string.h>

/* Whether its windows slide over rows, too. */
static bool over_rows(const struct lat__layer *l)
{
    return (l->kind->traits & LAT_OF_IMAGES) ||
           ((l->kind->traits & LAT_POOLING) && l->in.h > 1);
}

struct lat_window_geom lat__layer_geom(const struct lat__layer *l)
{
    return (struct lat_window_geom){.kh = l->spec.kernel,
                                    .kw = l->spec.kernel,
                                    .stride = l->spec.stride,
                                    .pad = l->spec.pad,
                                    .flat = !over_rows(l),
                                    .up = l->up};
}

static enum lat_code slide_over_rows(struct lat__layer *l, struct lat_err *err)
{
    const struct lat__layer_spec *s = &l->spec;
    size_t least = l->in.h < l->in.w ? l->in.h : l->in.w;

    if (s->pad >= s->kernel || s->kernel > least + 2 * s->pad)
        return lat_fail(err, LAT_EFORMAT,
                        "kernel %zu with padding %zu does not fit %zu x %zu",
                        s->kernel, s->pad, l->in.h, l->in.w);
    l->out = l->in;
    l->out.h = lat__out_len(l->in.h, s->kernel, s->stride, s->pad);
    l->out.w = lat__out_len(l->in.w, s->kernel, s->stride, s->pad);
    return LAT_OK;
}

enum lat_code lat__layer_slide(struct lat__layer *l, struct lat_err *err)
{
    const struct lat__layer_spec *s = &l->spec;

    if (over_rows(l))
        return slide_over_rows(l, err);
    if (l->in.h != 1 || s->pad >= s->kernel || s->kernel > l->in.w + 2 * s->pad)
        return lat_fail(err, LAT_EFORMAT,
                        "kernel %zu with padding %zu does not fit %zu samples",
                        s->kernel, s->pad, l->in.w);
    l->out = l->in;
    l->out.w = lat__out_len(l->in.w, s->kernel, s->stride, s->pad);
    return LAT_OK;
}

static enum lat_code same_shape(struct lat__layer *l, struct lat_err *err)
{
    (void)err;
    l->out = l->in;
    return LAT_OK;
}

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

static enum lat_code maxpool_shape(struct lat__layer *l, struct lat_err *err)
{
    if (2 * l->spec.pad > l->spec.kernel)
        return lat_fail(err, LAT_EFORMAT,
                        "padding %zu is more than half the kernel %zu",
                        l->spec.pad, l->spec.kernel);
    return lat__layer_slide(l, err);
}

FORWARD(maxpool)
{
    UNUSED;
    lat__maxpool_forward(ctx, io->y, io->x, lat__layer_geom(l));
}

BACKWARD(maxpool)
{
    UNUSED;
    (void)grads;
    lat__maxpool_backward(ctx, io->dx, io->dy, io->y, io->x,
                          lat__layer_geom(l));
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
    if (l->spec.factor > LAT_FIELD_MAX / l->in.w ||
        l->spec.factor > LAT_FIELD_MAX / l->in.h)
        return lat_fail(err, LAT_EFORMAT, "%zu times %zu samples are too many",
                        l->spec.factor, l->in.w);
    l->out = l->in;
    l->out.w *= l->spec.factor;
    l->out.h *= l->in.h > 1 ? l->spec.factor : 1;
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

static size_t floats(struct lat__shape s)
{
    return s.h * s.w * s.c;
}

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

/* ---- the kinds */

const struct lat__layer_kind lat__kind_relu = {
    .name = "relu",
    .takes = FROM,
    .traits = LAT_ELEMENTWISE,
    .shape = same_shape,
    OPS(relu),
};

const struct lat__layer_kind lat__kind_add = {
    .name = "add",
    .needs = WITH,
    .takes = FROM,
    .traits = LAT_ELEMENTWISE,
    .shape = add_shape,
    OPS(add),
};

const struct lat__layer_kind lat__kind_maxpool = {
    .name = "maxpool",
    .needs = KERNEL,
    .takes = STRIDE | PAD | FROM,
    .traits = LAT_POOLING,
    .shape = maxpool_shape,
    OPS(maxpool),
};

const struct lat__layer_kind lat__kind_avgpool = {
    .name = "avgpool",
    .takes = FROM,
    .shape = avgpool_shape,
    OPS(avgpool),
};

const struct lat__layer_kind lat__kind_upsample = {
    .name = "upsample",
    .needs = FACTOR,
    .takes = FROM,
    .shape = upsample_shape,
    OPS(upsample),
};

const struct lat__layer_kind lat__kind_flatten = {
    .name = "flatten",
    .takes = FROM,
    .shape = flatten_shape,
    OPS(flatten),
};

const struct lat__layer_kind lat__kind_unflatten = {
    .name = "unflatten",
    .needs = WIDTH | CHANNELS,
    .takes = FROM,
    .shape = unflatten_shape,
    OPS(flatten),
};
