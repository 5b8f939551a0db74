/* turned_row.c - the rows of an evaluation under rotation: blocks of latents,
 * and what needs no learning. */
#include "../measure.h"

#include <math.h>
#include <string.h>

size_t lat__turned_width(const struct lat__windows *w, size_t row)
{
    switch ((enum lat_turn_row)row) {
    case LAT_TURN_INV:
    case LAT_TURN_VAR:
    case LAT_TURN_FREE:
        if (!w->card->partitioned)
            return 0;
        return w->card->blocks[row].end - w->card->blocks[row].begin;
    case LAT_TURN_ALL:
        return w->dims;
    case LAT_TURN_RAW:
        return w->window * w->channels;
    case LAT_TURN_NORM:
        return w->window;
    case LAT_TURN_SPECTRUM:
        return w->window / 2 + 1;
    case LAT_N_TURN_ROWS:
        break;
    }
    return 0;
}

static void lengths(float *out, const struct lat__windows *w, const float *x)
{
    for (size_t k = 0; k < w->window; k++, x += w->channels)
        out[k] = sqrtf(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
}

/* |F|^2 of one axis at bin k, by Goertzel's recurrence. */
static double power(const struct lat__windows *w, const float *x, size_t k)
{
    double c = 2.0 * cos(6.283185307179586 * (double)k / (double)w->window);
    double a = 0.0, b = 0.0;

    for (size_t t = 0; t < w->window; t++) {
        double next = (double)x[t * w->channels] + c * a - b;

        b = a;
        a = next;
    }
    return fmax(a * a + b * b - c * a * b, 0.0);
}

/* The sum over axes is what no rotation changes. */
static void spectrum(float *out, const struct lat__windows *w, const float *x)
{
    for (size_t k = 0; k <= w->window / 2; k++)
        out[k] = (float)sqrt(power(w, x, k) + power(w, x + 1, k) +
                             power(w, x + 2, k));
}

void lat__turned_row(float *out, const struct lat__windows *w, const float *z,
                     size_t row, size_t i)
{
    const float *x = w->x + i * w->window * w->channels;
    size_t width = lat__turned_width(w, row), begin = 0;

    if (row < LAT_N_BLOCKS)
        begin = w->card->blocks[row].begin;
    if (row <= LAT_TURN_ALL)
        memcpy(out, z + i * w->dims + begin, width * sizeof(*out));
    else if (row == LAT_TURN_RAW)
        memcpy(out, x, width * sizeof(*out));
    else if (row == LAT_TURN_NORM)
        lengths(out, w, x);
    else
        spectrum(out, w, x);
}
