/*
 * gallery.h - the engine's inner side of labelled images: where each lies, and
 * batches of views of them.
 *
 * Images are found once and decoded when they are asked for.
 */
#ifndef LAT_GALLERY_H
#define LAT_GALLERY_H

#include "base/team.h"
#include "latent/image.h"
#include "views.h"

struct lat__shot {
    uint32_t label;
    const char *path;    /* its file, or the one that it is a part of */
    size_t number;       /* its place in that, from 0 */
    const uint8_t *data; /* its bytes; NULL: all of the file */
    size_t len;
    bool planes; /* 32 x 32 reds, greens, blues, as CIFAR has them */
};

struct lat_gallery {
    size_t n, room;
    struct lat__shot *shots;
    size_t n_classes, class_room;
    char **classes; /* NULL where there is none */
    size_t n_kept, kept_room;
    char **kept; /* what shots point into: paths, contents of files */
};

/* ---- gallery/gallery.c: while it is being opened */

/* shot is copied. */
LAT_MUST_CHECK enum lat_code lat__gallery_add(struct lat_gallery *g,
                                              const struct lat__shot *shot,
                                              struct lat_err *err);
/* Takes p from the caller, even if it fails; what is NULL is no memory. */
LAT_MUST_CHECK enum lat_code lat__gallery_keep(struct lat_gallery *g, char *p,
                                               struct lat_err *err);
/* LAT_EFORMAT when the class has another name already. */
LAT_MUST_CHECK enum lat_code lat__gallery_name(struct lat_gallery *g,
                                               size_t label, const char *name,
                                               struct lat_err *err);

/* Leaves each n-th image alone (the first of n), or all the others. */
void lat__gallery_thin(struct lat_gallery *g, size_t n, bool keep);

/* ---- one file for each kind; path outlives the gallery */

LAT_MUST_CHECK enum lat_code lat__gallery_folders(struct lat_gallery *g,
                                                  const char *path,
                                                  struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__gallery_indexed(struct lat_gallery *g,
                                                  const char *path,
                                                  struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__gallery_cifar(struct lat_gallery *g,
                                                const char *path,
                                                struct lat_err *err);

/* ---- gallery/batch.c: views of some of them, on all threads */

struct lat__picture_batch {
    const struct lat_gallery *gallery;
    struct lat__picture_views views;
    double mean[3], deviation[3]; /* of a channel, its values in 0 … 1 */
    size_t n, n_views;
};

/* x (n_views * n, size, size, 3): row v * n + i is view v of image shots[i],
 * which seeds[v * n + i] decides.  Numbers are (value / 255 - mean) /
 * deviation. */
LAT_MUST_CHECK enum lat_code lat__picture_batch_fill(
    float *x, const struct lat__picture_batch *b, const size_t *shots,
    const uint64_t *seeds, struct lat_team *team, struct lat_err *err);
/* The same beside other work of the team: x to seeds are given and lent, what
 * became of them is known after lat__team_await. */
struct lat__picture_fill {
    float *x;
    const struct lat__picture_batch *b;
    const size_t *shots;
    const uint64_t *seeds;
    enum lat_code code[LAT_PARTS];
    struct lat_err err[LAT_PARTS];
};

void lat__picture_fill_aside(struct lat__picture_fill *f,
                             struct lat_team *team);
LAT_MUST_CHECK enum lat_code lat__picture_filled(
    const struct lat__picture_fill *f, struct lat_err *err);
/* The same numbers of an image as it is, y (height, width, 3). */
void lat__picture_numbers(float *y, const struct lat__picture_batch *b,
                          const struct lat_image *image);

#endif
