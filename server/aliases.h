/*
 * aliases.h - which model a name stands for, in memory, beside the truth.
 *
 * Loaded at start; after that, an alias changes here when its row is committed,
 * in the order of the commits.  Any thread.
 */
#ifndef LATD_ALIASES_H
#define LATD_ALIASES_H

#include "store/aliases.h"

struct latd_aliases;

/* db may be NULL: none. */
LAT_MUST_CHECK enum lat_code latd_aliases_open(struct latd_aliases **out,
                                               struct latd_database *db,
                                               struct lat_err *err);
void latd_aliases_close(struct latd_aliases *aliases);
/* False when name is no alias.  aliases may be NULL. */
bool latd_aliases_find(struct latd_aliases *aliases, const char *name,
                       char model[LATD_MODEL_MAX]);
/* In a change's run: once rows are committed, name stands for model; model
 * NULL: it is no alias any more. */
LAT_MUST_CHECK enum lat_code latd_aliases_after(struct latd_aliases *aliases,
                                                struct latd_rows *rows,
                                                const char *name,
                                                const char *model,
                                                struct lat_err *err);

#endif
