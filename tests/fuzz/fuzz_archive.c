/* fuzz_archive.c - a zip or tar, and the signals in it. */
#include "../../core/formats/archive.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_name(const char *name)
{
    assert(*name && *name != '/' && !strchr(name, '\\'));
    assert(strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0);
    assert(!strstr(name, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct lat_archive_limits limits = {1 << 20, 100, "max"};
    const struct lat_hints hints = {.rate_hz = 100, .unit = "mV"};
    struct lat_blob file = {"x.zip", data, len};
    struct lat_archive *a = NULL;
    struct lat_err err = {0};
    size_t all = 0;

    if (lat__archive_decode(&a, &file, &limits, &err)) {
        assert(!a && err.code && err.msg[0]);
        return 0;
    }
    assert(lat_archive_count(a) <= limits.entries);
    for (size_t i = 0; i < lat_archive_count(a); i++) {
        const struct lat_blob *e = lat_archive_get(a, i);
        struct lat_signal *sig = NULL;

        check_name(e->name);
        all += e->len;
        assert(lat_archive_find(a, e->name) == e);
        err = (struct lat_err){0};
        if (lat_archive_signal(&sig, a, e->name, &hints, &err))
            assert(!sig && err.code && err.msg[0]);
        lat_signal_free(sig);
    }
    assert(all <= limits.bytes);
    lat_archive_free(a);
    return 0;
}
