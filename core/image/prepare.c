/* prepare.c - images as a model wants them: resized, cut, as numbers. */
#include "../image.h"
#include "../latent/model.h"

#include <assert.h>
#include <string.h>

/* Half of a - b, ties to even, as Python rounds. */
static size_t half(size_t d)
{
    return d / 2 + (d % 4 == 3);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void measure(struct lat_image_prepared *p,
                    const struct lat_image_input *in,
                    const struct lat_image *image)
{
    size_t w = image->width, h = image->height, s = least(w, h);

    p->width = p->to_width = w;
    p->height = p->to_height = h;
    if (in->shorter) {
        p->to_width = w == s ? in->shorter : in->shorter * w / s;
        p->to_height = h == s ? in->shorter : in->shorter * h / s;
    }
    p->crop.width = least(p->to_width, in->width);
    p->crop.height = least(p->to_height, in->height);
    p->crop.x = half(p->to_width - p->crop.width);
    p->crop.y = half(p->to_height - p->crop.height);
}

/* The crop into the middle of y, black around it. */
static void put_middle(struct lat_image *y, const struct lat_image *x,
                       const struct lat_box *crop)
{
    size_t left = (y->width - crop->width) / 2;
    size_t top = (y->height - crop->height) / 2;

    for (size_t i = 0; i < crop->height; i++)
        memcpy(y->v + ((top + i) * y->width + left) * 3,
               x->v + ((crop->y + i) * x->width + crop->x) * 3,
               crop->width * 3);
}

static enum lat_code make_numbers(struct lat_image_prepared *p,
                                  const struct lat_image_input *in,
                                  const struct lat_image *image,
                                  struct lat_err *err)
{
    size_t n = image->width * image->height * 3;
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, image->v, n);
    lat_sha256_end(&h, p->digest);
    p->x = lat_calloc(n, sizeof(*p->x));
    if (!p->x)
        return lat_fail(err, LAT_ENOMEM, "%zu x %zu pixels", image->width,
                        image->height);
    for (size_t i = 0; i < n; i++)
        p->x[i] = (float)(((double)image->v[i] / 255.0 - in->mean[i % 3]) /
                          in->deviation[i % 3]);
    return LAT_OK;
}

static enum lat_code prepare(struct lat_image_prepared *p,
                             const struct lat_image_input *in,
                             const struct lat_image *image, struct lat_err *err)
{
    struct lat_image *resized = NULL, *middle = NULL;
    enum lat_code code;

    measure(p, in, image);
    if (p->to_width > LAT_SIDE_MAX || p->to_height > LAT_SIDE_MAX)
        return lat_fail(err, LAT_ETOOBIG,
                        "%zu x %zu pixels: with the shorter side at %zu the "
                        "longer is over %d",
                        p->width, p->height, in->shorter, LAT_SIDE_MAX);
    code = lat_image_resize(&resized, image, NULL, p->to_width, p->to_height,
                            in->filter, err);
    if (!code)
        code = lat_image_new(&middle, in->width, in->height, err);
    if (!code) {
        put_middle(middle, resized, &p->crop);
        code = make_numbers(p, in, middle, err);
    }
    lat_image_free(resized);
    lat_image_free(middle);
    return code;
}

enum lat_code lat_prepare_image(struct lat_image_prepared **out,
                                const struct lat_card *card,
                                const struct lat_image *image,
                                struct lat_err *err)
{
    struct lat_image_prepared *p = lat_calloc(1, sizeof(*p));
    enum lat_code code;

    assert(card->modality == LAT_IMAGES);
    if (!p)
        return lat_fail(err, LAT_ENOMEM, "an image");
    code = prepare(p, &card->image, image, err);
    if (code) {
        lat_image_prepared_free(p);
        return code;
    }
    *out = p;
    return LAT_OK;
}

void lat_image_prepared_free(struct lat_image_prepared *p)
{
    if (!p)
        return;
    lat_free(p->x);
    lat_free(p);
}
