/*
 * colour.c - pictures in another light, with the bytes that Pillow gives.
 *
 *     grey        L = (19595 R + 38470 G + 7471 B + 32768) / 65536
 *     brightness  between black and x        contrast  between mean L and x
 *     saturation  between L and x            hue       round the circle
 *
 * Between a and x by a factor f: a + f (x - a), also beyond both.
 */
#include "../views.h"

#include <math.h>
#include <string.h>

static uint8_t grey(const uint8_t *p)
{
    return (uint8_t)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u) >>
                     16);
}

static uint8_t between(uint8_t a, uint8_t x, float f)
{
    float v = (float)a + f * (float)(x - a);

    return (uint8_t)(v <= 0.0f ? 0.0f : v >= 255.0f ? 255.0f : v);
}

static size_t pixels(const struct lat_image *x)
{
    return x->width * x->height;
}

void lat__view_grey(struct lat_image *x)
{
    for (size_t i = 0; i < pixels(x); i++)
        memset(x->v + i * 3, grey(x->v + i * 3), 3);
}

void lat__view_brightness(struct lat_image *x, double factor)
{
    for (size_t i = 0; i < pixels(x) * 3; i++)
        x->v[i] = between(0, x->v[i], (float)factor);
}

void lat__view_contrast(struct lat_image *x, double factor)
{
    double sum = 0.0;
    uint8_t mean;

    for (size_t i = 0; i < pixels(x); i++)
        sum += grey(x->v + i * 3);
    mean = (uint8_t)(sum / (double)pixels(x) + 0.5);
    for (size_t i = 0; i < pixels(x) * 3; i++)
        x->v[i] = between(mean, x->v[i], (float)factor);
}

void lat__view_saturation(struct lat_image *x, double factor)
{
    for (size_t i = 0; i < pixels(x); i++) {
        uint8_t *p = x->v + i * 3, l = grey(p);

        for (size_t c = 0; c < 3; c++)
            p[c] = between(l, p[c], (float)factor);
    }
}

/* ---- hue: RGB to hue, saturation, value of 8 bits each, and back ------- */

static uint8_t clipped(double v)
{
    return (uint8_t)(v < 0.0 ? 0.0 : v > 255.0 ? 255.0 : v);
}

static void to_hsv(uint8_t *hsv, const uint8_t *p)
{
    uint8_t most = p[0], least = p[0];
    float range, r, g, b;
    float h;

    for (size_t c = 1; c < 3; c++) {
        most = p[c] > most ? p[c] : most;
        least = p[c] < least ? p[c] : least;
    }
    hsv[0] = hsv[1] = 0;
    hsv[2] = most;
    if (most == least)
        return;
    range = (float)(most - least);
    r = (float)(most - p[0]) / range;
    g = (float)(most - p[1]) / range;
    b = (float)(most - p[2]) / range;
    if (p[0] == most)
        h = b - g;
    else if (p[1] == most)
        h = (float)(2.0 + (double)r - (double)b);
    else
        h = (float)(4.0 + (double)g - (double)r);
    hsv[0] = clipped((double)(float)fmod((double)h / 6.0 + 1.0, 1.0) * 255.0);
    hsv[1] = clipped((double)(range / (float)most) * 255.0);
}

static void from_hsv(uint8_t *p, const uint8_t *hsv)
{
    static const uint8_t order[6][3] = {{0, 3, 1}, {2, 0, 1}, {1, 0, 3},
                                        {1, 2, 0}, {3, 1, 0}, {0, 1, 2}};
    double at = (double)hsv[0] * 6.0 / 255.0, s = (double)hsv[1] / 255.0;
    double v = (double)hsv[2], f = at - floor(at);
    const uint8_t choice[4] = {hsv[2], clipped(round(v * (1.0 - s))),
                               clipped(round(v * (1.0 - s * f))),
                               clipped(round(v * (1.0 - s * (1.0 - f))))};

    for (size_t c = 0; c < 3; c++)
        p[c] = choice[order[(size_t)at % 6][c]];
}

void lat__view_hue(struct lat_image *x, double turn)
{
    uint8_t shift = (uint8_t)(int)(turn * 255.0), hsv[3];

    for (size_t i = 0; i < pixels(x); i++) {
        to_hsv(hsv, x->v + i * 3);
        hsv[0] = (uint8_t)(hsv[0] + shift);
        from_hsv(x->v + i * 3, hsv);
    }
}
