/* fuzz_npy.c - a byte of choices and an array. */
#include "../../core/latent/signal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t how = len ? data[0] : 0;
    struct lat_hints hints = {.rate_hz = 10,
                              .channels_first = how & 1,
                              .channels = how & 2 ? "a,b" : NULL};
    struct lat_blob file = {"x.npy", data + (len > 0), len - (len > 0)};
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    if (lat_npy_decode(&sig, &file, &hints, &err) == LAT_OK)
        assert(sig->n_channels > 0 && sig->n_samples > 0);
    else
        assert(!sig && err.code && err.msg[0]);
    lat_signal_free(sig);
    return 0;
}
