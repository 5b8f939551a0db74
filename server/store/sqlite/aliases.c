/* aliases.c - rows of aliases. */
#include "../aliases.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS "name, model, previous, created_at, changed_at"

static void take(struct latd_alias *a, sqlite3_stmt *st)
{
    latd_column_copy(a->name, sizeof(a->name), st, 0);
    latd_column_copy(a->model, sizeof(a->model), st, 1);
    latd_column_copy(a->previous, sizeof(a->previous), st, 2);
    a->created_at = sqlite3_column_int64(st, 3);
    a->changed_at = sqlite3_column_int64(st, 4);
}

/* The one row of sql for text, if there is one. */
static enum lat_code find(struct latd_rows *rows, const char *sql,
                          const char *text, bool *found, struct latd_alias *out,
                          struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(&st, rows, sql, err);

    if (code)
        return code;
    latd_bind_text(st, 1, text);
    code = latd_rows_step(found, rows, st, "read an alias", err);
    if (!code && *found) {
        take(out, st);
        sqlite3_reset(st);
    }
    return code;
}

static enum lat_code by_name(struct latd_rows *rows, const char *name,
                             bool *found, struct latd_alias *out,
                             struct lat_err *err)
{
    return find(rows, "SELECT " COLUMNS " FROM alias WHERE name = ?", name,
                found, out, err);
}

static enum lat_code fail_missing(const char *name, struct lat_err *err)
{
    return lat_fail_word(err, LAT_ENOENT, "alias_not_found",
                         "there is no alias %.64s", name);
}

enum lat_code latd_rows_alias_get(struct latd_rows *rows,
                                  struct latd_alias *out, const char *name,
                                  struct lat_err *err)
{
    bool found = false;
    enum lat_code code = by_name(rows, name, &found, out, err);

    return code || found ? code : fail_missing(name, err);
}

enum lat_code latd_rows_alias_of(struct latd_rows *rows, const char *model,
                                 bool *found, struct latd_alias *out,
                                 struct lat_err *err)
{
    return find(rows,
                "SELECT " COLUMNS " FROM alias WHERE model = ? ORDER BY name "
                "LIMIT 1",
                model, found, out, err);
}

static enum lat_code check_room(struct latd_rows *rows, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    int64_t n = 0;
    enum lat_code code =
        latd_rows_prepare(&st, rows, "SELECT count(*) FROM alias", err);

    if (!code)
        code = latd_rows_step(&found, rows, st, "count aliases", err);
    if (code)
        return code;
    if (found) {
        n = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return n < LATD_ALIASES_MAX
               ? LAT_OK
               : lat_fail(err, LAT_EUNFIT, "there are %d aliases, at most %d",
                          (int)n, LATD_ALIASES_MAX);
}

static enum lat_code write_row(struct latd_rows *rows,
                               const struct latd_alias *a, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT OR REPLACE INTO alias (" COLUMNS ") VALUES (?, ?, ?, ?, ?)",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, a->name);
    latd_bind_text(st, 2, a->model);
    latd_bind_text(st, 3, a->previous[0] ? a->previous : NULL);
    sqlite3_bind_int64(st, 4, a->created_at);
    sqlite3_bind_int64(st, 5, a->changed_at);
    return latd_rows_run(rows, st, "write an alias", err);
}

enum lat_code latd_rows_alias_put(struct latd_rows *rows,
                                  struct latd_alias *alias, int64_t now,
                                  bool *created, struct lat_err *err)
{
    struct latd_alias old = {.name = ""};
    bool found = false;
    enum lat_code code = by_name(rows, alias->name, &found, &old, err);

    if (!code && !found)
        code = check_room(rows, err);
    if (code)
        return code;
    *created = !found;
    if (found && strcmp(old.model, alias->model) == 0) {
        *alias = old;
        return LAT_OK;
    }
    memcpy(alias->previous, old.model, sizeof(alias->previous));
    alias->created_at = found ? old.created_at : now;
    alias->changed_at = now;
    return write_row(rows, alias, err);
}

enum lat_code latd_rows_alias_delete(struct latd_rows *rows, const char *name,
                                     struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code =
        latd_rows_prepare(&st, rows, "DELETE FROM alias WHERE name = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, name);
    code = latd_rows_run(rows, st, "delete an alias", err);
    return code || sqlite3_changes(rows->db) ? code : fail_missing(name, err);
}

enum lat_code latd_rows_aliases(struct latd_rows *rows,
                                void (*each)(void *arg,
                                             const struct latd_alias *a),
                                void *arg, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT " COLUMNS " FROM alias ORDER BY name", err);

    while (!code) {
        struct latd_alias a;
        bool found = false;

        code = latd_rows_step(&found, rows, st, "list aliases", err);
        if (code || !found)
            break;
        take(&a, st);
        each(arg, &a);
    }
    return code;
}
