/* fuzz_wfdb.c - a header, a NUL, and the bytes of its signal files a and b. */
#include "../../core/latent/signal.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *nul = len ? memchr(data, 0, len) : NULL;
    size_t n = nul ? (size_t)(nul - data) : len;
    struct lat_blob header = {"h.hea", data, n}, files[2];
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    files[0] = (struct lat_blob){"a", data + (nul ? n + 1 : n),
                                 len - (nul ? n + 1 : n)};
    files[1] = files[0];
    files[1].name = "b";
    if (lat_wfdb_decode(&sig, &header, files, 2, &err) == LAT_OK)
        assert(sig->n_channels > 0 && sig->n_samples > 0);
    else
        assert(!sig && err.code && err.msg[0]);
    lat_signal_free(sig);
    return 0;
}
