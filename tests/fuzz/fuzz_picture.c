/* fuzz_picture.c - any bytes as an image, then at another size. */
#include "../../core/latent/image.h"

#include <assert.h>

enum { PIXELS = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void resize(const struct lat_image *image, const uint8_t *how)
{
    struct lat_image *small = NULL;
    enum lat_code code =
        lat_image_fit(&small, image, how[0] % 64u, how[1] % 64u + 1, NULL);

    assert(code ? !small : small->width == how[1] % 64u + 1);
    lat_image_free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lat_blob file = {"x", data, len};
    struct lat_picture_info info;
    struct lat_image *image = NULL;
    struct lat_err err = {0};

    if (lat_picture_decode(&image, &info, &file, PIXELS, &err) == LAT_OK) {
        assert(image->width * image->height == info.width * info.height);
        assert(image->width * image->height <= PIXELS);
        resize(image, data + len - 2);
    } else {
        assert(!image && err.code && err.msg[0]);
    }
    lat_image_free(image);
    return 0;
}
