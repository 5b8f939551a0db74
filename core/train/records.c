/* records.c - records in memory, by subject and split. */
#include "../train.h"
#include "album.h"

#include <stdio.h>
#include <string.h>

/* Each subject's records, one list after the other in one block. */
static void list_records(struct lat_dataset *d)
{
    size_t *at = d->by_subject;

    for (size_t s = 0; s < d->n_subjects; s++) {
        d->subjects[s].records = at;
        at += d->subjects[s].n_records;
        d->subjects[s].n_records = 0;
    }
    for (size_t i = 0; i < d->n_records; i++) {
        struct lat__subject *who = &d->subjects[d->records[i].subject];

        who->records[who->n_records++] = i;
    }
}

static void digest(struct lat_dataset *d)
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    for (size_t i = 0; i < d->n_records; i++) {
        const struct lat__record *rec = &d->records[i];
        const char *subject = d->subjects[rec->subject].name;

        /* With their NULs, and without what lies behind these. */
        lat_sha256_add(&h, rec->name, strlen(rec->name) + 1);
        lat_sha256_add(&h, subject, strlen(subject) + 1);
        lat_sha256_add(&h, rec->v, rec->n * d->n_channels * sizeof(*rec->v));
        if (d->n_classes > 0)
            lat_sha256_add(&h, &rec->label, sizeof(rec->label));
    }
    lat_sha256_end(&h, d->digest);
}

enum lat_code lat__dataset_new(struct lat_dataset **out, size_t n_records,
                               struct lat_err *err)
{
    struct lat_dataset *d = lat_calloc(1, sizeof(*d));

    if (d) {
        d->records = lat_calloc(n_records, sizeof(*d->records));
        d->subjects = lat_calloc(n_records, sizeof(*d->subjects));
        d->warnings = lat_calloc(n_records, sizeof(*d->warnings));
        d->by_subject = lat_calloc(n_records, sizeof(*d->by_subject));
    }
    if (!d || !d->records || !d->subjects || !d->warnings || !d->by_subject) {
        lat_dataset_free(d);
        return lat_fail(err, LAT_ENOMEM, "%zu records", n_records);
    }
    d->n_channels = 1;
    *out = d;
    return LAT_OK;
}

void lat__dataset_seal(struct lat_dataset *d, const struct lat_recipe *r)
{
    d->rate_hz = r->rate_hz;
    list_records(d);
    digest(d);
}

bool lat__record_flat(const float *v, size_t n, size_t channels)
{
    for (size_t k = 0; k < channels; k++) {
        size_t i = 1;

        while (i < n && v[i * channels + k] == v[k])
            i++;
        if (i >= n)
            return true;
    }
    return false;
}

void lat__dataset_warn(struct lat_dataset *d, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    d->warnings[d->n_warnings] = lat_strdup(text);
    if (d->warnings[d->n_warnings])
        d->n_warnings++;
}

void lat__record_forget(struct lat__record *rec)
{
    lat_free(rec->v);
    lat_free(rec->other);
    rec->v = rec->other = NULL;
}

struct lat_dataset_info lat_dataset_info(const struct lat_dataset *d)
{
    struct lat_dataset_info info = {.n_warnings = d->n_warnings,
                                    .warnings = d->warnings};

    lat_digest_hex(info.digest, d->digest);
    for (size_t s = 0; s < LAT_N_SPLITS; s++)
        if (d->gallery[s]) {
            info.records[s] = lat_gallery_count(d->gallery[s]);
            info.subjects[s] = lat_gallery_classes(d->gallery[s]);
            info.images = true;
        }
    for (size_t i = 0; i < d->n_subjects; i++)
        info.subjects[d->subjects[i].split]++;
    for (size_t i = 0; i < d->n_records; i++) {
        enum lat_split s = d->subjects[d->records[i].subject].split;

        info.records[s]++;
        info.seconds[s] += (double)d->records[i].n / d->rate_hz;
    }
    return info;
}

void lat_dataset_free(struct lat_dataset *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_records; i++)
        lat__record_forget(&d->records[i]);
    for (size_t i = 0; i < d->n_warnings; i++)
        lat_free(d->warnings[i]);
    lat_free(d->records);
    lat_free(d->subjects);
    lat_free(d->warnings);
    lat_free(d->by_subject);
    lat__feed_free(d->feed);
    lat__album_free(d->album);
    for (size_t s = 0; s < LAT_N_SPLITS; s++)
        lat_gallery_close(d->gallery[s]);
    lat_free(d);
}
