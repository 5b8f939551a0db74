/* fuzz_csv.c - a byte of choices and a table, cut into windows. */
#include "../../core/latent/model.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void prepare(const struct lat_signal *sig, bool positional)
{
    static const struct lat_card card = {.name = "m",
                                         .input = {.n_channels = 1,
                                                   .n_names = 2,
                                                   .names = {"II", "x"},
                                                   .unit = "mV",
                                                   .rate_hz = 20,
                                                   .window = 4}};
    const struct lat_cut cut = {LAT_TILE, 3, positional};
    struct lat_windows *w = NULL;
    struct lat_err err = {0};

    if (lat_prepare(&w, &card, sig, &cut, &err) == LAT_OK)
        assert(w->n > 0 && w->w[w->n - 1].end <= sig->n_samples);
    else
        assert(!w && err.code && err.msg[0]);
    lat_windows_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t how = len ? data[0] : 0;
    struct lat_hints hints = {.rate_hz = how & 1 ? 10 : 0,
                              .unit = how & 2 ? "mV" : NULL,
                              .channels = how & 4 ? "I,II" : NULL};
    struct lat_blob file = {"x.csv", data + (len > 0), len - (len > 0)};
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};
    struct lat_buf out = {0};

    if (lat_csv_decode(&sig, &file, &hints, &err) == LAT_OK) {
        prepare(sig, how & 8);
        if (sig->rate_hz > 0)
            lat_csv_encode(&out, sig);
    } else {
        assert(!sig && err.code && err.msg[0]);
    }
    lat_buf_fini(&out);
    lat_signal_free(sig);
    return 0;
}
