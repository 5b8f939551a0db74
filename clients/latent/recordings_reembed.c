/* recordings_reembed.c - what has its waveform, embedded by another model. */
#include "recordings.h"

#include "watch.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char PATH[] = "/v1/recordings/reembed";

static long long count_of(const json_t *t, const char *name)
{
    return (long long)json_integer_value(json_object_get(t, name));
}

static enum lat_code ask(json_t **root, const struct cli_recordings *o,
                         const char *method, const struct lat_buf *body,
                         struct lat_err *err)
{
    const struct cli_ask a = {.method = method,
                              .path = PATH,
                              .type = body ? "application/json" : NULL,
                              .body = body};
    struct cli_reply reply = {0};
    enum lat_code code = cli_http_ask(&reply, o->asked.server, &a, err);

    *root = NULL;
    if (!code)
        code = cli_recordings_json(root, &reply, err);
    if (code) {
        json_decref(*root);
        *root = NULL;
    }
    cli_reply_fini(&reply);
    return code;
}

/* ---- shown --------------------------------------------------------------- */

static void print_line(const json_t *t)
{
    char error[CLI_VISIBLE] = "";

    if (json_string_value(json_object_get(t, "error")))
        cli_visible(error, sizeof(error), cli_recordings_text(t, "error"));
    printf("%s  to %s: %s, %lld of %lld done, %lld skipped%s%s\n",
           cli_recordings_text(t, "id"), cli_recordings_text(t, "model"),
           cli_recordings_text(t, "status"), count_of(t, "done"),
           count_of(t, "total"), count_of(t, "skipped"), error[0] ? ": " : "",
           error);
    fflush(stdout);
}

static void print_list(const struct cli_recordings *o, const json_t *root)
{
    const json_t *data = json_object_get(root, "data");

    for (size_t i = 0; i < json_array_size(data); i++)
        if (o->json)
            cli_recordings_print_json(json_array_get(data, i));
        else
            print_line(json_array_get(data, i));
}

/* ---- waited for ---------------------------------------------------------- */

/* One that is in the list no more was followed by many others. */
static const json_t *find(const json_t *root, const char *id)
{
    const json_t *data = json_object_get(root, "data");

    for (size_t i = 0; i < json_array_size(data); i++)
        if (strcmp(cli_recordings_text(json_array_get(data, i), "id"), id) == 0)
            return json_array_get(data, i);
    return NULL;
}

struct progress {
    double begun;
    bool terminal;
    long long said; /* done and skipped, when they were last told */
};

static void show(struct progress *p, const json_t *t)
{
    long long did = count_of(t, "done") + count_of(t, "skipped");
    double share = (double)did / fmax(1.0, (double)count_of(t, "total"));
    double seconds = cli_now() - p->begun;
    char left[32] = "";

    if (did == p->said)
        return;
    p->said = did;
    if (did > 0 && share < 1.0)
        cli_time_left(left, sizeof(left), seconds * (1.0 - share) / share);
    printf("%s%lld of %lld  %.0f %%  %s%s", p->terminal ? "\r\x1b[K" : "", did,
           count_of(t, "total"), 100.0 * share, left, p->terminal ? "" : "\n");
    fflush(stdout);
}

static enum lat_code wait_for(const struct cli_recordings *o, const char *id,
                              int *status, struct lat_err *err)
{
    const struct timespec pause = {.tv_nsec = 300000000};
    struct progress p = {.begun = cli_now(), .said = -1};
    bool over = false;
    enum lat_code code = LAT_OK;

    p.terminal = isatty(STDOUT_FILENO);
    while (!code && !over) {
        json_t *root = NULL;
        const json_t *t;

        code = ask(&root, o, "GET", NULL, err);
        t = find(root, id);
        if (!code && !t)
            code = lat_fail(err, LAT_EIO, "%s is in the list no more", id);
        over = t && strcmp(cli_recordings_text(t, "status"), "running") != 0;
        if (t && !o->json && !over)
            show(&p, t);
        if (over) {
            printf("%s", p.terminal && p.said >= 0 ? "\r\x1b[K" : "");
            *status = strcmp(cli_recordings_text(t, "status"), "succeeded")
                          ? CLI_FAILURE
                          : CLI_OK;
            o->json ? cli_recordings_print_json(t) : print_line(t);
        }
        json_decref(root);
        if (!code && !over)
            nanosleep(&pause, NULL);
    }
    return code;
}

/* ---- begun --------------------------------------------------------------- */

static enum lat_code begin(const struct cli_recordings *o, int *status,
                           struct lat_err *err)
{
    struct lat_buf body = {0};
    json_t *root = NULL;
    enum lat_code code;

    lat_buf_puts(&body, "{\"to\":");
    cli_put_string(&body, o->to);
    if (o->from) {
        lat_buf_puts(&body, ",\"from\":");
        cli_put_string(&body, o->from);
    }
    lat_buf_printf(&body, ",\"drop\":%s}", o->drop ? "true" : "false");
    code = body.failed ? lat_fail(err, LAT_ENOMEM, "the request")
                       : ask(&root, o, "POST", &body, err);
    if (!code && o->wait)
        code = wait_for(o, cli_recordings_text(root, "id"), status, err);
    else if (!code && o->json)
        cli_recordings_print_json(root);
    else if (!code)
        print_line(root);
    json_decref(root);
    lat_buf_fini(&body);
    return code;
}

enum lat_code cli_recordings_reembed(const struct cli_recordings *o,
                                     int *status, struct lat_err *err)
{
    json_t *root = NULL;
    enum lat_code code;

    if (o->to && o->cancel)
        return lat_fail(err, LAT_EINVAL, "--to begins one, --cancel ends it");
    if (!o->to && (o->from || o->drop || o->wait))
        return lat_fail(err, LAT_EINVAL,
                        "--to is missing: by which model are they embedded?");
    if (o->to)
        return begin(o, status, err);
    code = ask(&root, o, o->cancel ? "DELETE" : "GET", NULL, err);
    if (!code)
        print_list(o, root);
    json_decref(root);
    return code;
}
