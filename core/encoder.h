/*
 * encoder.h - networks as declared lists of layers.
 *
 * A net is an encoder and what reads its features: the task (a decoder, a class
 * head), and of images the projector to the latent and the head of gates over
 * it.  Each is a stack, that may have no layers, and one block of parameters is
 * under all.  The trained ones come first, the running statistics after them,
 * so that gradients and moments of the optimiser have the same offsets.  A net
 * says where in the block a layer's parameters are; it does not own the block
 * and never changes once it is made.
 *
 * Everything here may be called from any thread, on activations of one's own.
 */
#ifndef LAT_ENCODER_H
#define LAT_ENCODER_H

#include "base/rng.h"
#include "base/tensor.h"
#include "encoder/spec.h"
#include "formats.h"
#include "latent/model.h"
#include "ops.h"

enum {
    LAT_ITEM_MAX = 1 << 25,   /* floats of all activations of one thing */
    LAT_PARAMS_MAX = 1 << 28, /* floats of the block */
    LAT_LAYER_PARAMS = 4,     /* tensors of one layer, at most */
};

/* ---- nets ------------------------------------------------ encoder/net.c */

struct lat__shape {
    size_t h, w, c; /* of one thing; a signal has h = 1, a vector w = 1 too */
};

/* One tensor of the block.  Files have PyTorch's order of axes (out, in,
 * taps), the block that of the product (taps, in, out); a vector is out alone.
 *
 * PyTorch flattens channel after channel, we sample after sample: where the
 * axis in or out counts a flattened (w, c), spread is c, otherwise 0. */
struct lat__param {
    const char *name; /* weight, bias, running_mean, running_var */
    bool trained;
    size_t offset; /* in the block */
    size_t out, in, taps;
    size_t n_dims; /* in a file: 1 vector, 2 linear, 3 conv1d, 4 conv2d */
    size_t side;   /* of a conv2d's square of taps */
    size_t in_spread, out_spread;
};

struct lat__layer {
    const struct lat__layer_kind *kind;
    struct lat__layer_spec spec; /* with the defaults filled in */
    size_t x, z, y; /* the activations that it reads, and the one it writes */
    bool x_shared, z_shared; /* a later layer reads it too */
    bool folded;             /* a neighbour does it: see fold.c */
    bool relu;               /* of batchnorm: and the one after it */
    size_t up;               /* of conv1d: the upsample before it, or 1 */
    struct lat__shape in, with, out;
    struct lat__param params[LAT_LAYER_PARAMS];
    size_t n_params;
    size_t saved, n_saved; /* floats that forward leaves for backward */
    size_t spread;         /* of the output, as in struct lat__param */
};

/* Whether it is of that kind. */
bool lat__layer_is(const struct lat__layer *l, const char *name);

struct lat__stack {
    const char *name; /* encoder, task …: the first part of tensors' names */
    size_t n_layers;  /* act[0] is the input, act[n_layers] the output */
    struct lat__layer *layers;
    struct lat__shape in, out;
    size_t n_saved;
};

/* Floats of one thing. */
size_t lat__shape_size(struct lat__shape s);
/* Of act[act] of the stack. */
struct lat__shape lat__act_shape(const struct lat__stack *s, size_t act);

enum lat__stacks {
    LAT_ENCODER,
    LAT_TASK,
    LAT_PROJECTOR, /* without it the features are the latent */
    LAT_GATES,
    LAT_N_STACKS
};

/* encoder, task, projector, gate: in files and cards. */
const char *lat__stack_name(unsigned s);

struct lat__net_spec {
    struct lat__shape input;
    const struct lat__layer_spec *encoder, *task, *projector, *gate;
    size_t n_encoder, n_task, n_projector, n_gate; /* 0: there is none */
};

struct lat__net {
    union {
        struct lat__stack stack[LAT_N_STACKS];
        struct {
            struct lat__stack encoder, task, projector, gate;
        };
    };
    size_t features;  /* that the encoder gives … */
    size_t dims;      /* … and those of the latent */
    size_t n_trained; /* floats of the block with a gradient … */
    size_t n_params;  /* … and with the running statistics */
};

/* LAT_EFORMAT names the layer that does not fit, as encoder[3]. */
LAT_MUST_CHECK enum lat_code lat__net_new(struct lat__net **out,
                                          const struct lat__net_spec *spec,
                                          struct lat_err *err);
void lat__net_free(struct lat__net *net);
/* Fresh parameters (n_params), as PyTorch starts them. */
void lat__net_init(const struct lat__net *net, float *params,
                   struct lat_rng *rng);
/* Floats of scratch per part for batches of up to rows. */
size_t lat__net_scratch(const struct lat__net *net, size_t rows,
                        enum lat_precision precision);

/* ---- encoder/resnet.c: residual nets, as text for lat__layers_parse */

enum { LAT_RESNET_STAGES = 4 };

struct lat__resnet {
    size_t width;                     /* of the first stage; twice each next */
    size_t blocks[LAT_RESNET_STAGES]; /* of two convolutions; 0 ends the list */
    bool small; /* images of 32 x 32: a stem of 3 x 3, without pooling … */
    size_t stem_pad; /* … and this padding: the published one has 2 */
};

/* From the stem to the mean over the last map. */
void lat__resnet_print(struct lat_buf *out, const struct lat__resnet *r);

/* ---- encoder/fold.c: for net.c */

void lat__stack_fold(struct lat__stack *s);

/* ---- parameters in files ------------------------------ encoder/params.c */

size_t lat__param_count(const struct lat__param *p);
/* "encoder.0.weight" */
void lat__param_name(char name[LAT_TENSOR_NAME_MAX], const struct lat__stack *s,
                     size_t layer, const struct lat__param *p);
/* Between the block and a tensor as PyTorch has it. */
void lat__param_export(float *file, const float *block,
                       const struct lat__param *p);
void lat__param_import(float *block, const float *file,
                       const struct lat__param *p);

/* ---- a net's tensors in a file ------------------------- encoder/weights.c */

/* The block, the caller's to lat_free, and the digest of names, shapes and
 * values.  LAT_EFORMAT names a tensor that is missing, unknown or misshapen. */
LAT_MUST_CHECK enum lat_code lat__weights_decode(
    float **out, char hex[LAT_DIGEST_HEX], const struct lat__net *net,
    const struct lat__safetensors *st, struct lat_err *err);
/* A whole model file; the same arguments give the same bytes.  card is what
 * lat__card_encode wrote. */
LAT_MUST_CHECK enum lat_code lat__model_encode(struct lat_buf *out,
                                               const struct lat__net *net,
                                               const float *params,
                                               const char *card,
                                               struct lat_err *err);

/* ---- the stack and its mirror -------------------------- encoder/stack.c */

/* Activations of one stack for batches of up to max_rows, in one block. */
struct lat__acts {
    const struct lat__stack *stack;
    size_t max_rows;
    size_t frozen; /* of a training: the first layers are as in evaluation,
                      and no gradient goes back into them */
    struct lat_tensor *act;     /* n_layers + 1 */
    struct lat_tensor *dact;    /* the same, v NULL without gradients */
    struct lat_tensor spare[2]; /* for gradients that are added up */
    float *saved;               /* what batchnorm leaves for backward */
    float *room;                /* the one block */
};

enum lat__grads {
    LAT_NO_GRADS,
    LAT_GRADS,    /* dact[0].v is NULL: no one wants it */
    LAT_GRADS_IN, /* dact[0] too */
};

LAT_MUST_CHECK enum lat_code lat__acts_new(struct lat__acts **out,
                                           const struct lat__stack *s,
                                           size_t max_rows,
                                           enum lat__grads grads,
                                           struct lat_err *err);
void lat__acts_free(struct lat__acts *a);
/* How many rows are in use from now on. */
void lat__acts_rows(struct lat__acts *a, size_t rows);

/* From act[0], which has memory of its own but may be pointed elsewhere, to
 * act[n_layers].  Training: statistics of the batch; the running ones in
 * params move. */
void lat__stack_forward(const struct lat_ctx *ctx, float *params,
                        const struct lat__acts *a);
/* From dact[n_layers], which comes from the loss, to dact[0]; gradients of
 * parameters are added to grads (n_trained). */
void lat__stack_backward(const struct lat_ctx *ctx, float *grads,
                         const float *params, const struct lat__acts *a);
/* Forward with the running statistics. */
void lat__stack_eval(const struct lat_ctx *ctx, const float *params,
                     const struct lat__acts *a);

/* ---- kinds of layers ----------------------------------- encoder/kinds.c */

/* What a layer reads and writes in one pass. */
struct lat__io {
    struct lat_tensor y, x, z, dy, dx, dz;
    float *saved;
};

enum lat__layer_trait {
    LAT_ELEMENTWISE = 1, /* each value goes on where it was */
    LAT_POOLING = 2,     /* stride is the kernel where it is not said */
    LAT_OF_IMAGES = 4,   /* only within a net whose input has rows */
};

struct lat__layer_kind {
    const char *name;
    unsigned needs, takes; /* bits of lat__layer_fields; takes beyond needs */
    unsigned traits;
    /* From in (and with) to out, and which parameters it has. */
    enum lat_code (*shape)(struct lat__layer *l, struct lat_err *err);
    void (*init)(const struct lat__layer *l, float *params,
                 struct lat_rng *rng); /* NULL: no parameters */
    size_t (*scratch)(const struct lat__layer *l, size_t rows,
                      enum lat_precision precision); /* or NULL */
    /* Forward in training, where it differs; params' statistics move. */
    void (*train)(const struct lat_ctx *ctx, const struct lat__layer *l,
                  float *params, const struct lat__io *io);
    void (*forward)(const struct lat_ctx *ctx, const struct lat__layer *l,
                    const float *params, const struct lat__io *io);
    void (*backward)(const struct lat_ctx *ctx, const struct lat__layer *l,
                     const float *params, float *grads,
                     const struct lat__io *io);
};

/* NULL when there is none of that name. */
const struct lat__layer_kind *lat__layer_kind(const char *name);

/* ---- models ---------------------------------------------- encoder/model.c */

/* The net of an architecture, for the input that the card says. */
LAT_MUST_CHECK enum lat_code lat__net_of(struct lat__net **out,
                                         const struct lat_card *card,
                                         const struct lat__architecture *arch,
                                         struct lat_err *err);

const struct lat__net *lat__model_net(const struct lat_model *m);
/* The block (n_params), which never changes. */
const float *lat__model_params(const struct lat_model *m);
/* z of the projector and the logits of its gates (NULL without), one of each
 * dimension, to a latent of unit length y; false where it is zeros. */
bool lat__model_code(float *y, const float *z, const float *logit,
                     const struct lat_card *card, enum lat_gate_mode mode);
/* What the model was asked to learn besides, in evaluation: act[0] of a, the
 * activations of its task, holds latents. */
void lat__model_task(const struct lat_ctx *ctx, const struct lat_model *m,
                     const struct lat__acts *a);

#endif
