/* fuzz_number.c - text to a float as strtof has it, and back. */
#include "../../core/latent/base.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *p = (const char *)data, *end;
    char *copy = calloc(len + 1, 1), *stop, text[LAT_NUMBER_MAX];
    float got = 0.0f, want, back = 0.0f;

    assert(copy);
    memcpy(copy, data, len);
    end = lat_number_scan(&got, p, p + len);
    if (end) {
        copy[end - p] = '\0';
        want = strtof(copy, &stop);
        assert(stop == copy + (end - p));
        assert(memcmp(&got, &want, sizeof(got)) == 0);
    }
    if (end && isfinite(got)) {
        stop = lat_number_print(text, got);
        assert(lat_number_scan(&back, text, stop) == stop);
        assert(memcmp(&got, &back, sizeof(got)) == 0);
    }
    free(copy);
    return 0;
}
