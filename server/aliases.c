/* aliases.c - see aliases.h. */
#include "aliases.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct pair {
    char name[LATD_ALIAS_NAME];
    char model[LATD_MODEL_MAX];
};

struct latd_aliases {
    pthread_mutex_t lock; /* guards what follows */
    size_t n;
    struct pair v[LATD_ALIASES_MAX];
};

/* The lock is held. */
static struct pair *find(struct latd_aliases *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->v[i].name, name) == 0)
            return &a->v[i];
    return NULL;
}

static void set(struct latd_aliases *a, const char *name, const char *model)
{
    struct pair *p;

    pthread_mutex_lock(&a->lock);
    p = find(a, name);
    if (!p && model[0] && a->n < LATD_ALIASES_MAX)
        p = &a->v[a->n++];
    if (p && !model[0]) {
        *p = a->v[--a->n];
    } else if (p) {
        snprintf(p->name, sizeof(p->name), "%s", name);
        snprintf(p->model, sizeof(p->model), "%s", model);
    }
    pthread_mutex_unlock(&a->lock);
}

bool latd_aliases_find(struct latd_aliases *a, const char *name,
                       char model[LATD_MODEL_MAX])
{
    struct pair *p;

    if (!a)
        return false;
    pthread_mutex_lock(&a->lock);
    p = find(a, name);
    if (p)
        memcpy(model, p->model, sizeof(p->model));
    pthread_mutex_unlock(&a->lock);
    return p != NULL;
}

/* ---- with the truth ---------------------------------------------------- */

struct change {
    struct latd_after after;
    struct latd_aliases *aliases;
    struct pair pair; /* model "": gone */
};

static void on_committed(struct latd_after *after)
{
    struct change *c = (struct change *)(void *)after;

    set(c->aliases, c->pair.name, c->pair.model);
}

static void on_free(struct latd_after *after)
{
    lat_free(after);
}

enum lat_code latd_aliases_after(struct latd_aliases *aliases,
                                 struct latd_rows *rows, const char *name,
                                 const char *model, struct lat_err *err)
{
    struct change *c = lat_calloc(1, sizeof(*c));

    if (!c)
        return lat_fail(err, LAT_ENOMEM, "an alias");
    c->after.committed = on_committed;
    c->after.free = on_free;
    c->aliases = aliases;
    snprintf(c->pair.name, sizeof(c->pair.name), "%s", name);
    snprintf(c->pair.model, sizeof(c->pair.model), "%s", model ? model : "");
    latd_rows_after(rows, &c->after);
    return LAT_OK;
}

static void on_row(void *arg, const struct latd_alias *a)
{
    set(arg, a->name, a->model);
}

enum lat_code latd_aliases_open(struct latd_aliases **out,
                                struct latd_database *db, struct lat_err *err)
{
    struct latd_aliases *a = lat_calloc(1, sizeof(*a));
    enum lat_code code = LAT_OK;

    if (!a)
        return lat_fail(err, LAT_ENOMEM, "aliases");
    pthread_mutex_init(&a->lock, NULL);
    if (db) {
        struct latd_rows *rows = latd_database_borrow(db);

        code = latd_rows_aliases(rows, on_row, a, err);
        latd_database_return(db, rows);
    }
    if (code)
        latd_aliases_close(a);
    else
        *out = a;
    return code;
}

void latd_aliases_close(struct latd_aliases *a)
{
    if (!a)
        return;
    pthread_mutex_destroy(&a->lock);
    lat_free(a);
}
