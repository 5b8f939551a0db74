/*
 * kinds.h - what the kinds of layers share, for kinds.c and plain.c alone.
 */
#ifndef LAT_KINDS_H
#define LAT_KINDS_H

#include "../encoder.h"

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

#define OPS(room) .forward = room##_forward, .backward = room##_backward
#define UNUSED ((void)ctx, (void)l, (void)params)

struct lat_window_geom lat__layer_geom(const struct lat__layer *l);
/* The shape of windows that slide: taps that fit the padded signal; padding
 * less than the kernel, so that no output is made of zeros alone. */
enum lat_code lat__layer_slide(struct lat__layer *l, struct lat_err *err);

/* ---- encoder/plain.c: the kinds without parameters */

extern const struct lat__layer_kind lat__kind_relu;
extern const struct lat__layer_kind lat__kind_add;
extern const struct lat__layer_kind lat__kind_maxpool;
extern const struct lat__layer_kind lat__kind_avgpool;
extern const struct lat__layer_kind lat__kind_upsample;
extern const struct lat__layer_kind lat__kind_flatten;
extern const struct lat__layer_kind lat__kind_unflatten;

#endif
