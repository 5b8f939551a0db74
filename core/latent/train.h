/*
 * train.h - from a recipe and recordings to a model file.
 *
 * A trainer belongs to one thread; its own threads are inside.  The same
 * recipe, data and seed give the same bytes on any number of threads, and a
 * run that was stopped and resumed ends in the same bytes as one that was not.
 */
#ifndef LATENT_TRAIN_H
#define LATENT_TRAIN_H

#include "model.h"

/* ---- recipes -------------------------------------------- train/recipe.c */

struct lat_recipe; /* a small text file: see deploy/recipes/README.md */

LAT_MUST_CHECK enum lat_code lat_recipe_read(struct lat_recipe **out,
                                             const char *path,
                                             struct lat_err *err);
/* With all defaults. */
LAT_MUST_CHECK enum lat_code lat_recipe_new(struct lat_recipe **out,
                                            struct lat_err *err);
/* Overrides one line, as "steps" "200"; LAT_EINVAL names what may be said. */
LAT_MUST_CHECK enum lat_code lat_recipe_set(struct lat_recipe *r,
                                            const char *key, const char *value,
                                            struct lat_err *err);
/* Says of input, preprocessing, layers and latent what m's card says, so that
 * training can go on from m; everything else stays as it is. */
LAT_MUST_CHECK enum lat_code lat_recipe_adopt(struct lat_recipe *r,
                                              const struct lat_model *m,
                                              struct lat_err *err);
/* The recipe that m was trained by, from its card; LAT_ENOENT without one. */
LAT_MUST_CHECK enum lat_code lat_recipe_of(struct lat_recipe **out,
                                           const struct lat_model *m,
                                           struct lat_err *err);
/* The same; where the card has none, all defaults and what the card says of its
 * latent.  lat_recipe_adopt then says the rest. */
LAT_MUST_CHECK enum lat_code lat_recipe_like(struct lat_recipe **out,
                                             const struct lat_model *m,
                                             struct lat_err *err);
/* Every key with its value, a line each, as a recipe would say it. */
void lat_recipe_print(struct lat_buf *out, const struct lat_recipe *r);
/* Those alone that decide what is learned and differ from their defaults: not
 * the model's name, nor what its card says of data and licence.  A key that
 * comes later, at its default, changes nothing here. */
void lat_recipe_print_said(struct lat_buf *out, const struct lat_recipe *r);
void lat_recipe_free(struct lat_recipe *r);

/* ---- data sets ------------------------------------------ train/dataset.c */

enum lat_split { LAT_TRAIN, LAT_VALID, LAT_TEST, LAT_N_SPLITS };

struct lat_dataset; /* recordings of subjects, each in one split */

/* The recordings under dir that the recipe names; whole subjects in a split,
 * refused by name when one stands on both sides. */
LAT_MUST_CHECK enum lat_code lat_dataset_open(struct lat_dataset **out,
                                              const struct lat_recipe *r,
                                              const char *dir,
                                              struct lat_err *err);
void lat_dataset_free(struct lat_dataset *d);
/* Of images: those of a split; NULL where there are none. */
const struct lat_gallery *lat_dataset_gallery(const struct lat_dataset *d,
                                              enum lat_split split);

/* ---- data sets, recording by recording --------------------- train/feed.c */

enum { LAT_SUBJECT_MAX = 128 }; /* of a subject or a recording, with its NUL */

/* One recording for a data set; all of it stays the caller's. */
struct lat_recording {
    const char *name;    /* for warnings; NULL: its number */
    const char *subject; /* whose it is */
    const char *label;   /* its class; NULL or "": not known */
    enum lat_split split;
    const struct lat_signal *signal;
    size_t begin, end; /* samples of it, end not included; end 0: to its end */
};

/* A data set to which recordings are added, or images.  It keeps a copy of r,
 * whose `train`, `valid`, `test`, `hold_out` and `subject` lines then mean
 * nothing, and of whose `dataset` only this counts: wfdb takes one lead of each
 * recording, hapt and wisdm take all that `leads` names, as channels; images
 * takes images alone. */
LAT_MUST_CHECK enum lat_code lat_dataset_new(struct lat_dataset **out,
                                             const struct lat_recipe *r,
                                             struct lat_err *err);
/* Takes what the recipe wants of one recording, at the recipe's rate and in
 * its unit.  LAT_EUNFIT when this one cannot be used (too short, constant,
 * no such lead, samples missing): it is left out, and one may go on.
 * LAT_EINVAL when its subject stands on another side already: nothing good
 * can come of the whole. */
LAT_MUST_CHECK enum lat_code lat_dataset_add(struct lat_dataset *d,
                                             const struct lat_recording *rec,
                                             struct lat_err *err);
/* One image for a data set; all of it stays the caller's. */
struct lat_shown {
    const char *name;    /* for warnings */
    const char *subject; /* whose it is; NULL or "": its own */
    const char *label;   /* its class; NULL or "": not known */
    enum lat_split split;
    const struct lat_blob *file; /* a PNG or a JPEG … */
    const char *path;            /* … and where it lies, to be read from there
                                    again and again; NULL: its bytes are kept */
};

/* The same of an image: it is decoded, and LAT_EUNFIT says why it cannot be
 * used.  A subject on two sides shows when the data set is split or sealed. */
LAT_MUST_CHECK enum lat_code lat_dataset_add_image(
    struct lat_dataset *d, const struct lat_shown *shown, struct lat_err *err);
/* Moves a share (0 … 1) of the subjects to train on, at least one, drawn by
 * seed, to the validation split.  LAT_EINVAL when that would leave none. */
LAT_MUST_CHECK enum lat_code lat_dataset_split(struct lat_dataset *d,
                                               double share, uint64_t seed,
                                               struct lat_err *err);
/* After the last recording, once; from here on a trainer may have it.  With
 * classes, what has a label that the recipe does not know is left out, and a
 * class of one subject is a warning.  LAT_EINVAL when there is nothing to
 * train on, or no one to learn a class from. */
LAT_MUST_CHECK enum lat_code lat_dataset_seal(struct lat_dataset *d,
                                              struct lat_err *err);

struct lat_dataset_info {
    bool images; /* records are images then, and subjects classes */
    size_t records[LAT_N_SPLITS], subjects[LAT_N_SPLITS];
    double seconds[LAT_N_SPLITS];
    size_t n_warnings; /* a sentence for each record that was left out */
    char *const *warnings;
    char digest[LAT_DIGEST_HEX]; /* of all names and samples */
};

struct lat_dataset_info lat_dataset_info(const struct lat_dataset *d);

/* ---- training ------------------------------------------- train/train.c */

struct lat_trainer;

struct lat_progress {
    size_t step, n_steps;
    double loss, task, inv, var, neg, nce; /* means since the last asking */
    double kl, shut; /* of images: the gates' price without its weight, rows
                        whose gates are all shut; task is the online
                        classifier's, and right the share of views that it
                        names rightly */
    double open, likely, right; /* share of gates that are open, and how many
                                   of an image are expected to be */
    double rate;                /* learning rate */
    double grad_norm;
    size_t valid_step; /* when the validation split was last measured; 0: not
                          yet, and what follows says nothing */
    double valid;      /* what the recipe's `best` chose: lower is better … */
    size_t best_step;  /* … and the step where it was lowest */
    double best;
};

LAT_MUST_CHECK enum lat_code lat_trainer_new(struct lat_trainer **out,
                                             const struct lat_recipe *r,
                                             const struct lat_dataset *d,
                                             const struct lat_kernel *kernel,
                                             unsigned n_threads,
                                             struct lat_err *err);
/* Before the first step: begins with m's weights instead of fresh ones, the
 * task's too where it has the same layers.  LAT_EUNFIT when the encoders
 * differ.  The card will name m as the parent. */
LAT_MUST_CHECK enum lat_code lat_train_from(struct lat_trainer *t,
                                            const struct lat_model *m,
                                            struct lat_err *err);
/* One step of the optimiser; where the recipe says so, the validation split is
 * measured after it and the best weights so far are kept.  LAT_EDIVERGE when
 * a loss or a gradient is not finite: the state is then that of the last good
 * step. */
LAT_MUST_CHECK enum lat_code lat_train_step(struct lat_trainer *t,
                                            struct lat_err *err);
bool lat_train_finished(const struct lat_trainer *t);
struct lat_progress lat_train_progress(struct lat_trainer *t);

/* Everything that decides the bytes to come: weights, moments, generators,
 * cursor.  Loading into a trainer of another recipe is refused. */
LAT_MUST_CHECK enum lat_code lat_train_save(const struct lat_trainer *t,
                                            const char *path,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat_train_load(struct lat_trainer *t,
                                            const char *path,
                                            struct lat_err *err);
/* Writes the model file: the best weights, or the last ones where nothing was
 * validated.  results is JSON for the card, or NULL. */
LAT_MUST_CHECK enum lat_code lat_train_publish(const struct lat_trainer *t,
                                               const char *path,
                                               const char *results,
                                               struct lat_err *err);
/* The same of the last step's weights, whatever was best. */
LAT_MUST_CHECK enum lat_code lat_train_publish_step(const struct lat_trainer *t,
                                                    const char *path,
                                                    struct lat_err *err);
/* Measures the validation split now, if there is one: lat_train_progress then
 * tells of it.  Before the first step it says what the parent is worth. */
LAT_MUST_CHECK enum lat_code lat_train_measure(struct lat_trainer *t,
                                               struct lat_err *err);
void lat_trainer_free(struct lat_trainer *t);

/* ---- weights from solo-learn ------------------------ train/solo_model.c */

/* What the tensors of a checkpoint do not show. */
struct lat_solo {
    char name[64]; /* of the model */
    struct lat_image_input image;
    size_t stem_pad; /* of a stem for small images */
    enum lat_nonneg nonneg;
    size_t top_k;
    double temperature, prior; /* of gates, if there are */
    bool gated;                /* there must be: those two were said */
};

/* As published: for images of 32 x 32 (small), or for those of ImageNet. */
void lat_solo_defaults(struct lat_solo *s, bool small);
/* Whether the checkpoint's stem is one for small images. */
LAT_MUST_CHECK enum lat_code lat_solo_stem(bool *small, const char *path,
                                           struct lat_err *err);
/* The state_dict of a SimCLR, NCL or BayesNCL as safetensors, checked by name
 * and shape, to a model file. */
LAT_MUST_CHECK enum lat_code lat_solo_import(struct lat_buf *out,
                                             const char *path,
                                             const struct lat_solo *how,
                                             struct lat_err *err);

#endif
