/*
 * fuzz_hapt.c - a byte that chooses, then: 0, both tables and the samples of
 * the compact form; 1, labels.txt; 2, both files of an experiment.
 */
#include "../../core/formats/activity.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Up to the next NUL, which is dropped. */
static struct lat_blob take(const uint8_t **data, size_t *len)
{
    const uint8_t *nul = *len ? memchr(*data, 0, *len) : NULL;
    struct lat_blob b = {"x", *data, nul ? (size_t)(nul - *data) : *len};

    *data += b.len + (nul != NULL);
    *len -= b.len + (nul != NULL);
    return b;
}

static void compact(const uint8_t *data, size_t len)
{
    struct lat_blob experiments = take(&data, &len);
    struct lat_blob segments = take(&data, &len);
    struct lat_blob samples = {"x", data, len};
    struct lat__activities *a = NULL;
    struct lat_err err = {0};

    if (lat__hapt_decode(&a, &samples, &experiments, &segments, &err)) {
        assert(!a && err.code && err.msg[0]);
        return;
    }
    for (size_t i = 0; i < a->n_stretches; i++)
        assert(a->stretches[i].begin + a->stretches[i].n <=
                   a->signal->n_samples &&
               a->stretches[i].activity < a->n_names);
    lat__activities_free(a);
}

static void labels(const uint8_t *data, size_t len)
{
    struct lat_blob file = {"x", data, len};
    struct lat__hapt_label *l = NULL;
    struct lat_err err = {0};
    size_t n = 0;

    if (lat__hapt_labels_parse(&l, &n, &file, &err))
        assert(!l && err.code && err.msg[0]);
    else
        assert(n > 0 && l[n - 1].activity < LAT_HAPT_ACTIVITIES &&
               l[n - 1].n > 0);
    lat_free(l);
}

static void raw(const uint8_t *data, size_t len)
{
    struct lat__activity_maker m = {.n_channels = 6};
    struct lat_blob acc = take(&data, &len), gyro = {"x", data, len};
    struct lat_err err = {0};

    if (lat__hapt_raw_decode(&m, &acc, &gyro, &err))
        assert(err.code && err.msg[0]);
    lat__maker_fini(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const int how = len ? data[0] % 3 : 0;

    if (len == 0)
        return 0;
    if (how == 0)
        compact(data + 1, len - 1);
    else if (how == 1)
        labels(data + 1, len - 1);
    else
        raw(data + 1, len - 1);
    return 0;
}
