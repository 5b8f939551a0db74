/*
 * runner.c - which job runs, slice by slice.
 *
 * On the loop thread a slice is begun and its end heard of; on a thread of the
 * work queue it runs, and there alone the job in hand is touched.
 */
#include "runner.h"

/* ---- the loop's side --------------------------------------------------- */

static void slice_run(void *arg)
{
    latd_slice_run(arg);
}

static void set_busy(struct latd_jobs *j, bool busy)
{
    pthread_mutex_lock(&j->lock);
    j->busy = busy;
    if (!busy)
        pthread_cond_broadcast(&j->idle);
    pthread_mutex_unlock(&j->lock);
}

static void slice_done(void *arg)
{
    struct latd_jobs *j = arg;

    latd_loop_news(j->app->loop);
    if (j->more || j->again) {
        j->again = false;
        latd_work_start(j->work);
    } else {
        set_busy(j, false);
    }
}

static struct latd_jobs *jobs_of(struct latd_task *task)
{
    return (struct latd_jobs *)((char *)task -
                                offsetof(struct latd_jobs, kick));
}

/* Under one lock, so that stop never sees a moment between a kick and what it
 * begins. */
static void run_kick(struct latd_task *task)
{
    struct latd_jobs *j = jobs_of(task);
    bool start;

    latd_loop_news(j->app->loop);
    pthread_mutex_lock(&j->lock);
    atomic_store(&j->kicked, false);
    start = !j->busy;
    j->busy = true;
    j->again = j->again || !start;
    pthread_mutex_unlock(&j->lock);
    if (start)
        latd_work_start(j->work);
}

void latd_jobs_kick(struct latd_jobs *j)
{
    atomic_store(&j->look, true);
    if (!atomic_exchange(&j->kicked, true))
        latd_loop_post(j->app->loop, &j->kick);
}

/* ---- start and stop ---------------------------------------------------- */

void latd_jobs_quiesce(struct latd_jobs *j)
{
    if (!j)
        return;
    atomic_store(&j->stopping, true);
    latd_jobs_kick(j);
}

/* Names go on behind those of earlier runs, whatever the clock says. */
static enum lat_code read_ids(struct latd_jobs *j, struct lat_err *err)
{
    struct latd_rows *rows = latd_database_borrow(j->app->database);
    char ids[3][LATD_ID_MAX] = {"", "", ""};
    enum lat_code code = latd_rows_job_last_ids(ids, rows, err);

    latd_database_return(j->app->database, rows);
    for (size_t i = 0; !code && i < 3; i++)
        latd_ulid_after(j->app->ulid, ids[i]);
    return code;
}

enum lat_code latd_jobs_start(struct latd_jobs **out, struct latd_app *app,
                              const struct lat_kernel *kernel,
                              struct lat_err *err)
{
    struct latd_jobs *j = lat_calloc(1, sizeof(*j));
    enum lat_code code;

    if (!j)
        return lat_fail(err, LAT_ENOMEM, "jobs");
    j->app = app;
    j->kernel = kernel;
    j->kick.run = run_kick;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->idle, NULL);
    code = latd_work_new(&j->work, app->loop, slice_run, slice_done, j, err);
    if (!code)
        code = read_ids(j, err);
    if (code) {
        latd_jobs_stop(j);
        return lat_wrap(err, code, "jobs");
    }
    *out = j;
    latd_jobs_kick(j);
    return LAT_OK;
}

void latd_jobs_stop(struct latd_jobs *j)
{
    if (!j)
        return;
    atomic_store(&j->stopping, true);
    atomic_store(&j->look, true);
    pthread_mutex_lock(&j->lock);
    while (j->busy || atomic_load(&j->kicked))
        pthread_cond_wait(&j->idle, &j->lock);
    pthread_mutex_unlock(&j->lock);
    latd_work_free(j->work);
    pthread_cond_destroy(&j->idle);
    pthread_mutex_destroy(&j->lock);
    lat_free(j);
}
