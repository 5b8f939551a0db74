/*
 * blur.c - out of focus, with the bytes that Pillow gives: a Gaussian as three
 * means over boxes of fractional width (Gwosdek et al., SSVM 2011), along the
 * rows, then along the columns.
 *
 *     L = sqrt(12 sigma^2 / 3 + 1),  l = floor((L - 1) / 2)
 *     radius = l + (2 l + 1)(l (l + 1) - 3 s) / (6 (s - (l + 1)^2)),  s =
 *     sigma^2 / 3
 *
 * Beyond an edge its pixel goes on.
 */
#include "../views.h"

#include <math.h>
#include <string.h>

enum { PASSES = 3 };

static double box_radius(double sigma)
{
    float s = (float)(sigma * sigma / PASSES);
    float l = floorf((sqrtf(12.0f * s + 1.0f) - 1.0f) / 2.0f);

    return (double)(l + (2.0f * l + 1.0f) * (l * (l + 1.0f) - 3.0f * s) /
                            (6.0f * (s - (l + 1.0f) * (l + 1.0f))));
}

struct box {
    long reach;           /* whole pixels, either side */
    uint32_t whole, edge; /* weights, of 24 bits */
};

static struct box box_of(double radius)
{
    const double one = (double)(1 << 24);
    struct box b = {.reach = (long)radius};

    b.whole = (uint32_t)(one / (radius * 2.0 + 1.0));
    b.edge = ((1u << 24) - (uint32_t)(b.reach * 2 + 1) * b.whole) / 2;
    return b;
}

static const uint8_t *pixel(const uint8_t *line, long n, long i)
{
    return line + 3 * (i < 0 ? 0 : i >= n ? n - 1 : i);
}

/* One pass over a line of n pixels. */
static void mean_line(uint8_t *y, const uint8_t *x, long n, struct box b)
{
    for (size_t c = 0; c < 3; c++) {
        uint32_t sum = 0;

        for (long k = -b.reach - 1; k < b.reach; k++)
            sum += pixel(x, n, k)[c];
        for (long i = 0; i < n; i++) {
            uint32_t far = (uint32_t)pixel(x, n, i - b.reach - 1)[c] +
                           pixel(x, n, i + b.reach + 1)[c];

            sum += pixel(x, n, i + b.reach)[c];
            sum -= pixel(x, n, i - b.reach - 1)[c];
            y[i * 3 + (long)c] =
                (uint8_t)((sum * b.whole + far * b.edge + (1u << 23)) >> 24);
        }
    }
}

/* All passes over a line whose pixels are step apart; two lines of room. */
static void blur_line(uint8_t *v, size_t n, size_t step, struct box b,
                      uint8_t *room)
{
    uint8_t *from = room, *to = room + n * 3;

    for (size_t i = 0; i < n; i++)
        memcpy(from + i * 3, v + i * step * 3, 3);
    for (int pass = 0; pass < PASSES; pass++) {
        uint8_t *t = from;

        mean_line(to, from, (long)n, b);
        from = to;
        to = t;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(v + i * step * 3, from + i * 3, 3);
}

enum lat_code lat__view_blur(struct lat_image *x, double sigma,
                             struct lat_err *err)
{
    size_t longest = x->width > x->height ? x->width : x->height;
    struct box b = box_of(box_radius(sigma));
    uint8_t *room;

    if (sigma <= 0.0)
        return LAT_OK;
    room = lat_calloc(longest, 6);
    if (!room)
        return lat_fail(err, LAT_ENOMEM, "blur");
    for (size_t i = 0; i < x->height; i++)
        blur_line(x->v + i * x->width * 3, x->width, 1, b, room);
    for (size_t i = 0; i < x->width; i++)
        blur_line(x->v + i * 3, x->height, x->width, b, room);
    lat_free(room);
    return LAT_OK;
}
