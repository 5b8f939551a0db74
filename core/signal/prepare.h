/*
 * prepare.h - what one preparation of windows knows, for its own files.
 */
#ifndef LAT_PREPARE_H
#define LAT_PREPARE_H

#include "../signal.h"

struct lat__work {
    const struct lat_card *card;
    const struct lat_signal *sig;
    const struct lat_cut *cut;
    struct lat_windows *out;
    size_t map[LAT_CHANNELS_MAX]; /* channels of the signal in use */
    size_t n;                     /* samples at the model's rate */
    struct lat_err *err;
};

/* ---- signal/cut.c */

/* out->samples (n, channels) into windows with their digests. */
LAT_MUST_CHECK enum lat_code lat__cut(struct lat__work *w);

/* ---- signal/warn.c */

/* Channel k of the signal, v (n), as it came. */
void lat__warn_channel(struct lat__work *w, size_t k, const float *v, size_t n);
/* What there is to say when all is done. */
void lat__warn_windows(struct lat__work *w);

#endif
