/* signal.c - what was measured, in one piece of memory each. */
#include "../latent/signal.h"

enum lat_code lat_signal_new(struct lat_signal **out, size_t n_channels,
                             size_t n_samples, struct lat_err *err)
{
    struct lat_signal *sig = lat_calloc(1, sizeof(*sig));

    if (!sig)
        goto fail;
    if (n_channels > 0 && n_samples > SIZE_MAX / n_channels)
        goto fail;
    sig->n_channels = n_channels;
    sig->n_samples = n_samples;
    sig->channels = lat_calloc(n_channels, sizeof(*sig->channels));
    sig->v = lat_calloc(n_channels * n_samples, sizeof(*sig->v));
    if (!sig->channels || !sig->v)
        goto fail;
    *out = sig;
    return LAT_OK;
fail:
    lat_signal_free(sig);
    return lat_fail(err, LAT_ENOMEM, "%zu channels of %zu samples", n_channels,
                    n_samples);
}

void lat_signal_free(struct lat_signal *sig)
{
    if (!sig)
        return;
    lat_free(sig->v);
    lat_free(sig->channels);
    lat_free(sig);
}
