/* picture.c - a file's image, by its first bytes. */
#include "picture.h"
#include "../image.h"

#include <string.h>

struct decoder {
    enum lat_picture format;
    const char *magic;
    size_t len;
    enum lat_code (*header)(struct lat_picture_info *info,
                            const struct lat_blob *file, struct lat_err *err);
    enum lat_code (*pixels)(struct lat_image *image,
                            const struct lat_blob *file, struct lat_err *err);
};

static const struct decoder decoders[] = {
    {LAT_PICTURE_JPEG, "\xff\xd8\xff", 3, lat__jpeg_header, lat__jpeg_pixels},
    {LAT_PICTURE_PNG, "\x89PNG\r\n\x1a\n", 8, lat__png_header, lat__png_pixels},
};

static const struct decoder *find(const struct lat_blob *file)
{
    for (size_t i = 0; i < sizeof(decoders) / sizeof(*decoders); i++)
        if (file->len >= decoders[i].len &&
            memcmp(file->data, decoders[i].magic, decoders[i].len) == 0)
            return &decoders[i];
    return NULL;
}

/* What people send instead, for a message. */
static const char *stranger(const struct lat_blob *file)
{
    static const struct {
        const char *magic, *name;
        size_t at, len;
    } table[] = {
        {"GIF8", "a GIF", 0, 4},       {"WEBP", "a WebP", 8, 4},
        {"BM", "a BMP", 0, 2},         {"II*\0", "a TIFF", 0, 4},
        {"MM\0*", "a TIFF", 0, 4},     {"ftypavif", "an AVIF", 4, 8},
        {"ftyphei", "a HEIC", 4, 7},   {"\xff\x0a", "a JPEG XL", 0, 2},
        {"\x8bJNG", "a JNG", 0, 4},    {"\x8aMNG", "a MNG", 0, 4},
        {"\0\0\1\0", "an icon", 0, 4}, {"<svg", "an SVG", 0, 4},
        {"%PDF", "a PDF", 0, 4},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (file->len >= table[i].at + table[i].len &&
            memcmp((const char *)file->data + table[i].at, table[i].magic,
                   table[i].len) == 0)
            return table[i].name;
    return NULL;
}

static enum lat_code look(const struct decoder **d,
                          struct lat_picture_info *info,
                          const struct lat_blob *file, struct lat_err *err)
{
    const char *name;

    *d = find(file);
    if (!*d) {
        name = stranger(file);
        return lat_fail(err, LAT_EMEDIA, "neither a JPEG nor a PNG%s%s",
                        name ? ", but " : "", name ? name : "");
    }
    info->format = (*d)->format;
    return (*d)->header(info, file, err);
}

static enum lat_code check_size(const struct lat_picture_info *info,
                                size_t max_pixels, struct lat_err *err)
{
    size_t most = max_pixels ? max_pixels : LAT_PIXELS_DEFAULT;

    if (info->width > LAT_SIDE_MAX || info->height > LAT_SIDE_MAX ||
        info->width * info->height > most)
        return lat_fail(err, LAT_ETOOBIG,
                        "%zu x %zu pixels, at most %zu in all and %d a side",
                        info->width, info->height, most, LAT_SIDE_MAX);
    return LAT_OK;
}

static enum lat_code decode(struct lat_image **out,
                            struct lat_picture_info *info,
                            const struct lat_blob *file, size_t max_pixels,
                            struct lat_err *err)
{
    const struct decoder *d = NULL;
    struct lat_image *image = NULL;
    enum lat_code code = look(&d, info, file, err);

    if (code == LAT_OK)
        code = check_size(info, max_pixels, err);
    if (code == LAT_OK)
        code = lat_image_new(&image, info->width, info->height, err);
    if (code == LAT_OK)
        code = d->pixels(image, file, err);
    if (code == LAT_OK)
        code = lat__image_turn(&image, info->orientation, err);
    if (code) {
        lat_image_free(image);
        return code;
    }
    *out = image;
    return LAT_OK;
}

const char *lat_picture_type(enum lat_picture format)
{
    return format == LAT_PICTURE_JPEG ? "image/jpeg" : "image/png";
}

enum lat_code lat_picture_look(struct lat_picture_info *info,
                               const struct lat_blob *file, struct lat_err *err)
{
    struct lat_picture_info found = {0};
    const struct decoder *d = NULL;
    enum lat_code code = look(&d, &found, file, err);

    if (code)
        return lat_wrap(err, code, "%s", file->name);
    *info = found;
    return LAT_OK;
}

enum lat_code lat_picture_decode(struct lat_image **out,
                                 struct lat_picture_info *info,
                                 const struct lat_blob *file, size_t max_pixels,
                                 struct lat_err *err)
{
    struct lat_picture_info unasked;
    enum lat_code code =
        decode(out, info ? info : &unasked, file, max_pixels, err);

    return code ? lat_wrap(err, code, "%s", file->name) : LAT_OK;
}
