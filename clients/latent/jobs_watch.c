/*
 * jobs_watch.c - a job's events as they come: a bar on a terminal, lines
 * elsewhere.  A connection that ends before the job does is begun again behind
 * the last event that was seen.
 */
#include "http.h"
#include "jobs.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24, TRIES = 30, LINE_MAX_BYTES = 1 << 20 };

struct watch {
    const struct cli_jobs_options *o;
    struct lat_buf line;     /* what has come of it */
    char last[64], type[16]; /* of the event that comes */
    bool terminal, bar;      /* a bar stands on the line */
    bool done, came;
    int status;
};

/* ---- shown ---- */

static void clear_bar(struct watch *w)
{
    if (w->bar)
        printf("\r\x1b[K");
    w->bar = false;
}

static double number(const json_t *v, const char *name)
{
    return json_number_value(json_object_get(v, name));
}

static void show_left(double seconds)
{
    unsigned long s = seconds > 0.0 ? (unsigned long)lrint(seconds) : 0;

    printf("  %lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
}

static void show_metrics(struct watch *w, const json_t *m)
{
    double step = number(m, "step"), rate = number(m, "steps_per_second");
    double total = number(m, "total_steps");
    int full = total > 0.0 ? (int)(BAR * step / total) : 0;

    full = full < 0 ? 0 : full > BAR ? BAR : full;
    if (w->terminal)
        printf("\r\x1b[K[%.*s%*s] ", full, "########################",
               BAR - full, "");
    printf("step %.0f/%.0f  epoch %.1f  loss %.4f", step, total,
           number(m, "epoch"), number(m, "train_loss"));
    if (json_object_get(m, "valid_loss"))
        printf("  valid %.4f", number(m, "valid_loss"));
    printf("  %.1f steps/s", rate);
    if (rate > 0.0)
        show_left((total - step) / rate);
    if (!w->terminal)
        printf("\n");
    w->bar = w->terminal;
    fflush(stdout);
}

static void show_done(struct watch *w, const json_t *job)
{
    const char *status = cli_jobs_text(job, "status");
    const json_t *error = json_object_get(job, "error");
    bool good = strcmp(status, "succeeded") == 0;

    clear_bar(w);
    if (good)
        printf("succeeded: %s\n", cli_jobs_text(job, "fine_tuned_model"));
    else if (json_is_object(error))
        printf("%s: %s\n", status, cli_jobs_text(error, "message"));
    else
        printf("%s\n", status);
    w->done = true;
    w->status = good ? CLI_OK : CLI_FAILURE;
}

/* ---- the stream ---- */

static void take_data(struct watch *w, const char *data)
{
    json_t *v = json_loads(data, 0, NULL);

    if (w->o->json) {
        printf("%s\n", data);
        fflush(stdout);
    }
    if (strcmp(w->type, "done") == 0 && v && w->o->json) {
        w->done = true;
        w->status = strcmp(cli_jobs_text(v, "status"), "succeeded") == 0
                        ? CLI_OK
                        : CLI_FAILURE;
    } else if (strcmp(w->type, "done") == 0 && v) {
        show_done(w, v);
    } else if (strcmp(w->type, "metrics") == 0 && v && !w->o->json) {
        show_metrics(w, v);
    } else if (strcmp(w->type, "message") == 0 && v && !w->o->json) {
        clear_bar(w);
        printf("%s\n", cli_jobs_text(v, "message"));
        fflush(stdout);
    }
    json_decref(v);
}

static void take_line(struct watch *w, const char *line)
{
    w->came = true;
    if (strncmp(line, "id: ", 4) == 0)
        snprintf(w->last, sizeof(w->last), "%s", line + 4);
    else if (strncmp(line, "event: ", 7) == 0)
        snprintf(w->type, sizeof(w->type), "%s", line + 7);
    else if (strncmp(line, "data: ", 6) == 0)
        take_data(w, line + 6);
}

/* False: the line has no end. */
static bool take(void *arg, const char *p, size_t len)
{
    struct watch *w = arg;

    for (size_t i = 0; i < len; i++) {
        if (p[i] != '\n') {
            lat_buf_put(&w->line, p + i, 1);
            continue;
        }
        take_line(w, w->line.len ? w->line.v : "");
        w->line.len = 0;
    }
    return !w->line.failed && w->line.len < LINE_MAX_BYTES;
}

/* Whether there is such a job. */
static enum lat_code look(const struct watch *w, const char *id,
                          struct lat_err *err)
{
    const char *server = cli_jobs_server(w->o);
    struct cli_reply reply = {0};
    char path[200];
    json_t *v = NULL;
    enum lat_code code;

    snprintf(path, sizeof(path), "/v1/fine_tuning/jobs/%.100s", id);
    code = cli_http_get(&reply, server, path, err);
    if (!code)
        v = json_loadb(reply.body.v ? reply.body.v : "", reply.body.len, 0,
                       NULL);
    if (!code && reply.status != 200)
        code = lat_fail(err, LAT_ENOENT, "%s",
                        cli_jobs_text(json_object_get(v, "error"), "message"));
    json_decref(v);
    cli_reply_fini(&reply);
    return code;
}

static void wait_for(unsigned seconds)
{
    const struct timespec t = {(time_t)seconds, 0};

    nanosleep(&t, NULL);
}

int cli_jobs_watch(const struct cli_jobs_options *o, const char *id)
{
    struct watch w = {
        .o = o, .terminal = isatty(STDOUT_FILENO) == 1, .status = CLI_FAILURE};
    struct lat_err err = {0};
    char path[200];
    enum lat_code code = LAT_OK;

    snprintf(path, sizeof(path), "/v1/fine_tuning/jobs/%.100s/events", id);
    for (unsigned tries = 0; !w.done && tries < TRIES; tries++) {
        err = (struct lat_err){0};
        w.came = false;
        w.line.len = 0;
        code = look(&w, id, &err);
        if (code == LAT_ENOENT)
            break;
        if (!code)
            code = cli_http_stream(cli_jobs_server(o), path, w.last, take, &w,
                                   &err);
        if (w.came)
            tries = 0;
        if (!w.done)
            wait_for(1);
    }
    clear_bar(&w);
    lat_buf_fini(&w.line);
    if (w.done)
        return w.status;
    if (!code)
        lat_fail(&err, LAT_EIO, "the stream of events ends again and again");
    return cli_report(&err);
}
