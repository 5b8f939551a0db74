/*
 * signal.h - the engine's inner side of signals: windows made ready for the
 * network, names, resampling.
 *
 * Everything made here is constant once made; any number of threads may share
 * it, each with scratch memory of its own.
 */
#ifndef LAT_SIGNAL_H
#define LAT_SIGNAL_H

#include "latent/model.h"

/* ---- each window alone ------------------------------- signal/condition.c */

/* What struct lat_prep says, prepared for one rate and size of window. */
struct lat__conditioner;

/* LAT_EFORMAT where prep cannot be done: a band beyond half the rate, more
 * samples beyond the ends than there are in the window. */
LAT_MUST_CHECK enum lat_code lat__conditioner_new(struct lat__conditioner **out,
                                                  const struct lat_prep *prep,
                                                  double rate_hz, size_t window,
                                                  size_t channels,
                                                  struct lat_err *err);
void lat__conditioner_free(struct lat__conditioner *c);
/* Doubles of scratch memory that lat__condition wants. */
size_t lat__conditioner_scratch(const struct lat__conditioner *c);
/* x and y (window, channels), channels last; they may be the same.  The same
 * samples give the same bytes.  Neither allocates nor locks. */
void lat__condition(const struct lat__conditioner *c, float *y, const float *x,
                    double *scratch);

/* The words of cards and recipes; LAT_N_… when there is no such word. */
const char *lat__ends_name(enum lat_ends e);
enum lat_ends lat__ends_of(const char *name);
const char *lat__scale_name(enum lat_scale s);
enum lat_scale lat__scale_of(const char *name);

/* ---- units --------------------------------------------- signal/units.c */

bool lat__unit_known(const char *name);

/* ---- channels ------------------------------------------ signal/match.c */

/* map[i] (LAT_CHANNELS_MAX) is the channel of sig that the model reads as its
 * i-th. */
LAT_MUST_CHECK enum lat_code lat__match_channels(size_t *map,
                                                 const struct lat_card *card,
                                                 const struct lat_signal *sig,
                                                 bool positional,
                                                 struct lat_err *err);

/* ---- missing samples --------------------------------- signal/missing.c */

/* Fills NaN in v (n) on the line between its neighbours, at the ends with the
 * nearest, with 0 where there is none.  Returns how many. */
size_t lat__missing_fill(float *v, size_t n);

/* ---- another rate ----------------------------------- signal/resample.c */

/* So many samples at to_hz last as long as n at from_hz, to the nearest. */
size_t lat__resampled(size_t n, double from_hz, double to_hz);
/* One channel x (n) into y (lat__resampled), sample k at time k / to_hz.  The
 * ratio is within 1/256 … 256. */
LAT_MUST_CHECK enum lat_code lat__resample(float *y, const float *x, size_t n,
                                           double from_hz, double to_hz,
                                           struct lat_err *err);

/* ---- the spread ----------------------------------------- signal/spread.c */

double lat__mean(const double *v, size_t n);
/* By the definitions of enum lat_scale; 1 for none.  Reorders v (n). */
double lat__spread(enum lat_scale scale, double *v, size_t n);

/* ---- filters ------------------------------------------- signal/filter.c */

enum { LAT_SECTIONS_MAX = 8 };

/* A cascade of second-order sections, each b0 + b1/z + b2/z^2 over
 * 1 + a1/z + a2/z^2, as the rows of a scipy sos. */
struct lat__section {
    double b[3], a[2];
};

struct lat__filter {
    size_t n;
    struct lat__section s[LAT_SECTIONS_MAX];
};

/* Butterworth, by the bilinear transform with warped band edges; low 0 makes
 * a low-pass, high 0 a high-pass.  order is 1 to 8. */
LAT_MUST_CHECK enum lat_code lat__filter_design(struct lat__filter *f,
                                                unsigned order, double low_hz,
                                                double high_hz, double rate_hz,
                                                struct lat_err *err);
/* Runs over v (n) in place, begun as if v[0] had always been. */
void lat__filter_run(const struct lat__filter *f, double *v, size_t n);
/* The same from the end to the beginning. */
void lat__filter_run_back(const struct lat__filter *f, double *v, size_t n);

#endif
