/* save.c - checkpoints, and the end of a job. */
#include "run.h"

#include "../files.h"
#include "../log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the state --------------------------------------------------------- */

enum lat_code latd_run_save(struct latd_run *run, struct lat_err *err)
{
    char path[LATD_PATH_MAX];
    bool said = false;
    enum lat_code code;

    do {
        code = latd_run_path(path, run, "state", err);
        if (!code)
            code = lat_train_save(run->trainer, path, err);
    } while (latd_run_waits(run, code, &said, err));
    if (code)
        return code;
    run->saved_ns = latd_now_ns();
    run->saved_step = run->job.step;
    run->job.attempts = 0;
    return LAT_OK;
}

bool latd_run_is_due(const struct latd_run *run)
{
    return run->job.step > 0 &&
           (uint64_t)run->job.step % run->ask.every_steps == 0 &&
           run->job.step < run->job.total_steps;
}

/* ---- a checkpoint ------------------------------------------------------ */

static enum lat_code note_checkpoint(struct latd_run *run, const char *model,
                                     struct lat_err *err)
{
    struct latd_job_checkpoint c = {
        .created_at = time(NULL), .step = run->job.step, .model = model};
    char message[LATD_ID_MAX + 40];
    struct lat_buf metrics = {0};
    const struct latd_note note = {
        .move = -1, .message = message, .checkpoint = &c};
    enum lat_code code = LAT_OK;

    latd_ulid_next(run->app->ulid, "ftckpt-", c.id);
    memcpy(c.job, run->job.id, sizeof(c.job));
    snprintf(message, sizeof(message), "Checkpoint %s written", c.id);
    latd_run_metrics(&metrics, run);
    c.metrics = metrics.v;
    if (metrics.failed)
        code = lat_fail(err, LAT_ENOMEM, "metrics");
    if (!code)
        code = latd_run_note(run, &note, err);
    lat_buf_fini(&metrics);
    return code;
}

/* Serves what is new in the folder, and no more what is gone. */
static void serve(struct latd_run *run)
{
    struct lat_err err = {0};

    if (latd_models_reload(run->app->models, &err))
        latd_log(LATD_ERROR, "reload: %s", err.msg);
}

enum lat_code latd_run_checkpoint(struct latd_run *run, struct lat_err *err)
{
    char path[LATD_PATH_MAX], model[200];
    bool said = false;
    enum lat_code code = latd_run_save(run, err);

    if (code || run->ask.keep == 0)
        return code;
    snprintf(model, sizeof(model), "%s:ckpt-step-%lld", run->job.output,
             (long long)run->job.step);
    do {
        code = latd_run_model_path(path, run, model, err);
        if (!code)
            code = lat_train_publish_step(run->trainer, path, err);
    } while (latd_run_waits(run, code, &said, err));
    if (!code)
        code = note_checkpoint(run, model, err);
    if (!code) {
        latd_run_prune(run);
        serve(run);
    }
    return code;
}

/* ---- the end ----------------------------------------------------------- */

static void print_results(struct lat_buf *out, struct latd_run *run)
{
    struct lat_progress p = lat_train_progress(run->trainer);

    lat_buf_printf(out, "{\"steps\":%zu", p.step);
    if (run->has_valid)
        lat_buf_printf(out,
                       ",\"valid\":{\"parent\":%.9g,\"best\":%.9g,"
                       "\"best_step\":%zu,\"last\":%.9g}",
                       run->parent_valid, p.best, p.best_step, p.valid);
    lat_buf_puts(out, "}");
}

/* ---- the file of results ---- */

static void print_row(void *arg, const struct latd_job_event *e)
{
    struct lat_buf *out = arg;

    if (strcmp(e->type, "metrics") == 0)
        latd_wire_metrics_row(out, e->data);
}

/* All that was measured, a line each. */
static enum lat_code print_history(struct lat_buf *out,
                                   const struct latd_run *run,
                                   struct lat_err *err)
{
    struct latd_event_query q = {.job = run->job.id,
                                 .page = {.limit = 1000000},
                                 .oldest_first = true,
                                 .each = print_row,
                                 .arg = out};
    struct latd_rows *rows;
    enum lat_code code;

    latd_wire_metrics_head(out);
    rows = latd_database_borrow(run->app->database);
    code = latd_rows_event_list(rows, &q, err);

    latd_database_return(run->app->database, rows);
    if (!code && out->failed)
        code = lat_fail(err, LAT_ENOMEM, "the metrics of all steps");
    return code;
}

struct store_file {
    struct latd_change change;
    struct latd_upload *upload;
    struct latd_file *file;
};

static enum lat_code store_file(struct latd_change *c, struct latd_rows *rows,
                                struct lat_err *err)
{
    const struct store_file *s = (const struct store_file *)c;

    return latd_upload_store(s->upload, rows, s->file, err);
}

/* As /v1/files has it: the id goes to the job. */
static enum lat_code write_results(struct latd_run *run, struct lat_err *err)
{
    struct lat_buf text = {0};
    struct latd_file file = {.purpose = "fine-tune-results"};
    struct store_file s = {.change = {.run = store_file}, .file = &file};
    enum lat_code code = print_history(&text, run, err);

    snprintf(file.filename, sizeof(file.filename), "step_metrics.csv");
    if (!code)
        code = latd_upload_open(&s.upload, run->app->files, err);
    if (!code)
        code = latd_upload_write(s.upload, text.v ? text.v : "", text.len, err);
    if (!code) {
        latd_upload_digest(s.upload, &file);
        code = latd_upload_finish(s.upload, &file, err);
    }
    if (!code)
        code = latd_database_write_wait(run->app->database, &s.change, err);
    if (!code) {
        lat_free(run->job.result_file);
        run->job.result_file = lat_strdup(file.id);
    }
    latd_upload_close(s.upload);
    latd_file_fini(&file);
    lat_buf_fini(&text);
    return code;
}

/* ---- */

enum lat_code latd_run_finish(struct latd_run *run, struct lat_err *err)
{
    const struct latd_note note = {.move = LATD_MOVE_SUCCEED,
                                   .message =
                                       "The job is done; its model is served",
                                   .end = true};
    char path[LATD_PATH_MAX];
    struct lat_buf results = {0};
    bool said = false;
    enum lat_code code = latd_run_tell(run, true, err);

    print_results(&results, run);
    if (!code && results.failed)
        code = lat_fail(err, LAT_ENOMEM, "results");
    if (!code)
        code = latd_run_model_path(path, run, run->job.output, err);
    if (!code)
        do
            code = lat_train_publish(run->trainer, path, results.v, err);
        while (latd_run_waits(run, code, &said, err));
    if (!code)
        do
            code = write_results(run, err);
        while (latd_run_waits(run, code, &said, err));
    lat_buf_fini(&results);
    if (code)
        return code;
    serve(run);
    run->job.finished_at = time(NULL);
    code = latd_run_note(run, &note, err);
    if (code == LAT_EBUSY) { /* somebody was faster: nothing of it happened */
        unlink(path);
        serve(run);
    }
    return code;
}
