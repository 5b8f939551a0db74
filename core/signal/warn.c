/* warn.c - what a sender should know of a signal that was taken. */
#include "prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CLIPPED_PART = 20 }; /* so many samples at an extreme look clipped */

const char *lat_warning_word(enum lat_warning w)
{
    static const char *const words[LAT_N_WARNINGS] = {
        "missing_samples", "ignored_channels", "flat_channel",
        "clipped_channel", "dropped_samples"};

    return words[w];
}

/* The first of a kind is the one that is told. */
static char *warn(struct lat__work *w, enum lat_warning kind)
{
    if (w->out->warned[kind])
        return NULL;
    w->out->warned[kind] = true;
    return w->out->warnings[kind];
}

static void warn_ignored(struct lat__work *w)
{
    const struct lat_signal *sig = w->sig;
    const size_t used = w->card->input.n_channels;
    size_t n = 0, at = 0;
    char names[80] = "";
    bool cut = false;

    for (size_t k = 0; k < sig->n_channels; k++) {
        bool in_use = false;

        for (size_t i = 0; i < used; i++)
            in_use |= w->map[i] == k;
        if (in_use)
            continue;
        cut = at >= sizeof(names) - LAT_NAME_MAX - 2;
        if (!cut)
            at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
                                   n ? ", " : "", sig->channels[k].name);
        n++;
    }
    if (n > 0)
        snprintf(warn(w, LAT_WARN_IGNORED), sizeof(w->out->warnings[0]),
                 "channels not used: %s%s", names, cut ? " ..." : "");
}

void lat__warn_channel(struct lat__work *w, size_t k, const float *v, size_t n)
{
    const size_t size = sizeof(w->out->warnings[0]);
    float low = INFINITY, high = -INFINITY;
    size_t at_low = 0, at_high = 0, seen = 0;
    char *text = NULL;

    for (size_t i = 0; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
        seen += !isnan(v[i]);
    }
    for (size_t i = 0; i < n; i++) {
        at_low += v[i] == low;
        at_high += v[i] == high;
    }
    if (seen > 1 && low == high) {
        text = warn(w, LAT_WARN_FLAT);
        if (text)
            snprintf(text, size, "channel %s does not change",
                     w->sig->channels[k].name);
    } else if (at_low > seen / CLIPPED_PART + 2 ||
               at_high > seen / CLIPPED_PART + 2) {
        text = warn(w, LAT_WARN_CLIPPED);
        if (text)
            snprintf(text, size, "channel %s: %zu of %zu samples are at %g",
                     w->sig->channels[k].name,
                     at_low > at_high ? at_low : at_high, seen,
                     (double)(at_low > at_high ? low : high));
    }
}

void lat__warn_windows(struct lat__work *w)
{
    struct lat_windows *out = w->out;
    const size_t size = sizeof(out->warnings[0]);
    const size_t end = out->w[out->n - 1].end;

    warn_ignored(w);
    if (out->n_missing > 0)
        snprintf(warn(w, LAT_WARN_MISSING), size,
                 "%zu missing samples were interpolated", out->n_missing);
    if (w->cut->mode == LAT_TILE && end < w->sig->n_samples) {
        out->n_dropped = w->sig->n_samples - end;
        snprintf(warn(w, LAT_WARN_DROPPED), size,
                 "the last %zu samples are less than a window", out->n_dropped);
    }
}
