/*
 * prepare.c - a recording to the windows that a model reads.
 *
 * Units, missing samples, resampling of the whole input, cutting: in this
 * order, so that a window has the same bytes however it was asked for.
 */
#include "prepare.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES_MAX = 1 << 27 };

static const double RATE_MIN = 1.0, RATE_MAX = 100000.0, RATIO_MAX = 256.0;

/* ---- checks ------------------------------------------------------------- */

static enum lat_code check_rate(const struct lat__work *w)
{
    const double from = w->sig->rate_hz, to = w->card->input.rate_hz;
    enum lat_code code = LAT_OK;

    if (from == 0.0)
        code = lat_fail_word(w->err, LAT_EUNFIT, "sampling_rate_required",
                             "the sampling rate is not said; it is never "
                             "guessed");
    else if (!(from >= RATE_MIN && from <= RATE_MAX))
        code = lat_fail_word(w->err, LAT_EUNFIT, "invalid_rate",
                             "sampling rate %g Hz, must be %g to %g", from,
                             RATE_MIN, RATE_MAX);
    else if (from / to > RATIO_MAX || to / from > RATIO_MAX)
        code = lat_fail_word(w->err, LAT_EUNFIT, "invalid_rate",
                             "sampling rate %g Hz cannot be brought to %g Hz: "
                             "a ratio of more than %g",
                             from, to, RATIO_MAX);
    return code ? lat_at(w->err, code, "sampling_rate_hz") : LAT_OK;
}

static enum lat_code check_finite(const struct lat__work *w, size_t k)
{
    const float *v = w->sig->v + k * w->sig->n_samples;

    for (size_t i = 0; i < w->sig->n_samples; i++)
        if (isinf(v[i]))
            return lat_at(w->err,
                          lat_fail_word(w->err, LAT_EUNFIT, "nonfinite_input",
                                        "sample %zu of channel %s is not "
                                        "finite",
                                        i, w->sig->channels[k].name),
                          "data[%zu][%zu]", k, i);
    return LAT_OK;
}

/* So many samples of the input make one window. */
static double window_of_input(const struct lat__work *w)
{
    return round((double)w->card->input.window * w->sig->rate_hz /
                 w->card->input.rate_hz);
}

static enum lat_code check_length(const struct lat__work *w)
{
    const struct lat_input *in = &w->card->input;
    const bool too_long = w->cut->mode == LAT_REJECT && w->n > in->window;
    char resampled[48] = "";

    if (w->n >= in->window && !too_long)
        return LAT_OK;
    if (w->sig->rate_hz != in->rate_hz)
        snprintf(resampled, sizeof(resampled), " are %zu at %g Hz", w->n,
                 in->rate_hz);
    return lat_at(
        w->err,
        lat_fail_word(
            w->err, LAT_EUNFIT, too_long ? "too_long" : "too_short",
            "%zu samples at %g Hz%s, a window of model %s has %zu: send "
            "%s%.0f%s",
            w->sig->n_samples, w->sig->rate_hz, resampled, w->card->name,
            in->window, w->cut->mode == LAT_REJECT ? "" : "at least ",
            window_of_input(w),
            too_long ? ", or ask for the windowing center or tile" : ""),
        "data");
}

/* ---- one channel -------------------------------------------------------- */

/* Channel k of the signal into the unit of the model's i-th. */
static enum lat_code convert_unit(const struct lat__work *w, size_t i, float *v)
{
    const size_t k = w->map[i];
    const struct lat_channel *c = &w->sig->channels[k];
    const char *unit = lat_input_unit(&w->card->input, i);
    enum lat_code code;
    double factor;

    code = lat_unit_factor(&factor, c->unit, unit, w->err);
    if (code)
        return lat_at(w->err, lat_wrap(w->err, code, "channel %s", c->name),
                      "channels[%zu].unit", k);
    for (size_t t = 0; t < w->sig->n_samples; t++) {
        v[t] = (float)((double)v[t] * factor);
        if (isinf(v[t]))
            return lat_at(w->err,
                          lat_fail_word(w->err, LAT_EUNFIT, "nonfinite_input",
                                        "sample %zu of channel %s is beyond "
                                        "float32 in %s",
                                        t, c->name, unit),
                          "data[%zu][%zu]", k, t);
    }
    return LAT_OK;
}

/* Channel i of the model into its places of out->samples. */
static enum lat_code prepare_channel(struct lat__work *w, size_t i, float *v,
                                     float *resampled)
{
    const size_t k = w->map[i], n = w->sig->n_samples;
    const size_t step = w->card->input.n_channels;
    const float *y = v;
    enum lat_code code;

    memcpy(v, w->sig->v + k * n, n * sizeof(*v));
    lat__warn_channel(w, k, v, n);
    code = check_finite(w, k);
    if (code == LAT_OK)
        code = convert_unit(w, i, v);
    if (code)
        return code;
    w->out->n_missing += lat__missing_fill(v, n);
    if (w->sig->rate_hz != w->card->input.rate_hz) {
        code = lat__resample(resampled, v, n, w->sig->rate_hz,
                             w->card->input.rate_hz, w->err);
        y = resampled;
    }
    for (size_t t = 0; code == LAT_OK && t < w->n; t++)
        w->out->samples[t * step + i] = y[t];
    return code;
}

static enum lat_code prepare_channels(struct lat__work *w)
{
    float *v = lat_calloc(w->sig->n_samples, sizeof(*v));
    float *resampled = lat_calloc(w->n, sizeof(*resampled));
    enum lat_code code = LAT_OK;

    if (!v || !resampled)
        code = lat_fail(w->err, LAT_ENOMEM, "%zu samples", w->n);
    for (size_t i = 0; code == LAT_OK && i < w->out->n_used; i++)
        code = prepare_channel(w, i, v, resampled);
    lat_free(resampled);
    lat_free(v);
    return code;
}

/* ---- the whole ---------------------------------------------------------- */

static enum lat_code make_room(struct lat__work *w)
{
    const struct lat_input *in = &w->card->input;

    if (w->n > SAMPLES_MAX / in->n_channels)
        return lat_fail(w->err, LAT_ETOOBIG,
                        "%zu samples at %g Hz, at most %zu", w->n, in->rate_hz,
                        (size_t)SAMPLES_MAX / in->n_channels);
    w->out->samples = lat_calloc(w->n * in->n_channels, sizeof(float));
    if (!w->out->samples)
        return lat_fail(w->err, LAT_ENOMEM, "%zu samples", w->n);
    w->out->from_hz = w->sig->rate_hz;
    w->out->to_hz = in->rate_hz;
    w->out->n_used = in->n_channels;
    for (size_t i = 0; i < in->n_channels; i++)
        memcpy(w->out->used[i], w->sig->channels[w->map[i]].name, LAT_NAME_MAX);
    return LAT_OK;
}

static enum lat_code run(struct lat__work *w)
{
    const struct lat_input *in = &w->card->input;
    enum lat_code code;

    code = lat__match_channels(w->map, w->card, w->sig, w->cut->positional,
                               w->err);
    if (code == LAT_OK)
        code = check_rate(w);
    if (code)
        return code;
    w->n = lat__resampled(w->sig->n_samples, w->sig->rate_hz, in->rate_hz);
    code = check_length(w);
    if (code == LAT_OK)
        code = make_room(w);
    if (code == LAT_OK)
        code = prepare_channels(w);
    if (code == LAT_OK)
        code = lat__cut(w);
    if (code == LAT_OK)
        lat__warn_windows(w);
    return code;
}

enum lat_code lat_prepare(struct lat_windows **out, const struct lat_card *card,
                          const struct lat_signal *sig,
                          const struct lat_cut *cut, struct lat_err *err)
{
    struct lat_windows *windows = lat_calloc(1, sizeof(*windows));
    struct lat__work w = {
        .card = card, .sig = sig, .cut = cut, .out = windows, .err = err};
    enum lat_code code;

    assert(card->input.window > 0 && card->input.rate_hz > 0.0);
    if (!windows)
        return lat_fail(err, LAT_ENOMEM, "windows");
    code = run(&w);
    if (code) {
        lat_windows_free(windows);
        return code;
    }
    *out = windows;
    return LAT_OK;
}

void lat_windows_free(struct lat_windows *w)
{
    if (!w)
        return;
    lat_free(w->w);
    lat_free(w->samples);
    lat_free(w);
}
