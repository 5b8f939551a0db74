/*
 * listing.c - which record is whose, and in which split: the recipe's lists
 * and a folder's RECORDS, before any sample is read.
 */
#include "../train.h"

#include <string.h>

static const char *const split_names[LAT_N_SPLITS] = {"train", "valid", "test"};

const char *lat__split_name(enum lat_split s)
{
    return split_names[s];
}

/* The subject of a record: of the line that lists it, or the record itself. */
static void find_subject(char subject[LAT_NAME_MAX], const char *record,
                         const struct lat_recipe *r)
{
    char line[512], name[LAT_NAME_MAX], word[LAT_NAME_MAX];

    for (const char *s = r->subjects; *s; s += strcspn(s, "\n") + 1) {
        size_t len = strcspn(s, "\n");
        const char *at = line;

        len = len < sizeof(line) ? len : sizeof(line) - 1;
        memcpy(line, s, len);
        line[len] = '\0';
        lat__recipe_word(name, &at);
        while (lat__recipe_word(word, &at))
            if (strcmp(word, record) == 0) {
                memcpy(subject, name, LAT_NAME_MAX);
                return;
            }
    }
    memcpy(subject, record, LAT_NAME_MAX);
}

static const struct lat__entry *find_entry(const struct lat__listing *l,
                                           const char *record)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i].record, record) == 0)
            return &l->v[i];
    return NULL;
}

/* Another record of the subject on another side. */
static enum lat_code check_sides(const struct lat__listing *l,
                                 const struct lat__entry *e,
                                 struct lat_err *err)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct lat__entry *o = &l->v[i];

        if (strcmp(o->subject, e->subject) == 0 && o->split != e->split)
            return lat_fail(err, LAT_EINVAL,
                            "subject %s is on two sides: record %s in %s, "
                            "record %s in %s",
                            e->subject, o->record, split_names[o->split],
                            e->record, split_names[e->split]);
    }
    return LAT_OK;
}

static enum lat_code add(struct lat__listing *l, const char *record,
                         enum lat_split split, const struct lat_recipe *r,
                         struct lat_err *err)
{
    const struct lat__entry *twice = find_entry(l, record);
    struct lat__entry *e = &l->v[l->n];
    enum lat_code code;

    if (twice)
        return lat_fail(err, LAT_EINVAL, "record %s stands in %s and in %s",
                        record, split_names[twice->split], split_names[split]);
    if (l->n == LAT_RECORDS_MAX)
        return lat_fail(err, LAT_ETOOBIG, "more than %d records",
                        LAT_RECORDS_MAX);
    memcpy(e->record, record, LAT_NAME_MAX);
    e->split = split;
    find_subject(e->subject, record, r);
    code = check_sides(l, e, err);
    if (!code)
        l->n++;
    return code;
}

/* "*": what the folder's RECORDS has and no list names. */
static enum lat_code add_others(struct lat__listing *l, const char *dir,
                                enum lat_split split,
                                const struct lat_recipe *r, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char *text = NULL, record[LAT_NAME_MAX];
    struct lat_buf path = {0};
    const char *at;
    size_t len;

    lat_buf_printf(&path, "%s/RECORDS", dir);
    if (path.failed)
        return lat_fail(err, LAT_ENOMEM, "path");
    code = lat_file_read(&text, &len, path.v, 1 << 20, err);
    lat_buf_fini(&path);
    at = text;
    while (!code && lat__recipe_word(record, &at))
        if (!find_entry(l, record))
            code = add(l, record, split, r, err);
    lat_free(text);
    return code;
}

static bool is_others(const char *list)
{
    char word[LAT_NAME_MAX];

    return lat__recipe_word(word, &list) && strcmp(word, "*") == 0;
}

enum lat_code lat__listing_make(struct lat__listing **out,
                                const struct lat_recipe *r, const char *dir,
                                struct lat_err *err)
{
    struct lat__listing *l = lat_calloc(1, sizeof(*l));
    char record[LAT_NAME_MAX];
    enum lat_code code = LAT_OK;

    if (!l)
        return lat_fail(err, LAT_ENOMEM, "listing");
    for (size_t s = 0; !code && s < LAT_N_SPLITS; s++) {
        const char *at = r->lists[s];

        if (is_others(at))
            continue;
        while (!code && lat__recipe_word(record, &at))
            code = add(l, record, (enum lat_split)s, r, err);
    }
    for (size_t s = 0; !code && s < LAT_N_SPLITS; s++)
        if (is_others(r->lists[s]))
            code = add_others(l, dir, (enum lat_split)s, r, err);
    if (code)
        lat_free(l);
    else
        *out = l;
    return code;
}
