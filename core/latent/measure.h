/*
 * measure.h - what the papers report of an encoder, measured on test subjects.
 *
 * Definitions stand at each field.
 */
#ifndef LATENT_MEASURE_H
#define LATENT_MEASURE_H

#include "train.h"

/* The rows of an evaluation: the model's four, and three without learning. */
enum lat_row {
    LAT_ROW_INV,
    LAT_ROW_VAR,
    LAT_ROW_FREE,
    LAT_ROW_ALL,
    LAT_ROW_RAW,      /* the preprocessed samples */
    LAT_ROW_SPECTRUM, /* magnitude of their Fourier transform … */
    LAT_ROW_HANN,     /* … and of that under a Hann window */
    LAT_N_ROWS
};

enum { LAT_SHIFTS_MAX = 64 };

struct lat_row_eval {
    bool present; /* a model without partitions has only `all` */
    double curve[LAT_SHIFTS_MAX];          /* S_b(D) */
    double curve_centered[LAT_SHIFTS_MAX]; /* less the mean at D = 0 */
    double curve_recall[LAT_SHIFTS_MAX];   /* recall@1 of the shifted window */
    double at_75, mean_150;    /* S(75 ms), mean over D = -150, -140 … 150 */
    double between;            /* N_b: mean cosine of different patients */
    double recall_1, recall_5; /* of the window shifted 75 ms */
    double patient_map;        /* patient mAP without the query itself */
};

struct lat_eval {
    size_t n_shifts;
    double shift_ms[LAT_SHIFTS_MAX]; /* 0, 5, 10, 20 … 70, 75, 80 … 500 */
    struct lat_row_eval rows[LAT_N_ROWS];
    size_t n_patients, n_windows;
    bool has_reconstruction;
    double reconstruction; /* mean squared error of the decoded windows … */
    double power;          /* … whose mean square this is */
};

const char *lat_row_name(enum lat_row r);

/* Evaluates on n_windows windows of every subject of the split, spread evenly
 * over its recordings.  LAT_EUNFIT when the model reads more than one channel
 * or another rate than the data have. */
LAT_MUST_CHECK enum lat_code lat_eval_phase(
    struct lat_eval *out, struct lat_model *m, const struct lat_kernel *kernel,
    const struct lat_dataset *d, enum lat_split split, size_t n_windows,
    unsigned n_threads, struct lat_err *err);

/* The same figures as JSON: every row with its curves. */
void lat_eval_print(struct lat_buf *out, const struct lat_eval *e);

/* ---- under rotation ------------------------------- measure/rotation.c */

/* The rows: the model's four, and three without learning. */
enum lat_turn_row {
    LAT_TURN_INV,
    LAT_TURN_VAR,
    LAT_TURN_FREE,
    LAT_TURN_ALL,
    LAT_TURN_RAW,      /* the preprocessed samples */
    LAT_TURN_NORM,     /* the length of the first sensor's vector, by sample */
    LAT_TURN_SPECTRUM, /* magnitude of the Fourier transform of that vector,
                          which no rotation changes */
    LAT_N_TURN_ROWS
};

enum { LAT_TURNS = 20, LAT_ANGLES = 13 };

struct lat_turn_row_eval {
    bool present;      /* a model without partitions has only `all` */
    double similarity; /* mean cosine of a window with itself turned, Haar … */
    double curve[LAT_ANGLES]; /* … and by the angle, up to `all` */
    double between;           /* mean cosine of different users */
    double class_linear;      /* accuracy of a linear probe of the class … */
    double class_linear_turned; /* … both fitted on windows as recorded */
    double user_linear; /* share of windows of the second half of what each
                           user did whose user a linear probe reads, fitted on
                           the first, as recorded */
    double angle_linear, angle_mlp; /* R^2 of the angle of rotation from the
                                       pair of latents, up to `all` */
};

struct lat_turn_eval {
    size_t n_users, n_windows, n_classes;
    bool has_head; /* of classes: what follows up to consistency_by_angle */
    double accuracy, f1;               /* as recorded; F1 is the mean over
                                          classes */
    double accuracy_turned, f1_turned; /* over 20 Haar rotations of each */
    double consistency; /* share of turned windows that are said to be what
                           they are said to be unturned.  A constant answer
                           has 1: to be read beside accuracy_turned */
    double degrees[LAT_ANGLES]; /* 0, 15 … 180, about random axes */
    double accuracy_by_angle[LAT_ANGLES], consistency_by_angle[LAT_ANGLES];
    struct lat_turn_row_eval rows[LAT_N_TURN_ROWS];
};

const char *lat_turn_row_name(enum lat_turn_row r);

struct lat_turn_ask {
    enum lat_split split;
    size_t n_windows; /* of every user, spread evenly over what he did */
    unsigned n_threads;
};

/* Probes are fitted on the training users.  LAT_EUNFIT when the model reads
 * other channels, another rate or other classes than the data have. */
LAT_MUST_CHECK enum lat_code lat_eval_rotation(struct lat_turn_eval *out,
                                               struct lat_model *m,
                                               const struct lat_kernel *kernel,
                                               const struct lat_dataset *d,
                                               const struct lat_turn_ask *ask,
                                               struct lat_err *err);
/* The same figures as JSON. */
void lat_turn_eval_print(struct lat_buf *out, const struct lat_turn_eval *e);

/* ---- between different subjects ---------------------- measure/null.c */

struct lat_null_eval {
    struct lat_null null;
    size_t subjects, windows, pairs;
};

/* Of n_windows windows of every subject of the validation part. */
LAT_MUST_CHECK enum lat_code lat_eval_null(struct lat_null_eval *out,
                                           struct lat_model *m,
                                           const struct lat_kernel *kernel,
                                           const struct lat_dataset *d,
                                           size_t n_windows, unsigned n_threads,
                                           struct lat_err *err);
/* The model of file from, with this in its card: another file, and another
 * digest of the file, but the same weights and preprocessing.  to may be from.
 */
LAT_MUST_CHECK enum lat_code lat_null_write(const char *to, const char *from,
                                            const struct lat_null_eval *e,
                                            struct lat_err *err);

/* ---- the shift between views ----------------- measure/shift_probe.c */

/* R^2 of the shift between a window and itself up to 150 ms away, from the
 * pair of their latents at unit length and the product of these, linear and by
 * a small network. */
struct lat_shift_probe {
    bool present;
    double linear, mlp;
};

/* By block, and the whole latent last.  Probes are fitted on the training
 * patients. */
LAT_MUST_CHECK enum lat_code lat_probe_shift(
    struct lat_shift_probe out[LAT_N_BLOCKS + 1], struct lat_model *m,
    const struct lat_kernel *kernel, const struct lat_dataset *d,
    const struct lat_turn_ask *ask, struct lat_err *err);

/* ---- what else an ECG's latents hold ---------- measure/heart_probe.c */

struct lat_heart_ask {
    enum lat_split split;
    size_t n_windows; /* of every patient */
    unsigned n_threads;
    const char *dir; /* of the recordings, with their marks of beats (.atr) */
};

/* NaN where nobody marked beats. */
struct lat_heart_probe {
    bool present;
    double patient; /* share of windows of the second half of each recording
                       whose patient a linear probe reads, fitted on those of
                       the first */
    double beat;    /* mean over N, S and V of EC57 of the share of beats that
                       a linear probe reads right, fitted on training patients;
                       a guess has 1/3 */
    double position_linear, position_mlp; /* R^2 of sine and cosine of where
                       the window stands between two beats */
};

/* By block, and the whole latent last. */
LAT_MUST_CHECK enum lat_code lat_probe_heart(
    struct lat_heart_probe out[LAT_N_BLOCKS + 1], struct lat_model *m,
    const struct lat_kernel *kernel, const struct lat_dataset *d,
    const struct lat_heart_ask *ask, struct lat_err *err);

/* ---- blocks of two latents, decoded together ------------- measure/swap.c */

struct lat_swap {
    double phase; /* share of windows that, decoded from the invariant block
                     as they are and the others 75 ms later, are nearer to
                     the later window */
    double form;  /* share of pairs of patients that, decoded from the
                     invariant block of one and the others of the other, have
                     a magnitude spectrum more like the one's */
    double beat;  /* share of the same pairs whose strongest 0.4 s lie better
                     over some place of the one's window */
};

/* LAT_EUNFIT for a model without partitions or without a decoder. */
LAT_MUST_CHECK enum lat_code lat_eval_swap(struct lat_swap *out,
                                           struct lat_model *m,
                                           const struct lat_kernel *kernel,
                                           const struct lat_dataset *d,
                                           const struct lat_turn_ask *ask,
                                           struct lat_err *err);

/* ---- what bfloat16 costs ------------------------ measure/precision.c */

struct lat_precision_cost {
    size_t n_windows;
    double mean_error, largest_error;  /* 1 - cosine with float32 */
    double recall[LAT_N_PRECISIONS];   /* of the window 75 ms later, by the
                                          invariant block; NaN of movements */
    double accuracy[LAT_N_PRECISIONS]; /* NaN without classes */
};

/* Of signal models, windows placed as by the evaluations above.  A model with
 * classes is asked for movements, another for hearts. */
LAT_MUST_CHECK enum lat_code lat_eval_precision(struct lat_precision_cost *out,
                                                struct lat_model *m,
                                                const struct lat_kernel *kernel,
                                                const struct lat_dataset *d,
                                                const struct lat_turn_ask *ask,
                                                struct lat_err *err);

/* ---- images --------------------------------- measure/pictures_eval.c */

enum { LAT_CUTS = 5, LAT_GATE_BINS = 20, LAT_TOP = 10, LAT_MERGES = 4 };

/* Of the latents of the test images; shares, not per cent. */
struct lat_image_measures {
    /* Share of the most frequent class among the images that activate a
     * dimension, mean over dimensions; the published metric. */
    double consistency;
    double consistency_sd; /* over dimensions */
    /* The same, each dimension by the images that activate it: one that is
     * active on a single image counts once there, and as one of many above. */
    double consistency_weighted;
    double consistency_merged[LAT_MERGES]; /* by the classes of ask->merges */
    /* Mean over dimensions, natural logarithm: of activations summed by class,
     * their means by class, counts of images that activate it. */
    double entropy_sum, entropy_mean, entropy_count;
    double sparsity;          /* 1 - share of numbers that are not 0 */
    double not_negative;      /* share of numbers */
    size_t n_active;          /* dimensions that any image activates */
    double overlap;           /* mean |cosine| of two active dimensions … */
    double overlap_published; /* … and as the released code has it */
    double rank;              /* entropy of the singular values */
    size_t n_cuts; /* P@k among the test images themselves, by the first
                      dimensions of summed activation */
    size_t cut[LAT_CUTS];
    double precision[LAT_CUTS][LAT_TOP]; /* P@1 … P@10 */
    double sepin_1, sepin_10, sepin;     /* rise of NT-Xent by dimensions left
                                            out: the highest, ten, all */
    double probe_first, probe_five, knn; /* right on the latent */
    double *by_dim;                      /* (dims): consistency, NaN without
                                            images that activate it */
    size_t *support;                     /* (dims): how many do */
    /* Of a model with gates: */
    double open;                 /* share of gates */
    double gates[LAT_GATE_BINS]; /* share by probability, 0 to 1 */
    size_t n_shut;               /* images whose latent is zeros */
};

struct lat_image_eval {
    size_t n_train, n_test, classes, dims;
    bool gated;
    double probe_first, probe_five, knn; /* right on the features h */
    struct lat_image_measures running;   /* statistics, as they are served */
    struct lat_image_measures batch;     /* of 256 test images in their order,
                                            as the published evaluator has them;
                                            without probe and neighbours */
};

/* Classes made fewer: each becomes to[class]. */
struct lat_merge {
    const uint32_t *to;
    size_t n; /* classes of the data */
};

struct lat_image_ask {
    const struct lat_gallery *train, *test; /* train NULL: no probes, no knn */
    unsigned n_threads;
    size_t epochs;                  /* of the linear probes; 0: 50 */
    const struct lat_merge *merges; /* consistency by these classes, too */
    size_t n_merges;                /* up to LAT_MERGES */
};

/* What the papers report of image models.  The probe learns by LARS (rate 0.4,
 * decay 1e-4, eta 0.02, batch 256, 10 of 50 epochs warm-up) on images as they
 * are; 20 neighbours vote with exp(cosine / 0.07).  SEPIN: of two views of 256
 * test images at most. */
LAT_MUST_CHECK enum lat_code lat_eval_images(struct lat_image_eval **out,
                                             struct lat_model *m,
                                             const struct lat_kernel *kernel,
                                             const struct lat_image_ask *ask,
                                             struct lat_err *err);
void lat_image_eval_free(struct lat_image_eval *e);
/* The same figures as JSON. */
void lat_image_eval_print(struct lat_buf *out, const struct lat_image_eval *e);

#endif
