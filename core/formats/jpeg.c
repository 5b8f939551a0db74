/*
 * jpeg.c - the door to libjpeg-turbo.
 *
 * The number of scans is limited, and a warning is an error: a file that is
 * cut off is refused, not filled up with grey.
 */
#include "picture.h"

#include <string.h>
#include <turbojpeg.h>

enum { FLAGS = TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING };

/* The block of EXIF among the segments before the pixels. */
static unsigned orientation(const uint8_t *p, size_t len)
{
    size_t at = 2;

    while (len - at >= 4 && p[at] == 0xff) {
        size_t size = (size_t)p[at + 2] << 8 | p[at + 3];

        if (p[at + 1] == 0xff) { /* filled up */
            at++;
            continue;
        }
        if (p[at + 1] == 0xda || size < 2 || size > len - at - 2)
            break;
        if (p[at + 1] == 0xe1 && size >= 8 &&
            memcmp(p + at + 4, "Exif\0", 6) == 0)
            return lat__exif_orientation(p + at + 10, size - 8);
        at += 2 + size;
    }
    return 1;
}

static enum lat_code open_door(tjhandle *tj, const struct lat_blob *file,
                               struct lat_err *err)
{
    if (file->len > UINT32_MAX)
        return lat_fail(err, LAT_ETOOBIG, "a JPEG of %zu bytes", file->len);
    *tj = tjInitDecompress();
    return *tj ? LAT_OK : lat_fail(err, LAT_ENOMEM, "JPEG");
}

enum lat_code lat__jpeg_header(struct lat_picture_info *info,
                               const struct lat_blob *file, struct lat_err *err)
{
    int width = 0, height = 0, subsampling, colours = TJCS_RGB;
    tjhandle tj = NULL;
    enum lat_code code = open_door(&tj, file, err);

    if (code)
        return code;
    if (tjDecompressHeader3(tj, file->data, file->len, &width, &height,
                            &subsampling, &colours) != 0)
        code = lat_fail(err, LAT_EFORMAT, "not a readable JPEG: %s",
                        tjGetErrorStr2(tj));
    else if (width < 1 || height < 1) /* tables, or less */
        code = lat_fail(err, LAT_EFORMAT, "not a readable JPEG: no image");
    else if (colours == TJCS_CMYK || colours == TJCS_YCCK)
        code = lat_fail(err, LAT_EFORMAT,
                        "a JPEG in %s, must be in colours or greyscale",
                        colours == TJCS_CMYK ? "CMYK" : "YCCK");
    tjDestroy(tj);
    if (code)
        return code;
    info->width = (size_t)width;
    info->height = (size_t)height;
    info->orientation = orientation(file->data, file->len);
    return LAT_OK;
}

enum lat_code lat__jpeg_pixels(struct lat_image *image,
                               const struct lat_blob *file, struct lat_err *err)
{
    tjhandle tj = NULL;
    enum lat_code code = open_door(&tj, file, err);

    if (code)
        return code;
    if (tjDecompress2(tj, file->data, file->len, image->v, (int)image->width, 0,
                      (int)image->height, TJPF_RGB, FLAGS) != 0)
        code = lat_fail(err, LAT_EFORMAT, "not a readable JPEG: %s",
                        tjGetErrorStr2(tj));
    tjDestroy(tj);
    return code;
}
