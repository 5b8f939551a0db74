/*
 * views.h - the transforms that make two views of one thing.
 *
 * Each draws what it needs from the generator that it is given, so that a view
 * is decided by its generator's state alone.  Any thread, on data of its own.
 */
#ifndef LAT_VIEWS_H
#define LAT_VIEWS_H

#include "base/rng.h"

/* ---- views/phase.c */

/* How many samples are ms milliseconds. */
long lat__phase_samples(double ms, double rate_hz);
/* A shift, uniform in -max_ms … max_ms, in samples. */
long lat__phase_draw(struct lat_rng *rng, double max_ms, double rate_hz);
/* The window that begins shift samples after begin in a continuous record of
 * n samples: no wrap-around. */
void lat__phase_cut(float *x, size_t window, const float *record, size_t n,
                    size_t begin, long shift);

/* ---- views/heart.c: as another heart, or another lead, would have it */

/* The same as lat__phase_cut, with window and shift factor times as long. */
void lat__stretch_cut(float *x, size_t window, const float *record, size_t n,
                      size_t begin, long shift, double factor);
/* x = cos(angle) x + sin(angle) y: a lead between two leads. */
void lat__view_mix(float *x, const float *y, size_t n, double angle);

/* ---- views/disturb.c: in place, n samples; 0 does nothing */

/* White noise; its standard deviation is uniform in 0 … most. */
void lat__view_noise(float *x, size_t n, double most, struct lat_rng *rng);
/* One factor for all: exp of a value uniform in -most … most. */
void lat__view_gain(float *x, size_t n, double most, struct lat_rng *rng);

#endif
