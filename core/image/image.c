/* image.c - an image's life. */
#include "../image.h"

enum lat_code lat_image_new(struct lat_image **out, size_t width, size_t height,
                            struct lat_err *err)
{
    struct lat_image *image;

    if (width < 1 || height < 1 || width > LAT_SIDE_MAX ||
        height > LAT_SIDE_MAX)
        return lat_fail(err, LAT_ETOOBIG,
                        "an image of %zu x %zu pixels, sides must be 1 to %d",
                        width, height, LAT_SIDE_MAX);
    image = lat_calloc(1, sizeof(*image));
    if (image)
        image->v = lat_calloc(width * height, 3);
    if (!image || !image->v) {
        lat_free(image);
        return lat_fail(err, LAT_ENOMEM, "an image of %zu x %zu pixels", width,
                        height);
    }
    image->width = width;
    image->height = height;
    *out = image;
    return LAT_OK;
}

void lat_image_free(struct lat_image *image)
{
    if (!image)
        return;
    lat_free(image->v);
    lat_free(image);
}
