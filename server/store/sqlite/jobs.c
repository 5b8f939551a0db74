/* jobs.c - rows of fine-tuning jobs. */
#include "../jobs.h"

#include "rows.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                             \
    "id, created_at, state, model, training_file, validation_file, "        \
    "request, fingerprint, output, attempts, wall_ms, step, total_steps, "  \
    "epoch, rate, estimated_at, finished_at, result_file, error_code, "     \
    "error_message, (SELECT id FROM job_checkpoint c WHERE c.job = job.id " \
    "ORDER BY c.id DESC LIMIT 1)"

void latd_job_fini(struct latd_job *j)
{
    lat_free(j->model);
    lat_free(j->training_file);
    lat_free(j->validation_file);
    lat_free(j->request);
    lat_free(j->output);
    lat_free(j->result_file);
    lat_free(j->error_code);
    lat_free(j->error_message);
    *j = (struct latd_job){.state = LATD_JOB_QUEUED};
}

/* ---- columns ----------------------------------------------------------- */

/* False when there is no memory. */
static bool take(char **out, sqlite3_stmt *st, int i)
{
    const char *text = (const char *)sqlite3_column_text(st, i);

    *out = text ? lat_strdup(text) : NULL;
    return !text || *out;
}

static void copy(char to[LATD_ID_MAX], sqlite3_stmt *st, int i)
{
    const char *text = (const char *)sqlite3_column_text(st, i);

    snprintf(to, LATD_ID_MAX, "%s", text ? text : "");
}

static void read_numbers(struct latd_job *j, sqlite3_stmt *st)
{
    j->attempts = sqlite3_column_int64(st, 9);
    j->wall_ms = sqlite3_column_int64(st, 10);
    j->step = sqlite3_column_int64(st, 11);
    j->total_steps = sqlite3_column_int64(st, 12);
    j->epoch = sqlite3_column_double(st, 13);
    j->rate = sqlite3_column_double(st, 14);
    j->estimated_at = sqlite3_column_int64(st, 15);
    j->finished_at = sqlite3_column_int64(st, 16);
}

/* A row as COLUMNS name it. */
static enum lat_code read_job(struct latd_job *out, sqlite3_stmt *st,
                              struct lat_err *err)
{
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    const void *print = sqlite3_column_blob(st, 7);

    copy(j.id, st, 0);
    j.created_at = sqlite3_column_int64(st, 1);
    latd_job_state_find(&j.state, (const char *)sqlite3_column_text(st, 2));
    if (print)
        memcpy(j.fingerprint, print, LAT_DIGEST);
    read_numbers(&j, st);
    copy(j.checkpoint, st, 20);
    if (take(&j.model, st, 3) && take(&j.training_file, st, 4) &&
        take(&j.validation_file, st, 5) && take(&j.request, st, 6) &&
        take(&j.output, st, 8) && take(&j.result_file, st, 17) &&
        take(&j.error_code, st, 18) && take(&j.error_message, st, 19)) {
        *out = j;
        return LAT_OK;
    }
    latd_job_fini(&j);
    return lat_fail(err, LAT_ENOMEM, "a job");
}

/* ---- one job ----------------------------------------------------------- */

enum lat_code latd_rows_job_add(struct latd_rows *rows,
                                const struct latd_job *j, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT INTO job (id, created_at, state, model, training_file, "
        "validation_file, request, fingerprint, output) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        err);

    if (code)
        return code;
    latd_bind_text(st, 1, j->id);
    sqlite3_bind_int64(st, 2, j->created_at);
    latd_bind_text(st, 3, latd_job_state_word(j->state));
    latd_bind_text(st, 4, j->model);
    latd_bind_text(st, 5, j->training_file);
    latd_bind_text(st, 6, j->validation_file);
    latd_bind_text(st, 7, j->request);
    latd_bind_blob(st, 8, j->fingerprint, LAT_DIGEST);
    latd_bind_text(st, 9, j->output);
    return latd_rows_run(rows, st, "add a job", err);
}

enum lat_code latd_rows_job_get(struct latd_job *out, struct latd_rows *rows,
                                const char *id, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT " COLUMNS " FROM job WHERE id = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_step(&found, rows, st, "read a job", err);
    if (code)
        return code;
    if (!found)
        return lat_fail_word(err, LAT_ENOENT, "job_not_found",
                             "there is no job %.60s", id);
    code = read_job(out, st, err);
    sqlite3_reset(st);
    return code;
}

/* The one id that st gives, if it gives one. */
static enum lat_code one_id(bool *found, char id[LATD_ID_MAX],
                            struct latd_rows *rows, sqlite3_stmt *st,
                            struct lat_err *err)
{
    enum lat_code code = latd_rows_step(found, rows, st, "look for a job", err);

    if (code || !*found)
        return code;
    copy(id, st, 0);
    sqlite3_reset(st);
    return LAT_OK;
}

enum lat_code latd_rows_job_twin(bool *found, char id[LATD_ID_MAX],
                                 struct latd_rows *rows,
                                 const uint8_t *fingerprint, int64_t since,
                                 struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT id FROM job WHERE fingerprint = ? AND created_at >= ? "
        "ORDER BY id DESC LIMIT 1",
        err);

    if (code)
        return code;
    latd_bind_blob(st, 1, fingerprint, LAT_DIGEST);
    sqlite3_bind_int64(st, 2, since);
    return one_id(found, id, rows, st, err);
}

enum lat_code latd_rows_job_first(bool *found, char id[LATD_ID_MAX],
                                  struct latd_rows *rows, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT id FROM job WHERE state IN "
        "('running', 'validating_files', 'queued') ORDER BY "
        "CASE state WHEN 'running' THEN 0 WHEN 'validating_files' THEN 1 "
        "ELSE 2 END, id LIMIT 1",
        err);

    return code ? code : one_id(found, id, rows, st, err);
}

/* ---- moves ------------------------------------------------------------- */

static enum lat_code state_of(enum latd_job_state *out, struct latd_rows *rows,
                              const char *id, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code =
        latd_rows_prepare(&st, rows, "SELECT state FROM job WHERE id = ?", err);

    if (code)
        return code;
    latd_bind_text(st, 1, id);
    code = latd_rows_step(&found, rows, st, "read a job", err);
    if (code)
        return code;
    if (!found)
        return lat_fail_word(err, LAT_ENOENT, "job_not_found",
                             "there is no job %.60s", id);
    latd_job_state_find(out, (const char *)sqlite3_column_text(st, 0));
    sqlite3_reset(st);
    return LAT_OK;
}

enum lat_code latd_rows_job_move(enum latd_job_state *to, bool *changed,
                                 struct latd_rows *rows, const char *id,
                                 enum latd_job_move move, struct lat_err *err)
{
    enum latd_job_state from = LATD_JOB_QUEUED;
    sqlite3_stmt *st;
    enum lat_code code = state_of(&from, rows, id, err);

    if (!code)
        code = latd_job_next(to, from, move, err);
    if (code)
        return code;
    *changed = *to != from;
    if (!*changed)
        return LAT_OK;
    code = latd_rows_prepare(
        &st, rows, "UPDATE job SET state = ? WHERE id = ? AND state = ?", err);
    if (code)
        return code;
    latd_bind_text(st, 1, latd_job_state_word(*to));
    latd_bind_text(st, 2, id);
    latd_bind_text(st, 3, latd_job_state_word(from));
    return latd_rows_run(rows, st, "move a job", err);
}

enum lat_code latd_rows_job_progress(struct latd_rows *rows,
                                     const struct latd_job *j,
                                     struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "UPDATE job SET attempts = ?, wall_ms = ?, step = ?, total_steps = ?, "
        "epoch = ?, rate = ?, estimated_at = ? WHERE id = ?",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, j->attempts);
    sqlite3_bind_int64(st, 2, j->wall_ms);
    sqlite3_bind_int64(st, 3, j->step);
    sqlite3_bind_int64(st, 4, j->total_steps);
    sqlite3_bind_double(st, 5, j->epoch);
    sqlite3_bind_double(st, 6, j->rate);
    if (j->estimated_at)
        sqlite3_bind_int64(st, 7, j->estimated_at);
    latd_bind_text(st, 8, j->id);
    return latd_rows_run(rows, st, "write a job's progress", err);
}

enum lat_code latd_rows_job_end(struct latd_rows *rows,
                                const struct latd_job *j, struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "UPDATE job SET finished_at = ?, result_file = ?, error_code = ?, "
        "error_message = ?, estimated_at = NULL WHERE id = ?",
        err);

    if (code)
        return code;
    sqlite3_bind_int64(st, 1, j->finished_at);
    latd_bind_text(st, 2, j->result_file);
    latd_bind_text(st, 3, j->error_code);
    latd_bind_text(st, 4, j->error_message);
    latd_bind_text(st, 5, j->id);
    return latd_rows_run(rows, st, "end a job", err);
}

/* ---- all of them ------------------------------------------------------- */

/* Whether all pairs are among the metadata of the request. */
static enum lat_code has_pairs(bool *has, struct latd_rows *rows,
                               const char *id, const struct latd_job_query *q,
                               struct lat_err *err)
{
    sqlite3_stmt *st;
    enum lat_code code = LAT_OK;

    *has = true;
    for (size_t i = 0; !code && *has && i < q->n_pairs; i++) {
        code = latd_rows_prepare(
            &st, rows,
            "SELECT 1 FROM job, json_each(job.request, '$.metadata') m "
            "WHERE job.id = ? AND m.key = ? AND m.value = ?",
            err);
        if (code)
            break;
        latd_bind_text(st, 1, id);
        latd_bind_text(st, 2, q->pairs[i].key);
        latd_bind_text(st, 3, q->pairs[i].value);
        code = latd_rows_step(has, rows, st, "read metadata", err);
        sqlite3_reset(st);
    }
    return code;
}

static enum lat_code give(struct latd_rows *rows, sqlite3_stmt *st,
                          struct latd_job_query *q, size_t *given,
                          struct lat_err *err)
{
    struct latd_job j = {.state = LATD_JOB_QUEUED};
    bool has = false;
    enum lat_code code = read_job(&j, st, err);

    if (!code)
        code = has_pairs(&has, rows, j.id, q, err);
    if (!code && has && *given == q->page.limit)
        q->page.more = true;
    else if (!code && has) {
        code = q->each(q->arg, &j);
        (*given)++;
    }
    latd_job_fini(&j);
    return code;
}

enum lat_code latd_rows_job_list(struct latd_rows *rows,
                                 struct latd_job_query *q, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = true;
    size_t given = 0;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT " COLUMNS " FROM job WHERE ?1 IS NULL OR id < ?1 "
        "ORDER BY id DESC",
        err);

    if (code)
        return code;
    q->page.more = false;
    latd_bind_text(st, 1, q->page.after);
    while (!code && !q->page.more) {
        code = latd_rows_step(&found, rows, st, "list jobs", err);
        if (code || !found)
            return code;
        code = give(rows, st, q, &given, err);
    }
    sqlite3_reset(st);
    return code;
}

enum lat_code latd_rows_job_counts(uint64_t n[LATD_N_JOB_STATES],
                                   struct latd_rows *rows, struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = true;
    enum lat_code code = latd_rows_prepare(
        &st, rows, "SELECT state, count(*) FROM job GROUP BY state", err);

    memset(n, 0, LATD_N_JOB_STATES * sizeof(*n));
    while (!code) {
        enum latd_job_state s;

        code = latd_rows_step(&found, rows, st, "count jobs", err);
        if (code || !found)
            break;
        if (latd_job_state_find(&s, (const char *)sqlite3_column_text(st, 0)))
            n[s] = (uint64_t)sqlite3_column_int64(st, 1);
    }
    return code;
}

enum lat_code latd_rows_job_last_ids(char ids[3][LATD_ID_MAX],
                                     struct latd_rows *rows,
                                     struct lat_err *err)
{
    sqlite3_stmt *st;
    bool found = false;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "SELECT (SELECT max(id) FROM job), (SELECT max(id) FROM job_event), "
        "(SELECT max(id) FROM job_checkpoint)",
        err);

    if (!code)
        code = latd_rows_step(&found, rows, st, "read ids", err);
    if (code)
        return code;
    for (int i = 0; i < 3; i++)
        copy(ids[i], st, i);
    sqlite3_reset(st);
    return LAT_OK;
}
