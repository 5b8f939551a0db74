/* fuzz_wisdm.c - any bytes as the text of WISDM. */
#include "../../core/formats/activity.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lat_blob file = {"x.txt", data, len};
    struct lat__activities *a = NULL;
    struct lat_err err = {0};
    size_t at = 0;

    if (lat__wisdm_decode(&a, &file, &err)) {
        assert(!a && err.code && err.msg[0]);
        return 0;
    }
    for (size_t i = 0; i < a->n_stretches; i++) {
        assert(a->stretches[i].begin == at && a->stretches[i].n > 0);
        assert(a->stretches[i].activity < a->n_names);
        at += a->stretches[i].n;
    }
    assert(at == a->signal->n_samples);
    lat__activities_free(a);
    return 0;
}
