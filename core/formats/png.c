/*
 * png.c - the door to libpng, by its simplified interface.
 *
 * The chunks are looked through first for what the interface does not say: that
 * there are several images, how the camera was held, that the file is cut off.
 */
#include "picture.h"

#include <png.h>
#include <string.h>

static size_t four(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static enum lat_code look_at(struct lat_picture_info *info, const uint8_t *p,
                             size_t size, struct lat_err *err)
{
    if (memcmp(p, "acTL", 4) == 0)
        return lat_fail(err, LAT_EFORMAT,
                        "an animated PNG, must be a single image");
    if (memcmp(p, "eXIf", 4) == 0)
        info->orientation = lat__exif_orientation(p + 4, size);
    return LAT_OK;
}

/* Length, name, bytes, checksum; up to IEND all must be there: libpng believes
 * a length and makes room for it. */
static enum lat_code look_through(struct lat_picture_info *info,
                                  const struct lat_blob *file,
                                  struct lat_err *err)
{
    const uint8_t *p = file->data;
    size_t at = 8, size;

    info->orientation = 1;
    for (; file->len - at >= 12; at += 12 + size) {
        enum lat_code code;

        size = four(p + at);
        if (size > file->len - at - 12)
            return lat_fail(err, LAT_EFORMAT,
                            "not a readable PNG: a chunk of %zu bytes, %zu are "
                            "left",
                            size, file->len - at - 12);
        code = look_at(info, p + at + 4, size, err);
        if (code || memcmp(p + at + 4, "IEND", 4) == 0)
            return code;
    }
    return lat_fail(err, LAT_EFORMAT, "not a readable PNG: cut off");
}

static enum lat_code begin(png_image *png, const struct lat_blob *file,
                           struct lat_err *err)
{
    *png = (png_image){.version = PNG_IMAGE_VERSION};
    if (png_image_begin_read_from_memory(png, file->data, file->len))
        return LAT_OK;
    lat_fail(err, LAT_EFORMAT, "not a readable PNG: %s", png->message);
    png_image_free(png);
    return LAT_EFORMAT;
}

enum lat_code lat__png_header(struct lat_picture_info *info,
                              const struct lat_blob *file, struct lat_err *err)
{
    png_image png;
    enum lat_code code = look_through(info, file, err);

    if (code == LAT_OK)
        code = begin(&png, file, err);
    if (code)
        return code;
    info->width = png.width;
    info->height = png.height;
    png_image_free(&png);
    return LAT_OK;
}

/* RGB in the place of RGBA. */
static void drop_alpha(uint8_t *y, const uint8_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(y + i * 3, x + i * 4, 3);
}

enum lat_code lat__png_pixels(struct lat_image *image,
                              const struct lat_blob *file, struct lat_err *err)
{
    uint8_t *rgba = NULL;
    png_image png;
    enum lat_code code = begin(&png, file, err);

    if (code)
        return code;
    /* Samples of 16 bits are as bright as those of 8, not linear. */
    png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    if (png.format & PNG_FORMAT_FLAG_ALPHA) {
        rgba = lat_calloc(image->width * image->height, 4);
        if (!rgba) {
            png_image_free(&png);
            return lat_fail(err, LAT_ENOMEM, "a PNG with transparency");
        }
    }
    png.format = rgba ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
    if (!png_image_finish_read(&png, NULL, rgba ? rgba : image->v, 0, NULL))
        code =
            lat_fail(err, LAT_EFORMAT, "not a readable PNG: %s", png.message);
    else if (rgba)
        drop_alpha(image->v, rgba, image->width * image->height);
    png_image_free(&png);
    lat_free(rgba);
    return code;
}

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
