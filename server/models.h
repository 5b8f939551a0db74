/*
 * models.h - the table of published encoders.
 *
 * A published model never changes.  Readers take a counted reference and drop
 * it; a reload puts another in its place, and the old one goes with its last
 * reader.  ref, unref and list: any thread.  reload: any thread, one after the
 * other.
 */
#ifndef LATD_MODELS_H
#define LATD_MODELS_H

#include "../core/latent.h"
#include "metrics.h"

enum { LATD_MODEL_MAX = 112 }; /* of NAME@VERSION, with its NUL */

/* Room for a folder and a file in it. */
enum { LATD_MODEL_PATH_MAX = 800 };

struct latd_models;
struct latd_aliases;

struct latd_model {
    char id[LATD_MODEL_MAX]; /* NAME@VERSION */
    char name[LATD_MODEL_MAX];
    unsigned version;
    int64_t created; /* of the file, in seconds since 1970 */
    struct lat_plan *plan;
    const struct lat_card *card; /* the plan's */
    struct latd_series *series;  /* what is counted of it */
    struct lat_workspace **ws;   /* one for each inference thread */
    /* The table's own. */
    unsigned n_ws;
    _Atomic unsigned refs;
    char path[LATD_MODEL_PATH_MAX];
    int64_t stamp[4]; /* of the file: did it change? */
};

struct latd_models_options {
    const char *dir;
    const char *more; /* a second folder, of our own models; it may not be
                         there.  NULL: none */
    bool delete_any;  /* delete: models of dir as well */
    const struct lat_kernel *kernel;
    const char *precision; /* the setting, see precision.h; NULL: empty */
    unsigned infer_threads;
    struct latd_metrics *metrics;
    /* Before each file; false stops the loading.  May be NULL. */
    bool (*go_on)(void *arg, const char *file);
    void *arg;
};

/* An empty table: reload fills it. */
LAT_MUST_CHECK enum lat_code latd_models_new(
    struct latd_models **out, const struct latd_models_options *opt,
    struct lat_err *err);
void latd_models_free(struct latd_models *m);

/* Reads the folder, at first or again: new and changed files are loaded,
 * tested and put in place, models whose file is gone go.  A file that cannot
 * be served is logged and leaves the one that it should replace.  A folder that
 * cannot be read is an error and changes nothing. */
LAT_MUST_CHECK enum lat_code latd_models_reload(struct latd_models *m,
                                                struct lat_err *err);
size_t latd_models_count(struct latd_models *m);

/* Before any reader: names are looked up among these first. */
void latd_models_use(struct latd_models *m, struct latd_aliases *aliases);

/* By alias, NAME (its highest version) or NAME@VERSION.  LAT_ENOENT,
 * "model_not_found", names those that there are. */
LAT_MUST_CHECK enum lat_code latd_models_ref(struct latd_models *m,
                                             const char *name,
                                             struct latd_model **out,
                                             struct lat_err *err);
void latd_model_unref(struct latd_model *model); /* NULL: nothing */
/* Deletes its file and takes it off the table; those who have a reference go
 * on.  LAT_EACCESS, "model_not_ours", unless it was made here. */
LAT_MUST_CHECK enum lat_code latd_models_delete(struct latd_models *m,
                                                struct latd_model *model,
                                                struct lat_err *err);
/* References besides the caller's own. */
unsigned latd_model_readers(const struct latd_model *model);
/* All of them, by name and version, each with a reference of the caller's. */
LAT_MUST_CHECK enum lat_code latd_models_list(struct latd_models *m,
                                              struct latd_model ***out,
                                              size_t *n, struct lat_err *err);
void latd_models_list_free(struct latd_model **list, size_t n);

#endif
