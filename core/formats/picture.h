/*
 * picture.h - the decoders of images, each behind a door of its own.
 *
 * The first call reads the header, the second decodes into an image of just
 * that size, not yet turned.
 */
#ifndef LAT_PICTURE_H
#define LAT_PICTURE_H

#include "../latent/image.h"

/* ---- formats/exif.c */

/* The orientation that a block of EXIF, as from its TIFF header on, gives; 1
 * when it gives none, or nonsense. */
unsigned lat__exif_orientation(const uint8_t *p, size_t len);

/* ---- formats/jpeg.c */

LAT_MUST_CHECK enum lat_code lat__jpeg_header(struct lat_picture_info *info,
                                              const struct lat_blob *file,
                                              struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__jpeg_pixels(struct lat_image *image,
                                              const struct lat_blob *file,
                                              struct lat_err *err);

/* ---- formats/png.c */

LAT_MUST_CHECK enum lat_code lat__png_header(struct lat_picture_info *info,
                                             const struct lat_blob *file,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__png_pixels(struct lat_image *image,
                                             const struct lat_blob *file,
                                             struct lat_err *err);

#endif
