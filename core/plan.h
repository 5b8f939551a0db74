/*
 * plan.h - the engine's inner side of plans: the steps that serve one window.
 *
 * A plan is a list of steps over one room of floats per workspace.  A
 * convolution or linear layer with the normalisation and the ReLU behind it is
 * one product; every other layer runs as in the stack.  Each activation that
 * a convolution pads has its zeros around it in the room, where they stay: a
 * step writes between them, and the next reads across.
 */
#ifndef LAT_PLAN_H
#define LAT_PLAN_H

#include "encoder.h"
#include "signal.h"

#include <stdatomic.h>

struct lat__step {
    const struct lat__layer *layer;
    size_t x, z, y; /* where in the room activations begin */
    /* Of a product: */
    bool product, relu;
    size_t from, stride; /* of rows, the first with its padding */
    size_t m, n, k;
    size_t w, b, w_row; /* in the plan's weights */
};

struct lat_plan {
    atomic_uint refs;
    struct lat_model *model;
    const struct lat_kernel *kernel;
    struct lat__conditioner *conditioner;
    size_t n_steps;
    struct lat__step *steps;
    float *weights;       /* folded, rows on cache lines */
    size_t input, output; /* in the room */
    size_t room, scratch; /* floats, and doubles for the conditioner */
    char arithmetic[32];
};

/* ---- plan/fold.c */

/* Fills steps, weights, input, output and room from the model. */
LAT_MUST_CHECK enum lat_code lat__plan_fold(struct lat_plan *p,
                                            struct lat_err *err);

#endif
