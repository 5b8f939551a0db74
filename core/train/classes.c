/*
 * classes.c - which activities are which class, as a recipe says it:
 *
 *     WALKING, WALKING_UPSTAIRS, STILL: SITTING STANDING LAYING
 *
 * Commas stand between classes; a class without a list is the activity of its
 * own name.  An activity that no class has is left out.
 */
#include "../train.h"

#include <string.h>

struct parse {
    struct lat__classes *c;
    const char *const *activities;
    size_t n_activities;
    struct lat_err *err;
};

static enum lat_code give(const struct parse *p, const char *activity)
{
    size_t i = 0;

    while (i < p->n_activities && strcmp(p->activities[i], activity) != 0)
        i++;
    if (i == p->n_activities)
        return lat_fail(p->err, LAT_EINVAL, "unknown activity %s", activity);
    if (p->c->of[i] != LAT_NO_LABEL)
        return lat_fail(p->err, LAT_EINVAL, "activity %s is of two classes",
                        activity);
    p->c->of[i] = (uint32_t)(p->c->n - 1);
    return LAT_OK;
}

static enum lat_code begin_class(const struct parse *p, const char *name)
{
    struct lat__classes *c = p->c;

    if (c->n == LAT_LABELS_MAX)
        return lat_fail(p->err, LAT_EINVAL, "more than %d classes",
                        LAT_LABELS_MAX);
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->names[i], name) == 0)
            return lat_fail(p->err, LAT_EINVAL, "two classes are called %s",
                            name);
    memcpy(c->names[c->n++], name, LAT_NAME_MAX);
    return LAT_OK;
}

/* "NAME" or "NAME: ACTIVITY ACTIVITY" */
static enum lat_code parse_class(const struct parse *p, char *text)
{
    char *colon = strchr(text, ':'), word[LAT_NAME_MAX];
    const char *at = text, *list = colon ? colon + 1 : text;
    enum lat_code code;

    if (colon)
        *colon = '\0';
    if (!lat__recipe_word(word, &at))
        return lat_fail(p->err, LAT_EINVAL, "a class without a name");
    code = begin_class(p, word);
    if (!code && lat__recipe_word(word, &at))
        code = lat_fail(p->err, LAT_EINVAL,
                        "%s follows the name of a class: is a comma missing?",
                        word);
    at = list;
    while (!code && lat__recipe_word(word, &at))
        code = give(p, word);
    return code;
}

static enum lat_code parse_all(const struct parse *p, char *text)
{
    enum lat_code code = LAT_OK;

    while (!code && text) {
        char *comma = strchr(text, ',');

        if (comma)
            *comma++ = '\0';
        code = parse_class(p, text);
        text = comma;
    }
    return code;
}

enum lat_code lat__classes_parse(struct lat__classes *c, const char *text,
                                 const char *const *activities,
                                 size_t n_activities, struct lat_err *err)
{
    const struct parse p = {c, activities, n_activities, err};
    enum lat_code code = LAT_OK;
    char *copy;

    assert(n_activities <= LAT_LABELS_MAX);
    memset(c, 0, sizeof(*c));
    for (size_t i = 0; i < LAT_LABELS_MAX; i++)
        c->of[i] = LAT_NO_LABEL;
    if (!*text)
        return LAT_OK;
    copy = lat_strdup(text);
    if (!copy)
        return lat_fail(err, LAT_ENOMEM, "classes");
    if (strcmp(text, "*") != 0)
        code = parse_all(&p, copy);
    for (size_t i = 0; !code && strcmp(text, "*") == 0 && i < n_activities;
         i++) {
        strncpy(c->names[i], activities[i], LAT_NAME_MAX - 1);
        c->of[i] = (uint32_t)i;
        c->n++;
    }
    lat_free(copy);
    return code ? lat_wrap(err, code, "classes") : LAT_OK;
}
