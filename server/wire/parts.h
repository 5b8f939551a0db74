/*
 * parts.h - pieces that several replies share.
 */
#ifndef LATD_WIRE_PARTS_H
#define LATD_WIRE_PARTS_H

#include "../wire.h"

/* {"resampled_from_hz": …}: what was done to an input before the windows. */
void latd_write_preprocessing(struct lat_buf *out, const struct lat_windows *w);
/* {"media_type": …}: what was done to an image before the network reads it. */
void latd_write_fitting(struct lat_buf *out, const struct lat_image_prepared *p,
                        const struct latd_picture *file,
                        const struct lat_card *card);
/* {"message", "type", "param", "code"}, as OpenAI's. */
void latd_write_error(struct lat_buf *out, const struct lat_err *err);

#endif
