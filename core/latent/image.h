/*
 * image.h - pictures: from files to pixels, at the size that a model wants.
 *
 * An image is 8-bit RGB, row after row, upright.  It belongs to one thread at
 * a time.  Resizing gives the bytes that Pillow gives, so that weights trained
 * behind it meet here what they have learned from.
 */
#ifndef LATENT_IMAGE_H
#define LATENT_IMAGE_H

#include "signal.h"

enum {
    LAT_SIDE_MAX = 65535,          /* pixels of a side … */
    LAT_PIXELS_DEFAULT = 50000000, /* … and of an image, if no one says */
    LAT_IMAGE_SIDE_MAX = 4096,     /* of a side that a network reads */
};

struct lat_image {
    size_t width, height;
    uint8_t *v; /* (height, width, 3) */
};

/* A part of an image, within it. */
struct lat_box {
    size_t x, y, width, height;
};

enum lat_picture { LAT_PICTURE_JPEG, LAT_PICTURE_PNG };

/* What a file said of its image. */
struct lat_picture_info {
    enum lat_picture format;
    size_t width, height; /* as stored, before it was turned upright */
    unsigned orientation; /* 1 … 8 as in EXIF, 1 is upright */
};

enum lat_filter { LAT_BILINEAR, LAT_BICUBIC };

/* ---- an image ------------------------------------------ image/image.c */

/* Black.  LAT_ETOOBIG when a side is over LAT_SIDE_MAX. */
LAT_MUST_CHECK enum lat_code lat_image_new(struct lat_image **out, size_t width,
                                           size_t height, struct lat_err *err);
void lat_image_free(struct lat_image *image);

/* ---- files ----------------------------------------- formats/picture.c */

const char *lat_picture_type(enum lat_picture format); /* image/jpeg, … */
/* Reads the header alone.  LAT_EMEDIA for what is neither a JPEG nor a PNG. */
LAT_MUST_CHECK enum lat_code lat_picture_look(struct lat_picture_info *info,
                                              const struct lat_blob *file,
                                              struct lat_err *err);
/* A JPEG or a PNG, whatever its name says.  Its size is read first, and
 * LAT_ETOOBIG answers more than max_pixels (0: the default) before anything is
 * decoded.  Greyscale, palettes and 16 bits become RGB of 8; transparency is
 * dropped, the colour behind it stays, as Pillow's convert("RGB") does.  info
 * may be NULL. */
LAT_MUST_CHECK enum lat_code lat_picture_decode(struct lat_image **out,
                                                struct lat_picture_info *info,
                                                const struct lat_blob *file,
                                                size_t max_pixels,
                                                struct lat_err *err);

/* ---- and back ------------------------------------------- formats/png.c */

/* Appends a PNG to out. */
LAT_MUST_CHECK enum lat_code lat_png_encode(struct lat_buf *out,
                                            const struct lat_image *image,
                                            struct lat_err *err);

/* ---- made-up pictures --------------------------------- image/synth.c */

enum { LAT_SCENE_MAX = 4096 };

/* A square picture of a scene (ship, automobile, airplane, truck); the seed
 * moves, mirrors and colours it. */
LAT_MUST_CHECK enum lat_code lat_synth_image(struct lat_image **out,
                                             const char *scene, size_t side,
                                             uint64_t seed,
                                             struct lat_err *err);

/* ---- sizes ------------------------------------------- image/resize.c */

/* The box (NULL: all), as if it were cut out first, at another size,
 * antialiased. */
LAT_MUST_CHECK enum lat_code lat_image_resize(struct lat_image **out,
                                              const struct lat_image *image,
                                              const struct lat_box *box,
                                              size_t width, size_t height,
                                              enum lat_filter filter,
                                              struct lat_err *err);
/* The shorter side at shorter (0: as it is), bilinear, then the middle square
 * of side crop; what is missing there is black. */
LAT_MUST_CHECK enum lat_code lat_image_fit(struct lat_image **out,
                                           const struct lat_image *image,
                                           size_t shorter, size_t crop,
                                           struct lat_err *err);

/* ---- labelled images ------------------------------------------ gallery/ */

enum { LAT_CLASSES_MAX = 65536 };

/* Never changes once it is open: any number of threads may read it. */
struct lat_gallery;

/* The images of all paths, one after the other, each of which may be
 *
 *   a folder with a folder for each class, classes and files in the order of
 *   their names (.jpg, .jpeg, .png; others are passed over);
 *   NAME.jpgs, JPEG files one after the other, and NAME_index.csv beside it
 *   (id,offset,length,label,class,source);
 *   a .bin of CIFAR-10 or of CIFAR-100 (fine labels), with the names of its
 *   classes in batches.meta.txt or fine_label_names.txt beside it, if there.
 *
 * A class has one name in all of them. */
LAT_MUST_CHECK enum lat_code lat_gallery_open(struct lat_gallery **out,
                                              const char *const *paths,
                                              size_t n_paths,
                                              struct lat_err *err);
void lat_gallery_close(struct lat_gallery *g);
size_t lat_gallery_count(const struct lat_gallery *g);
size_t lat_gallery_classes(const struct lat_gallery *g);
/* NULL where there is no image of that label. */
const char *lat_gallery_class(const struct lat_gallery *g, size_t label);
uint32_t lat_gallery_label(const struct lat_gallery *g, size_t i);
/* Decodes image i, at most max_pixels (0: the default). */
LAT_MUST_CHECK enum lat_code lat_gallery_image(struct lat_image **out,
                                               const struct lat_gallery *g,
                                               size_t i, size_t max_pixels,
                                               struct lat_err *err);

#endif
