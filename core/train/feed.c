/*
 * feed.c - a data set that is filled recording by recording, by whoever can
 * decode them; a subject stands in one split.
 */
#include "../train.h"
#include "album.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 64, WARNINGS = 16 + 2 * LAT_LABELS_MAX };

/* ---- room --------------------------------------------------------------- */

/* The first n of from (size each) in a block of cap. */
static void *widen(void *from, size_t n, size_t cap, size_t size)
{
    void *to = lat_calloc(cap, size);

    if (to && n)
        memcpy(to, from, n * size);
    return to;
}

/* A failed one leaves the data set as it was. */
static enum lat_code grow(struct lat_dataset *d, struct lat_err *err)
{
    struct lat__feed *f = d->feed;
    size_t cap = f->cap ? 2 * f->cap : FIRST_ROOM;
    void *records, *subjects, *warnings, *by_subject;

    if (f->given < f->cap)
        return LAT_OK;
    records = widen(d->records, d->n_records, cap, sizeof(*d->records));
    subjects = widen(d->subjects, d->n_subjects, cap, sizeof(*d->subjects));
    warnings =
        widen(d->warnings, d->n_warnings, cap + WARNINGS, sizeof(*d->warnings));
    by_subject = lat_calloc(cap, sizeof(*d->by_subject));
    if (!records || !subjects || !warnings || !by_subject) {
        lat_free(records);
        lat_free(subjects);
        lat_free(warnings);
        lat_free(by_subject);
        return lat_fail(err, LAT_ENOMEM, "%zu recordings", cap);
    }
    lat_free(d->records);
    lat_free(d->subjects);
    lat_free(d->warnings);
    lat_free(d->by_subject);
    d->records = records;
    d->subjects = subjects;
    d->warnings = warnings;
    d->by_subject = by_subject;
    f->cap = cap;
    return LAT_OK;
}

/* ---- new ---------------------------------------------------------------- */

/* Of activities, all that `leads` names. */
static enum lat_code count_channels(struct lat_dataset *d, struct lat_err *err)
{
    const char *at = d->feed->r->leads;
    char name[LAT_NAME_MAX];
    size_t n = 0;

    d->n_channels = 1;
    if (d->feed->r->kind == LAT_PICTURES)
        return lat__album_new(&d->album, err);
    if (d->feed->r->kind == LAT_WFDB)
        return LAT_OK;
    while (lat__recipe_word(name, &at))
        n++;
    if (n == 0 || n % 3 != 0 || n > LAT_CHANNELS_MAX)
        return lat_fail(err, LAT_EINVAL,
                        "leads: %zu channels, must be all three axes of each "
                        "sensor",
                        n);
    d->n_channels = n;
    return LAT_OK;
}

enum lat_code lat_dataset_new(struct lat_dataset **out,
                              const struct lat_recipe *r, struct lat_err *err)
{
    struct lat_dataset *d = lat_calloc(1, sizeof(*d));
    enum lat_code code = LAT_OK;

    if (d)
        d->feed = lat_calloc(1, sizeof(*d->feed));
    if (!d || !d->feed)
        code = lat_fail(err, LAT_ENOMEM, "data set");
    if (!code)
        code = lat__recipe_copy(&d->feed->r, r, err);
    if (!code)
        code = grow(d, err);
    if (!code)
        code = count_channels(d, err);
    if (code) {
        lat_dataset_free(d);
        return code;
    }
    d->rate_hz = r->rate_hz;
    d->least = lat__recipe_least(r);
    *out = d;
    return LAT_OK;
}

void lat__feed_free(struct lat__feed *f)
{
    if (!f)
        return;
    lat_recipe_free(f->r);
    lat_free(f);
}

/* ---- add ---------------------------------------------------------------- */

static enum lat_code check_name(const char *what, const char *name, size_t size,
                                struct lat_err *err)
{
    size_t len = name ? strlen(name) : 0;

    if (len == 0)
        return lat_fail(err, LAT_EUNFIT, "it has no %s", what);
    if (len >= size)
        return lat_fail(err, LAT_EUNFIT,
                        "its %s, %.40s…, has %zu bytes, at most %zu", what,
                        name, len, size - 1);
    return LAT_OK;
}

/* The label's number, in the order in which they came. */
static enum lat_code label_of(struct lat__feed *f, uint32_t *label,
                              const char *name, struct lat_err *err)
{
    enum lat_code code;
    size_t i = 0;

    *label = LAT_NO_LABEL;
    if (!*f->r->classes || !name || !*name)
        return LAT_OK;
    code = check_name("label", name, LAT_NAME_MAX, err);
    if (code)
        return code;
    while (i < f->n_labels && strcmp(f->labels[i], name) != 0)
        i++;
    if (i == LAT_LABELS_MAX)
        return lat_fail(err, LAT_EINVAL, "more than %d labels; the next is %s",
                        LAT_LABELS_MAX, name);
    if (i == f->n_labels)
        memcpy(f->labels[f->n_labels++], name, strlen(name) + 1);
    *label = (uint32_t)i;
    return LAT_OK;
}

/* The subject of that name, made when it is new. */
static enum lat_code subject_of(struct lat_dataset *d, size_t *subject,
                                const struct lat_recording *from,
                                struct lat_err *err)
{
    struct lat__subject *who;
    size_t i = 0;

    while (i < d->n_subjects && strcmp(d->subjects[i].name, from->subject) != 0)
        i++;
    *subject = i;
    who = &d->subjects[i];
    if (i < d->n_subjects && who->split != from->split)
        return lat_fail_word(err, LAT_EINVAL, "subject_on_two_sides",
                             "subject %s is on two sides: in %s and in %s",
                             who->name, lat__split_name(who->split),
                             lat__split_name(from->split));
    if (i == d->n_subjects) {
        memcpy(who->name, from->subject, strlen(from->subject) + 1);
        who->split = from->split;
        d->n_subjects++;
    }
    return LAT_OK;
}

static enum lat_code add(struct lat_dataset *d,
                         const struct lat_recording *from, struct lat_err *err)
{
    struct lat__record *rec = &d->records[d->n_records];
    enum lat_code code =
        check_name("subject", from->subject, LAT_SUBJECT_MAX, err);

    memset(rec, 0, sizeof(*rec));
    if (from->name)
        snprintf(rec->name, sizeof(rec->name), "%s", from->name);
    else
        snprintf(rec->name, sizeof(rec->name), "%zu", d->feed->given);
    if (!code)
        code = lat__feed_take(rec, d, from, err);
    if (!code)
        code = label_of(d->feed, &rec->label, from->label, err);
    if (!code)
        code = subject_of(d, &rec->subject, from, err);
    if (code) {
        lat__record_forget(rec);
        return lat_wrap(err, code, "recording %s", rec->name);
    }
    d->subjects[rec->subject].n_records++;
    d->n_records++;
    return LAT_OK;
}

enum lat_code lat_dataset_add(struct lat_dataset *d,
                              const struct lat_recording *rec,
                              struct lat_err *err)
{
    struct lat_err own = {0};
    enum lat_code code;

    assert(d->feed);
    if (d->album)
        return lat_fail(err, LAT_EINVAL,
                        "dataset is images; recordings are signals");
    code = lat__feed_room(d, err);
    if (code)
        return code;
    code = add(d, rec, &own);
    if (code == LAT_EUNFIT)
        lat__dataset_warn(d, "left out: %s", own.msg);
    if (code && err)
        *err = own;
    return code;
}

enum lat_code lat__feed_room(struct lat_dataset *d, struct lat_err *err)
{
    enum lat_code code = grow(d, err);

    d->feed->given += code == LAT_OK;
    return code;
}

enum lat_code lat__feed_reject(struct lat_dataset *d, const char *name,
                               const char *why, struct lat_err *err)
{
    enum lat_code code = lat__feed_room(d, err);

    if (!code)
        lat__dataset_warn(d, "left out: %s %s: %s",
                          d->album ? "image" : "recording", name, why);
    return code;
}

/* ---- split -------------------------------------------------------------- */

enum lat_code lat__split_share(size_t *take, double share, size_t n,
                               struct lat_err *err)
{
    *take = (size_t)fmax(1.0, floor(share * (double)n + 0.5));
    if (!(share >= 0.0) || *take >= n)
        return lat_fail(err, LAT_EINVAL,
                        "a share of %g of %zu subjects to validate with "
                        "leaves none to train on",
                        share, n);
    return LAT_OK;
}

enum lat_code lat_dataset_split(struct lat_dataset *d, double share,
                                uint64_t seed, struct lat_err *err)
{
    size_t n = 0, take;
    struct lat_rng rng;
    enum lat_code code;

    assert(d->feed);
    if (d->album)
        return lat__album_split(d->album, share, seed, err);
    for (size_t i = 0; i < d->n_subjects; i++)
        n += d->subjects[i].split == LAT_TRAIN;
    code = lat__split_share(&take, share, n, err);
    if (code)
        return code;
    lat__rng_seed(&rng, seed);
    /* Each is taken with chance (still to take) / (still to come). */
    for (size_t i = 0; i < d->n_subjects; i++) {
        if (d->subjects[i].split != LAT_TRAIN)
            continue;
        if (lat__rng_below(&rng, n--) >= take)
            continue;
        d->subjects[i].split = LAT_VALID;
        take--;
    }
    return LAT_OK;
}
