/*
 * losses.h - every loss: its value and its gradient, one file each.
 *
 * A contrastive batch holds n sources in several views: row v * n + i of z is
 * view v of source i.  The losses of one batch share their cosines: forward
 * computes them once, each loss adds its own gradient by them, backward turns
 * the sum into the gradient of z.  Sums are in double, data in float.
 *
 * One thread at a time per lat_contrast.
 */
#ifndef LAT_LOSSES_H
#define LAT_LOSSES_H

#include "base/tensor.h"
#include "kernel/kernel.h"
#include "latent/model.h"
#include "ops.h"

/* ---- losses/contrast.c: cosines within a batch, and their derivative */

struct lat_contrast_spec {
    size_t n, n_views;    /* sources; at least two views of each */
    size_t dims;          /* of a row of z */
    struct lat_range inv; /* the invariant block: cosines of all rows */
    struct lat_range var; /* the variant block: cosines within a source */
};

/* What the pairs of one group are to each other. */
enum lat_same {
    LAT_SAME_OUT,  /* neither positive nor negative */
    LAT_SAME_PULL, /* positives: of scl-nce alone */
};

struct lat_contrast {
    struct lat_contrast_spec spec;
    const struct lat_kernel *kernel;
    size_t rows;   /* n * n_views */
    float *cos;    /* (rows, rows): cosines of the invariant block … */
    float *dcos;   /* … and the gradient by each */
    float *pair;   /* (view pairs, n): cosines of the variant block … */
    float *dpair;  /* … and theirs; pairs are (0,1) (0,2) (1,2) (0,3) … */
    float *norm;   /* (2, rows): lengths of either block */
    float *unit;   /* (rows, inv): the block, unit rows */
    float *turned; /* (inv, rows): the same, transposed */
    float *dunit;  /* (rows, the wider block) */
    float *vary;   /* (rows, var): the variant block, unit rows */
    float *block;  /* all of these */
};

LAT_MUST_CHECK enum lat_code lat__contrast_new(
    struct lat_contrast **out, const struct lat_contrast_spec *spec,
    const struct lat_kernel *kernel, struct lat_err *err);
void lat__contrast_free(struct lat_contrast *c);

/* Cosines of the rows of z (rows, dims); clears the gradients. */
void lat__contrast_forward(struct lat_contrast *c, const float *z);
/* dz (rows, dims) is overwritten; what lies in neither block becomes zero. */
void lat__contrast_backward(struct lat_contrast *c, float *dz);

/* The place in pair of views v < w. */
static inline size_t lat__view_pair(size_t v, size_t w)
{
    return w * (w - 1) / 2 + v;
}

/* ---- losses/scl.c */

struct lat_scl_spec {
    double w_inv, w_var, w_neg;
    double m_var, m_neg; /* margins */
};

struct lat_scl_loss {
    double inv, var, neg; /* without their weights */
    double total;         /* with them */
};

/* group (n) or NULL: pairs of one group are left out of the negatives.  The
 * gradient is added scale times. */
struct lat_scl_loss lat__scl(struct lat_contrast *c,
                             const struct lat_scl_spec *spec, double scale,
                             const uint32_t *group);

/* ---- losses/scl_nce.c */

struct lat_nce_spec {
    double tau;         /* temperature */
    double kappa;       /* weight of the variant mechanism's term */
    enum lat_same same; /* what group means */
};

double lat__scl_nce(struct lat_contrast *c, const struct lat_nce_spec *spec,
                    double scale, const uint32_t *group);

/* ---- losses/graded.c */

/* want (view pairs, n), laid out as pair: the cosine that each pair of variant
 * blocks is to have.  Mean squared difference; the gradient is added scale
 * times. */
double lat__scl_graded(struct lat_contrast *c, const float *want, double scale);

/* ---- losses/task.c: gradients are overwritten */

/* Mean of (y - x)^2 over n floats; scale times its gradient, unless dy is
 * NULL. */
double lat__mse(float *dy, const float *y, const float *x, size_t n,
                double scale);
/* Mean over rows of -log softmax(y)[label]; y (n, classes). */
double lat__cross_entropy(float *dy, const float *y, const uint32_t *label,
                          size_t n, size_t classes);

enum { LAT_NO_LABEL = 0xffff };

/* The same over the rows that have a label: the others cost nothing.  Scale
 * times its gradient, unless dy is NULL. */
double lat__cross_entropy_known(float *dy, const float *y,
                                const uint32_t *label, size_t n, size_t classes,
                                double scale);

/* Share of the rows with a label whose largest is there; 0 without any. */
double lat__classes_right(const float *y, const uint32_t *label, size_t n,
                          size_t classes);

/* ---- losses/nt_xent.c: over unit rows u (rows, dims) */

struct lat_nt_xent {
    size_t rows, dims;
    double tau;
    float *s;      /* (rows, rows), scratch */
    float *turned; /* (dims, rows), scratch */
    double *row;   /* (rows): the loss of each */
};

/* Rows of one id are views of one thing.  du is overwritten; NULL: only the
 * value is wanted. */
double lat__nt_xent(const struct lat_ctx *ctx, const struct lat_nt_xent *k,
                    float *du, const float *u, const uint32_t *id);

/* ---- losses/gate_kl.c */

struct lat_gate_kl {
    size_t rows, dims;
    double prior, temperature;
    const double *priors; /* (dims), in place of prior; NULL: one for all */
};

/* Of one gate; *dp is its derivative by p. */
double lat__bernoulli_kl(double p, double prior, double *dp);
/* Adds scale times the gradient by the logits, unless dlogit is NULL. */
double lat__gate_kl(const struct lat_gate_kl *k, float *dlogit,
                    const float *prob, double scale);

/* priors (dims) of gates over y (rows, dims), which is not negative: that of a
 * dimension is prior by the mean activity over its own, where activity is the
 * share of rows in which it is above 0.  Those that never are take no part in
 * the mean and have 1. */
void lat__activity_priors(double *priors, const struct lat_gate_kl *k,
                          const float *y);

/* ---- losses/gated.c: gated, non-negative latents, from z and the logits */

struct lat_gated_spec {
    size_t rows, dims;
    enum lat_nonneg nonneg;
    size_t top_k; /* 0: all */
    struct lat__gate gate;
    double prior, lambda, tau;
    bool by_activity; /* see lat__activity_priors; else one prior for all */
};

struct lat_gated_loss {
    struct lat_gated_spec spec;
    struct lat__gated gates;
    float *y, *kept; /* what is not negative, and of it the largest */
    float *unit, *a; /* of unit length; behind the gates */
    float *u, *du;   /* of unit length again: what is compared */
    float *norm;     /* (rows): lengths of y … */
    float *norm_a;   /* … and of a: 0 where all gates are shut */
    float *block;    /* all of these */
    double *priors;  /* (dims), by activity */
    struct lat_nt_xent nt_xent;
};

struct lat_gated_batch {
    struct lat_tensor z, logit; /* (rows, 1, 1, dims); logit.v NULL without */
    const float *uniform;       /* (rows, dims), of gates that draw */
    const uint32_t *id;         /* (rows) */
};

struct lat_gated_value {
    double nce, kl, total;
    size_t n_shut; /* rows of zeros */
};

LAT_MUST_CHECK enum lat_code lat__gated_loss_new(
    struct lat_gated_loss **out, const struct lat_gated_spec *spec,
    struct lat_err *err);
void lat__gated_loss_free(struct lat_gated_loss *l);
/* Leaves u, gates and lengths as evaluation has them: no gate draws.  b->id is
 * not asked for. */
void lat__gated_codes(const struct lat_ctx *ctx, struct lat_gated_loss *l,
                      const struct lat_gated_batch *b);
/* Leaves what backward uses up. */
struct lat_gated_value lat__gated_loss_forward(const struct lat_ctx *ctx,
                                               struct lat_gated_loss *l,
                                               const struct lat_gated_batch *b);
/* d->z and d->logit, shaped as in b, are overwritten. */
void lat__gated_loss_backward(const struct lat_ctx *ctx,
                              struct lat_gated_loss *l,
                              const struct lat_gated_batch *d,
                              const struct lat_gated_batch *b);

#endif
