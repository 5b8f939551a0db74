/*
 * turn.c - upright, from what EXIF says of the camera: 1 is upright, 2 seen in
 * a mirror, 3 upside down, 4 both; 5 … 8 the same with rows and columns
 * exchanged.
 */
#include "../image.h"

#include <string.h>

/* Where pixel (x, y) of the upright image, w x h, is in the stored one. */
static size_t source(unsigned orientation, size_t x, size_t y, size_t w,
                     size_t h)
{
    switch (orientation) {
    case 2:
        return y * w + (w - 1 - x);
    case 3:
        return (h - 1 - y) * w + (w - 1 - x);
    case 4:
        return (h - 1 - y) * w + x;
    case 5:
        return x * h + y;
    case 6:
        return (w - 1 - x) * h + y;
    case 7:
        return (w - 1 - x) * h + (h - 1 - y);
    case 8:
        return x * h + (h - 1 - y);
    default:
        return y * w + x;
    }
}

enum lat_code lat__image_turn(struct lat_image **image, unsigned orientation,
                              struct lat_err *err)
{
    const struct lat_image *old = *image;
    bool exchanged = orientation > 4;
    size_t w = exchanged ? old->height : old->width;
    size_t h = exchanged ? old->width : old->height;
    struct lat_image *upright = NULL;
    enum lat_code code;

    if (orientation < 2 || orientation > 8)
        return LAT_OK;
    code = lat_image_new(&upright, w, h, err);
    if (code)
        return code;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            memcpy(upright->v + (y * w + x) * 3,
                   old->v + source(orientation, x, y, w, h) * 3, 3);
    lat_image_free(*image);
    *image = upright;
    return LAT_OK;
}
