/*
 * activities.c - recordings of what people did, by user: a record for each
 * stretch in which one user does one thing.
 *
 * Stretches that are too short, never change, or are of no class are left
 * out; a user who is not there, or has nothing left, is an error.
 */
#include "../formats/activity.h"

#include "../train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARNINGS = 16 + LAT_LABELS_MAX };

struct source {
    const struct lat_recipe *r;
    struct lat__activities *a;
    struct lat__classes classes;
    size_t n_channels, channel[LAT_CHANNELS_MAX];
    double factor[LAT_CHANNELS_MAX]; /* to the recipe's unit */
    bool resamples; /* the data have another rate than the recipe */
    size_t n_short, n_flat;
    struct lat_dataset *d;
    struct lat_err *err;
};

/* ---- what is read ------------------------------------------------------- */

static enum lat_code read_wisdm(struct lat__activities **out, const char *dir,
                                struct lat_err *err)
{
    struct lat_blob file = {0};
    enum lat_code code =
        lat__blob_read(&file, dir, "WISDM_ar_v1.1_raw.txt", err);

    if (code == LAT_OK)
        code = lat__wisdm_decode(out, &file, err);
    lat_free((void *)file.data);
    return code;
}

/* All channels that the recipe names, in its order. */
static enum lat_code pick_channels(struct source *s)
{
    const struct lat_signal *sig = s->a->signal;
    const char *at = s->r->leads;
    char name[LAT_NAME_MAX];

    while (lat__recipe_word(name, &at)) {
        size_t k = 0;
        char unit[LAT_UNIT_MAX];
        enum lat_code code;

        while (k < sig->n_channels &&
               !lat_channel_same(name, sig->channels[k].name))
            k++;
        if (k == sig->n_channels || s->n_channels == sig->n_channels)
            return lat_fail(s->err, LAT_EINVAL,
                            "leads: the data have no channel %s", name);
        lat__recipe_unit(unit, s->r, s->n_channels);
        code = lat_unit_factor(&s->factor[s->n_channels], sig->channels[k].unit,
                               unit, s->err);
        if (code)
            return lat_wrap(s->err, code, "channel %s", name);
        s->channel[s->n_channels++] = k;
    }
    if (s->n_channels == 0 || s->n_channels % 3 != 0)
        return lat_fail(s->err, LAT_EINVAL,
                        "leads: %zu channels, must be all three axes of each "
                        "sensor",
                        s->n_channels);
    return LAT_OK;
}

static enum lat_code open_source(struct source *s, const char *dir)
{
    enum lat_code code = s->r->kind == LAT_WISDM
                             ? read_wisdm(&s->a, dir, s->err)
                             : lat__hapt_read(&s->a, dir, s->err);

    if (code)
        return code;
    s->resamples =
        fabs(s->a->signal->rate_hz - s->r->rate_hz) > 1e-6 * s->r->rate_hz;
    if (s->resamples && (s->a->signal->rate_hz > 256.0 * s->r->rate_hz ||
                         s->r->rate_hz > 256.0 * s->a->signal->rate_hz))
        return lat_fail(s->err, LAT_EUNFIT,
                        "%g Hz cannot be brought to the recipe's %g: a ratio "
                        "of more than 256",
                        s->a->signal->rate_hz, s->r->rate_hz);
    code = lat__classes_parse(&s->classes, s->r->classes, s->a->names,
                              s->a->n_names, s->err);
    return code ? code : pick_channels(s);
}

/* ---- records ------------------------------------------------------------ */

/* As long a stretch has so many samples at the recipe's rate. */
static size_t samples_of(const struct source *s,
                         const struct lat__stretch *from)
{
    if (!s->resamples)
        return from->n;
    return lat__resampled(from->n, s->a->signal->rate_hz, s->r->rate_hz);
}

/* Channel k of the stretch, in the recipe's unit and rate, into every
 * channels-th of out; room is for both. */
static enum lat_code take_channel(const struct source *s, float *out, size_t k,
                                  const struct lat__stretch *from, float *room)
{
    const struct lat_signal *sig = s->a->signal;
    const float *v = sig->v + s->channel[k] * sig->n_samples + from->begin;
    float *y = s->resamples ? room + from->n : room;
    size_t n = samples_of(s, from);
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < from->n; i++)
        room[i] = (float)((double)v[i] * s->factor[k]);
    if (s->resamples)
        code = lat__resample(y, room, from->n, sig->rate_hz, s->r->rate_hz,
                             s->err);
    for (size_t i = 0; !code && i < n; i++)
        out[i * s->n_channels + k] = y[i];
    return code;
}

static enum lat_code read_stretch(const struct source *s,
                                  struct lat__record *rec,
                                  const struct lat__stretch *from)
{
    float *room = lat_calloc(from->n + samples_of(s, from), sizeof(*room));
    enum lat_code code = LAT_OK;

    rec->n = samples_of(s, from);
    rec->v = lat_calloc(rec->n, s->n_channels * sizeof(float));
    if (!rec->v || !room)
        code = lat_fail(s->err, LAT_ENOMEM, "%zu samples", from->n);
    for (size_t k = 0; !code && k < s->n_channels; k++)
        code = take_channel(s, rec->v, k, from, room);
    lat_free(room);
    return code;
}

static enum lat_code take_stretch(struct source *s,
                                  const struct lat__stretch *from,
                                  size_t subject)
{
    struct lat_dataset *d = s->d;
    struct lat__record *rec = &d->records[d->n_records];
    enum lat_code code = read_stretch(s, rec, from);

    if (code || lat__record_flat(rec->v, rec->n, s->n_channels)) {
        s->n_flat += !code;
        lat__record_forget(rec);
        return code;
    }
    snprintf(rec->name, sizeof(rec->name), "%u-%zu", from->user,
             (size_t)(from - s->a->stretches));
    rec->subject = subject;
    rec->label = s->classes.of[from->activity];
    d->n_records++;
    d->subjects[subject].n_records++;
    return LAT_OK;
}

static bool is_labelled(const struct lat_recipe *r, const char *user)
{
    const char *at = r->labelled;
    char word[LAT_NAME_MAX];

    if (!*at)
        return true;
    while (lat__recipe_word(word, &at))
        if (strcmp(word, user) == 0)
            return true;
    return false;
}

static enum lat_code take_user(struct source *s, const struct lat__entry *e)
{
    struct lat_dataset *d = s->d;
    struct lat__subject *who = &d->subjects[d->n_subjects];
    char *end;
    unsigned long user = strtoul(e->record, &end, 10);
    enum lat_code code = LAT_OK;
    bool seen = false;

    memcpy(who->name, e->record, LAT_NAME_MAX);
    who->split = e->split;
    who->unlabelled = e->split == LAT_TRAIN && !is_labelled(s->r, e->record);
    for (size_t i = 0; !code && *end == '\0' && i < s->a->n_stretches; i++) {
        const struct lat__stretch *from = &s->a->stretches[i];

        if (from->user != user)
            continue;
        seen = true;
        if (s->classes.n > 0 && s->classes.of[from->activity] == LAT_NO_LABEL)
            continue;
        if (samples_of(s, from) < d->least)
            s->n_short++;
        else
            code = take_stretch(s, from, d->n_subjects);
    }
    if (!code && who->n_records == 0)
        code = lat_fail(s->err, LAT_EINVAL, "user %s %s", e->record,
                        seen ? "has nothing that can be used"
                             : "is not in the data");
    d->n_subjects++;
    return code;
}

/* Labels of users that nobody trains on would not be missed. */
static enum lat_code check_labelled(const struct source *s,
                                    const struct lat__listing *l)
{
    const char *at = s->r->labelled;
    char word[LAT_NAME_MAX];

    while (lat__recipe_word(word, &at)) {
        size_t i = 0;

        while (i < l->n && (strcmp(l->v[i].record, word) != 0 ||
                            l->v[i].split != LAT_TRAIN))
            i++;
        if (i == l->n)
            return lat_fail(s->err, LAT_EINVAL,
                            "labelled: user %s is not among those to train on",
                            word);
    }
    return LAT_OK;
}

/* ---- what there is to say ----------------------------------------------- */

/* A class needs somebody to learn it from. */
static enum lat_code check_classes(const struct source *s)
{
    struct lat_dataset *d = s->d;

    for (size_t c = 0; c < d->n_classes; c++) {
        size_t users = 0;

        for (size_t u = 0; u < d->first[LAT_TRAIN + 1]; u++) {
            size_t i = 0;

            while (i < d->n_records &&
                   (d->records[i].subject != u || d->records[i].label != c))
                i++;
            users += i < d->n_records && !d->subjects[u].unlabelled;
        }
        if (users == 0)
            return lat_fail(s->err, LAT_EINVAL,
                            "class %s has no user to train on", d->classes[c]);
        if (users == 1)
            lat__dataset_warn(d, "class %s has one user to train on",
                              d->classes[c]);
    }
    return LAT_OK;
}

static void warn_skipped(const struct source *s)
{
    if (s->n_short)
        lat__dataset_warn(
            s->d, "%zu stretches are left out: shorter than %zu samples",
            s->n_short, s->d->least);
    if (s->n_flat)
        lat__dataset_warn(s->d,
                          "%zu stretches are left out: an axis never changes",
                          s->n_flat);
    for (size_t i = 0; i < LAT_N_SKIPS; i++)
        if (s->a->skipped[i])
            lat__dataset_warn(
                s->d, "%zu records are left out: %s, the first on line %zu",
                s->a->skipped[i], lat__skip_text((enum lat__skip)i),
                s->a->first_line[i]);
    if (s->resamples)
        lat__dataset_warn(s->d, "%g Hz is brought to %g Hz",
                          s->a->signal->rate_hz, s->r->rate_hz);
    if (s->a->n_gaps)
        lat__dataset_warn(s->d, "%zu gaps of time within an activity",
                          s->a->n_gaps);
}

/* ---- the whole ---------------------------------------------------------- */

static enum lat_code take_all(struct source *s, const struct lat__listing *l)
{
    struct lat_dataset *d = s->d;
    enum lat_code code = check_labelled(s, l);

    d->n_channels = s->n_channels;
    d->n_classes = s->classes.n;
    memcpy(d->classes, s->classes.names, sizeof(d->classes));
    d->least = lat__recipe_least(s->r);
    for (size_t p = 0; !code && p < LAT_N_SPLITS; p++) {
        d->first[p] = d->n_subjects;
        for (size_t i = 0; !code && i < l->n; i++)
            if (l->v[i].split == p)
                code = take_user(s, &l->v[i]);
        d->first[p + 1] = d->n_subjects;
    }
    if (!code)
        code = check_classes(s);
    return code;
}

enum lat_code lat__activities_open(struct lat_dataset **out,
                                   const struct lat_recipe *r, const char *dir,
                                   struct lat_err *err)
{
    struct source *s = lat_calloc(1, sizeof(*s));
    struct lat__listing *l = NULL;
    enum lat_code code;

    if (!s)
        return lat_fail(err, LAT_ENOMEM, "data");
    s->r = r;
    s->err = err;
    code = lat__listing_make(&l, r, dir, err);
    if (!code)
        code = open_source(s, dir);
    if (!code)
        code =
            lat__dataset_new(&s->d, s->a->n_stretches + l->n + WARNINGS, err);
    if (!code)
        code = take_all(s, l);
    if (!code) {
        warn_skipped(s);
        lat__dataset_seal(s->d, r);
        *out = s->d;
        s->d = NULL; /* the caller's from here on */
    }
    lat_dataset_free(s->d);
    lat__activities_free(s->a);
    lat_free(l);
    lat_free(s);
    return code ? lat_wrap(err, code, "data %s", dir) : LAT_OK;
}
