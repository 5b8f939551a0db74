/* recipes.h - recipes written line by line. */
#ifndef TESTS_RECIPES_H
#define TESTS_RECIPES_H

#include "../../core/train.h"
#include "../check.h"

struct line {
    const char *key, *value;
};

static inline void set(struct lat_recipe *r, const char *key, const char *value)
{
    struct lat_err err = {0};

    if (lat_recipe_set(r, key, value, &err))
        print_error("%s\n", err.msg);
    CHECK(err.code == LAT_OK);
}

static inline struct lat_recipe *recipe_of(const struct line *lines, size_t n,
                                           const char *objective)
{
    struct lat_recipe *r = NULL;

    CHECK(lat__recipe_new(&r, NULL) == LAT_OK);
    for (size_t i = 0; i < n; i++)
        set(r, lines[i].key, lines[i].value);
    set(r, "objective", objective);
    return r;
}

#endif
