/* reproduce_run.c - one run of a table: trained, measured, written down. */
#include "reproduce.h"
#include "watch.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAVE_SECONDS = 60, SHORT_NAME = 12 };

/* ---- what a run found ---- */

static void put_name(struct lat_buf *b, const char *part, const char *name)
{
    lat_buf_printf(b, "%s\"%s%s%s\":", b->len ? "," : "", part ? part : "",
                   part ? "." : "", name);
}

void cli_run_value(struct cli_run *run, const char *part, const char *name,
                   double value)
{
    if (!isfinite(value))
        return;
    put_name(&run->values, part, name);
    lat_buf_printf(&run->values, "%.8g", value);
}

void cli_run_list(struct cli_run *run, const char *part, const char *name,
                  const double *v, size_t n)
{
    put_name(&run->lists, part, name);
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(&run->lists, "%c%.5g", i ? ',' : '[', v[i]);
    lat_buf_puts(&run->lists, n ? "]" : "[]");
}

/* ---- progress ---- */

enum cli_next cli_run_step(struct cli_run *run, size_t step, size_t n_steps,
                           double loss)
{
    bool terminal = isatty(STDOUT_FILENO) == 1;
    double now = cli_now(), speed, rest;
    char left[32], all[32];

    if (run->first_step == SIZE_MAX)
        run->first_step = step - 1;
    speed = (double)(step - run->first_step) / fmax(now - run->begun, 1e-9);
    rest = (double)(n_steps - step) / fmax(speed, 1e-9);
    if (now - run->shown >= (terminal ? 0.5 : 30.0) || step == n_steps) {
        run->shown = now;
        cli_time_left(left, sizeof(left), rest);
        cli_time_left(all, sizeof(all), rest + run->later);
        printf("%s%s: step %zu/%zu  loss %.4f  %.1f steps/s  %s, of all %s%s",
               terminal ? "\r" : "", run->head, step, n_steps, loss, speed,
               left, all, terminal && step < n_steps ? "\x1b[K" : "\n");
        fflush(stdout);
    }
    if (cli_interrupted())
        return CLI_STOP;
    if (now - run->saved < SAVE_SECONDS)
        return CLI_GO_ON;
    run->saved = now;
    return CLI_SAVE;
}

/* ---- one run ---- */

static bool is_there(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* Finished: of this setting, and with all that is measured today unless the
 * model is not there to measure it again. */
static bool is_finished(struct cli_run *run, const char *path)
{
    json_t *root = json_load_file(path, 0, NULL);
    const char *setting = json_string_value(json_object_get(root, "setting"));
    bool same = setting && strcmp(setting, run->setting) == 0;
    json_int_t measured = json_integer_value(json_object_get(root, "measured"));

    if (same) /* in case that it is only measured again */
        run->trained_seconds =
            json_number_value(json_object_get(root, "train_seconds"));
    json_decref(root);
    return same && (measured >= (json_int_t)run->table->measured ||
                    !is_there(run->model));
}

static enum lat_code write_run(const struct cli_run *run, const char *path,
                               double measure_seconds, struct lat_err *err)
{
    struct lat_buf b = {0};
    enum lat_code code;

    lat_buf_printf(
        &b,
        "{\"table\":\"%s\",\"row\":\"%s\",\"seed\":%llu,"
        "\"steps\":%llu,\n\"setting\":\"%s\",\n\"data_sha256\":"
        "\"%s\",\n\"measured\":%u,\"windows\":%zu,\"kernel\":\"%s\"",
        run->table->name, run->row->name, (unsigned long long)run->seed,
        (unsigned long long)run->steps, run->setting, run->data_sha256,
        run->table->measured, run->windows, lat_kernel_name(run->kernel));
    if (run->trained_seconds > 0.0)
        lat_buf_printf(&b, ",\"train_seconds\":%.0f", run->trained_seconds);
    lat_buf_printf(&b,
                   ",\"measure_seconds\":%.0f,\n\"recipe\":", measure_seconds);
    cli_put_string(&b, run->recipe.v);
    lat_buf_printf(&b, ",\n\"values\":{%s},\n\"lists\":{%s}}\n",
                   run->values.len ? run->values.v : "",
                   run->lists.len ? run->lists.v : "");
    b.failed = b.failed || run->values.failed || run->lists.failed;
    code = b.failed ? lat_fail(err, LAT_ENOMEM, "results")
                    : lat_file_write(path, b.v, b.len, err);
    lat_buf_fini(&b);
    return code;
}

static enum lat_code train_and_measure(struct cli_run *run, const char *path,
                                       struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    double begun;

    run->begun = run->saved = run->shown = cli_now();
    run->first_step = SIZE_MAX;
    if (!is_there(run->model)) {
        code = run->table->train(run, err);
        run->trained_seconds = cli_now() - run->begun;
    }
    if (code)
        return code;
    remove(run->checkpoint);
    begun = cli_now();
    code = run->table->measure(run, err);
    return code ? code : write_run(run, path, cli_now() - begun, err);
}

enum lat_code cli_run_finish(struct cli_run *run, const char *dir, bool *done,
                             struct lat_err *err)
{
    char path[4096];

    snprintf(run->model, sizeof(run->model), "%s/models/%s-%llu-%.*s.model",
             dir, run->row->name, (unsigned long long)run->seed, SHORT_NAME,
             run->setting);
    snprintf(run->checkpoint, sizeof(run->checkpoint), "%.4000s.checkpoint",
             run->model);
    snprintf(path, sizeof(path), "%s/runs/%s-%llu.json", dir, run->row->name,
             (unsigned long long)run->seed);
    *done = !is_finished(run, path);
    return *done ? train_and_measure(run, path, err) : LAT_OK;
}
