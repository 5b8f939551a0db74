/*
 * slice.c - one slice: a job is taken up, goes on, or is let go.
 */
#include "runner.h"

#include "../log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SLICE_MS = 200, SAVE_MS = 10000 };

/* ---- the end of a job, or of our having it ----------------------------- */

static void let_go(struct latd_jobs *j)
{
    latd_run_close(j->run);
    latd_job_fini(&j->run->job);
    lat_free(j->run);
    j->run = NULL;
}

static const char *word_of(enum lat_code code)
{
    switch (code) {
    case LAT_EINVAL:
    case LAT_EUNFIT:
    case LAT_EFORMAT:
        return "invalid_training_file";
    case LAT_ENOENT:
        return "not_found";
    case LAT_ENOSPACE:
        return "insufficient_storage";
    case LAT_EDIVERGE:
        return "diverged";
    case LAT_ETIMEOUT:
        return "max_wall_seconds";
    default:
        return "server_error";
    }
}

/* Whoever moved it first has moved it: then there is nothing to say. */
static void fail(struct latd_jobs *j, enum lat_code code, const char *why)
{
    struct latd_run *run = j->run;
    const struct latd_note note = {
        .move = LATD_MOVE_FAIL, .level = "error", .message = why, .end = true};
    struct lat_err err = {0};

    latd_log(LATD_ERROR, "job %s: %s", run->job.id, why);
    lat_free(run->job.error_code);
    lat_free(run->job.error_message);
    run->job.error_code = lat_strdup(word_of(code));
    run->job.error_message = lat_strdup(why);
    run->job.finished_at = time(NULL);
    if (latd_run_note(run, &note, &err) == LAT_OK)
        latd_run_clear(run);
    else
        latd_log(LATD_ERROR, "job %s: %s", run->job.id, err.msg);
    let_go(j);
}

/* ---- taken up ---------------------------------------------------------- */

static enum lat_code first(bool *found, struct latd_jobs *j,
                           struct latd_job *job, struct lat_err *err)
{
    struct latd_rows *rows = latd_database_borrow(j->app->database);
    char id[LATD_ID_MAX];
    enum lat_code code = latd_rows_job_first(found, id, rows, err);

    if (!code && *found)
        code = latd_rows_job_get(job, rows, id, err);
    latd_database_return(j->app->database, rows);
    return code;
}

/* True when something of them is not as it was meant. */
static bool tell_files(char *message, size_t size, const struct latd_run *run)
{
    const struct lat_dataset_info info = lat_dataset_info(run->data);

    if (info.n_warnings == 0)
        snprintf(message, size, "Files are valid, the job waits for its turn");
    else
        snprintf(message, size,
                 "Files are valid, the job waits for its turn; %zu warnings, "
                 "the first: %s",
                 info.n_warnings, info.warnings[0]);
    return info.n_warnings > 0;
}

/* Files, model and words fit each other, or it fails here. */
static void validate(struct latd_jobs *j)
{
    char message[400];
    struct latd_note note = {.move = LATD_MOVE_VALIDATED, .message = message};
    struct lat_err err = {0};
    enum lat_code code = latd_run_open(j->run, &err);

    if (!code && tell_files(message, sizeof(message), j->run))
        note.level = "warn";

    if (!code)
        code = latd_run_note(j->run, &note, &err);
    if (code && code != LAT_EBUSY)
        fail(j, code, err.msg);
    else
        let_go(j);
}

/* The attempt is on disk before anything of it runs. */
static enum lat_code begin(struct latd_jobs *j, struct lat_err *err)
{
    struct latd_run *run = j->run;
    const char *message =
        run->job.step ? "The job goes on" : "The job has begun";
    const struct latd_note note = {.move = LATD_MOVE_START, .message = message};
    enum lat_code code;

    if ((uint64_t)run->job.attempts >= j->app->config.job_attempts)
        return lat_fail(err, LAT_ECANCEL,
                        "the process ended %lld times while it ran, without a "
                        "checkpoint in between (job-attempts)",
                        (long long)run->job.attempts);
    run->job.attempts++;
    code = latd_run_note(run, &note, err);
    if (!code)
        code = latd_run_open(run, err);
    /* The crash may have come between the state and its row. */
    if (!code && latd_run_is_due(run))
        code = latd_run_checkpoint(run, err);
    return code;
}

static void take_up(struct latd_jobs *j)
{
    struct latd_job job = {.state = LATD_JOB_QUEUED};
    struct lat_err err = {0};
    bool found = false;
    enum lat_code code;

    latd_jobs_sweep(j->app);
    code = first(&found, j, &job, &err);
    if (code)
        latd_log(LATD_ERROR, "jobs: %s", err.msg);
    j->more = !code && found;
    if (!j->more)
        return;
    j->run = lat_calloc(1, sizeof(*j->run));
    if (!j->run) {
        latd_job_fini(&job);
        j->more = false;
        return;
    }
    *j->run = (struct latd_run){.app = j->app,
                                .jobs = j,
                                .kernel = j->kernel,
                                .stop = &j->stopping,
                                .job = job};
    if (job.state == LATD_JOB_VALIDATING_FILES) {
        validate(j);
        return;
    }
    code = begin(j, &err);
    if (code == LAT_EBUSY || (code && atomic_load(&j->stopping)))
        let_go(j);
    else if (code)
        fail(j, code, err.msg);
}

/* ---- a slice ----------------------------------------------------------- */

static bool is_over_wall(const struct latd_run *run)
{
    uint64_t most = run->app->config.job_wall_seconds;
    uint64_t ms =
        (uint64_t)run->job.wall_ms + (latd_now_ns() - run->begun_ns) / 1000000u;

    if (run->ask.max_wall_seconds && run->ask.max_wall_seconds < most)
        most = run->ask.max_wall_seconds;
    return ms > most * 1000;
}

static enum lat_code train(struct latd_jobs *j, struct lat_err *err)
{
    struct latd_run *run = j->run;
    uint64_t end = latd_now_ns() + SLICE_MS * 1000000u;
    enum lat_code code = LAT_OK;

    while (!code && !lat_train_finished(run->trainer)) {
        code = lat_train_step(run->trainer, err);
        if (code)
            break;
        run->job.step++;
        if (latd_run_is_due(run) || latd_now_ns() >= end ||
            atomic_load(&j->look))
            break;
    }
    return code;
}

/* Where the row in hand is. */
static enum latd_job_state state_now(struct latd_jobs *j)
{
    struct latd_rows *rows = latd_database_borrow(j->app->database);
    struct latd_job job = {.state = LATD_JOB_RUNNING};
    enum latd_job_state state = LATD_JOB_RUNNING;

    if (latd_rows_job_get(&job, rows, j->run->job.id, NULL) == LAT_OK)
        state = job.state;
    latd_database_return(j->app->database, rows);
    latd_job_fini(&job);
    return state;
}

/* It was paused, or cancelled, or put back: what is worth keeping is kept.
 * The move of a job that waits changes nothing but what the note has besides,
 * that this start ended well. */
static void drop(struct latd_jobs *j, enum latd_job_state state)
{
    const struct latd_note note = {.move = LATD_MOVE_STOP};
    struct lat_err err = {0};
    enum lat_code code = LAT_OK;

    if (latd_job_is_final(state))
        latd_run_clear(j->run);
    else if (j->run->trainer)
        code = latd_run_save(j->run, &err);
    if (!code && !latd_job_is_final(state))
        code = latd_run_note(j->run, &note, &err);
    if (code && code != LAT_EBUSY)
        latd_log(LATD_WARNING, "job %s: %s", j->run->job.id, err.msg);
    let_go(j);
}

static void stop(struct latd_jobs *j)
{
    const struct latd_note note = {.move = LATD_MOVE_STOP,
                                   .message = "The server stops; the job goes "
                                              "on when it is back"};
    struct lat_err err = {0};
    enum lat_code code = latd_run_save(j->run, &err);

    if (!code)
        code = latd_run_note(j->run, &note, &err);
    if (code && code != LAT_EBUSY)
        latd_log(LATD_WARNING, "job %s: %s", j->run->job.id, err.msg);
    let_go(j);
}

/* What a slice ends with: told, saved, ended. */
static enum lat_code settle(struct latd_jobs *j, struct lat_err *err)
{
    struct latd_run *run = j->run;
    enum lat_code code;

    if (lat_train_finished(run->trainer)) {
        code = latd_run_finish(run, err);
        if (!code) {
            latd_log(LATD_INFO, "job %s is done: %s", run->job.id,
                     run->job.output);
            latd_run_clear(run);
            let_go(j);
        }
        return code;
    }
    if (is_over_wall(run))
        return lat_fail(err, LAT_ETIMEOUT,
                        "not done within its wall time (job-wall-seconds, "
                        "limits.max_wall_seconds)");
    code = latd_run_tell(run, latd_run_is_due(run), err);
    if (!code && latd_run_is_due(run))
        code = latd_run_checkpoint(run, err);
    else if (!code && latd_now_ns() - run->saved_ns > SAVE_MS * 1000000ull)
        code = latd_run_save(run, err);
    return code;
}

static void go_on(struct latd_jobs *j)
{
    struct lat_err err = {0};
    enum lat_code code = LAT_OK;

    if (atomic_exchange(&j->look, false)) {
        enum latd_job_state state = state_now(j);

        if (state != LATD_JOB_RUNNING) {
            drop(j, state);
            return;
        }
    }
    if (atomic_load(&j->stopping)) {
        stop(j);
        return;
    }
    code = train(j, &err);
    if (!code)
        code = settle(j, &err);
    if (code == LAT_EBUSY)
        drop(j, state_now(j));
    else if (code && atomic_load(&j->stopping))
        stop(j);
    else if (code)
        fail(j, code, err.msg);
}

void latd_slice_run(struct latd_jobs *j)
{
    if (j->run)
        go_on(j);
    else if (atomic_load(&j->stopping))
        j->more = false;
    else
        take_up(j);
}
