/*
 * feed_seal.c - the last touch of a data set that was fed: classes from
 * labels, subjects by split.
 */
#include "../train.h"
#include "album.h"

#include <string.h>

/* ---- classes ------------------------------------------------------------ */

/* Labels in the order of their names, so that "*" does not depend on who came
 * first.  Numbers of records follow. */
static void sort_labels(struct lat_dataset *d)
{
    struct lat__feed *f = d->feed;
    uint32_t to[LAT_LABELS_MAX];
    char sorted[LAT_LABELS_MAX][LAT_NAME_MAX];

    for (size_t i = 0; i < f->n_labels; i++) {
        to[i] = 0;
        for (size_t j = 0; j < f->n_labels; j++)
            to[i] += strcmp(f->labels[j], f->labels[i]) < 0;
        memcpy(sorted[to[i]], f->labels[i], LAT_NAME_MAX);
    }
    memcpy(f->labels, sorted, f->n_labels * sizeof(sorted[0]));
    for (size_t i = 0; i < d->n_records; i++)
        if (d->records[i].label != LAT_NO_LABEL)
            d->records[i].label = to[d->records[i].label];
}

/* Labels become classes; what has one that no class has is left out. */
static void set_classes(struct lat_dataset *d, const struct lat__classes *c)
{
    const struct lat__feed *f = d->feed;
    size_t unknown[LAT_LABELS_MAX] = {0}, unlabelled = 0, kept = 0;

    for (size_t i = 0; i < d->n_records; i++) {
        struct lat__record rec = d->records[i];

        if (rec.label == LAT_NO_LABEL) {
            unlabelled++;
        } else if (c->of[rec.label] == LAT_NO_LABEL) {
            unknown[rec.label]++;
            d->subjects[rec.subject].n_records--;
            lat__record_forget(&rec);
            continue;
        } else {
            rec.label = c->of[rec.label];
        }
        d->records[kept++] = rec;
    }
    d->n_records = kept;
    for (size_t i = 0; i < f->n_labels; i++)
        if (unknown[i])
            lat__dataset_warn(d,
                              "left out: %zu recordings with the label %s, "
                              "which is of no class",
                              unknown[i], f->labels[i]);
    if (unlabelled)
        lat__dataset_warn(d, "%zu recordings have no label", unlabelled);
}

/* Subjects to train on with a recording of the class, the last of them in
 * *one.  seen (n_subjects) is scratch. */
static size_t subjects_of(const struct lat_dataset *d, size_t class, bool *seen,
                          const char **one)
{
    size_t n = 0;

    memset(seen, 0, d->n_subjects * sizeof(*seen));
    for (size_t i = 0; i < d->n_records; i++) {
        const size_t s = d->records[i].subject;
        const struct lat__subject *who = &d->subjects[s];

        if (d->records[i].label != class || seen[s] ||
            who->split != LAT_TRAIN || who->unlabelled)
            continue;
        seen[s] = true;
        *one = who->name;
        n++;
    }
    return n;
}

static enum lat_code check_classes(struct lat_dataset *d, struct lat_err *err)
{
    bool *seen = lat_calloc(d->n_subjects + 1, sizeof(*seen));
    enum lat_code code = LAT_OK;
    const char *one = "";

    if (!seen)
        return lat_fail(err, LAT_ENOMEM, "%zu subjects", d->n_subjects);
    for (size_t c = 0; !code && c < d->n_classes; c++) {
        size_t n = subjects_of(d, c, seen, &one);

        if (n == 0)
            code =
                lat_fail(err, LAT_EINVAL, "class %s has no subject to train on",
                         d->classes[c]);
        if (n == 1)
            lat__dataset_warn(d, "class %s has one subject to train on, %s",
                              d->classes[c], one);
    }
    lat_free(seen);
    if (!code && d->n_classes == 1)
        code = lat_fail(err, LAT_EINVAL,
                        "all recordings are of one class, %s: nothing to tell "
                        "apart",
                        d->classes[0]);
    return code;
}

static bool is_labelled(const struct lat_recipe *r, const char *subject)
{
    const char *at = r->labelled;
    char word[LAT_NAME_MAX];

    if (!*at)
        return true;
    while (lat__recipe_word(word, &at))
        if (strcmp(word, subject) == 0)
            return true;
    return false;
}

static enum lat_code make_classes(struct lat_dataset *d, struct lat_err *err)
{
    const struct lat_recipe *r = d->feed->r;
    const char *names[LAT_LABELS_MAX];
    struct lat__classes *c;
    enum lat_code code;

    if (!*r->classes)
        return LAT_OK;
    c = lat_calloc(1, sizeof(*c));
    if (!c)
        return lat_fail(err, LAT_ENOMEM, "classes");
    sort_labels(d);
    for (size_t i = 0; i < d->feed->n_labels; i++)
        names[i] = d->feed->labels[i];
    code = lat__classes_parse(c, r->classes, names, d->feed->n_labels, err);
    if (!code && c->n == 0)
        code = lat_fail(err, LAT_EINVAL,
                        "the recipe has classes, but no recording a label");
    if (!code) {
        set_classes(d, c);
        d->n_classes = c->n;
        memcpy(d->classes, c->names, sizeof(d->classes));
        for (size_t s = 0; s < d->n_subjects; s++)
            d->subjects[s].unlabelled = d->subjects[s].split == LAT_TRAIN &&
                                        !is_labelled(r, d->subjects[s].name);
        code = check_classes(d, err);
    }
    lat_free(c);
    return code;
}

/* ---- subjects ----------------------------------------------------------- */

/* Split by split, without those that have nothing left; otherwise in the order
 * in which they came. */
static enum lat_code order_subjects(struct lat_dataset *d, struct lat_err *err)
{
    struct lat__subject *sorted =
        lat_calloc(d->feed->cap, sizeof(*d->subjects));
    size_t *to = lat_calloc(d->feed->cap, sizeof(*to)), n = 0;

    if (!sorted || !to) {
        lat_free(sorted);
        lat_free(to);
        return lat_fail(err, LAT_ENOMEM, "%zu subjects", d->n_subjects);
    }
    for (size_t p = 0; p < LAT_N_SPLITS; p++) {
        d->first[p] = n;
        for (size_t s = 0; s < d->n_subjects; s++)
            if (d->subjects[s].split == p && d->subjects[s].n_records > 0) {
                to[s] = n;
                sorted[n++] = d->subjects[s];
            }
        d->first[p + 1] = n;
    }
    for (size_t i = 0; i < d->n_records; i++)
        d->records[i].subject = to[d->records[i].subject];
    lat_free(d->subjects);
    d->subjects = sorted;
    d->n_subjects = n;
    lat_free(to);
    return LAT_OK;
}

enum lat_code lat_dataset_seal(struct lat_dataset *d, struct lat_err *err)
{
    enum lat_code code;

    assert(d->feed);
    if (d->album)
        return lat__album_seal(d, err);
    code = make_classes(d, err);
    if (!code)
        code = order_subjects(d, err);
    if (!code && d->first[LAT_TRAIN + 1] == 0)
        code = lat_fail(
            err, LAT_EINVAL, "no recording that can be trained on%s%s",
            d->n_warnings ? ": " : "", d->n_warnings ? d->warnings[0] : "");
    if (code)
        return code;
    lat__dataset_seal(d, d->feed->r);
    lat__feed_free(d->feed);
    d->feed = NULL;
    return LAT_OK;
}
