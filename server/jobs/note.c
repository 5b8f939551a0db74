/* note.c - what a job writes down on its way. */
#include "run.h"

#include "../store/files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TELL_MS = 1000 };

/* ---- one transaction --------------------------------------------------- */

struct change {
    struct latd_change change;
    struct latd_run *run;
    const struct latd_note *note;
};

/* Where the job is must be where we think; a move says so itself. */
static enum lat_code check_running(struct latd_rows *rows, const char *id,
                                   struct lat_err *err)
{
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    enum lat_code code = latd_rows_job_get(&j, rows, id, err);
    enum latd_job_state state = j.state;

    latd_job_fini(&j);
    if (code || state == LATD_JOB_RUNNING)
        return code;
    return lat_fail(err, LAT_EBUSY, "the job is %s",
                    latd_job_state_word(state));
}

static enum lat_code write_event(const struct change *c, struct latd_rows *rows,
                                 struct lat_err *err)
{
    struct latd_job_event e = {.created_at = time(NULL),
                               .level =
                                   c->note->level ? c->note->level : "info",
                               .type = c->note->data ? "metrics" : "message",
                               .message = c->note->message,
                               .data = c->note->data ? c->note->data : "{}"};

    latd_ulid_next(c->run->app->ulid, "ftevent-", e.id);
    memcpy(e.job, c->run->job.id, sizeof(e.job));
    return latd_rows_event_add(rows, &e, err);
}

static enum lat_code write_checkpoint(const struct change *c,
                                      struct latd_rows *rows,
                                      struct lat_err *err)
{
    enum lat_code code =
        latd_rows_checkpoint_add(rows, c->note->checkpoint, err);

    if (code)
        return code;
    return latd_rows_checkpoint_prune(rows, c->run->job.id,
                                      (size_t)c->run->ask.keep, err);
}

static enum lat_code run_change(struct latd_change *change,
                                struct latd_rows *rows, struct lat_err *err)
{
    const struct change *c = (const struct change *)change;
    const struct latd_note *n = c->note;
    enum latd_job_state to;
    bool changed;
    enum lat_code code;

    if (n->move < 0)
        code = check_running(rows, c->run->job.id, err);
    else
        code = latd_rows_job_move(&to, &changed, rows, c->run->job.id,
                                  (enum latd_job_move)n->move, err);
    if (!code)
        code = latd_rows_job_progress(rows, &c->run->job, err);
    if (!code && n->checkpoint)
        code = write_checkpoint(c, rows, err);
    if (!code && n->end)
        code = latd_rows_job_end(rows, &c->run->job, err);
    if (!code && n->end) /* nobody needs its files any more */
        code = latd_rows_file_release(rows, c->run->job.id, err);
    if (!code && n->message)
        code = write_event(c, rows, err);
    return code;
}

enum lat_code latd_run_note(struct latd_run *run, const struct latd_note *note,
                            struct lat_err *err)
{
    struct change c;
    bool said = false;
    enum lat_code code;

    do {
        c = (struct change){
            .change = {.run = run_change}, .run = run, .note = note};
        code = latd_database_write_wait(run->app->database, &c.change, err);
    } while (latd_run_waits(run, code, &said, err));
    return code;
}

/* ---- progress ---------------------------------------------------------- */

static void put(struct lat_buf *out, const char *name, double v)
{
    lat_buf_printf(out, ",\"%s\":%.9g", name, v);
}

/* The trainer's means begin anew whenever they are asked for: of a step that
 * was told already they are those that were told. */
static struct lat_progress measure(struct latd_run *run)
{
    struct lat_progress p = lat_train_progress(run->trainer);

    if (p.step == 0 || p.step != run->measured.step)
        run->measured = p;
    return run->measured;
}

static void put_parts(struct lat_buf *out, const struct lat_progress *p)
{
    put(out, "inv", p->inv);
    put(out, "var", p->var);
    put(out, "neg", p->neg);
    put(out, "grad_norm", p->grad_norm);
}

/* Of images: task is the online classifier's cross-entropy. */
static void put_gates(struct lat_buf *out, const struct lat_progress *p)
{
    put(out, "classifier_accuracy", p->right);
    put(out, "kl", p->kl);
    put(out, "gates_open", p->open);
    put(out, "expected_active", p->likely);
    put(out, "rows_shut", p->shut);
}

void latd_run_metrics(struct lat_buf *out, struct latd_run *run)
{
    struct lat_progress p = measure(run);

    lat_buf_printf(out, "{\"step\":%zu,\"total_steps\":%zu", p.step, p.n_steps);
    put(out, "epoch", run->job.epoch);
    put(out, "train_loss", p.loss);
    put(out, "task", p.task);
    put(out, "nce", p.nce);
    if (run->images)
        put_gates(out, &p);
    else
        put_parts(out, &p);
    put(out, "learning_rate", p.rate);
    put(out, "steps_per_second", run->job.rate);
    if (run->has_valid) {
        put(out, "valid_loss", p.valid_step ? p.valid : run->parent_valid);
        put(out, "parent_valid_loss", run->parent_valid);
        if (p.best_step) {
            put(out, "best_valid_loss", p.best);
            put(out, "best_step", (double)p.best_step);
        }
    }
    lat_buf_puts(out, "}");
}

static void count(struct latd_run *run, uint64_t now)
{
    struct latd_job *j = &run->job;
    double seconds = (double)(now - run->told_ns) * 1e-9;
    int64_t steps = j->step - run->told_step;

    j->wall_ms += (int64_t)((now - run->begun_ns) / 1000000u);
    run->begun_ns = now;
    if (run->steps_per_epoch > 0.0)
        j->epoch = (double)j->step / run->steps_per_epoch;
    if (steps > 0 && seconds > 0.0)
        j->rate = (double)steps / seconds;
    if (j->rate > 0.0)
        j->estimated_at =
            time(NULL) +
            (int64_t)((double)(j->total_steps - j->step) / j->rate);
    run->told_ns = now;
    run->told_step = j->step;
}

enum lat_code latd_run_tell(struct latd_run *run, bool always,
                            struct lat_err *err)
{
    uint64_t now = latd_now_ns();
    struct lat_buf data = {0};
    char message[64];
    struct latd_note note = {.move = -1, .message = message};
    enum lat_code code = LAT_OK;

    if (!always && now - run->told_ns < TELL_MS * 1000000u)
        return LAT_OK;
    if (run->job.step == run->told_step)
        return LAT_OK;
    count(run, now);
    latd_run_metrics(&data, run);
    snprintf(message, sizeof(message), "Step %lld/%lld",
             (long long)run->job.step, (long long)run->job.total_steps);
    note.data = data.v;
    if (data.failed)
        code = lat_fail(err, LAT_ENOMEM, "metrics");
    if (!code)
        code = latd_run_note(run, &note, err);
    lat_buf_fini(&data);
    return code;
}
