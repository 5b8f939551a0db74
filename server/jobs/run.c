/* run.c - a job made ready to run, and given up. */
#include "run.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void latd_run_close(struct latd_run *run)
{
    lat_trainer_free(run->trainer);
    lat_dataset_free(run->data);
    lat_recipe_free(run->recipe);
    lat_model_unref(run->parent);
    run->trainer = NULL;
    run->data = NULL;
    run->recipe = NULL;
    run->parent = NULL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return b && b < a ? b : a;
}

/* A checkpoint has four lists as long as the model, and each model of one is
 * as long as the parent's file. */
static enum lat_code check_disk(const struct latd_run *run, struct lat_err *err)
{
    uint64_t most =
        least(run->app->config.job_disk_bytes, run->ask.max_disk_bytes);
    char path[LATD_PATH_MAX];
    struct stat st = {0};
    uint64_t need;
    enum lat_code code = latd_run_path(path, run, "parent", err);

    if (code)
        return code;
    if (stat(path, &st))
        st.st_size = 0;
    need = (uint64_t)st.st_size * (5 + run->ask.keep + 2);
    if (need > most)
        return lat_fail(err, LAT_EUNFIT,
                        "the job would need %llu bytes of disk, the limit is "
                        "%llu (job-disk-bytes, limits.max_disk_bytes); keep "
                        "fewer checkpoints",
                        (unsigned long long)need, (unsigned long long)most);
    return LAT_OK;
}

static enum lat_code make_trainer(struct latd_run *run, struct lat_err *err)
{
    unsigned threads =
        (unsigned)least(run->app->config.job_threads, run->ask.max_threads);
    struct lat_dataset_info info;
    struct lat_progress p;
    enum lat_code code = lat_trainer_new(&run->trainer, run->recipe, run->data,
                                         run->kernel, threads, err);

    if (!code)
        code = lat_train_from(run->trainer, run->parent, err);
    if (!code)
        code = lat_train_measure(run->trainer, err);
    if (code)
        return code;
    p = lat_train_progress(run->trainer);
    info = lat_dataset_info(run->data);
    run->images = info.images;
    run->has_valid = info.images ? info.records[LAT_VALID] >= 2
                                 : info.subjects[LAT_VALID] > 0;
    run->parent_valid = p.valid;
    return LAT_OK;
}

static enum lat_code load(struct latd_run *run, struct lat_err *err)
{
    char path[LATD_PATH_MAX];
    struct lat_progress p;
    enum lat_code code = latd_run_path(path, run, "state", err);

    if (!code && access(path, F_OK) == 0)
        code = lat_train_load(run->trainer, path, err);
    if (code)
        return code;
    p = lat_train_progress(run->trainer);
    run->job.step = run->told_step = run->saved_step = (int64_t)p.step;
    run->valid_step = (int64_t)p.valid_step;
    run->begun_ns = run->told_ns = run->saved_ns = latd_now_ns();
    return LAT_OK;
}

enum lat_code latd_run_open(struct latd_run *run, struct lat_err *err)
{
    char *normal = NULL;
    enum lat_code code = latd_wire_job_decode(
        &run->ask, &normal, run->job.request, strlen(run->job.request), err);

    lat_free(normal);
    if (!code)
        code = latd_run_parent(run, err);
    if (!code)
        code = check_disk(run, err);
    if (!code)
        code = latd_run_recipe(run, err);
    if (!code)
        code = latd_run_data(run, err);
    if (!code)
        code = latd_run_steps(run, err);
    if (!code)
        code = make_trainer(run, err);
    if (!code)
        code = load(run, err);
    if (code)
        latd_run_close(run);
    return code;
}
