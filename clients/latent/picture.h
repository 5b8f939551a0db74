/*
 * picture.h - images in files, for the commands that take them.
 */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "embedding.h"

/* By its ending: .jpg, .jpeg, .png. */
bool cli_is_picture(const char *path);
LAT_MUST_CHECK enum lat_code cli_picture_read(struct lat_image **out,
                                              const char *path,
                                              struct lat_err *err);
/* LAT_EUNFIT when the model reads the other modality. */
LAT_MUST_CHECK enum lat_code cli_picture_fits(const struct lat_card *card,
                                              const char *path,
                                              struct lat_err *err);
/* The image at path as the model reads it. */
LAT_MUST_CHECK enum lat_code cli_picture_prepare(
    struct lat_image_prepared **out, const struct lat_card *card,
    const char *path, struct lat_err *err);

#endif
