/*
 * gated.h - learning from pictures: two views of each, a residual net, a
 * projector to non-negative latents and a head of gates over them.
 *
 *     h = encoder(x),  z = projector(h),  logit = gates(h without gradient)
 *     loss = gated loss of (z, logit) + cross-entropy of classes(h without
 *     gradient), which touches its own weights alone
 *
 * One thread drives a trainer; its team does the work.  All that a run is, is
 * its parameters, momentum, generator, order and step.
 */
#ifndef LAT_GATED_H
#define LAT_GATED_H

#include "../gallery.h"
#include "../train.h"

struct lat__gated_recipe {
    struct lat__resnet resnet;
    size_t hidden, dims; /* of the projector and of the head of gates */
    size_t gate_layers;  /* 1, 2 or 3 */
    bool not_isolated;   /* the gates' gradient goes on into the encoder */
    struct lat_gated_spec loss;     /* rows and dims are filled in */
    struct lat__picture_batch data; /* two views of n sources of a gallery */
    enum lat__optimiser rule;
    struct lat__lars optimiser;
    double cool; /* temperature of the gates at the last step; 0: as at first */
    double rate, gate_rate, class_rate;
    enum lat_precision precision; /* of products */
    size_t steps, warm_up;
    size_t freeze; /* layers of the encoder, from the first on */
    double early;  /* of the first that learns; 0: all of the rate */
    uint64_t seed;
};

enum lat__gated_part {
    LAT_PART_BODY,    /* encoder and projector */
    LAT_PART_GATES,   /* NULL where there are none to be learned */
    LAT_PART_CLASSES, /* the online classifier; NULL without labels */
    LAT_N_GATED_PARTS
};

/* One net and what it is learned with. */
struct lat__gated_net {
    struct lat__net *net;
    float *params, *grads, *buf, *square;
    float *running; /* the statistics before the step */
    float *best;    /* parameters of the best step so far */
    struct lat__acts *acts;
};

struct lat__gated_values {
    struct lat_gated_value loss;
    double classes; /* cross-entropy of the online classifier */
    double right;   /* share of labelled views that it names rightly */
    double open;    /* share of gates that are open … */
    double likely;  /* … and how many of a row are expected to be */
};

/* A batch as it was drawn, and how the draws go on after it. */
struct lat__gated_draw {
    struct lat_rng rng;
    size_t *order;
    size_t at;     /* of the order, what comes next */
    size_t *shots; /* (sources) */
    uint64_t *seeds;
    uint32_t *label;
    float *uniform;
    float *x; /* (rows, size, size, 3) */
    struct lat__picture_fill fill;
};

struct lat__gated_trainer {
    struct lat__gated_recipe recipe;
    struct lat_ctx ctx;
    struct lat__gated_net part[LAT_N_GATED_PARTS];
    struct lat__acts *projector;
    struct lat_gated_loss *loss;
    /* What is learned from now, and, if any, the next, which is filled while
     * this is: the state of the run is now's, who saves does not see ahead. */
    struct lat__gated_draw *now, *ahead;
    bool is_ahead;
    size_t step;
    size_t valid_step, best_step; /* 0: not yet */
    double valid, best;
    uint32_t *id;
    float *fixed;
    char parent[LAT_DIGEST_HEX];  /* of the model that it began as, or "" */
    struct lat_image_input image; /* what that reads */
    char images[LAT_DIGEST_HEX];  /* of what it learns from, where their places
                                     do not tell; or "" */
};

/* ---- train/gated_start.c */

struct lat__gated_head {
    size_t features; /* of h */
    size_t layers, hidden, dims;
};

/* Whether there is a head of gates. */
bool lat__gated_learns(const struct lat__gated_recipe *r);
/* "linear 2048, relu, linear 256", of three layers half of hidden between. */
void lat__gated_head_print(struct lat_buf *out, size_t layers, size_t hidden,
                           size_t dims);
/* Encoder and projector, of the recipe's resnet, hidden, dims and the size of
 * its views alone. */
LAT_MUST_CHECK enum lat_code lat__gated_body_new(
    struct lat__net **out, const struct lat__gated_recipe *r,
    struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__gated_head_new(
    struct lat__net **out, const struct lat__gated_head *head,
    struct lat_err *err);
/* team may be NULL; it and the gallery outlive the trainer. */
LAT_MUST_CHECK enum lat_code lat__gated_trainer_new(
    struct lat__gated_trainer **out, const struct lat__gated_recipe *r,
    const struct lat_kernel *kernel, struct lat_team *team,
    struct lat_err *err);
void lat__gated_trainer_free(struct lat__gated_trainer *t);

/* ---- train/gated_draw.c */

LAT_MUST_CHECK enum lat_code lat__gated_draws_new(struct lat__gated_trainer *t,
                                                  struct lat_err *err);
void lat__gated_draws_free(struct lat__gated_trainer *t);
/* The batch of this step is the encoder's input; that of the next is begun. */
LAT_MUST_CHECK enum lat_code lat__gated_take(struct lat__gated_trainer *t,
                                             struct lat_err *err);
/* Forgets the batch ahead; it will be drawn again. */
void lat__gated_drop_ahead(struct lat__gated_trainer *t);

/* ---- train/gated.c, train/gated_valid.c, train/gated_state.c */

/* LAT_EDIVERGE leaves the parameters as they were. */
LAT_MUST_CHECK enum lat_code lat__gated_step(struct lat__gated_trainer *t,
                                             struct lat__gated_values *v,
                                             struct lat_err *err);
struct lat__gated_trial {
    const struct lat_gallery *gallery;
    size_t n;      /* images of it, at least two; in batches, or all at once
                      where they do not fill one; what is left over is not
                      looked at */
    bool nce_only; /* what is lower is better: this, or the total */
    bool last;     /* the last is the best */
};

/* The loss of other images, by running statistics and without noise. */
LAT_MUST_CHECK enum lat_code lat__gated_measure(
    struct lat__gated_trainer *t, const struct lat__gated_trial *trial,
    struct lat_err *err);
/* The same; the parameters are kept when they are the best so far. */
LAT_MUST_CHECK enum lat_code lat__gated_validate(
    struct lat__gated_trainer *t, const struct lat__gated_trial *trial,
    struct lat_err *err);
/* Of the gates, at a step: geometric from the first to the last. */
double lat__gated_temperature(const struct lat__gated_recipe *r, size_t step);
/* How many rows are in use from now on. */
void lat__gated_rows(struct lat__gated_trainer *t, size_t rows);
/* From what stands at the encoder's input to z and logits; learns: with
 * statistics of the batch. */
void lat__gated_forward(struct lat__gated_trainer *t, bool learns);
/* These, or their gradients. */
struct lat_gated_batch lat__gated_outputs(const struct lat__gated_trainer *t,
                                          bool gradients);
/* A run that was saved and loaded, into a trainer made from the same recipe,
 * ends in the same bytes as one that never stopped; a load that fails leaves
 * the trainer as it was. */
LAT_MUST_CHECK enum lat_code lat__gated_save(const struct lat__gated_trainer *t,
                                             const char *path,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__gated_load(struct lat__gated_trainer *t,
                                             const char *path,
                                             struct lat_err *err);
struct lat__gated_ask {
    const struct lat_gallery *gallery;
    size_t begin, n;
    bool batch_statistics; /* those of 2 n rows in the gallery's order, as the
                              published evaluator has them; not the running */
};

/* Images as evaluation sees them: nothing drawn, each image's middle at the
 * size of the views.  h (n, features) and u (n, dims), either may be NULL. */
LAT_MUST_CHECK enum lat_code lat__gated_embed(struct lat__gated_trainer *t,
                                              float *h, float *u,
                                              const struct lat__gated_ask *ask,
                                              struct lat_err *err);

/* ---- train/pictures.c: what a recipe says */

LAT_MUST_CHECK enum lat_code lat__pictures_translate(
    struct lat__gated_recipe *g, const struct lat_recipe *r,
    struct lat_err *err);

/* ---- train/pictures_from.c: training that goes on from a model */

/* As lat_recipe_adopt and lat_train_from. */
LAT_MUST_CHECK enum lat_code lat__pictures_adopt(struct lat_recipe *r,
                                                 const struct lat_model *m,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__pictures_from(struct lat_trainer *t,
                                                const struct lat_model *m,
                                                struct lat_err *err);

/* ---- train/pictures_out.c: a recipe's net in a model file */

/* All of the card that images have but the name. */
void lat__gated_describe(struct lat_card *card,
                         const struct lat__gated_recipe *r);
LAT_MUST_CHECK enum lat_code lat__gated_architecture(
    struct lat__architecture *a, const struct lat__gated_recipe *r,
    struct lat_err *err);

/* ---- train/solo.c: weights from solo-learn */

/* Fills in resnet (but for stem_pad, which no tensor shows), hidden, dims and
 * gate_layers (0: the file has no gates).  LAT_EFORMAT names what is missing
 * or unknown. */
LAT_MUST_CHECK enum lat_code lat__solo_describe(
    struct lat__gated_recipe *r, const struct lat__safetensors *st,
    struct lat_err *err);
/* Fills in params of a net that was made from such a description: of a part's
 * own, or of one that has all. */
LAT_MUST_CHECK enum lat_code lat__solo_import(float *params,
                                              const struct lat__net *net,
                                              enum lat__gated_part part,
                                              const struct lat__safetensors *st,
                                              struct lat_err *err);

#endif
