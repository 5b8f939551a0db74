/* folder.c - what a job keeps in files. */
#define _GNU_SOURCE /* FTW_PHYS */
#include "run.h"

#include "../log.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 30 };

static enum lat_code make(const char *dir, struct lat_err *err)
{
    if (mkdir(dir, 0750) == 0 || errno == EEXIST)
        return LAT_OK;
    return lat_fail(err,
                    errno == ENOSPC || errno == EDQUOT || errno == EROFS
                        ? LAT_ENOSPACE
                        : LAT_EIO,
                    "%s: %s (data-dir)", dir, strerror(errno));
}

enum lat_code latd_run_path(char path[LATD_PATH_MAX],
                            const struct latd_run *run, const char *name,
                            struct lat_err *err)
{
    const char *data = run->app->config.data_dir;
    enum lat_code code;

    snprintf(path, LATD_PATH_MAX, "%s/jobs", data);
    code = make(path, err);
    if (code)
        return code;
    snprintf(path, LATD_PATH_MAX, "%s/jobs/%s", data, run->job.id);
    code = make(path, err);
    if (!code)
        snprintf(path, LATD_PATH_MAX, "%s/jobs/%s/%s", data, run->job.id, name);
    return code;
}

enum lat_code latd_run_model_path(char path[LATD_PATH_MAX],
                                  const struct latd_run *run, const char *model,
                                  struct lat_err *err)
{
    const char *data = run->app->config.data_dir;
    enum lat_code code;

    snprintf(path, LATD_PATH_MAX, "%s/models", data);
    code = make(path, err);
    if (!code)
        snprintf(path, LATD_PATH_MAX, "%s/models/%s.safetensors", data, model);
    return code;
}

/* ---- the parent -------------------------------------------------------- */

/* The file of a model that is served, copied whole. */
static enum lat_code copy_parent(const struct latd_run *run, const char *to,
                                 struct lat_err *err)
{
    struct latd_model *m = NULL;
    char *file = NULL;
    size_t len;
    enum lat_code code =
        latd_models_ref(run->app->models, run->job.model, &m, err);

    if (!code)
        code = lat_file_read(&file, &len, m->path, FILE_MAX, err);
    if (!code)
        code = lat_file_write(to, file, len, err);
    lat_free(file);
    latd_model_unref(m);
    return code;
}

enum lat_code latd_run_parent(struct latd_run *run, struct lat_err *err)
{
    char path[LATD_PATH_MAX];
    enum lat_code code = latd_run_path(path, run, "parent", err);

    if (!code && access(path, F_OK))
        code = copy_parent(run, path, err);
    return code ? code : lat_model_read(&run->parent, path, err);
}

/* ---- taken away -------------------------------------------------------- */

static int drop(const char *path, const struct stat *st, int flag,
                struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    if (remove(path))
        latd_log(LATD_WARNING, "%s: %s", path, strerror(errno));
    return 0;
}

static void drop_all(const char *path)
{
    nftw(path, drop, 8, FTW_DEPTH | FTW_PHYS);
}

void latd_run_clear(const struct latd_run *run)
{
    char path[LATD_PATH_MAX];

    snprintf(path, sizeof(path), "%s/jobs/%s", run->app->config.data_dir,
             run->job.id);
    drop_all(path);
}

struct kept {
    const char *file;
    bool is;
};

static void look(void *arg, const struct latd_job_checkpoint *c)
{
    struct kept *k = arg;
    size_t len = strlen(c->model);

    k->is = k->is || (strncmp(k->file, c->model, len) == 0 &&
                      strcmp(k->file + len, ".safetensors") == 0);
}

/* Whether a file is the model of a checkpoint that is a row; one that cannot
 * be looked up stays. */
static bool is_kept(const struct latd_run *run, const char *file)
{
    struct kept k = {.file = file};
    struct latd_checkpoint_query q = {
        .job = run->job.id, .page = {.limit = 1000}, .each = look, .arg = &k};
    struct latd_rows *rows = latd_database_borrow(run->app->database);
    enum lat_code code = latd_rows_checkpoint_list(rows, &q, NULL);

    latd_database_return(run->app->database, rows);
    return code || k.is;
}

void latd_run_prune(const struct latd_run *run)
{
    char dir[LATD_PATH_MAX], path[LATD_PATH_MAX + 300], begin[200];
    struct dirent *e;
    DIR *d;

    snprintf(dir, sizeof(dir), "%s/models", run->app->config.data_dir);
    snprintf(begin, sizeof(begin), "%s:ckpt-", run->job.output);
    d = opendir(dir);
    while (d && (e = readdir(d)))
        if (strncmp(e->d_name, begin, strlen(begin)) == 0 &&
            !is_kept(run, e->d_name)) {
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            unlink(path);
        }
    if (d)
        closedir(d);
}

static bool is_over(struct latd_app *app, const char *id)
{
    struct latd_rows *rows = latd_database_borrow(app->database);
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    enum lat_code code = latd_rows_job_get(&j, rows, id, NULL);
    bool over = code == LAT_ENOENT || (!code && latd_job_is_final(j.state));

    latd_database_return(app->database, rows);
    latd_job_fini(&j);
    return over;
}

void latd_jobs_sweep(struct latd_app *app)
{
    char dir[LATD_PATH_MAX], path[LATD_PATH_MAX + 300];
    struct dirent *e;
    DIR *d;

    snprintf(dir, sizeof(dir), "%s/jobs", app->config.data_dir);
    d = opendir(dir);
    while (d && (e = readdir(d)))
        if (latd_ulid_is(e->d_name, "ftjob-") && is_over(app, e->d_name)) {
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            drop_all(path);
        }
    if (d)
        closedir(d);
}
