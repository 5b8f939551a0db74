/*
 * dataset.c - recordings of subjects in memory, one lead of each.
 *
 * A record that cannot be used (too short, no lead that the recipe names,
 * nothing but a constant) is left out with a sentence; one that is not there
 * is an error.
 */
#include "../train.h"
#include "../views.h"

#include <math.h>
#include <string.h>

const struct lat_channel *lat__recipe_lead(const struct lat_recipe *r,
                                           const struct lat_signal *sig)
{
    const char *leads = r->leads;
    char name[LAT_NAME_MAX];

    while (lat__recipe_word(name, &leads))
        for (size_t i = 0; i < sig->n_channels; i++)
            if (lat_channel_same(name, sig->channels[i].name))
                return &sig->channels[i];
    return NULL;
}

/* A channel in the recipe's unit; NULL when there is no memory. */
static float *copy_lead(const struct lat_signal *sig,
                        const struct lat_channel *lead, double factor)
{
    const float *v = sig->v + (size_t)(lead - sig->channels) * sig->n_samples;
    float *copy = lat_calloc(sig->n_samples, sizeof(float));

    for (size_t i = 0; copy && i < sig->n_samples; i++)
        copy[i] = (float)((double)v[i] * factor);
    return copy;
}

/* The lead and, where there is one of the same family of units, the first of
 * the other leads. */
static enum lat_code take_leads(struct lat__record *rec,
                                const struct lat_signal *sig,
                                const struct lat_channel *lead,
                                const struct lat_recipe *r, struct lat_err *err)
{
    const struct lat_channel *other = sig->channels;
    enum lat_code code;
    double factor;

    if (fabs(sig->rate_hz - r->rate_hz) > 1e-6 * r->rate_hz)
        return lat_fail(err, LAT_EUNFIT, "%g Hz, the recipe wants %g",
                        sig->rate_hz, r->rate_hz);
    code = lat_unit_factor(&factor, lead->unit, r->unit, err);
    if (code)
        return code;
    memcpy(rec->lead, lead->name, sizeof(rec->lead));
    rec->n = sig->n_samples;
    rec->v = copy_lead(sig, lead, factor);
    other += lead == other;
    if (rec->v && sig->n_channels > 1 &&
        lat_unit_factor(&factor, other->unit, r->unit, NULL) == LAT_OK) {
        rec->other = copy_lead(sig, other, factor);
        if (rec->other && lat__missing_fill(rec->other, rec->n) == rec->n)
            memset(rec->other, 0, rec->n * sizeof(float));
    }
    if (!rec->v)
        return lat_fail(err, LAT_ENOMEM, "%zu samples", sig->n_samples);
    return LAT_OK;
}

/* Reads the record into rec, whose v stays NULL when it is left out. */
static enum lat_code load(struct lat_dataset *d, struct lat__record *rec,
                          const char *dir, const struct lat_recipe *r,
                          struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    const struct lat_hints hints = {0};
    const struct lat_channel *lead;
    struct lat_buf path = {0};
    enum lat_code code = LAT_OK;

    lat_buf_printf(&path, "%s/%s.hea", dir, rec->name);
    if (path.failed) {
        code = lat_fail(err, LAT_ENOMEM, "path");
        goto out;
    }
    code = lat_signal_read(&sig, path.v, &hints, err);
    if (code)
        goto out;
    lead = lat__recipe_lead(r, sig);
    if (!lead)
        lat__dataset_warn(
            d, "record %s is left out: none of its leads is one of %s",
            rec->name, r->leads);
    else if (sig->n_samples < d->least)
        lat__dataset_warn(d,
                          "record %s is left out: %zu samples, %zu are needed",
                          rec->name, sig->n_samples, d->least);
    else
        code = take_leads(rec, sig, lead, r, err);
    if (code || !rec->v)
        goto out;
    if (lat__missing_fill(rec->v, rec->n) == rec->n ||
        lat__record_flat(rec->v, rec->n, 1)) {
        lat__dataset_warn(d, "record %s is left out: lead %s never changes",
                          rec->name, rec->lead);
        lat__record_forget(rec);
    }
out:
    lat_signal_free(sig);
    lat_buf_fini(&path);
    return code ? lat_wrap(err, code, "record %s", rec->name) : LAT_OK;
}

/* The subject of that name in that split, made when it is new: subjects come
 * split by split, so a split's stand together. */
static size_t subject_of(struct lat_dataset *d, const struct lat__entry *e)
{
    for (size_t i = 0; i < d->n_subjects; i++)
        if (strcmp(d->subjects[i].name, e->subject) == 0)
            return i;
    memcpy(d->subjects[d->n_subjects].name, e->subject, LAT_NAME_MAX);
    d->subjects[d->n_subjects].split = e->split;
    return d->n_subjects++;
}

static enum lat_code load_split(struct lat_dataset *d, enum lat_split split,
                                const struct lat__listing *l, const char *dir,
                                const struct lat_recipe *r, struct lat_err *err)
{
    d->first[split] = d->n_subjects;
    for (size_t i = 0; i < l->n; i++) {
        struct lat__record *rec = &d->records[d->n_records];
        enum lat_code code;

        if (l->v[i].split != split)
            continue;
        memcpy(rec->name, l->v[i].record, LAT_NAME_MAX);
        code = load(d, rec, dir, r, err);
        if (code)
            return code;
        if (!rec->v)
            continue;
        rec->subject = subject_of(d, &l->v[i]);
        d->subjects[rec->subject].n_records++;
        d->n_records++;
    }
    d->first[split + 1] = d->n_subjects;
    return LAT_OK;
}

enum lat_code lat_dataset_open(struct lat_dataset **out,
                               const struct lat_recipe *r, const char *dir,
                               struct lat_err *err)
{
    struct lat_dataset *d = NULL;
    struct lat__listing *l = NULL;
    enum lat_code code;

    if (r->kind == LAT_PICTURES)
        return lat__pictures_open(out, r, dir, err);
    if (r->kind != LAT_WFDB)
        return lat__activities_open(out, r, dir, err);
    if (*r->classes || *r->labelled)
        return lat_fail(err, LAT_EINVAL,
                        "data %s: classes and labelled are for activities and "
                        "for manifests, dataset is wfdb",
                        dir);
    code = lat__listing_make(&l, r, dir, err);
    if (code)
        goto out;
    code = lat__dataset_new(&d, l->n, err);
    if (code)
        goto out;
    d->least = lat__recipe_least(r);
    for (size_t s = 0; !code && s < LAT_N_SPLITS; s++)
        code = load_split(d, (enum lat_split)s, l, dir, r, err);
    if (code)
        goto out;
    if (d->n_records == 0) {
        code = lat_fail(err, LAT_EINVAL, "no record that can be used%s%s",
                        d->n_warnings ? ": " : "",
                        d->n_warnings ? d->warnings[0] : "");
        goto out;
    }
    lat__dataset_seal(d, r);
    *out = d;
    d = NULL; /* the caller's from here on */
out:
    lat_dataset_free(d);
    lat_free(l);
    return code ? lat_wrap(err, code, "data %s", dir) : LAT_OK;
}
