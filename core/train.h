/*
 * train.h - the engine's inner side of training: records, batches, optimiser,
 * checkpoint; the recipe is in train/recipe.h.
 *
 * All randomness of a run comes from one generator, drawn from on the
 * trainer's thread in a fixed order; threads only do what was drawn.  So the
 * state of a run is its parameters, moments, generator and step, and nothing
 * else.
 */
#ifndef LAT_TRAIN_H
#define LAT_TRAIN_H

#include "base/rng.h"
#include "encoder.h"
#include "latent/train.h"
#include "losses.h"
#include "signal.h"
#include "train/recipe.h"
#include "views.h"

/* ---- train/listing.c: whose a record is, and in which split */

enum { LAT_RECORDS_MAX = 4096 };

struct lat__entry {
    char record[LAT_NAME_MAX], subject[LAT_NAME_MAX];
    enum lat_split split;
};

struct lat__listing {
    size_t n;
    struct lat__entry v[LAT_RECORDS_MAX];
};

const char *lat__split_name(enum lat_split s);
/* Refuses a subject on two sides.  One block, the caller's to lat_free. */
LAT_MUST_CHECK enum lat_code lat__listing_make(struct lat__listing **out,
                                               const struct lat_recipe *r,
                                               const char *dir,
                                               struct lat_err *err);

/* ---- train/records.c; train/dataset.c reads them */

struct lat__feed;  /* what is needed while recordings are added */
struct lat__album; /* … and images */

struct lat__record {
    char name[LAT_SUBJECT_MAX], lead[LAT_NAME_MAX];
    size_t subject;
    uint32_t label; /* its class, or LAT_NO_LABEL */
    float *v;       /* n samples in the recipe's unit and rate, channels last */
    float *other;   /* another lead of the same heart, or NULL */
    size_t n;
};

struct lat__subject {
    char name[LAT_SUBJECT_MAX];
    enum lat_split split;
    bool unlabelled; /* its classes are not to be known in training */
    size_t n_records;
    size_t *records;
};

struct lat_dataset {
    size_t n_records, n_subjects;
    struct lat__record *records;
    struct lat__subject *subjects;  /* those of a split stand together: */
    size_t first[LAT_N_SPLITS + 1]; /* first[s] … first[s + 1] - 1 */
    size_t *by_subject;             /* what subjects point into */
    size_t n_warnings;
    char **warnings;
    double rate_hz;
    size_t n_channels, n_classes;
    char classes[LAT_LABELS_MAX][LAT_NAME_MAX];
    size_t least;               /* samples that a record must have */
    uint8_t digest[LAT_DIGEST]; /* of all names and samples */
    struct lat__feed *feed;     /* NULL: sealed */
    struct lat__album *album;   /* of images that are added; NULL: sealed */
    struct lat_gallery *gallery[LAT_N_SPLITS]; /* of pictures: NULL is none */
    bool fed;                                  /* those were added one by one */
};

/* Room for that many, none there yet. */
LAT_MUST_CHECK enum lat_code lat__dataset_new(struct lat_dataset **out,
                                              size_t n_records,
                                              struct lat_err *err);
/* Samples that a window's views may reach beyond it, either side. */
size_t lat__recipe_reach(const struct lat_recipe *r);
/* The channel of the first of the recipe's leads that there is; or NULL. */
const struct lat_channel *lat__recipe_lead(const struct lat_recipe *r,
                                           const struct lat_signal *sig);
/* Samples that a record must have, for its views and an evaluation. */
size_t lat__recipe_least(const struct lat_recipe *r);
void lat__record_forget(struct lat__record *rec);
/* Whether one of the channels of v (n, channels) never changes. */
bool lat__record_flat(const float *v, size_t n, size_t channels);
/* A sentence more; one that finds no memory is not worth the run. */
void lat__dataset_warn(struct lat_dataset *d, const char *fmt, ...)
    LAT_PRINTF(2, 3);
/* The last touch, when records, subjects and first are filled in. */
void lat__dataset_seal(struct lat_dataset *d, const struct lat_recipe *r);

/* ---- train/feed.c, feed_take.c: recordings one by one */

struct lat__feed {
    struct lat_recipe *r; /* a copy */
    size_t cap, given;    /* room for records; how many were offered */
    size_t n_labels;
    char labels[LAT_LABELS_MAX][LAT_NAME_MAX]; /* as they came */
};

/* Fills in rec's samples, lead and length.  LAT_EUNFIT: it cannot be used. */
LAT_MUST_CHECK enum lat_code lat__feed_take(struct lat__record *rec,
                                            const struct lat_dataset *d,
                                            const struct lat_recording *from,
                                            struct lat_err *err);
/* Room for one more, its warning included; counts it. */
LAT_MUST_CHECK enum lat_code lat__feed_room(struct lat_dataset *d,
                                            struct lat_err *err);
/* How many of n subjects a share is: at least one, and never all. */
LAT_MUST_CHECK enum lat_code lat__split_share(size_t *take, double share,
                                              size_t n, struct lat_err *err);
/* One that could not even be read. */
LAT_MUST_CHECK enum lat_code lat__feed_reject(struct lat_dataset *d,
                                              const char *name, const char *why,
                                              struct lat_err *err);
void lat__feed_free(struct lat__feed *f);

/* ---- train/activities.c: recordings of what people did */

/* The users that the recipe lists, a record for each stretch of theirs. */
LAT_MUST_CHECK enum lat_code lat__activities_open(struct lat_dataset **out,
                                                  const struct lat_recipe *r,
                                                  const char *dir,
                                                  struct lat_err *err);

/* ---- train/classes.c: which activities are which class */

struct lat__classes {
    size_t n;
    char names[LAT_LABELS_MAX][LAT_NAME_MAX];
    uint32_t of[LAT_LABELS_MAX]; /* by activity; LAT_NO_LABEL: of none */
};

/* text: "WALKING, STILL: SITTING STANDING", or "*": each activity a class. */
LAT_MUST_CHECK enum lat_code lat__classes_parse(struct lat__classes *c,
                                                const char *text,
                                                const char *const *activities,
                                                size_t n_activities,
                                                struct lat_err *err);

/* ---- train/batch.c: windows drawn from records, their views */

struct lat__view_at {
    const struct lat__record *record;
    size_t begin;
    long shift;
    double stretch, angle;         /* of all windows and views of a group */
    uint64_t seed;                 /* of its noise and gain */
    struct lat__rotation rotation; /* where the recipe has one */
};

struct lat__batch {
    const struct lat_recipe *recipe;
    const struct lat_dataset *data;
    struct lat__conditioner *conditioner;
    size_t n, n_views;       /* sources, views of each */
    struct lat__view_at *at; /* row v * n + i: view v of source i */
    uint32_t *subject;       /* (n) */
    uint32_t *label;         /* (n * n_views): classes, or LAT_NO_LABEL */
    uint32_t *alone;         /* (n): the class; a number of its own for none */
    float *graded;           /* (view pairs, n): 1 - distance of transforms */
    float *noise;            /* (n * n_views, variant and free), or NULL */
    size_t *order;           /* of subjects, for the draw */
    float *x;                /* (n * n_views, window) */
    float *other;            /* a window of each part */
    double *scratch;
    size_t scratch_len; /* of one part */
};

LAT_MUST_CHECK enum lat_code lat__batch_new(struct lat__batch **out,
                                            const struct lat_recipe *r,
                                            const struct lat_dataset *d,
                                            struct lat_err *err);
void lat__batch_free(struct lat__batch *b);
/* Decides on the windows of a batch; the split has a subject. */
void lat__batch_draw(struct lat__batch *b, enum lat_split split,
                     struct lat_rng *rng);
/* Cuts, conditions and disturbs them into x. */
void lat__batch_fill(struct lat__batch *b, struct lat_team *team);
/* The same beside other work of the team, done after lat__team_await. */
void lat__batch_fill_aside(struct lat__batch *b, struct lat_team *team);

/* ---- train/optimiser.c: Adam as PyTorch's, weight decay in the gradient */

struct lat__adam {
    float *params, *m, *v; /* n each */
    size_t n;
    const float *pace; /* (n): shares of the rate; NULL: all of it */
};

/* Learning rate of step 0, 1 … */
double lat__rate_at(const struct lat_recipe *r, size_t step);
/* Length of g (n); the same on any number of threads. */
double lat__norm(const float *g, size_t n, struct lat_team *team);
/* One step by scale times g; step counts from 0. */
void lat__adam_step(const struct lat__adam *a, const float *g, double scale,
                    const struct lat_recipe *r, size_t step,
                    struct lat_team *team);

/* ---- train/lars.c */

struct lat__lars {
    double weight_decay, eta, momentum;
    double beta2, epsilon; /* of Adam, whose beta1 is the momentum */
};

struct lat__lars_tensor {
    float *p, *buf; /* n each; buf begins with zeros */
    size_t n;
    bool flat; /* of one dimension: a bias, a scale */
};

double lat__warm_rate(double base, size_t step, size_t warm_up, size_t steps);
void lat__lars_step(const struct lat__lars *o, const struct lat__lars_tensor *t,
                    const float *g, double rate);
/* Adam as PyTorch's, decay in the gradient; square (n) as buf; step from 0. */
void lat__lars_adam(const struct lat__lars *o, const struct lat__lars_tensor *t,
                    float *square, const float *g, double rate, size_t step);

/* ---- train/train.c: the trainer */

struct lat__sums { /* since the last asking */
    size_t n;
    double loss, task, inv, var, neg, nce, grad_norm;
    double kl, shut, open, likely, right; /* of pictures */
};

struct lat__losses {
    double loss, task, inv, var, neg, nce;
    double contrast; /* with its weights, without lambda */
};

/* A batch is drawn a step before it is learned from, so that the views of the
 * next are made where this step leaves threads idle.  The state of the run is
 * that before the draw: who saves or stops does not see the batch ahead. */
struct lat_trainer {
    struct lat_recipe *recipe; /* a copy */
    const struct lat_dataset *data;
    struct lat__gated_trainer *gated; /* of pictures; NULL of signals */
    struct lat__net *net;
    struct lat_team *team;
    struct lat_ctx ctx;
    struct lat__batch *batch;
    struct lat__batch *ahead; /* the next step's, filled during this one … */
    struct lat_rng drawn;     /* … and the generator once it was drawn */
    bool is_ahead;
    struct lat__acts *encoder, *task; /* task NULL when there is none */
    struct lat_contrast *contrast;    /* NULL for plain and augment */
    float *pace;                      /* shares of the rate; NULL: all of it */
    char parent[LAT_DIGEST_HEX];      /* of the model that it began as, or "" */
    char parent_name[64];
    unsigned parent_version;

    /* the state of the run */
    struct lat_rng rng;
    size_t step;
    float *params, *m, *v;
    float *best; /* parameters of best_step */
    size_t best_step, valid_step;
    double best_loss, valid_loss;

    /* scratch */
    float *grads, *dz;
    float *noisy;   /* latents as the task is given them, or NULL */
    float *running; /* the running statistics before the step */
    struct lat__sums sums;
};

/* Forgets the batch ahead; it will be drawn again. */
void lat__train_drop_ahead(struct lat_trainer *t);

/* ---- train/start.c */

/* Seeds the generator and draws the first parameters. */
LAT_MUST_CHECK enum lat_code lat__train_start(struct lat_trainer *t,
                                              struct lat_err *err);

/* ---- train/from.c */

/* Of the learning rate, for layer i of n_layers. */
double lat__layer_share(size_t freeze, double early, size_t i, size_t n_layers);
/* Of the same kinds and sizes, over the same input. */
bool lat__layers_same(const struct lat__stack *a, const struct lat__stack *b);
/* Parameters between stacks with the same layers, whose places in the block
 * may differ. */
void lat__layers_copy(float *to, const struct lat__stack *t, const float *from,
                      const struct lat__stack *f);
/* What the recipe says of early layers. */
LAT_MUST_CHECK enum lat_code lat__train_pace(struct lat_trainer *t,
                                             struct lat_err *err);

/* ---- train/loss.c */

/* Losses of the batch as it stands; learns: with statistics of the batch and
 * gradients added to grads, otherwise with the running ones. */
struct lat__losses lat__train_losses(struct lat_trainer *t, bool learns);

/* ---- train/pictures.c, train/pictures_out.c: the same of pictures; the public
 * functions of the same names begin with them */

LAT_MUST_CHECK enum lat_code lat__pictures_open(struct lat_dataset **out,
                                                const struct lat_recipe *r,
                                                const char *dir,
                                                struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__pictures_check(const struct lat_recipe *r,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__pictures_start(struct lat_trainer *t,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__pictures_step(struct lat_trainer *t,
                                                struct lat_err *err);
/* best: of the best step, if there is one; else of the last. */
LAT_MUST_CHECK enum lat_code lat__pictures_publish(const struct lat_trainer *t,
                                                   bool best, const char *path,
                                                   const char *results,
                                                   struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__pictures_measure(struct lat_trainer *t,
                                                   struct lat_err *err);
/* ,"parent":{…}, the model that it began as, if it did: train/publish.c. */
void lat__put_parent(struct lat_buf *b, const struct lat_trainer *t);
/* Takes step and validation of the run as its own. */
void lat__pictures_note(struct lat_trainer *t);
/* A JSON string with its quotes: train/publish.c. */
void lat__put_string(struct lat_buf *b, const char *s);

/* ---- train/validate.c */

/* The recipe's choice over fixed windows of the validation split; keeps the
 * parameters when they are the best so far. */
LAT_MUST_CHECK enum lat_code lat__train_validate(struct lat_trainer *t,
                                                 struct lat_err *err);

#endif
