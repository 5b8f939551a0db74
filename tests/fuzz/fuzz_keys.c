/* fuzz_keys.c - a file of keys; what was read is read again from its print. */
#include "../../server/keys.h"
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = calloc(len + 1, 1);
    struct latd_keys keys = {0}, again = {0};
    struct lat_buf print = {0}, second = {0};

    assert(text);
    memcpy(text, data, len);
    if (latd_keys_parse(&keys, text, NULL) == LAT_OK) {
        latd_keys_print(&print, &keys);
        assert(latd_keys_parse(&again, print.v, NULL) == LAT_OK);
        latd_keys_print(&second, &again);
        assert(strcmp(print.v, second.v) == 0 && again.n == keys.n);
    }
    latd_keys_fini(&keys);
    latd_keys_fini(&again);
    lat_buf_fini(&print);
    lat_buf_fini(&second);
    free(text);
    return 0;
}
