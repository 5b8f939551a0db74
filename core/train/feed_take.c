/*
 * feed_take.c - of one recording, what a recipe wants: the channels that it
 * names, in its unit and at its rate.
 *
 * Samples that are missing lie on a line between their neighbours; a stretch
 * of them that is longer than 5 % of a window is nothing to learn from.
 */
#include "../train.h"

#include <math.h>
#include <string.h>

static const double MISSING_MAX = 0.05, RATE_MIN = 1.0, RATE_MAX = 100000.0,
                    RATIO_MAX = 256.0;

struct take {
    const struct lat_recipe *r;
    const struct lat_signal *sig;
    size_t begin, n; /* of its samples */
    size_t n_out;    /* at the recipe's rate */
    float *in, *out; /* scratch (n), (n_out) */
    struct lat_err *err;
};

/* ---- checks ------------------------------------------------------------- */

static enum lat_code check_rate(const struct take *t)
{
    double from = t->sig->rate_hz, ratio = from / t->r->rate_hz;

    if (from == 0.0)
        return lat_fail_word(t->err, LAT_EUNFIT, "sampling_rate_required",
                             "the sampling rate is not said; it is never "
                             "guessed");
    if (!(from >= RATE_MIN && from <= RATE_MAX) || ratio > RATIO_MAX ||
        ratio < 1.0 / RATIO_MAX)
        return lat_fail_word(t->err, LAT_EUNFIT, "invalid_rate",
                             "sampling rate %g Hz cannot be brought to %g Hz",
                             from, t->r->rate_hz);
    return LAT_OK;
}

static enum lat_code check_segment(struct take *t,
                                   const struct lat_recording *from)
{
    size_t end = from->end ? from->end : t->sig->n_samples;

    if (from->begin >= end || end > t->sig->n_samples)
        return lat_fail(t->err, LAT_EUNFIT,
                        "segment [%zu, %zu] of a recording of %zu samples",
                        from->begin, end, t->sig->n_samples);
    t->begin = from->begin;
    t->n = end - from->begin;
    return LAT_OK;
}

/* The longest stretch of missing samples, and where it begins. */
static size_t longest_gap(const float *v, size_t n, size_t *at)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++) {
        size_t end = i;

        while (end < n && isnan(v[end]))
            end++;
        if (end - i > most) {
            most = end - i;
            *at = i;
        }
        i = end;
    }
    return most;
}

static enum lat_code check_samples(const struct take *t, const char *channel)
{
    double window = (double)t->r->window * t->sig->rate_hz / t->r->rate_hz;
    size_t at = 0, gap = longest_gap(t->in, t->n, &at);

    if ((double)gap > MISSING_MAX * window)
        return lat_fail_word(t->err, LAT_EUNFIT, "missing_samples",
                             "%zu samples of channel %s are missing from %zu "
                             "on, at most 5 %% of a window of %g; a segment "
                             "without them can be used",
                             gap, channel, t->begin + at, window);
    for (size_t i = 0; i < t->n; i++)
        if (isinf(t->in[i]))
            return lat_fail_word(t->err, LAT_EUNFIT, "nonfinite_input",
                                 "sample %zu of channel %s is not finite",
                                 t->begin + i, channel);
    return LAT_OK;
}

/* ---- channels ----------------------------------------------------------- */

/* Channel c, at the recipe's rate and in the unit of its lead k, into every
 * step-th of v (n_out). */
static enum lat_code take_channel(const struct take *t, float *v, size_t step,
                                  size_t c, size_t k)
{
    const struct lat_channel *ch = &t->sig->channels[c];
    const float *from = t->sig->v + c * t->sig->n_samples + t->begin;
    const float *y = t->in;
    char unit[LAT_UNIT_MAX];
    enum lat_code code;
    double factor;

    lat__recipe_unit(unit, t->r, k);
    code = lat_unit_factor(&factor, ch->unit, unit, t->err);
    if (code)
        return lat_wrap(t->err, code, "channel %s", ch->name);
    for (size_t i = 0; i < t->n; i++)
        t->in[i] = (float)((double)from[i] * factor);
    code = check_samples(t, ch->name);
    if (code)
        return code;
    lat__missing_fill(t->in, t->n);
    if (fabs(t->sig->rate_hz - t->r->rate_hz) > 1e-6 * t->r->rate_hz) {
        code = lat__resample(t->out, t->in, t->n, t->sig->rate_hz,
                             t->r->rate_hz, t->err);
        y = t->out;
    }
    for (size_t i = 0; code == LAT_OK && i < t->n_out; i++)
        v[i * step] = y[i];
    return code;
}

/* The next channel in the order of the recipe; LAT_ENOENT after the last. */
static enum lat_code next_channel(const struct take *t, size_t *c,
                                  const char **leads)
{
    char name[LAT_NAME_MAX];

    if (!lat__recipe_word(name, leads))
        return LAT_ENOENT;
    for (*c = 0; *c < t->sig->n_channels; ++*c)
        if (lat_channel_same(name, t->sig->channels[*c].name))
            return LAT_OK;
    return lat_fail_word(t->err, LAT_EUNFIT, "missing_channel",
                         "it has no channel %s", name);
}

/* All that the recipe names: the axes of sensors. */
static enum lat_code take_axes(const struct take *t, struct lat__record *rec,
                               size_t channels)
{
    const char *at = t->r->leads;
    enum lat_code code = LAT_OK;

    rec->v = lat_calloc(t->n_out, channels * sizeof(*rec->v));
    if (!rec->v)
        return lat_fail(t->err, LAT_ENOMEM, "%zu samples", t->n_out);
    for (size_t k = 0; !code && k < channels; k++) {
        size_t c;

        code = next_channel(t, &c, &at);
        if (!code)
            code = take_channel(t, rec->v + k, channels, c, k);
    }
    return code;
}

/* The first that the recipe names and, where there is one that can be used,
 * the first of the others. */
static enum lat_code take_lead(const struct take *t, struct lat__record *rec)
{
    const struct lat_channel *lead = lat__recipe_lead(t->r, t->sig);
    enum lat_code code;
    size_t c, other;

    if (!lead)
        return lat_fail_word(t->err, LAT_EUNFIT, "missing_channel",
                             "none of its channels (the first is %s) is one "
                             "of %s",
                             t->sig->channels[0].name, t->r->leads);
    c = (size_t)(lead - t->sig->channels);
    other = c == 0;
    memcpy(rec->lead, lead->name, sizeof(rec->lead));
    rec->v = lat_calloc(t->n_out, sizeof(*rec->v));
    if (!rec->v)
        return lat_fail(t->err, LAT_ENOMEM, "%zu samples", t->n_out);
    code = take_channel(t, rec->v, 1, c, 0);
    if (code || t->sig->n_channels < 2)
        return code;
    rec->other = lat_calloc(t->n_out, sizeof(*rec->other));
    if (!rec->other)
        return lat_fail(t->err, LAT_ENOMEM, "%zu samples", t->n_out);
    if (take_channel(&(struct take){t->r, t->sig, t->begin, t->n, t->n_out,
                                    t->in, t->out, NULL},
                     rec->other, 1, other, 0)) {
        lat_free(rec->other);
        rec->other = NULL;
    }
    return LAT_OK;
}

/* ---- the whole ---------------------------------------------------------- */

static enum lat_code take(struct take *t, struct lat__record *rec,
                          size_t channels)
{
    enum lat_code code;

    t->in = lat_calloc(t->n, sizeof(*t->in));
    t->out = lat_calloc(t->n_out, sizeof(*t->out));
    if (!t->in || !t->out)
        code = lat_fail(t->err, LAT_ENOMEM, "%zu samples", t->n);
    else if (t->r->kind == LAT_WFDB)
        code = take_lead(t, rec);
    else
        code = take_axes(t, rec, channels);
    lat_free(t->out);
    lat_free(t->in);
    if (!code && lat__record_flat(rec->v, t->n_out, channels))
        code = lat_fail_word(t->err, LAT_EUNFIT, "constant_signal",
                             "a channel of it never changes");
    return code;
}

enum lat_code lat__feed_take(struct lat__record *rec,
                             const struct lat_dataset *d,
                             const struct lat_recording *from,
                             struct lat_err *err)
{
    struct take t = {.r = d->feed->r, .sig = from->signal, .err = err};
    enum lat_code code;

    if (t.sig->n_channels == 0)
        return lat_fail(err, LAT_EUNFIT, "it has no channels");
    code = check_segment(&t, from);
    if (!code)
        code = check_rate(&t);
    if (code)
        return code;
    t.n_out = lat__resampled(t.n, t.sig->rate_hz, t.r->rate_hz);
    if (t.n_out < d->least)
        return lat_fail_word(err, LAT_EUNFIT, "too_short",
                             "%zu samples at %g Hz, %zu are needed for a "
                             "window and its views",
                             t.n_out, t.r->rate_hz, d->least);
    code = take(&t, rec, d->n_channels);
    if (code)
        lat__record_forget(rec);
    rec->n = t.n_out;
    return code;
}
