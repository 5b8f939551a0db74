/* picture.c - images in files, for the commands that take them. */
#include "picture.h"

#include <string.h>
#include <strings.h>

enum { FILE_MAX = 1 << 28 };

bool cli_is_picture(const char *path)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

enum lat_code cli_picture_read(struct lat_image **out, const char *path,
                               struct lat_err *err)
{
    struct lat_blob file = {.name = path};
    char *data = NULL;
    enum lat_code code = lat_file_read(&data, &file.len, path, FILE_MAX, err);

    if (code)
        return code;
    file.data = data;
    code = lat_picture_decode(out, NULL, &file, 0, err);
    lat_free(data);
    return code;
}

enum lat_code cli_picture_fits(const struct lat_card *card, const char *path,
                               struct lat_err *err)
{
    bool image = cli_is_picture(path);

    if (image == (card->modality == LAT_IMAGES))
        return LAT_OK;
    return lat_fail(err, LAT_EUNFIT, "%s: %s, but model %s reads %ss", path,
                    image ? "an image" : "not an image", card->name,
                    lat_modality_name(card->modality));
}

enum lat_code cli_picture_prepare(struct lat_image_prepared **out,
                                  const struct lat_card *card, const char *path,
                                  struct lat_err *err)
{
    struct lat_image *image = NULL;
    enum lat_code code = cli_picture_read(&image, path, err);

    if (code)
        return code; /* it names the file */
    code = lat_prepare_image(out, card, image, err);
    lat_image_free(image);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}
