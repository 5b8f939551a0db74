/*
 * recipe.h - what a run is told: the recipe, its keys, what its lines mean.
 */
#ifndef LAT_TRAIN_RECIPE_H
#define LAT_TRAIN_RECIPE_H

#include "../encoder.h"
#include "../latent/train.h"
#include "../signal.h"

/* ---- train/objective.c: what may be learned, by name */

enum lat__objective {
    LAT_PLAIN,
    LAT_AUGMENT,
    LAT_SCL,
    LAT_SCL_NCE,
    LAT_SCL_GRADED,
    LAT_NT_XENT,
    LAT_SUPCON,
    LAT_CONSISTENCY
};

enum lat__weight {
    LAT_W_INV,
    LAT_W_VAR,
    LAT_W_NEG,
    LAT_W_NCE,
    LAT_W_GRADED,
    LAT_N_WEIGHTS
};

struct lat__objective_row {
    const char *name;
    bool views;    /* transforms its windows */
    bool contrast; /* has the terms whose weights follow, by default */
    bool whole;    /* all of the latent is its invariant block */
    bool pull;     /* sources of one class, or subject, are positives */
    double weight[LAT_N_WEIGHTS], kappa;
};

/* NULL beyond the last. */
const struct lat__objective_row *lat__objective_row(size_t i);

/* ---- train/recipe.c */

enum lat__kind { LAT_WFDB, LAT_HAPT, LAT_WISDM, LAT_PICTURES };
enum lat__negatives { LAT_OTHER_SOURCE, LAT_OTHER_SUBJECT, LAT_OTHER_CLASS };
enum lat__decay { LAT_COSINE, LAT_CONSTANT };
enum lat__prior_by { LAT_PRIOR_OF_ALL, LAT_PRIOR_BY_ACTIVITY };
enum lat__best { LAT_BEST_LOSS, LAT_BEST_TASK, LAT_BEST_CONTRAST, LAT_LAST };

/* Of pictures alone; fields as those of struct lat_recipe. */
struct lat__picture_recipe {
    size_t size, hold_out, validate_images;
    char *mean, *deviation; /* three numbers each */
    size_t width, stem_pad;
    char *blocks;
    unsigned stem; /* 0: of small images */
    size_t hidden, dims, gate_layers, top_k;
    bool isolated;
    unsigned nonneg, gate; /* enum lat_nonneg, lat__gate_kind */
    unsigned prior_by;     /* enum lat__prior_by */
    double temperature, cool, prior, price; /* cool: NaN: not said */
    double area, jitter, brightness, contrast, saturation, hue, grey, blur,
        flip;
    unsigned optimiser;
    double eta, momentum, gate_lr, class_lr;
};

enum lat__optimiser { LAT_ADAM, LAT_SGD, LAT_LARS };

/* Each field is a key of the table in train/keys.c, which says what it means,
 * its default and its bounds. */
struct lat_recipe {
    char *name;
    unsigned objective; /* enum lat__objective */
    char *lists[LAT_N_SPLITS];
    char *subjects; /* lines "subject record record …" */
    unsigned kind;  /* enum lat__kind */
    char *classes, *labelled;
    char *leads, *unit, *data, *licence;
    double rate_hz;
    size_t window, hop;
    struct lat_prep prep;
    char *encoder, *task;
    size_t block[LAT_N_BLOCKS]; /* widths */
    bool pooled;
    size_t views, batch, group;
    double max_shift_ms, max_rotation, noise, gain, stretch, lead_mix;
    unsigned negatives;
    double w_task, task_noise, lambda, weight[LAT_N_WEIGHTS],
        kappa; /* NaN: not said */
    double tau, m_var, m_neg;
    double lr, weight_decay, beta1, beta2, epsilon, clip, final_rate;
    size_t warm_up, steps, seed;
    unsigned decay;
    size_t validate_every, validate_windows;
    unsigned best;
    unsigned precision; /* enum lat_precision: of products */
    size_t freeze;      /* layers of the encoder, from the first on */
    double early_lr;
    struct lat__picture_recipe image;
};

/* With all defaults. */
LAT_MUST_CHECK enum lat_code lat__recipe_new(struct lat_recipe **out,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__recipe_copy(struct lat_recipe **out,
                                              const struct lat_recipe *r,
                                              struct lat_err *err);

/* ---- train/read.c */

/* A text of lines as a recipe's file has them; text is written over. */
LAT_MUST_CHECK enum lat_code lat__recipe_parse(struct lat_recipe **out,
                                               char *text, struct lat_err *err);

/* ---- train/terms.c: what it means */

/* LAT_EINVAL when a line is said that the kind of data does not ask for. */
LAT_MUST_CHECK enum lat_code lat__recipe_foreign(const struct lat_recipe *r,
                                                 struct lat_err *err);
/* LAT_EINVAL when the lines do not fit each other. */
LAT_MUST_CHECK enum lat_code lat__recipe_check(const struct lat_recipe *r,
                                               struct lat_err *err);
const struct lat__objective_row *lat__recipe_objective(
    const struct lat_recipe *r);
/* What was said, or the objective's own. */
double lat__recipe_weight(const struct lat_recipe *r, enum lat__weight w);
double lat__recipe_kappa(const struct lat_recipe *r);
/* The task is a head over the data set's classes. */
bool lat__recipe_has_classes(const struct lat_recipe *r);
/* The unit of lead k: the only one that is said, or the k-th; "" beyond. */
void lat__recipe_unit(char unit[LAT_UNIT_MAX], const struct lat_recipe *r,
                      size_t k);
/* More than one is said. */
bool lat__recipe_mixed(const struct lat_recipe *r);
/* Takes the next word of a text with blanks or commas between; false when
 * there is none left. */
bool lat__recipe_word(char word[LAT_NAME_MAX], const char **text);

/* ---- train/keys.c: the table of keys */

enum lat__key_type {
    LAT_KEY_TEXT,
    LAT_KEY_COUNT, /* a size_t */
    LAT_KEY_SMALL, /* an unsigned */
    LAT_KEY_NUMBER,
    LAT_KEY_YES,
    LAT_KEY_CHOICE
};

struct lat__key {
    const char *name;
    enum lat__key_type type;
    size_t offset;                     /* in struct lat_recipe */
    const char *by_default;            /* "" for a text or number not said */
    double least, most;                /* of counts and numbers */
    const char *(*choice)(unsigned i); /* NULL beyond the last */
};

/* NULL beyond the last. */
const struct lat__key *lat__key(size_t i);
/* Whether the recipe's kind of data asks for it. */
bool lat__key_applies(const struct lat__key *k, const struct lat_recipe *r);
const struct lat__key *lat__key_find(const char *name);

#endif
