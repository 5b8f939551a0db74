/* cut.c - samples at the model's rate into windows. */
#include "prepare.h"

#include <math.h>
#include <string.h>

enum {
    MISSING_PART = 20, /* at most this part of a window is filled in: 5 % */
    WINDOWS_MAX = 1 << 20,
};

/* Little-endian float32, channels last: the same on any machine. */
static void digest(uint8_t out[LAT_DIGEST], const float *x, size_t n)
{
    struct lat_sha256 h;
    uint8_t bytes[256];
    size_t len = 0;

    lat_sha256_init(&h);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof(bits));
        for (int k = 0; k < 4; k++)
            bytes[len++] = bits >> 8 * k & 0xff;
        if (len == sizeof(bytes)) {
            lat_sha256_add(&h, bytes, len);
            len = 0;
        }
    }
    lat_sha256_add(&h, bytes, len);
    lat_sha256_end(&h, out);
}

/* The most that one channel lacks of samples begin … end of the input. */
static size_t count_missing(const struct lat__work *w, size_t begin, size_t end,
                            size_t *worst)
{
    size_t sum = 0;

    *worst = 0;
    for (size_t i = 0; i < w->out->n_used; i++) {
        const float *v = w->sig->v + w->map[i] * w->sig->n_samples;
        size_t n = 0;

        for (size_t t = begin; t < end; t++)
            n += isnan(v[t]) != 0;
        sum += n;
        *worst = n > *worst ? n : *worst;
    }
    return sum;
}

static enum lat_code cut_window(const struct lat__work *w,
                                struct lat_window *win, size_t at)
{
    const struct lat_input *in = &w->card->input;
    const double back = w->sig->rate_hz / in->rate_hz;
    const size_t n = w->sig->n_samples;
    size_t worst = 0;

    win->begin = (size_t)round((double)at * back);
    win->end = (size_t)round((double)(at + in->window) * back);
    win->end = win->end < n ? win->end : n;
    win->x = w->out->samples + at * in->n_channels;
    if (w->out->n_missing > 0)
        win->n_missing = count_missing(w, win->begin, win->end, &worst);
    if (worst * MISSING_PART > win->end - win->begin)
        return lat_at(
            w->err,
            lat_fail_word(w->err, LAT_EUNFIT, "too_many_missing",
                          "%zu of samples %zu to %zu are missing, at most %d "
                          "%% of a window can be filled in",
                          worst, win->begin, win->end, 100 / MISSING_PART),
            "data");
    digest(win->digest, win->x, in->window * in->n_channels);
    return LAT_OK;
}

enum lat_code lat__cut(struct lat__work *w)
{
    const size_t size = w->card->input.window, n = w->n;
    size_t hop = w->cut->hop ? w->cut->hop : size, first = 0, count = 1;
    enum lat_code code = LAT_OK;

    if (w->cut->mode == LAT_CENTER)
        first = (n - size) / 2;
    else if (w->cut->mode == LAT_TILE)
        count = (n - size) / hop + 1;
    if (count > WINDOWS_MAX)
        return lat_at(w->err,
                      lat_fail(w->err, LAT_ETOOBIG,
                               "%zu windows, at most %d: a longer hop makes "
                               "fewer",
                               count, WINDOWS_MAX),
                      "windowing.hop_samples");
    w->out->w = lat_calloc(count, sizeof(*w->out->w));
    if (!w->out->w)
        return lat_fail(w->err, LAT_ENOMEM, "%zu windows", count);
    w->out->n = count;
    for (size_t i = 0; code == LAT_OK && i < count; i++)
        code = cut_window(w, &w->out->w[i], first + i * hop);
    return code;
}
