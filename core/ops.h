/*
 * ops.h - every operation, forward and backward.
 *
 * Outputs stand before inputs; backward takes forward's arguments with a d
 * before each gradient.  Gradients of parameters are added to, gradients of
 * activations are overwritten; no op decides otherwise.  dx.v may be NULL
 * where nobody wants it.  Weights lie as the product reads them: a
 * convolution's as (kh, kw, in, out), a linear layer's as (in, out); model
 * files have PyTorch's order, and formats/ turns one into the other.
 *
 * ctx lends the kernel, the team and scratch; an op keeps nothing between
 * calls.  Shapes are asserted.
 */
#ifndef LAT_OPS_H
#define LAT_OPS_H

#include "base/rng.h"
#include "base/team.h"
#include "base/tensor.h"
#include "kernel/kernel.h"
#include "latent/model.h"

struct lat_ctx {
    const struct lat_kernel *kernel;
    enum lat_precision precision; /* of the products of convolutions and linear
                                     layers, forward and backward */
    struct lat_team *team;        /* or NULL */
    float *scratch;               /* LAT_PARTS times scratch_len floats */
    size_t scratch_len;
};

/* ---- ops/conv.c: x (n, h, w, in) to y (n, h', w', out) */

struct lat_window_geom {
    size_t kh, kw, stride, pad; /* pad on both sides; in one dimension only
                                   kw, and h is neither padded nor strided */
    bool flat;                  /* one dimension */
    size_t up;                  /* of conv: each position of x first repeated
                                   so many times; 0 is 1.  Flat, stride 1 */
};

size_t lat__out_len(size_t len, size_t kernel, size_t stride, size_t pad);
/* Scratch floats per part that the pair needs. */
size_t lat__conv_scratch(struct lat_tensor y, struct lat_tensor x,
                         struct lat_window_geom g,
                         enum lat_precision precision);
void lat__conv_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                       struct lat_tensor x, const float *w, const float *b,
                       struct lat_window_geom g);
void lat__conv_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                        float *dw, float *db, struct lat_tensor dy,
                        struct lat_tensor x, const float *w,
                        struct lat_window_geom g);

/* ---- ops/linear.c: x (n, 1, 1, in), w (in, out), y (n, 1, 1, out) */

size_t lat__linear_scratch(size_t n, size_t in, size_t out,
                           enum lat_precision precision);
void lat__linear_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const float *w, const float *b);
void lat__linear_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                          float *dw, float *db, struct lat_tensor dy,
                          struct lat_tensor x, const float *w);

/* ---- ops/batchnorm.c: per channel */

struct lat_batchnorm {
    const float *gamma, *beta;         /* (c) each, as all here */
    float *mean, *rstd;                /* of the batch: forward to backward */
    float *running_mean, *running_var; /* move by momentum, the variance
                                          unbiased, as PyTorch's */
    bool relu;                         /* max(0, …) of the result */
};

void lat__batchnorm_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                            struct lat_tensor x, const struct lat_batchnorm *p);
void lat__batchnorm_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                             float *dgamma, float *dbeta, struct lat_tensor dy,
                             struct lat_tensor x,
                             const struct lat_batchnorm *p);
/* With the running statistics: evaluation. */
void lat__batchnorm_eval(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const struct lat_batchnorm *p);

/* ---- ops/pointwise.c: y and x of one shape; y may be x */

void lat__relu_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                       struct lat_tensor x);
void lat__relu_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                        struct lat_tensor dy, struct lat_tensor y);
/* y = x + z; backward hands dy to both. */
void lat__add_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                      struct lat_tensor x, struct lat_tensor z);
void lat__add_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                       struct lat_tensor dz, struct lat_tensor dy);

/* ---- ops/pool.c */

void lat__maxpool_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                          struct lat_tensor x, struct lat_window_geom g);
void lat__maxpool_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                           struct lat_tensor dy, struct lat_tensor y,
                           struct lat_tensor x, struct lat_window_geom g);
/* y (n, 1, 1, c): the mean over h and w. */
void lat__avgpool_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                          struct lat_tensor x);
void lat__avgpool_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                           struct lat_tensor dy);
/* y (n, h, factor w, c), each sample repeated; h too unless it is 1. */
void lat__upsample_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                           struct lat_tensor x, size_t factor);
void lat__upsample_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                            struct lat_tensor dy, size_t factor);

/* ---- ops/normalize.c: rows to unit length, y = x / max(|x|, 1e-12); a row
 * of zeros has no direction, and no gradient */

void lat__normalize_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                            float *norm, struct lat_tensor x);
void lat__normalize_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                             struct lat_tensor dy, struct lat_tensor y,
                             const float *norm);

/* ---- ops/noise.c: x (n, 1, 1, dims) with noise as large as it is in some
 * columns; y and dx may not be x */

struct lat__noise {
    struct lat_range at; /* the columns */
    double by;           /* in units of their root mean square in the row */
    const float *e;      /* (n, columns): of mean 0, variance 1 */
};

void lat__noise_forward(struct lat_tensor y, struct lat_tensor x,
                        const struct lat__noise *k);
void lat__noise_backward(struct lat_tensor dx, struct lat_tensor dy,
                         struct lat_tensor x, const struct lat__noise *k);

/* ---- ops/nonneg.c: y and x of one shape; y may be x */

double lat__sigmoid(double x);
void lat__nonneg_forward(const struct lat_ctx *ctx, enum lat_nonneg kind,
                         struct lat_tensor y, struct lat_tensor x);
void lat__nonneg_backward(const struct lat_ctx *ctx, enum lat_nonneg kind,
                          struct lat_tensor dx, struct lat_tensor dy,
                          struct lat_tensor x);

/* ---- ops/gate.c: per thing and dimension */

enum lat__gate_kind {
    LAT_GATE_OFF,      /* all open */
    LAT_GATE_STE,      /* open where the logit is above 0; straight through */
    LAT_GATE_GUMBEL1,  /* with one Gumbel, as published */
    LAT_GATE_CONCRETE, /* with logistic noise */
    LAT_GATE_SOFT,     /* the probability itself */
    LAT_GATE_FIXED,    /* one mask for all, whatever the logits: a control */
    LAT_N_GATES
};

struct lat__gate {
    enum lat__gate_kind kind;
    double temperature;
    const float *fixed; /* (c), of LAT_GATE_FIXED */
};

struct lat__gated { /* (n, c) each */
    float *prob;    /* of being open; not of OFF and FIXED */
    float *soft;    /* what backward pretends that mask is */
    float *mask;
};

const char *lat__gate_name(unsigned kind); /* NULL beyond the last */
bool lat__gate_draws(enum lat__gate_kind kind);
/* uniform (n, c), in [0, 1): of kinds that draw. */
void lat__gate_forward(const struct lat_ctx *ctx, const struct lat__gate *g,
                       const struct lat__gated *y, struct lat_tensor logit,
                       const float *uniform);
void lat__gate_backward(const struct lat_ctx *ctx, const struct lat__gate *g,
                        struct lat_tensor dlogit, const float *dmask,
                        const struct lat__gated *y);
/* A mask (c) with half of all gates open. */
void lat__gate_fix(float *fixed, size_t c, struct lat_rng *rng);

/* ---- ops/topk.c: y and x of one shape; y may be x, kept NULL */

void lat__top_k_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                        float *kept, struct lat_tensor x, size_t k);
void lat__top_k_backward(struct lat_tensor dx, struct lat_tensor dy,
                         const float *kept);

#endif
