/* png_out.c - the door to libpng, outwards. */
#include "picture.h"

#include <png.h>

enum lat_code lat_png_encode(struct lat_buf *out, const struct lat_image *image,
                             struct lat_err *err)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)image->width,
                     .height = (png_uint_32)image->height,
                     .format = PNG_FORMAT_RGB};
    png_alloc_size_t len = 0;
    enum lat_code code = LAT_OK;
    char *to;

    if (!png_image_write_to_memory(&png, NULL, &len, 0, image->v, 0, NULL))
        code = lat_fail(err, LAT_ENOMEM, "a PNG: %s", png.message);
    if (!code) {
        to = lat_buf_reserve(out, len);
        if (!to ||
            !png_image_write_to_memory(&png, to, &len, 0, image->v, 0, NULL))
            code = lat_fail(err, LAT_ENOMEM, "a PNG of %zu bytes", (size_t)len);
        else
            out->len += len;
    }
    png_image_free(&png);
    return code;
}
