/*
 * image.h - the engine's inner side of images: turning them upright, and what
 * scenes can be made up.
 *
 * Any thread, on an image of its own.
 */
#ifndef LAT_IMAGE_H
#define LAT_IMAGE_H

#include "latent/image.h"

/* ---- image/turn.c */

/* Puts *image upright as an EXIF orientation 1 … 8 says; on failure it is as
 * it was. */
LAT_MUST_CHECK enum lat_code lat__image_turn(struct lat_image **image,
                                             unsigned orientation,
                                             struct lat_err *err);

/* ---- image/synth.c */

/* Of the scenes that lat_synth_image knows; NULL beyond the last. */
const char *lat__scene_name(size_t i);

#endif
