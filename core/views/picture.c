/*
 * picture.c - the view of a picture that SimCLR and its kin learn from: a
 * random part of it at one size, in another light, perhaps grey, out of focus,
 * in a mirror.
 */
#include "../views.h"

#include <math.h>
#include <string.h>

enum { TRIES = 10, JITTERS = 4 };

struct lat__picture_views lat__picture_views_published(size_t size)
{
    return (struct lat__picture_views){
        .size = size,
        .area = {0.08, 1.0},
        .aspect = {3.0 / 4.0, 4.0 / 3.0},
        .jitter = 0.8,
        .brightness = 0.8,
        .contrast = 0.8,
        .saturation = 0.8,
        .hue = 0.2,
        .grey = 0.2,
        .blur = 0.5,
        .sigma = {0.1, 2.0},
        .flip = 0.5,
    };
}

static double between(struct lat_rng *rng, double a, double b)
{
    return a + (b - a) * lat__rng_uniform(rng);
}

static bool happens(struct lat_rng *rng, double p)
{
    return lat__rng_uniform(rng) < p;
}

/* The middle, as much of it as the aspects allow. */
static struct lat_box middle(const struct lat_image *x,
                             const struct lat__picture_views *s)
{
    double w = (double)x->width, h = (double)x->height;
    struct lat_box b = {0};

    if (w / h < s->aspect[0])
        h = fmax(1.0, rint(w / s->aspect[0]));
    else if (w / h > s->aspect[1])
        w = fmax(1.0, rint(h * s->aspect[1]));
    b.width = (size_t)fmin(w, (double)x->width);
    b.height = (size_t)fmin(h, (double)x->height);
    b.x = (x->width - b.width) / 2;
    b.y = (x->height - b.height) / 2;
    return b;
}

struct lat_box lat__view_box(const struct lat_image *x,
                             const struct lat__picture_views *s,
                             struct lat_rng *rng)
{
    double all = (double)x->width * (double)x->height;

    for (int i = 0; i < TRIES; i++) {
        double area = all * between(rng, s->area[0], s->area[1]);
        double aspect = exp(between(rng, log(s->aspect[0]), log(s->aspect[1])));
        double w = rint(sqrt(area * aspect)), h = rint(sqrt(area / aspect));
        struct lat_box b = {.width = (size_t)w, .height = (size_t)h};

        if (w < 1.0 || h < 1.0 || b.width > x->width || b.height > x->height)
            continue;
        b.y = lat__rng_below(rng, x->height - b.height + 1);
        b.x = lat__rng_below(rng, x->width - b.width + 1);
        return b;
    }
    return middle(x, s);
}

/* uniform in [max(0, 1 - most), 1 + most] */
static double factor(struct lat_rng *rng, double most)
{
    return between(rng, fmax(0.0, 1.0 - most), 1.0 + most);
}

/* The four in random order. */
static void jitter(struct lat_image *x, const struct lat__picture_views *s,
                   struct lat_rng *rng)
{
    size_t order[JITTERS] = {0, 1, 2, 3};

    for (size_t i = JITTERS; i > 1; i--) {
        size_t j = lat__rng_below(rng, i), t = order[i - 1];

        order[i - 1] = order[j];
        order[j] = t;
    }
    for (size_t i = 0; i < JITTERS; i++)
        if (order[i] == 0)
            lat__view_brightness(x, factor(rng, s->brightness));
        else if (order[i] == 1)
            lat__view_contrast(x, factor(rng, s->contrast));
        else if (order[i] == 2)
            lat__view_saturation(x, factor(rng, s->saturation));
        else
            lat__view_hue(x, between(rng, -s->hue, s->hue));
}

void lat__view_flip(struct lat_image *x)
{
    for (size_t i = 0; i < x->height; i++)
        for (size_t a = 0, b = x->width - 1; a < b; a++, b--) {
            uint8_t *row = x->v + i * x->width * 3, t[3];

            memcpy(t, row + a * 3, 3);
            memcpy(row + a * 3, row + b * 3, 3);
            memcpy(row + b * 3, t, 3);
        }
}

enum lat_code lat__view_picture(struct lat_image **out,
                                const struct lat_image *x,
                                const struct lat__picture_views *s,
                                struct lat_rng *rng, struct lat_err *err)
{
    struct lat_box box = lat__view_box(x, s, rng);
    struct lat_image *y = NULL;
    enum lat_code code =
        lat_image_resize(&y, x, &box, s->size, s->size, LAT_BICUBIC, err);

    if (code)
        return code;
    if (happens(rng, s->jitter))
        jitter(y, s, rng);
    if (happens(rng, s->grey))
        lat__view_grey(y);
    if (happens(rng, s->blur))
        code = lat__view_blur(y, between(rng, s->sigma[0], s->sigma[1]), err);
    if (happens(rng, s->flip))
        lat__view_flip(y);
    if (code) {
        lat_image_free(y);
        return code;
    }
    *out = y;
    return LAT_OK;
}
