/*
 * aliases.h - rows of the truth: names that stand for models.
 *
 * What takes rows is for the thread that holds them.
 */
#ifndef LATD_STORE_ALIASES_H
#define LATD_STORE_ALIASES_H

#include "../models.h"
#include "database.h"

enum { LATD_ALIAS_NAME = 65, LATD_ALIASES_MAX = 256 };

struct latd_alias {
    char name[LATD_ALIAS_NAME];
    char model[LATD_MODEL_MAX];    /* NAME@VERSION */
    char previous[LATD_MODEL_MAX]; /* "": none */
    int64_t created_at, changed_at;
};

/* name and model are given; the rest is filled in.  *created: there was none
 * of that name.  One that stands for model already is left as it is. */
LAT_MUST_CHECK enum lat_code latd_rows_alias_put(struct latd_rows *rows,
                                                 struct latd_alias *alias,
                                                 int64_t now, bool *created,
                                                 struct lat_err *err);
/* LAT_ENOENT, "alias_not_found". */
LAT_MUST_CHECK enum lat_code latd_rows_alias_get(struct latd_rows *rows,
                                                 struct latd_alias *out,
                                                 const char *name,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_rows_alias_delete(struct latd_rows *rows,
                                                    const char *name,
                                                    struct lat_err *err);
/* By name; at most LATD_ALIASES_MAX.  alias is lent. */
LAT_MUST_CHECK enum lat_code latd_rows_aliases(
    struct latd_rows *rows, void (*each)(void *arg, const struct latd_alias *a),
    void *arg, struct lat_err *err);
/* An alias that stands for model, if there is one: *found. */
LAT_MUST_CHECK enum lat_code latd_rows_alias_of(struct latd_rows *rows,
                                                const char *model, bool *found,
                                                struct latd_alias *out,
                                                struct lat_err *err);

#endif
