/* recipe.c - a recipe by its keys: set, printed, copied. */
#include "../train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct lat_recipe *r, const struct lat__key *k)
{
    return (char *)r + k->offset;
}

const struct lat__key *lat__key_find(const char *name)
{
    const struct lat__key *k;

    for (size_t i = 0; (k = lat__key(i)); i++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

static enum lat_code set_text(struct lat_recipe *r, const struct lat__key *k,
                              const char *value, struct lat_err *err)
{
    char **at = field(r, k), *copy = lat_strdup(value);

    if (!copy)
        return lat_fail(err, LAT_ENOMEM, "%s", k->name);
    lat_free(*at);
    *at = copy;
    return LAT_OK;
}

static enum lat_code read_number(double *v, const struct lat__key *k,
                                 const char *value, struct lat_err *err)
{
    char *end;

    *v = strtod(value, &end);
    if (end == value || *end != '\0' || !(*v >= k->least && *v <= k->most))
        return lat_fail(err, LAT_EINVAL,
                        "%s is \"%s\", must be a number from %g to %g", k->name,
                        value, k->least, k->most);
    if (k->type != LAT_KEY_NUMBER && *v != floor(*v))
        return lat_fail(err, LAT_EINVAL, "%s is %s, must be a whole number",
                        k->name, value);
    return LAT_OK;
}

static enum lat_code set_number(struct lat_recipe *r, const struct lat__key *k,
                                const char *value, struct lat_err *err)
{
    double v = (double)NAN; /* not said */

    if (*value) {
        enum lat_code code = read_number(&v, k, value, err);

        if (code)
            return code;
    }
    if (k->type == LAT_KEY_COUNT)
        *(size_t *)field(r, k) = (size_t)v;
    else if (k->type == LAT_KEY_SMALL)
        *(unsigned *)field(r, k) = (unsigned)v;
    else
        *(double *)field(r, k) = v;
    return LAT_OK;
}

static enum lat_code set_yes(struct lat_recipe *r, const struct lat__key *k,
                             const char *value, struct lat_err *err)
{
    bool yes = strcmp(value, "yes") == 0;

    if (!yes && strcmp(value, "no") != 0)
        return lat_fail(err, LAT_EINVAL, "%s is \"%s\", must be yes or no",
                        k->name, value);
    *(bool *)field(r, k) = yes;
    return LAT_OK;
}

static enum lat_code set_choice(struct lat_recipe *r, const struct lat__key *k,
                                const char *value, struct lat_err *err)
{
    char all[200] = "";
    const char *word;

    for (unsigned i = 0; (word = k->choice(i)); i++) {
        size_t len = strlen(all);

        if (strcmp(word, value) == 0) {
            memcpy(field(r, k), &i, sizeof(i)); /* an enum or an unsigned */
            return LAT_OK;
        }
        snprintf(all + len, sizeof(all) - len, "%s%s", len ? ", " : "", word);
    }
    return lat_fail(err, LAT_EINVAL, "%s is \"%s\", must be one of %s", k->name,
                    value, all);
}

static enum lat_code set_key(struct lat_recipe *r, const struct lat__key *k,
                             const char *value, struct lat_err *err)
{
    switch (k->type) {
    case LAT_KEY_TEXT:
        return set_text(r, k, value, err);
    case LAT_KEY_COUNT:
    case LAT_KEY_SMALL:
    case LAT_KEY_NUMBER:
        if (!*value && *k->by_default)
            break;
        return set_number(r, k, value, err);
    case LAT_KEY_YES:
        return set_yes(r, k, value, err);
    case LAT_KEY_CHOICE:
        return set_choice(r, k, value, err);
    }
    return lat_fail(err, LAT_EINVAL, "%s has no value", k->name);
}

static enum lat_code add_subject(struct lat_recipe *r, const char *name,
                                 const char *records, struct lat_err *err)
{
    struct lat_buf b = {0};

    lat_buf_printf(&b, "%s%s %s\n", r->subjects, name, records);
    if (b.failed) {
        lat_buf_fini(&b);
        return lat_fail(err, LAT_ENOMEM, "subject %s", name);
    }
    lat_free(r->subjects);
    r->subjects = b.v;
    return LAT_OK;
}

static enum lat_code fail_key(const char *key, struct lat_err *err)
{
    struct lat_buf all = {0};
    const struct lat__key *k;
    enum lat_code code;

    for (size_t i = 0; (k = lat__key(i)); i++)
        lat_buf_printf(&all, " %s", k->name);
    code = lat_fail(err, LAT_EINVAL, "unknown key \"%.64s\"; there are:%s", key,
                    all.failed ? "" : all.v);
    lat_buf_fini(&all);
    return code;
}

enum lat_code lat_recipe_set(struct lat_recipe *r, const char *key,
                             const char *value, struct lat_err *err)
{
    const struct lat__key *k = lat__key_find(key);

    if (k)
        return set_key(r, k, value, err);
    if (strncmp(key, "subject ", 8) == 0)
        return add_subject(r, key + 8, value, err);
    return fail_key(key, err);
}

enum lat_code lat__recipe_new(struct lat_recipe **out, struct lat_err *err)
{
    struct lat_recipe *r = lat_calloc(1, sizeof(*r));
    enum lat_code code = LAT_OK;
    const struct lat__key *k;

    if (!r || !(r->subjects = lat_strdup("")))
        code = lat_fail(err, LAT_ENOMEM, "recipe");
    for (size_t i = 0; !code && (k = lat__key(i)); i++)
        code = set_key(r, k, k->by_default, err);
    if (code)
        lat_recipe_free(r);
    else
        *out = r;
    return code;
}

enum lat_code lat_recipe_new(struct lat_recipe **out, struct lat_err *err)
{
    return lat__recipe_new(out, err);
}

static void print_key(struct lat_buf *out, const struct lat_recipe *r,
                      const struct lat__key *k)
{
    const void *at = field(r, k);
    unsigned i;

    switch (k->type) {
    case LAT_KEY_TEXT:
        lat_buf_puts(out, *(char *const *)at);
        break;
    case LAT_KEY_COUNT:
        lat_buf_printf(out, "%zu", *(const size_t *)at);
        break;
    case LAT_KEY_SMALL:
        lat_buf_printf(out, "%u", *(const unsigned *)at);
        break;
    case LAT_KEY_NUMBER:
        if (!isnan(*(const double *)at))
            lat_buf_printf(out, "%.12g", *(const double *)at);
        break;
    case LAT_KEY_YES:
        lat_buf_puts(out, *(const bool *)at ? "yes" : "no");
        break;
    case LAT_KEY_CHOICE:
        memcpy(&i, at, sizeof(i));
        lat_buf_puts(out, k->choice(i));
        break;
    }
}

static void print_subjects(struct lat_buf *out, const struct lat_recipe *r)
{
    const char *s = r->subjects;

    while (*s) {
        int name = (int)strcspn(s, " "), line = (int)strcspn(s, "\n");

        lat_buf_printf(out, "subject %.*s = %.*s\n", name, s, line - name - 1,
                       s + name + 1);
        s += line + 1;
    }
}

void lat_recipe_print(struct lat_buf *out, const struct lat_recipe *r)
{
    const struct lat__key *k;

    for (size_t i = 0; (k = lat__key(i)); i++) {
        if (!lat__key_applies(k, r))
            continue;
        lat_buf_printf(out, "%s = ", k->name);
        print_key(out, r, k);
        lat_buf_puts(out, "\n");
    }
    print_subjects(out, r);
}

static bool is_note(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "data") == 0 ||
           strcmp(key, "licence") == 0;
}

void lat_recipe_print_said(struct lat_buf *out, const struct lat_recipe *r)
{
    const struct lat__key *k;

    for (size_t i = 0; (k = lat__key(i)); i++) {
        struct lat_buf v = {0};

        print_key(&v, r, k);
        out->failed = out->failed || v.failed;
        if (!is_note(k->name) && strcmp(v.v ? v.v : "", k->by_default) != 0)
            lat_buf_printf(out, "%s = %s\n", k->name, v.v ? v.v : "");
        lat_buf_fini(&v);
    }
    print_subjects(out, r);
}

enum lat_code lat__recipe_foreign(const struct lat_recipe *r,
                                  struct lat_err *err)
{
    const struct lat__key *k;

    for (size_t i = 0; (k = lat__key(i)); i++) {
        struct lat_buf v = {0};
        bool said, failed;

        if (lat__key_applies(k, r))
            continue;
        print_key(&v, r, k);
        said = strcmp(v.v ? v.v : "", k->by_default) != 0;
        failed = v.failed;
        lat_buf_fini(&v);
        if (failed)
            return lat_fail(err, LAT_ENOMEM, "recipe");
        if (said)
            return lat_fail(err, LAT_EINVAL, "%s is not for dataset = %s",
                            k->name, lat__key_find("dataset")->choice(r->kind));
    }
    return LAT_OK;
}

enum lat_code lat__recipe_copy(struct lat_recipe **out,
                               const struct lat_recipe *r, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    struct lat_recipe *copy = lat_calloc(1, sizeof(*copy));
    const struct lat__key *k;

    if (!copy)
        return lat_fail(err, LAT_ENOMEM, "recipe");
    *copy = *r;
    for (size_t i = 0; (k = lat__key(i)); i++)
        if (k->type == LAT_KEY_TEXT)
            *(char **)field(copy, k) = NULL;
    copy->subjects = lat_strdup(r->subjects);
    if (!copy->subjects)
        code = lat_fail(err, LAT_ENOMEM, "recipe");
    for (size_t i = 0; !code && (k = lat__key(i)); i++)
        if (k->type == LAT_KEY_TEXT)
            code = set_text(copy, k, *(char **)field(r, k), err);
    if (code)
        lat_recipe_free(copy);
    else
        *out = copy;
    return code;
}

void lat_recipe_free(struct lat_recipe *r)
{
    const struct lat__key *k;

    if (!r)
        return;
    for (size_t i = 0; (k = lat__key(i)); i++)
        if (k->type == LAT_KEY_TEXT)
            lat_free(*(char **)field(r, k));
    lat_free(r->subjects);
    lat_free(r);
}
