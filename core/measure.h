/*
 * measure.h - the engine's inner side of measuring: features of windows, how
 * alike they are, what is found by them.
 *
 * Ties count against the measured: an encoder that gives everything the same
 * vector finds nothing.
 */
#ifndef LAT_MEASURE_H
#define LAT_MEASURE_H

#include "encoder.h"
#include "gallery.h"
#include "latent/measure.h"
#include "signal.h"
#include "train.h"
#include "views.h"

/* ---- measure/windows.c: windows of a split, embedded as they are cut */

struct lat__windows {
    const struct lat_card *card;
    const struct lat__net *net;
    const struct lat_model *model;
    struct lat_ctx ctx;
    struct lat__conditioner *conditioner;
    double *scratch;                  /* the conditioner's, of each part */
    struct lat__acts *encoder, *task; /* task NULL when there is none */
    size_t n, window, channels, dims;
    const struct lat__record **record; /* (n) */
    size_t *begin, *subject;           /* (n) */
    float *x;                          /* (n, window, channels) */
    float *z;                          /* (n, dims) */

    /* What was done to what stands in x and z: one of them. */
    long shift;
    const struct lat__rotation *rotation; /* (n), or NULL */

    uint32_t *label, *said; /* (n): the class, and the head's; of activities */
};

/* Room for n windows that nobody has placed yet.  kind: the task to be asked;
 * a model with another one has none here. */
LAT_MUST_CHECK enum lat_code lat__windows_make(struct lat__windows **out,
                                               const struct lat_model *m,
                                               size_t n, enum lat_task kind,
                                               const struct lat_ctx *ctx,
                                               struct lat_err *err);
void lat__windows_free(struct lat__windows *w);
/* Fills x part by part, conditions it and embeds it into z. */
void lat__windows_embed(struct lat__windows *w,
                        void (*cut)(const struct lat__windows *w, float *x,
                                    size_t i));
/* Up to as many rows as one pass takes, from begin on, of in (n, width)
 * through one stack; returns how many there were. */
size_t lat__windows_rows(struct lat__windows *w, struct lat__acts *a, float *in,
                         size_t width, size_t begin);

/* ---- measure/shifted.c: the same windows of a split, at any shift */

LAT_MUST_CHECK enum lat_code lat__shifted_new(
    struct lat__windows **out, const struct lat_model *m,
    const struct lat_dataset *d, enum lat_split split, size_t n_windows,
    const struct lat_ctx *ctx, struct lat_err *err);
/* Cuts all windows shift samples later, conditions and embeds them. */
void lat__shifted_at(struct lat__windows *w, long shift);
/* Mean squared error of what the task makes of z, against x. */
double lat__shifted_reconstruction(struct lat__windows *w);

/* ---- measure/spectrum.c */

/* Cosines and sines (window, 2 bins) for bins 0 … window / 2. */
size_t lat__spectrum_bins(size_t window);
void lat__spectrum_matrix(float *m, size_t window);
/* From the product of a window with the matrix, f (2 bins), to magnitudes
 * (bins): as it is, or as it would be under a periodic Hann window. */
void lat__spectrum(float *y, const float *f, size_t bins);
void lat__spectrum_hann(float *y, const float *f, size_t window);

/* ---- measure/alike.c: rows of vectors */

/* u = (v - mean) / length, row by row; mean (dims) or NULL.  A row of zeros
 * stays one. */
void lat__unit_rows(float *u, const float *v, const float *mean, size_t n,
                    size_t dims);
void lat__mean_row(float *mean, const float *v, size_t n, size_t dims);
/* Mean over rows of the product of a's row with b's. */
double lat__mean_cosine(const float *a, const float *b, size_t n, size_t dims);
/* s (n, n) = q g', on all threads; turned (dims, n) is scratch. */
void lat__similarities(float *s, const float *q, const float *g, float *turned,
                       size_t n, size_t dims, const struct lat_ctx *ctx);
/* Mean of s between rows of different subjects. */
double lat__mean_between(const float *s, const size_t *subject, size_t n);

/* ---- measure/retrieve.c: row i of s is query i, column j thing j */

/* Share of queries with fewer than k others at least as alike as thing i. */
double lat__recall(const float *s, size_t n, size_t k);
/* Mean average precision of things of the query's subject, thing i left out.
 * order is scratch (n). */
struct lat__hit {
    float alike;
    int relevant;
};

double lat__mean_precision(const float *s, const size_t *subject, size_t n,
                           struct lat__hit *order);

/* ---- measure/pictures.c: images through a model */

struct lat__pictures {
    const struct lat_model *model;
    const struct lat_card *card;
    const struct lat__net *net;
    struct lat_ctx ctx;
    float *params;                        /* a copy: its statistics move */
    struct lat__acts *acts[LAT_N_STACKS]; /* NULL where there is none */
};

/* Of some images; rows of unit length, or of zeros. */
struct lat__picture_codes {
    size_t n;
    float *h, *u; /* (n, features), (n, dims) */
    float *p;     /* (n, dims): probabilities of gates, NULL without */
    uint32_t *label;
};

struct lat__pictures_ask {
    const struct lat_gallery *gallery;
    bool batch;   /* statistics of 256 images in order */
    size_t views; /* 0: images as they are served; else so many drawn views of
                     each, and the label is the image's number */
    size_t most;  /* images; 0: all */
};

LAT_MUST_CHECK enum lat_code lat__pictures_new(struct lat__pictures **out,
                                               const struct lat_model *m,
                                               const struct lat_ctx *ctx,
                                               struct lat_err *err);
void lat__pictures_free(struct lat__pictures *p);
LAT_MUST_CHECK enum lat_code lat__pictures_embed(
    struct lat__picture_codes *out, struct lat__pictures *p,
    const struct lat__pictures_ask *ask, struct lat_err *err);
void lat__picture_codes_fini(struct lat__picture_codes *c);

/* ---- codes: sparse latents, one row for each thing */

struct lat__codes {
    const float *x; /* (n, dims), unit rows or rows of zeros */
    size_t n, dims;
    const uint32_t *label; /* (n), below classes */
    size_t classes;
};

/* ---- measure/meaning.c: shares there, not per cent */

enum lat__entropy { LAT_BY_SUM, LAT_BY_MEAN, LAT_BY_COUNT, LAT_N_ENTROPIES };

struct lat__dim_meaning {
    size_t support;
    uint32_t majority;  /* its most frequent class, the first of equals */
    double consistency; /* NaN without support */
    double entropy[LAT_N_ENTROPIES]; /* NaN where nothing is to share */
};

struct lat__meaning {
    struct lat__dim_meaning *dims; /* the caller's, one for each */
    size_t n_dims;                 /* that have support */
    double consistency, entropy[LAT_N_ENTROPIES];
};

LAT_MUST_CHECK enum lat_code lat__meaning(struct lat__meaning *m,
                                          const struct lat__codes *c,
                                          struct lat_err *err);

/* ---- measure/pictures_meaning.c */

LAT_MUST_CHECK enum lat_code lat__check_merges(const struct lat_image_ask *ask,
                                               struct lat_err *err);
/* Fills in all of consistency and entropy; by_dim and support have room. */
LAT_MUST_CHECK enum lat_code lat__picture_meaning(
    struct lat_image_measures *m, const struct lat__codes *c,
    const struct lat_image_ask *ask, struct lat_err *err);

/* ---- measure/density.c: no labels asked */

struct lat__density {
    size_t n_active;
    double sparsity, not_negative;
    double overlap; /* mean |cosine| of two active columns */
    double overlap_published, overlap_median, overlap_all; /* others' forms */
    double rank; /* entropy of the singular values, NaN if not to be had */
};

LAT_MUST_CHECK enum lat_code lat__density(struct lat__density *d,
                                          const struct lat__codes *c,
                                          struct lat_err *err);

/* ---- measure/eigen.c */

/* Eigenvalues v (n), in no order, of a symmetric a (n, n), of which the lower
 * half is read and used up; room (n).  False: it does not converge. */
bool lat__eigenvalues(double *v, double *a, double *room, size_t n);

/* ---- measure/pick.c: labels only where they are asked for */

enum { LAT_NEAREST = 10 };

struct lat__dim_rank {
    double score;
    size_t dim;
};

/* unit (n, dims) is scratch. */
void lat__dim_scores(double *score, const struct lat__codes *c, float *unit);
/* The highest score first, of equals the first dimension. */
void lat__dim_order(struct lat__dim_rank *order, const double *score,
                    size_t dims);
/* y (n, n_dims): the first of the order. */
void lat__take_dims(float *y, const struct lat__codes *c,
                    const struct lat__dim_rank *order, size_t n_dims);
/* From s (n, n), precision[k - 1] is P@k. */
void lat__precision_at(double precision[LAT_NEAREST], const float *s,
                       const uint32_t *label, size_t n);

/* ---- measure/sepin.c: label says which rows are views of one thing */

void lat__sepin_rises(double *rise, const struct lat__codes *c, const float *s,
                      double tau, struct lat_team *team);
/* order (dims) is scratch. */
double lat__sepin(struct lat__dim_rank *order, const double *rise, size_t dims,
                  size_t k);

/* ---- measure/turned.c: windows of activities, each turned as it is told */

LAT_MUST_CHECK enum lat_code lat__turned_new(
    struct lat__windows **out, const struct lat_model *m,
    const struct lat_dataset *d, enum lat_split split, size_t n_windows,
    const struct lat_ctx *ctx, struct lat_err *err);
/* Cuts, turns, conditions and embeds all windows; what the head says. */
void lat__turned_at(struct lat__windows *w,
                    const struct lat__rotation *rotation);

/* Floats of a row of enum lat_turn_row; 0 where the model has none such. */
size_t lat__turned_width(const struct lat__windows *w, size_t row);
/* Row of window i: of latents z (n, dims) up to `all`, of what stands in w->x
 * after it. */
void lat__turned_row(float *out, const struct lat__windows *w, const float *z,
                     size_t row, size_t i);

/* Adds to counts (classes, classes): the class, what the head says. */
void lat__turned_count(const struct lat__windows *w, size_t *counts);
/* Share of windows of which the head says what stands in said (n). */
double lat__turned_kept(const struct lat__windows *w, const uint32_t *said);

/* ---- measure/confusion.c: counts (classes, classes): is, was said */

double lat__accuracy(const size_t *counts, size_t classes);
/* Mean over classes that occur or are said of 2 right / (is + said). */
double lat__macro_f1(const size_t *counts, size_t classes);

/* ---- measure/probe.c: what can be read out of features */

struct lat__probe_set {
    const float *x, *y; /* (n, dims), (n, outs) */
    size_t n;
};

struct lat__probe {
    size_t dims, outs;
    struct lat__probe_set fit, test;
    uint64_t seed; /* of the network */
};

/* Features (3 w) of a pair: both at unit length, and their product, whose sum
 * is the cosine. */
void lat__probe_pair(float *row, const float *a, const float *b, size_t w);
/* Mean R^2 over outputs, of a ridge regression and of a network with one
 * hidden layer. */
LAT_MUST_CHECK enum lat_code lat__probe_linear(double *r2,
                                               const struct lat__probe *p,
                                               struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__probe_mlp(double *r2,
                                            const struct lat__probe *p,
                                            struct lat_err *err);
/* y is 1 for the class and 0 for the others: share of rows where the largest
 * output is the class … */
LAT_MUST_CHECK enum lat_code lat__probe_classes(double *accuracy,
                                                const struct lat__probe *p,
                                                struct lat_err *err);
/* … and the mean of that over classes that occur. */
LAT_MUST_CHECK enum lat_code lat__probe_recall(double *recall,
                                               const struct lat__probe *p,
                                               struct lat_err *err);

/* ---- measure/classify.c: a linear layer and neighbours, as published */

struct lat__classify_spec {
    size_t epochs, batch, warm_up;            /* warm_up in epochs */
    double rate, weight_decay, eta, momentum; /* eta 0: no LARS */
    uint64_t seed;
};

struct lat__right {
    double first, five; /* share of things, within one guess and five */
};

/* Learned on train, any rows, and tried on test. */
LAT_MUST_CHECK enum lat_code lat__classify(
    struct lat__right *right, const struct lat__codes *train,
    const struct lat__codes *test, const struct lat__classify_spec *spec,
    const struct lat_ctx *ctx, struct lat_err *err);

struct lat__knn_spec {
    size_t k;
    double tau;
};

/* Share of test whose class the k nearest of train vote for. */
LAT_MUST_CHECK enum lat_code lat__knn(double *right,
                                      const struct lat__codes *train,
                                      const struct lat__codes *test,
                                      const struct lat__knn_spec *spec,
                                      struct lat_team *team,
                                      struct lat_err *err);

#endif
