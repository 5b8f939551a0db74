/* batch.c - views of some images, on all threads: decoded, drawn, as numbers.
 */
#include "../gallery.h"

#include <string.h>

void lat__picture_numbers(float *y, const struct lat__picture_batch *b,
                          const struct lat_image *image)
{
    for (size_t i = 0; i < image->width * image->height * 3; i++)
        y[i] = (float)(((double)image->v[i] / 255.0 - b->mean[i % 3]) /
                       b->deviation[i % 3]);
}

/* All views of image i of the batch. */
static enum lat_code fill_one(const struct lat__picture_fill *f, size_t i,
                              struct lat_err *err)
{
    const struct lat__picture_batch *b = f->b;
    size_t item = b->views.size * b->views.size * 3;
    struct lat_image *image = NULL, *view = NULL;
    enum lat_code code =
        lat_gallery_image(&image, b->gallery, f->shots[i], 0, err);

    for (size_t v = 0; code == LAT_OK && v < b->n_views; v++) {
        struct lat_rng rng;

        lat__rng_seed(&rng, f->seeds[v * b->n + i]);
        code = lat__view_picture(&view, image, &b->views, &rng, err);
        if (code)
            break;
        lat__picture_numbers(f->x + (v * b->n + i) * item, b, view);
        lat_image_free(view);
    }
    lat_image_free(image);
    return code;
}

static void fill_part(void *arg, size_t part)
{
    struct lat__picture_fill *f = arg;

    for (size_t i = lat__part_begin(f->b->n, part);
         i < lat__part_begin(f->b->n, part + 1) && !f->code[part]; i++)
        f->code[part] = fill_one(f, i, &f->err[part]);
}

enum lat_code lat__picture_filled(const struct lat__picture_fill *f,
                                  struct lat_err *err)
{
    for (size_t i = 0; i < LAT_PARTS; i++)
        if (f->code[i]) {
            if (err)
                *err = f->err[i];
            return f->code[i];
        }
    return LAT_OK;
}

void lat__picture_fill_aside(struct lat__picture_fill *f, struct lat_team *team)
{
    memset(f->code, 0, sizeof(f->code));
    lat__team_aside(team, fill_part, f);
}

enum lat_code lat__picture_batch_fill(
    float *x, const struct lat__picture_batch *b, const size_t *shots,
    const uint64_t *seeds, struct lat_team *team, struct lat_err *err)
{
    struct lat__picture_fill f = {
        .x = x, .b = b, .shots = shots, .seeds = seeds};

    lat__team_run(team, fill_part, &f);
    return lat__picture_filled(&f, err);
}
