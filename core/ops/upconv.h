/*
 * upconv.h - the convolution of repeated positions, for conv.c alone.
 *
 * Arguments are those of the convolution; x (n, 1, w, in) as it is before each
 * position is repeated g.up times.
 */
#ifndef LAT_UPCONV_H
#define LAT_UPCONV_H

#include "../ops.h"

size_t lat__upconv_scratch(struct lat_tensor y, struct lat_tensor x,
                           struct lat_window_geom g,
                           enum lat_precision precision);
void lat__upconv_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const float *w, const float *b,
                         struct lat_window_geom g);
void lat__upconv_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                          float *dw, float *db, struct lat_tensor dy,
                          struct lat_tensor x, const float *w,
                          struct lat_window_geom g);

#endif
