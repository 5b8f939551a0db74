/* fuzz_edf.c - any bytes as an EDF file. */
#include "../../core/latent/signal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lat_blob file = {"x.edf", data, len};
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    if (lat_edf_decode(&sig, &file, &err) == LAT_OK)
        assert(sig->n_channels > 0 && sig->n_samples > 0 && sig->rate_hz > 0);
    else
        assert(!sig && err.code && err.msg[0]);
    lat_signal_free(sig);
    return 0;
}
