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
#include "latent/measure.h"
#include "signal.h"

/* ---- measure/windows.c: the same windows of a split, at any shift */

struct lat__windows {
    const struct lat_card *card;
    const struct lat__net *net;
    const struct lat_model *model;
    struct lat_ctx ctx;
    struct lat__conditioner *conditioner;
    double *scratch;                  /* the conditioner's, of each part */
    struct lat__acts *encoder, *task; /* task NULL when there is none */
    size_t n, window;
    const struct lat__record **record; /* (n) */
    size_t *begin, *subject;           /* (n) */
    long shift;                        /* of what stands in x and z */
    float *x;                          /* (n, window) */
    float *z;                          /* (n, dims) */
};

LAT_MUST_CHECK enum lat_code lat__windows_new(
    struct lat__windows **out, const struct lat_model *m,
    const struct lat_dataset *d, enum lat_split split, size_t n_windows,
    const struct lat_ctx *ctx, struct lat_err *err);
void lat__windows_free(struct lat__windows *w);
/* Cuts all windows shift samples later, conditions and embeds them. */
void lat__windows_at(struct lat__windows *w, long shift);
/* Mean squared error of what the task makes of z, against x. */
double lat__windows_reconstruction(struct lat__windows *w);

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

#endif
