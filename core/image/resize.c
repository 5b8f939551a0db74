/*
 * resize.c - another size, with the bytes that Pillow gives.
 *
 * Each new sample is a weighted mean of the old ones around its centre; the
 * weights are the filter, stretched by the factor when the image shrinks, so
 * that nothing aliases.  Columns first, then rows, 8 bits between them, weights
 * of 22 bits: as Pillow's Resample.c, which this must match.
 */
#include "../image.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { BITS = 22 };

/* New sample i is the sum of weight[i * room + k] times old one begin[i] + k */
struct taps {
    size_t n, room;
    size_t *begin, *count;
    int32_t *weight;
};

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys, a = -1/2. */
static double bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0)
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

struct kernel {
    double (*at)(double x);
    double reach;
};

static const struct kernel kernels[] = {
    [LAT_BILINEAR] = {bilinear, 1.0},
    [LAT_BICUBIC] = {bicubic, 2.0},
};

static void taps_fini(struct taps *t)
{
    lat_free(t->begin);
    lat_free(t->count);
    lat_free(t->weight);
}

/* The weights around one centre, their sum 1. */
static void weigh(struct taps *t, size_t i, const struct kernel *k,
                  double centre, double stretch)
{
    int32_t *w = t->weight + i * t->room;
    double by = 1.0 / stretch, sum = 0.0;

    for (size_t j = 0; j < t->count[i]; j++)
        sum += k->at(((double)(t->begin[i] + j) - centre + 0.5) * by);
    for (size_t j = 0; j < t->count[i]; j++) {
        double v = k->at(((double)(t->begin[i] + j) - centre + 0.5) * by);

        v = (sum != 0.0 ? v / sum : v) * (double)(1 << BITS);
        w[j] = (int32_t)(v < 0.0 ? v - 0.5 : v + 0.5);
    }
}

static enum lat_code taps_init(struct taps *t, size_t from, size_t to,
                               const struct kernel *k, struct lat_err *err)
{
    double scale = (double)from / (double)to, stretch = fmax(scale, 1.0);
    double reach = k->reach * stretch;

    t->n = to;
    t->room = (size_t)ceil(reach) * 2 + 1;
    t->begin = lat_calloc(to, sizeof(*t->begin));
    t->count = lat_calloc(to, sizeof(*t->count));
    t->weight = lat_calloc(to * t->room, sizeof(*t->weight));
    if (!t->begin || !t->count || !t->weight)
        return lat_fail(err, LAT_ENOMEM, "resizing %zu to %zu", from, to);
    for (size_t i = 0; i < to; i++) {
        double centre = ((double)i + 0.5) * scale;
        double end = fmin(floor(centre + reach + 0.5), (double)from);

        t->begin[i] = (size_t)fmax(centre - reach + 0.5, 0.0);
        t->count[i] = (size_t)end - t->begin[i];
        weigh(t, i, k, centre, stretch);
    }
    return LAT_OK;
}

static uint8_t clipped(int32_t sum)
{
    sum >>= BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* One row of y from one of x. */
static void columns(uint8_t *y, const uint8_t *x, const struct taps *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const int32_t *w = t->weight + i * t->room;
        const uint8_t *p = x + t->begin[i] * 3;
        int32_t sum[3] = {1 << (BITS - 1), 1 << (BITS - 1), 1 << (BITS - 1)};

        for (size_t k = 0; k < t->count[i]; k++)
            for (size_t c = 0; c < 3; c++)
                sum[c] += w[k] * p[k * 3 + c];
        for (size_t c = 0; c < 3; c++)
            y[i * 3 + c] = clipped(sum[c]);
    }
}

/* Row i of y, len bytes, from rows of x. */
static void row(uint8_t *y, const uint8_t *x, size_t len, const struct taps *t,
                size_t i)
{
    const int32_t *w = t->weight + i * t->room;
    const uint8_t *p = x + t->begin[i] * len;

    for (size_t j = 0; j < len; j++) {
        int32_t sum = 1 << (BITS - 1);

        for (size_t k = 0; k < t->count[i]; k++)
            sum += w[k] * p[k * len + j];
        y[j] = clipped(sum);
    }
}

static void cut(struct lat_image *y, const struct lat_image *x,
                const struct lat_box *box)
{
    for (size_t i = 0; i < box->height; i++)
        memcpy(y->v + i * box->width * 3,
               x->v + ((box->y + i) * x->width + box->x) * 3, box->width * 3);
}

/* The box at its new width. */
static enum lat_code widen(struct lat_image **out, const struct lat_image *x,
                           const struct lat_box *box, size_t width,
                           const struct kernel *k, struct lat_err *err)
{
    struct lat_image *y = NULL;
    struct taps t = {0};
    enum lat_code code = lat_image_new(&y, width, box->height, err);

    if (code)
        return code;
    if (width == box->width)
        cut(y, x, box);
    else
        code = taps_init(&t, box->width, width, k, err);
    for (size_t i = 0; code == LAT_OK && t.n && i < box->height; i++)
        columns(y->v + i * width * 3,
                x->v + ((box->y + i) * x->width + box->x) * 3, &t);
    taps_fini(&t);
    if (code)
        lat_image_free(y);
    else
        *out = y;
    return code;
}

/* Takes *image to its new height. */
static enum lat_code heighten(struct lat_image **image, size_t height,
                              const struct kernel *k, struct lat_err *err)
{
    const struct lat_image *x = *image;
    struct lat_image *y = NULL;
    struct taps t = {0};
    enum lat_code code;

    if (height == x->height)
        return LAT_OK;
    code = lat_image_new(&y, x->width, height, err);
    if (code == LAT_OK)
        code = taps_init(&t, x->height, height, k, err);
    for (size_t i = 0; code == LAT_OK && i < height; i++)
        row(y->v + i * x->width * 3, x->v, x->width * 3, &t, i);
    taps_fini(&t);
    if (code) {
        lat_image_free(y);
        return code;
    }
    lat_image_free(*image);
    *image = y;
    return LAT_OK;
}

enum lat_code lat_image_resize(struct lat_image **out,
                               const struct lat_image *image,
                               const struct lat_box *box, size_t width,
                               size_t height, enum lat_filter filter,
                               struct lat_err *err)
{
    const struct lat_box whole = {0, 0, image->width, image->height};
    const struct lat_box *b = box ? box : &whole;
    struct lat_image *y = NULL;
    enum lat_code code;

    assert(b->width > 0 && b->x + b->width <= image->width);
    assert(b->height > 0 && b->y + b->height <= image->height);
    code = widen(&y, image, b, width, &kernels[filter], err);
    if (code == LAT_OK)
        code = heighten(&y, height, &kernels[filter], err);
    if (code) {
        lat_image_free(y);
        return code;
    }
    *out = y;
    return LAT_OK;
}

/* Half of a - b, ties to even, as Python rounds. */
static size_t half(size_t d)
{
    return d / 2 + (d % 4 == 3);
}

/* The middle square of side crop, black around what is smaller. */
static enum lat_code middle(struct lat_image **image, size_t crop,
                            struct lat_err *err)
{
    const struct lat_image *x = *image;
    struct lat_image *y = NULL;
    size_t w = x->width < crop ? x->width : crop;
    size_t h = x->height < crop ? x->height : crop;
    size_t left = (crop - w) / 2, top = (crop - h) / 2;
    enum lat_code code = lat_image_new(&y, crop, crop, err);

    if (code)
        return code;
    for (size_t i = 0; i < h; i++)
        memcpy(y->v + ((top + i) * crop + left) * 3,
               x->v +
                   ((half(x->height - h) + i) * x->width + half(x->width - w)) *
                       3,
               w * 3);
    lat_image_free(*image);
    *image = y;
    return LAT_OK;
}

enum lat_code lat_image_fit(struct lat_image **out,
                            const struct lat_image *image, size_t shorter,
                            size_t crop, struct lat_err *err)
{
    size_t w = image->width, h = image->height;
    struct lat_image *y = NULL;
    enum lat_code code;

    if (shorter) {
        size_t least = w < h ? w : h;

        w = w == least ? shorter : shorter * w / least;
        h = h == least ? shorter : shorter * h / least;
    }
    code = lat_image_resize(&y, image, NULL, w, h, LAT_BILINEAR, err);
    if (code == LAT_OK)
        code = middle(&y, crop, err);
    if (code) {
        lat_image_free(y);
        return code;
    }
    *out = y;
    return LAT_OK;
}
