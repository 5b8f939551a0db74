/* beats.c - see beats.h. */
#include "beats.h"

#include <math.h>
#include <stdio.h>

static const double beat_max_s = 3.0;

static enum lat_code take(struct lat__beats *b, const struct lat_annotation *a,
                          size_t n, struct lat_err *err)
{
    b->at = lat_calloc(n + 1, sizeof(*b->at));
    b->kind = lat_calloc(n + 1, 1);
    if (!b->at || !b->kind)
        return lat_fail(err, LAT_ENOMEM, "%zu beats", n);
    for (size_t i = 0; i < n; i++) {
        char kind = lat_aami_class(a[i].symbol);

        if (!kind || (b->n && a[i].sample <= b->at[b->n - 1]))
            continue;
        b->at[b->n] = a[i].sample;
        b->kind[b->n++] = kind;
    }
    return LAT_OK;
}

static enum lat_code read_one(struct lat__beats *b, const char *dir,
                              const char *record, struct lat_err *err)
{
    char path[4096], *file = NULL;
    struct lat_annotation *a = NULL;
    struct lat_blob blob = {.name = record};
    enum lat_code code;
    size_t n = 0;

    snprintf(path, sizeof(path), "%s/%s.atr", dir, record);
    code = lat_file_read(&file, &blob.len, path, 1 << 24, err);
    if (code == LAT_ENOENT)
        return LAT_OK;
    blob.data = file;
    if (!code)
        code = lat_wfdb_annotations(&a, &n, &blob, err);
    if (!code)
        code = take(b, a, n, err);
    lat_free(a);
    lat_free(file);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

enum lat_code lat__beats_read(struct lat__beats **out,
                              const struct lat_dataset *d, const char *dir,
                              struct lat_err *err)
{
    struct lat__beats *b = lat_calloc(d->n_records, sizeof(*b));
    enum lat_code code =
        b ? LAT_OK : lat_fail(err, LAT_ENOMEM, "%zu records", d->n_records);

    for (size_t i = 0; !code && i < d->n_records; i++)
        code = read_one(&b[i], dir, d->records[i].name, err);
    if (code)
        lat__beats_free(b, d->n_records);
    else
        *out = b;
    return code;
}

void lat__beats_free(struct lat__beats *b, size_t n_records)
{
    for (size_t i = 0; b && i < n_records; i++) {
        lat_free(b[i].at);
        lat_free(b[i].kind);
    }
    lat_free(b);
}

double lat__beats_phase(const struct lat__beats *b, size_t at, double rate_hz)
{
    size_t low = 0, high = b->n;

    while (low < high) { /* the first beat after at */
        size_t middle = (low + high) / 2;

        if (b->at[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0 || low == b->n ||
        (double)(b->at[low] - b->at[low - 1]) > beat_max_s * rate_hz)
        return NAN;
    return (double)(at - b->at[low - 1]) /
           (double)(b->at[low] - b->at[low - 1]);
}
