/*
 * model.h - model files, the windows and images that they read, the plans that
 * serve them.
 *
 * A model is a card (what it is, what it wants, how it came to be) and its
 * weights.  Once read it never changes: any number of threads may share it,
 * and it goes with its last reference.  A plan is a model made ready to serve
 * with one kernel; it never changes either, and each thread that embeds has a
 * workspace of its own.
 *
 * The embedding of a window has the same bytes whatever else is embedded
 * beside it, on however many threads.
 */
#ifndef LATENT_MODEL_H
#define LATENT_MODEL_H

#include "base.h"
#include "image.h"
#include "signal.h"

/* ---- cards ---------------------------------------------- formats/card.c */

enum lat_block { LAT_INV, LAT_VAR, LAT_FREE, LAT_N_BLOCKS };

const char *lat_block_name(enum lat_block b); /* invariant, variant, free */

struct lat_range {
    size_t begin, end;
};

/* What the network reads.  One channel of several names: the first of the
 * card's list that a recording has.  Several channels: all, in this order. */
struct lat_input {
    size_t n_channels, n_names;
    char names[16][LAT_NAME_MAX];
    char unit[LAT_UNIT_MAX];      /* of every channel; "": of each its own */
    char units[16][LAT_UNIT_MAX]; /* then, in the order of the names */
    double rate_hz;
    size_t window; /* samples */
};

/* How a window goes on beyond an end whose sample is v, with x inside. */
enum lat_ends {
    LAT_ENDS_ODD,      /* 2v - x */
    LAT_ENDS_EVEN,     /* x */
    LAT_ENDS_CONSTANT, /* v */
    LAT_N_ENDS
};

/* The spread of a window's samples, all channels together.  But for the peak
 * each is 1 for white noise of variance 1. */
enum lat_scale {
    LAT_SCALE_NONE,
    LAT_SCALE_STD,      /* root of the mean square about the mean */
    LAT_SCALE_MEAN_ABS, /* 1.2533 mean |x| */
    LAT_SCALE_MAD,      /* 1.4826 median |x| */
    LAT_SCALE_IQR,      /* 0.7413 (quantile 0.75 - quantile 0.25) */
    LAT_SCALE_Q90,      /* 0.6080 quantile 0.9 of |x| */
    LAT_SCALE_Q95,      /* 0.5102 quantile 0.95 of |x| */
    LAT_SCALE_PEAK,     /* max |x| */
    LAT_SCALE_HANN,     /* root of the mean of x^2 under a Hann window: what
                           enters or leaves at the ends hardly counts */
    LAT_N_SCALES
};

/* What is done to each window by itself, in this order. */
struct lat_prep {
    double low_hz, high_hz; /* band-pass, zero phase; one of them 0: high- or
                               low-pass; both: none */
    unsigned order;         /* of the Butterworth filter, run both ways */
    enum lat_ends ends;
    size_t pad;           /* samples beyond each end; 0: 3 (2 order + 1) */
    bool center;          /* subtract each channel's mean */
    enum lat_scale scale; /* divide by the spread of all channels */
    double floor;         /* the least spread to divide by, in the unit */
    double divisor;       /* one scalar for all channels; 0: none */
};

/* What a network of images reads: RGB, its values in 0 … 1, of each channel
 * less the mean and divided by the deviation. */
struct lat_image_input {
    size_t height, width;
    size_t shorter;         /* what the shorter side is brought to, before the
                               middle is cut out; 0: it stays as it is */
    enum lat_filter filter; /* how */
    double mean[3], deviation[3];
};

/* What makes a latent non-negative. */
enum lat_nonneg {
    LAT_NONNEG_NONE,
    LAT_NONNEG_RELU,
    LAT_NONNEG_REP_RELU, /* forward relu, backward gelu */
    LAT_NONNEG_GELU,
    LAT_NONNEG_SOFTPLUS,
    LAT_NONNEG_EXP,
    LAT_NONNEG_SIGMOID,
    LAT_NONNEG_LEAKY_RELU,
    LAT_N_NONNEGS
};

const char *lat_nonneg_name(unsigned kind); /* NULL beyond the last */

/* What gates do to a latent of unit length, before it is brought to unit
 * length again. */
enum lat_gate_mode {
    LAT_GATES_NONE, /* nothing */
    LAT_GATES_HARD, /* a dimension stays where the logit is above 0 */
    LAT_GATES_SOFT, /* each is taken times its probability of being open */
    LAT_N_GATE_MODES
};

const char *lat_gate_mode_name(unsigned mode); /* NULL beyond the last */

struct lat_gate {
    enum lat_gate_mode mode; /* if no one says; NONE: there are no gates */
    double threshold;        /* of the probability: 0.5, a logit of 0 */
    double temperature;      /* probability = sigmoid(logit / temperature) */
    double prior;            /* that the probabilities were held to */
};

/* What besides the latent was learned, and can be asked of it. */
enum lat_task { LAT_TASK_NONE, LAT_TASK_RECONSTRUCTION, LAT_TASK_CLASSES };

enum { LAT_LABELS_MAX = 64 };

enum lat_modality { LAT_SIGNALS, LAT_IMAGES };

const char *lat_modality_name(enum lat_modality m); /* signal, image */

enum { LAT_NULL_MAX = 64 };

/* How alike windows of different subjects are: quantiles of their cosine in
 * each partition, or in the whole latent, which is then the first. */
struct lat_null {
    size_t n;                                  /* 0: not known */
    double probability[LAT_NULL_MAX];          /* rising, from 0 to 1 */
    double cosine[LAT_N_BLOCKS][LAT_NULL_MAX]; /* never falling */
};

/* Per cent of such pairs that are less alike than score; below 0 when it is
 * not known. */
double lat_null_percentile(const struct lat_null *null, size_t partition,
                           double score);

struct lat_card {
    char name[64];
    unsigned version;
    enum lat_modality modality;
    size_t dims;
    size_t features; /* of the encoder; of signals they are the latent */
    bool partitioned;
    struct lat_range blocks[LAT_N_BLOCKS];
    struct lat_input input; /* of signals … */
    struct lat_prep prep;
    struct lat_image_input image; /* … and of images, as are those below */
    enum lat_nonneg nonneg;
    size_t top_k; /* the largest of a latent that stay; 0: all */
    struct lat_gate gate;
    enum lat_task task;
    size_t n_labels; /* of classes */
    char labels[LAT_LABELS_MAX][LAT_NAME_MAX];
    struct lat_null null;
    const char *json;            /* the whole card, as it stands in the file */
    char digest[LAT_DIGEST_HEX]; /* of the file: the model's identity */
    char weights_digest[LAT_DIGEST_HEX];
    char prep_digest[LAT_DIGEST_HEX]; /* of input and preprocessing */
};

/* Floats that lat_embed reads: of a window, or of an image. */
size_t lat_input_floats(const struct lat_card *card);
/* Of the channel that the network reads as its k-th. */
const char *lat_input_unit(const struct lat_input *in, size_t k);

/* ---- models ------------------------------------------- encoder/model.c */

struct lat_model;

/* Reads a safetensors file with a card.  Whatever does not fit is refused
 * with LAT_EFORMAT and a message that names the tensor or the card's field. */
LAT_MUST_CHECK enum lat_code lat_model_read(struct lat_model **out,
                                            const char *path,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat_model_decode(struct lat_model **out,
                                              const void *file, size_t len,
                                              struct lat_err *err);
struct lat_model *lat_model_ref(struct lat_model *m);
void lat_model_unref(struct lat_model *m);
const struct lat_card *lat_model_card(const struct lat_model *m);

/* ---- windows ---------------------------------------- signal/prepare.c */

enum lat_windowing { LAT_REJECT, LAT_CENTER, LAT_TILE };

struct lat_cut {
    enum lat_windowing mode;
    size_t hop;      /* of tile, in samples of the model's rate; 0: a window */
    bool positional; /* match channels by position, not by name */
};

/* One window at the model's rate, in its unit, before the filter. */
struct lat_window {
    size_t begin, end;          /* in samples of the input */
    uint8_t digest[LAT_DIGEST]; /* of its samples */
    const float *x;             /* (window, channels), channels last */
    size_t n_missing;           /* samples that were filled in */
};

enum lat_warning {
    LAT_WARN_MISSING, /* missing samples were interpolated */
    LAT_WARN_IGNORED, /* channels that the model does not use */
    LAT_WARN_FLAT,    /* a channel that does not change */
    LAT_WARN_CLIPPED, /* many samples at the extreme values */
    LAT_WARN_DROPPED, /* the last partial window */
    LAT_N_WARNINGS
};

const char *lat_warning_word(enum lat_warning w); /* "missing_samples", … */

struct lat_windows {
    size_t n;
    struct lat_window *w;
    float *samples; /* what the windows point into */
    double from_hz, to_hz;
    size_t n_used; /* channels of the input in use … */
    char used[LAT_CHANNELS_MAX][LAT_NAME_MAX]; /* … by the input's names */
    size_t n_missing, n_dropped;               /* samples of the input */
    bool warned[LAT_N_WARNINGS];
    char warnings[LAT_N_WARNINGS][128]; /* a sentence each */
};

/* Units, missing samples, resampling of the whole input, cutting: everything
 * that comes before the model's own arithmetic.  LAT_EUNFIT where the signal
 * cannot be what the model wants; the word and err->param say why and where. */
LAT_MUST_CHECK enum lat_code lat_prepare(struct lat_windows **out,
                                         const struct lat_card *card,
                                         const struct lat_signal *sig,
                                         const struct lat_cut *cut,
                                         struct lat_err *err);
void lat_windows_free(struct lat_windows *w);

/* ---- images ------------------------------------------- image/prepare.c */

/* What was done to an image, and what of it the network reads. */
struct lat_image_prepared {
    float *x;                   /* (height, width, 3), in the card's numbers */
    size_t width, height;       /* of the image that was given … */
    size_t to_width, to_height; /* … and behind the resizing */
    struct lat_box crop;        /* of the resized image; smaller than the input
                                   where black was put around it */
    uint8_t digest[LAT_DIGEST]; /* of the pixels that are read */
};

/* As the card of an image model says: the shorter side resized, the middle cut
 * out.  LAT_ETOOBIG when the longer side would not fit. */
LAT_MUST_CHECK enum lat_code lat_prepare_image(struct lat_image_prepared **out,
                                               const struct lat_card *card,
                                               const struct lat_image *image,
                                               struct lat_err *err);
void lat_image_prepared_free(struct lat_image_prepared *p);

/* ---- kernels ------------------------------------------ kernel/kernel.c */

struct lat_kernel;

/* The fastest that this processor has, or the one of that name (blas, avx2,
 * avx512); LAT_ENOENT lists the names.  A constant, never freed. */
LAT_MUST_CHECK enum lat_code lat_kernel_pick(const struct lat_kernel **out,
                                             const char *name,
                                             struct lat_err *err);
const char *lat_kernel_name(const struct lat_kernel *k);

/* Of the numbers that are multiplied; sums are float32 in either. */
enum lat_precision {
    LAT_FLOAT32,
    LAT_BFLOAT16, /* float32 with 8 of its 24 bits of significand */
    LAT_N_PRECISIONS
};

const char *lat_precision_name(enum lat_precision p); /* "float32", … */
/* False when there is none of that name. */
LAT_MUST_CHECK bool lat_precision_parse(enum lat_precision *out,
                                        const char *name);
/* What multiplies in that precision: of float32 the kernel's name, of bfloat16
 * avx512_bf16 or amx, or plain where the processor has no such instruction. */
const char *lat_kernel_way(const struct lat_kernel *k, enum lat_precision p);
/* Once, before any thread exists: BLAS answers each caller on his own thread,
 * so that threads are counted in one place and sums repeat bit for bit. */
void lat_blas_single(void);

/* ---- plans -------------------------------------------------- plan/plan.c */

struct lat_plan;
struct lat_workspace; /* scratch memory; one user at a time */

/* Keeps a reference of m.  Counted references, as models. */
LAT_MUST_CHECK enum lat_code lat_plan_new(struct lat_plan **out,
                                          struct lat_model *m,
                                          const struct lat_kernel *kernel,
                                          enum lat_precision precision,
                                          struct lat_err *err);
struct lat_plan *lat_plan_ref(struct lat_plan *p);
void lat_plan_unref(struct lat_plan *p);
const struct lat_card *lat_plan_card(const struct lat_plan *p);
enum lat_precision lat_plan_precision(const struct lat_plan *p);
/* What besides the weights decides the bytes, as "float32/avx512". */
const char *lat_plan_arithmetic(const struct lat_plan *p);

LAT_MUST_CHECK enum lat_code lat_workspace_new(struct lat_workspace **out,
                                               const struct lat_plan *p,
                                               struct lat_err *err);
void lat_workspace_free(struct lat_workspace *ws);

/* Filters, scales and embeds one window x (window, channels), as lat_prepare
 * cuts them, into y (dims).  Neither allocates nor locks.  LAT_ENONFINITE when
 * a value of y is not finite; y is then not to be used. */
LAT_MUST_CHECK enum lat_code lat_embed(const struct lat_plan *p,
                                       struct lat_workspace *ws, const float *x,
                                       float *y, struct lat_err *err);

/* What an image model makes of one image; each but the latent may be NULL. */
struct lat_image_code {
    float *latent;      /* (dims), of unit length, or zeros */
    float *features;    /* (features): h, what the encoder gives */
    float *logit;       /* (dims), as probability: of a model with gates */
    float *probability; /* of being open */
    bool all_shut;      /* the latent is zeros: whatever is open is zero */
};

/* The same of an image x (height, width, 3), as lat_prepare_image gives it.
 * lat_embed takes one, too: its y is then the latent in the card's own mode.
 * LAT_EUNFIT when a model without gates is asked for them. */
LAT_MUST_CHECK enum lat_code lat_embed_image(
    const struct lat_plan *p, struct lat_workspace *ws, const float *x,
    enum lat_gate_mode mode, struct lat_image_code *out, struct lat_err *err);

/* The same in three steps, of several images: each through the encoder to a
 * slot of the workspace, then the heads of the first n slots, whose weights are
 * read once for all of them, then slot by slot what was made.  It has the bytes
 * that the image has alone. */
enum { LAT_SLOTS = 8 };

/* How many there are in a workspace: 1 where nothing is gained by more. */
size_t lat_plan_slots(const struct lat_plan *p);
void lat_slot_encode(const struct lat_plan *p, struct lat_workspace *ws,
                     size_t slot, const float *x);
void lat_slots_project(const struct lat_plan *p, struct lat_workspace *ws,
                       size_t n);
LAT_MUST_CHECK enum lat_code lat_slot_read(const struct lat_plan *p,
                                           const struct lat_workspace *ws,
                                           size_t slot, enum lat_gate_mode mode,
                                           struct lat_image_code *out,
                                           struct lat_err *err);

/* What the head says of a latent z (dims), whosever window it is of: how likely
 * each class is (card.n_labels), together 1.  LAT_EUNFIT where the model has
 * no head of classes; LAT_ENONFINITE as of lat_embed.  Allocates. */
LAT_MUST_CHECK enum lat_code lat_plan_classes(const struct lat_plan *p,
                                              const float *z, float *likely,
                                              struct lat_err *err);

/* Proves on this processor that a window's embedding keeps its bytes: alone,
 * after others, in another workspace, on n_threads at once. */
LAT_MUST_CHECK enum lat_code lat_plan_self_test(const struct lat_plan *p,
                                                unsigned n_threads,
                                                struct lat_err *err);

#endif
