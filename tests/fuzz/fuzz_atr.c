/* fuzz_atr.c - annotations. */
#include "../../core/latent/signal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lat_blob file = {"x.atr", data, len};
    struct lat_annotation *a = NULL;
    struct lat_err err = {0};
    size_t n = 0;

    if (lat_wfdb_annotations(&a, &n, &file, &err) == LAT_OK) {
        assert(n <= len / 2);
        for (size_t i = 0; i < n; i++)
            assert(a[i].code && a[i].symbol);
    } else {
        assert(!a && err.code && err.msg[0]);
    }
    lat_free(a);
    return 0;
}
