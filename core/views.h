/*
 * views.h - the transforms that make two views of one thing.
 *
 * Each draws what it needs from the generator that it is given, so that a view
 * is decided by its generator's state alone.  Any thread, on data of its own.
 */
#ifndef LAT_VIEWS_H
#define LAT_VIEWS_H

#include "base/rng.h"
#include "latent/image.h"

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

/* ---- views/colour.c: in place, by torchvision's factors; 1 changes nothing,
 * as does a turn of 0 */

void lat__view_grey(struct lat_image *x);
void lat__view_brightness(struct lat_image *x, double factor);
void lat__view_contrast(struct lat_image *x, double factor);
void lat__view_saturation(struct lat_image *x, double factor);
void lat__view_hue(struct lat_image *x, double turn); /* 1 is all round */

/* ---- views/blur.c: in place; sigma in pixels, 0 does nothing */

LAT_MUST_CHECK enum lat_code lat__view_blur(struct lat_image *x, double sigma,
                                            struct lat_err *err);

/* ---- views/picture.c: all of these, as published */

struct lat__picture_views {
    size_t size;               /* of a side, behind */
    double area[2], aspect[2]; /* of the part: its share, width by height */
    double jitter;             /* how often, as grey, blur and flip */
    double brightness, contrast, saturation, hue; /* at most, of jitter */
    double grey, blur, flip;
    double sigma[2]; /* of blur */
};

struct lat__picture_views lat__picture_views_published(size_t size);
struct lat_box lat__view_box(const struct lat_image *x,
                             const struct lat__picture_views *s,
                             struct lat_rng *rng);
void lat__view_flip(struct lat_image *x);
/* Crop, resize, jitter in random order, grey, blur, flip. */
LAT_MUST_CHECK enum lat_code lat__view_picture(
    struct lat_image **out, const struct lat_image *x,
    const struct lat__picture_views *s, struct lat_rng *rng,
    struct lat_err *err);

/* ---- views/rotation.c: one rotation of a window's samples of x y z */

struct lat__rotation {
    double m[9]; /* row by row */
};

/* From a quaternion (w, x, y, z) of length 1. */
void lat__rotation_of(struct lat__rotation *r, const double q[4]);
void lat__rotation_about(struct lat__rotation *r, const double axis[3],
                         double degrees);
/* By that angle about an axis uniform on the sphere. */
void lat__rotation_draw_by(struct lat__rotation *r, struct lat_rng *rng,
                           double degrees);
/* Uniform among all rotations by no more than that; 180: among all. */
void lat__rotation_draw(struct lat__rotation *r, struct lat_rng *rng,
                        double max_degrees);
double lat__rotation_degrees(const struct lat__rotation *r);
/* a backwards, then b: its angle is how far apart they are. */
void lat__rotation_between(struct lat__rotation *out,
                           const struct lat__rotation *a,
                           const struct lat__rotation *b);
/* x (n, channels), channels a multiple of 3: each three turned alike.  y may
 * be x. */
void lat__rotate(float *y, const float *x, size_t n, size_t channels,
                 const struct lat__rotation *r);

#endif
