/* models.c - see models.h: the table, and how it follows its folder. */
#include "models.h"

#include "aliases.h"
#include "log.h"
#include "loop.h"
#include "models/model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODELS_MAX = 1024 };

struct table {
    size_t n;
    struct latd_model *v[MODELS_MAX]; /* by name, then version */
};

struct latd_models {
    struct latd_models_options opt;
    char dir[512], more[512];
    pthread_mutex_t reloading; /* one reload at a time */
    pthread_mutex_t lock;      /* guards table; never held while loading */
    struct table *table;
    struct latd_aliases *aliases; /* lent; NULL: none */
};

/* ---- a table from the folder ------------------------------------------- */

static void table_free(struct table *table)
{
    for (size_t i = 0; table && i < table->n; i++)
        latd_model_unref(table->v[i]);
    lat_free(table);
}

static struct latd_model *find(const struct table *table, const char *id)
{
    for (size_t i = 0; table && i < table->n; i++)
        if (strcmp(table->v[i]->id, id) == 0)
            return table->v[i];
    return NULL;
}

/* The model of one file: the old one when nothing changed, or when the new one
 * cannot be served; NULL when there is neither. */
static struct latd_model *take_file(struct latd_models *t, const char *dir,
                                    const struct table *old, const char *file)
{
    struct latd_model *m = lat_calloc(1, sizeof(*m)), *before;
    struct lat_err err = {0};
    uint64_t begun = latd_now_ns();
    enum lat_code code = LAT_OK;
    struct stat st;

    if (!m)
        return NULL;
    if (!latd_model_parse(m, file)) {
        latd_log(LATD_WARNING, "models: %s is not NAME[@VERSION].safetensors",
                 file);
        lat_free(m);
        return NULL;
    }
    atomic_init(&m->refs, 1);
    before = find(old, m->id);
    snprintf(m->path, sizeof(m->path), "%s/%.255s", dir, file);
    if (stat(m->path, &st))
        code = lat_fail(&err, LAT_EIO, "%s", strerror(errno));
    else
        latd_model_stamp(m, &st);
    if (before && !code &&
        memcmp(before->stamp, m->stamp, sizeof(m->stamp)) == 0) {
        latd_model_unref(m);
        return latd_model_ref(before);
    }
    if (!code)
        code = latd_model_load(m, &t->opt, &err);
    if (!code) {
        latd_model_log(m, latd_now_ns() - begun);
        return m;
    }
    latd_log(LATD_ERROR, "model %s: %s%s", m->id, err.msg,
             before ? "; the one before stays" : "");
    latd_model_unref(m);
    return before ? latd_model_ref(before) : NULL;
}

static int by_name(const void *a, const void *b)
{
    const struct latd_model *x = *(struct latd_model *const *)a;
    const struct latd_model *y = *(struct latd_model *const *)b;
    int order = strcmp(x->name, y->name);

    return order ? order
                 : (x->version > y->version) - (x->version < y->version);
}

/* A@1 and A may both be there; the first one read keeps the name. */
static void add(struct table *table, struct latd_model *m)
{
    if (find(table, m->id) || table->n == MODELS_MAX) {
        latd_log(LATD_ERROR, "model %s: %s", m->id,
                 table->n == MODELS_MAX ? "too many models"
                                        : "another file has that name");
        latd_model_unref(m);
        return;
    }
    table->v[table->n++] = m;
}

static bool is_model(const char *file)
{
    size_t len = strlen(file), end = strlen(".safetensors");

    return file[0] != '.' && len > end &&
           strcmp(file + len - end, ".safetensors") == 0;
}

static enum lat_code read_folder(struct latd_models *t, const char *path,
                                 struct table *table, const struct table *old,
                                 struct lat_err *err)
{
    DIR *dir = opendir(path);
    enum lat_code code = LAT_OK;
    struct dirent *entry;

    if (!dir && errno == ENOENT && path == t->more)
        return LAT_OK;
    if (!dir)
        return lat_fail(err, LAT_EIO, "models %s: %s", path, strerror(errno));
    while (!code && (entry = readdir(dir)) != NULL) {
        struct latd_model *m;

        if (!is_model(entry->d_name))
            continue;
        if (t->opt.go_on && !t->opt.go_on(t->opt.arg, entry->d_name)) {
            code = lat_fail(err, LAT_ECANCEL, "models: told to stop");
            break;
        }
        m = take_file(t, path, old, entry->d_name);
        if (m)
            add(table, m);
    }
    closedir(dir);
    return code;
}

/* Both may be the same folder by different names. */
static bool is_same(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static enum lat_code reload(struct latd_models *t, struct lat_err *err)
{
    struct table *table = lat_calloc(1, sizeof(*table)), *old = t->table;
    enum lat_code code;

    if (!table)
        return lat_fail(err, LAT_ENOMEM, "models");
    code = read_folder(t, t->dir, table, old, err);
    if (!code && t->more[0] && !is_same(t->dir, t->more))
        code = read_folder(t, t->more, table, old, err);
    if (code) {
        table_free(table);
        return code;
    }
    qsort(table->v, table->n, sizeof(table->v[0]), by_name);
    pthread_mutex_lock(&t->lock);
    t->table = table;
    pthread_mutex_unlock(&t->lock);
    table_free(old);
    return LAT_OK;
}

enum lat_code latd_models_reload(struct latd_models *t, struct lat_err *err)
{
    enum lat_code code;

    pthread_mutex_lock(&t->reloading);
    code = reload(t, err);
    pthread_mutex_unlock(&t->reloading);
    return code;
}

/* ---- one less ---------------------------------------------------------- */

/* Only what was made here is ours to delete, unless a setting says more. */
static enum lat_code check_ours(const struct latd_models *t,
                                const struct latd_model *m, struct lat_err *err)
{
    size_t len = strlen(t->more);

    if (t->opt.delete_any ||
        (len > 0 && strncmp(m->name, "ft:", 3) == 0 &&
         strncmp(m->path, t->more, len) == 0 && m->path[len] == '/'))
        return LAT_OK;
    return lat_fail_word(err, LAT_EACCESS, "model_not_ours",
                         "%s is the operator's file, not one that was trained "
                         "here: it is deleted from the folder of models, or "
                         "with the setting delete-models",
                         m->id);
}

static enum lat_code unlink_file(const char *path, struct lat_err *err)
{
    char folder[LATD_MODEL_PATH_MAX];
    int fd;

    if (unlink(path) && errno != ENOENT)
        return lat_fail(err, errno == EROFS ? LAT_ENOSPACE : LAT_EIO,
                        "cannot delete %s: %s", path, strerror(errno));
    snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd); /* gone after a power cut, too */
        close(fd);
    }
    return LAT_OK;
}

/* The table is copied, so that one who reads the old one is not disturbed. */
static enum lat_code swap_without(struct latd_models *t, struct latd_model *m,
                                  struct lat_err *err)
{
    struct table *table = lat_calloc(1, sizeof(*table)), *old = t->table;
    enum lat_code code =
        table ? LAT_OK : lat_fail(err, LAT_ENOMEM, "the table of models");

    if (!code)
        code = unlink_file(m->path, err);
    if (code) {
        lat_free(table);
        return code;
    }
    for (size_t i = 0; i < old->n; i++)
        if (old->v[i] != m)
            table->v[table->n++] = latd_model_ref(old->v[i]);
    pthread_mutex_lock(&t->lock);
    t->table = table;
    pthread_mutex_unlock(&t->lock);
    table_free(old);
    return LAT_OK;
}

enum lat_code latd_models_delete(struct latd_models *t, struct latd_model *m,
                                 struct lat_err *err)
{
    enum lat_code code = check_ours(t, m, err);

    if (code)
        return code;
    pthread_mutex_lock(&t->reloading);
    if (find(t->table, m->id) == m)
        code = swap_without(t, m, err);
    else
        code = lat_fail_word(err, LAT_ENOENT, "model_not_found",
                             "%s was exchanged or is gone already", m->id);
    pthread_mutex_unlock(&t->reloading);
    return code;
}

unsigned latd_model_readers(const struct latd_model *m)
{
    return atomic_load(&m->refs) - 1;
}

/* ---- for readers ------------------------------------------------------- */

/* The lock is held.  The bare name is its highest version: the last. */
static struct latd_model *look_up(const struct table *table, const char *name)
{
    struct latd_model *found = NULL;

    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->v[i]->id, name) == 0 ||
            strcmp(table->v[i]->name, name) == 0)
            found = table->v[i];
    return found;
}

/* The lock is held. */
static enum lat_code not_found(const struct table *table, const char *name,
                               struct lat_err *err)
{
    struct lat_buf names = {0};
    enum lat_code code;

    for (size_t i = 0; i < table->n && names.len < 200; i++)
        lat_buf_printf(&names, "%s%s", i ? ", " : "", table->v[i]->id);
    code = lat_fail_word(err, LAT_ENOENT, "model_not_found",
                         "there is no model %.80s; there is %.200s", name,
                         names.len ? names.v : "none");
    lat_buf_fini(&names);
    return code;
}

enum lat_code latd_models_ref(struct latd_models *t, const char *name,
                              struct latd_model **out, struct lat_err *err)
{
    char stands_for[LATD_MODEL_MAX];
    const char *alias = NULL;
    enum lat_code code = LAT_OK;
    struct latd_model *m;

    if (latd_aliases_find(t->aliases, name, stands_for)) {
        alias = name;
        name = stands_for;
    }
    pthread_mutex_lock(&t->lock);
    m = look_up(t->table, name);
    if (m)
        *out = latd_model_ref(m);
    else
        code = not_found(t->table, name, err);
    pthread_mutex_unlock(&t->lock);
    return code && alias ? lat_wrap(err, code, "alias %s", alias) : code;
}

void latd_models_use(struct latd_models *t, struct latd_aliases *aliases)
{
    t->aliases = aliases;
}

enum lat_code latd_models_list(struct latd_models *t, struct latd_model ***out,
                               size_t *n, struct lat_err *err)
{
    struct latd_model **list =
        lat_calloc(MODELS_MAX, sizeof(struct latd_model *));

    if (!list)
        return lat_fail(err, LAT_ENOMEM, "list of models");
    pthread_mutex_lock(&t->lock);
    for (*n = 0; *n < t->table->n; (*n)++)
        list[*n] = latd_model_ref(t->table->v[*n]);
    pthread_mutex_unlock(&t->lock);
    *out = list;
    return LAT_OK;
}

void latd_models_list_free(struct latd_model **list, size_t n)
{
    for (size_t i = 0; list && i < n; i++)
        latd_model_unref(list[i]);
    lat_free(list);
}

size_t latd_models_count(struct latd_models *t)
{
    size_t n;

    pthread_mutex_lock(&t->lock);
    n = t->table->n;
    pthread_mutex_unlock(&t->lock);
    return n;
}

enum lat_code latd_models_new(struct latd_models **out,
                              const struct latd_models_options *opt,
                              struct lat_err *err)
{
    struct latd_models *t = lat_calloc(1, sizeof(*t));

    if (!t)
        return lat_fail(err, LAT_ENOMEM, "models");
    t->opt = *opt;
    snprintf(t->dir, sizeof(t->dir), "%s", opt->dir);
    snprintf(t->more, sizeof(t->more), "%s", opt->more ? opt->more : "");
    t->table = lat_calloc(1, sizeof(*t->table));
    if (!t->table) {
        lat_free(t);
        return lat_fail(err, LAT_ENOMEM, "models");
    }
    pthread_mutex_init(&t->reloading, NULL);
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return LAT_OK;
}

void latd_models_free(struct latd_models *t)
{
    if (!t)
        return;
    table_free(t->table);
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->reloading);
    lat_free(t);
}
