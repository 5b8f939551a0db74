/* jobs.c - latent jobs: fine-tuning on a server. */
#include "jobs.h"

#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AT(field) offsetof(struct cli_jobs_options, field)

static const struct cli_option options[] = {
    {"server", 's', "URL", "default: LATENT_SERVER, or 127.0.0.1:8080",
     CLI_TEXT, AT(server)},
    {"model", 'm', "NAME", "create: what to go on from", CLI_TEXT, AT(model)},
    {"train", 't', "FILE-ID",
     "create: the manifest, or of images the archive, to learn from", CLI_TEXT,
     AT(train)},
    {"valid", 'v', "FILE-ID", "create: the one to choose the best step by",
     CLI_TEXT, AT(valid)},
    {"suffix", 0, "NAME", "create: part of the new model's name", CLI_TEXT,
     AT(suffix)},
    {"objective", 0, "TYPE",
     "create: scl, scl-nce, nt-xent …; of images cl, ncl, bayesncl", CLI_TEXT,
     AT(objective)},
    {"gate", 0, "KIND", "create, of bayesncl: ste, gumbel1, concrete or soft",
     CLI_TEXT, AT(gate)},
    {"epochs", 0, "N", "create", CLI_COUNT, AT(epochs)},
    {"batch", 0, "N", "create", CLI_COUNT, AT(batch)},
    {"rate", 0, "FACTOR", "create: of the rate it was trained with", CLI_TEXT,
     AT(rate)},
    {"seed", 0, "N", "create", CLI_COUNT, AT(seed)},
    {"set", 0, "KEY=VALUE", "create: a line of the recipe", CLI_LIST, AT(set)},
    {"metadata", 0, "KEY=VALUE", "create", CLI_LIST, AT(metadata)},
    {"body", 0, "FILE", "create: the request as JSON, instead of options",
     CLI_TEXT, AT(file)},
    {"watch", 'w', NULL, "create, resume: and follow it to its end", CLI_FLAG,
     AT(watch)},
    {"limit", 0, "N", "list: how many; default 20", CLI_COUNT, AT(limit)},
    {"json", 0, NULL, "print the server's replies as they are", CLI_FLAG,
     AT(json)},
    {0},
};

const char *cli_jobs_server(const struct cli_jobs_options *o)
{
    const char *env = getenv("LATENT_SERVER");

    if (o->server && *o->server)
        return o->server;
    return env && *env ? env : "http://127.0.0.1:8080";
}

const char *cli_jobs_text(const json_t *v, const char *name)
{
    const char *text = json_string_value(json_object_get(v, name));

    return text ? text : "";
}

/* ---- replies ---- */

/* The reply as JSON, or the error that it is. */
static enum lat_code read_reply(json_t **out, const struct cli_reply *r,
                                struct lat_err *err)
{
    json_t *v = json_loadb(r->body.v ? r->body.v : "", r->body.len, 0, NULL);
    const json_t *error = json_object_get(v, "error");

    if (r->status == 200 && v) {
        *out = v;
        return LAT_OK;
    }
    lat_fail(err, LAT_EIO, "the server answered %ld: %s", r->status,
             json_is_object(error) ? cli_jobs_text(error, "message")
                                   : "nothing that we understand");
    json_decref(v);
    return LAT_EIO;
}

static void print_when(const json_t *v, const char *label, const char *name)
{
    time_t t = (time_t)json_integer_value(json_object_get(v, name));
    struct tm tm;
    char text[40];

    if (t && localtime_r(&t, &tm) &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
        printf("%-10s %s\n", label, text);
}

static void print_line(const char *label, const char *text)
{
    if (*text)
        printf("%-10s %s\n", label, text);
}

static void print_job(const json_t *v)
{
    const json_t *p = json_object_get(v, "progress");

    print_line("job", cli_jobs_text(v, "id"));
    print_line("status", cli_jobs_text(v, "status"));
    print_line("model", cli_jobs_text(v, "model"));
    print_line("becomes", cli_jobs_text(v, "fine_tuned_model"));
    print_line("training", cli_jobs_text(v, "training_file"));
    print_line("validation", cli_jobs_text(v, "validation_file"));
    printf("%-10s %lld of %lld, %.1f epochs, %.1f steps/s\n", "steps",
           (long long)json_integer_value(json_object_get(p, "step")),
           (long long)json_integer_value(json_object_get(p, "total_steps")),
           json_number_value(json_object_get(p, "epoch")),
           json_number_value(json_object_get(p, "steps_per_second")));
    print_line("checkpoint", cli_jobs_text(v, "last_checkpoint"));
    print_when(v, "made", "created_at");
    print_when(v, "expected", "estimated_finish");
    print_when(v, "finished", "finished_at");
    print_line("error", cli_jobs_text(json_object_get(v, "error"), "message"));
}

static void print_row(const json_t *v)
{
    const json_t *p = json_object_get(v, "progress");

    printf("%-32s %-16s %6lld/%-6lld %-20s %s\n", cli_jobs_text(v, "id"),
           cli_jobs_text(v, "status"),
           (long long)json_integer_value(json_object_get(p, "step")),
           (long long)json_integer_value(json_object_get(p, "total_steps")),
           cli_jobs_text(v, "model"), cli_jobs_text(v, "fine_tuned_model"));
}

/* ---- the verbs ---- */

typedef int verb(const struct cli_jobs_options *o, const char *id);

static int show_reply(const struct cli_jobs_options *o, enum lat_code code,
                      struct cli_reply *r, struct lat_err *err)
{
    json_t *v = NULL;

    if (!code)
        code = read_reply(&v, r, err);
    if (!code && o->json)
        printf("%s\n", r->body.v);
    else if (!code)
        print_job(v);
    json_decref(v);
    cli_reply_fini(r);
    return code ? cli_report(err) : CLI_OK;
}

static int do_list(const struct cli_jobs_options *o, const char *id)
{
    struct cli_reply r = {0};
    struct lat_err err = {0};
    json_t *v = NULL, *data;
    char path[100];
    enum lat_code code;

    (void)id;
    snprintf(path, sizeof(path), "/v1/fine_tuning/jobs?limit=%llu",
             (unsigned long long)(o->limit ? o->limit : 20));
    code = cli_http_get(&r, cli_jobs_server(o), path, &err);
    if (!code)
        code = read_reply(&v, &r, &err);
    if (!code && o->json) {
        printf("%s\n", r.body.v);
    } else if (!code) {
        data = json_object_get(v, "data");
        for (size_t i = 0; i < json_array_size(data); i++)
            print_row(json_array_get(data, i));
    }
    json_decref(v);
    cli_reply_fini(&r);
    return code ? cli_report(&err) : CLI_OK;
}

static int do_show(const struct cli_jobs_options *o, const char *id)
{
    struct cli_reply r = {0};
    struct lat_err err = {0};
    char path[200];

    snprintf(path, sizeof(path), "/v1/fine_tuning/jobs/%.100s", id);
    return show_reply(o, cli_http_get(&r, cli_jobs_server(o), path, &err), &r,
                      &err);
}

static int do_create(const struct cli_jobs_options *o, const char *id)
{
    struct cli_reply r = {0};
    struct lat_buf body = {0};
    struct lat_err err = {0};
    json_t *v = NULL;
    char *text = NULL, made[100] = "";
    size_t len = 0;
    enum lat_code code;

    (void)id;
    if (o->file)
        code = lat_file_read(&text, &len, o->file, 1 << 20, &err);
    else
        code = cli_jobs_body(&body, o, &err);
    if (!code && text)
        lat_buf_put(&body, text, len);
    if (!code)
        code = cli_http_post_json(&r, cli_jobs_server(o),
                                  "/v1/fine_tuning/jobs", &body, &err);
    if (!code)
        code = read_reply(&v, &r, &err);
    if (!code)
        snprintf(made, sizeof(made), "%s", cli_jobs_text(v, "id"));
    if (!code && o->json && !o->watch)
        printf("%s\n", r.body.v);
    else if (!code && !o->json)
        printf("%s\n", made);
    json_decref(v);
    lat_free(text);
    lat_buf_fini(&body);
    cli_reply_fini(&r);
    if (code)
        return cli_report(&err);
    return o->watch ? cli_jobs_watch(o, made) : CLI_OK;
}

static int move(const struct cli_jobs_options *o, const char *id,
                const char *how)
{
    const struct lat_buf nothing = {.v = (char *)(uintptr_t) "", .len = 0};
    struct cli_reply r = {0};
    struct lat_err err = {0};
    char path[200];

    snprintf(path, sizeof(path), "/v1/fine_tuning/jobs/%.100s/%s", id, how);
    return show_reply(
        o, cli_http_post_json(&r, cli_jobs_server(o), path, &nothing, &err), &r,
        &err);
}

static int do_cancel(const struct cli_jobs_options *o, const char *id)
{
    return move(o, id, "cancel");
}

static int do_pause(const struct cli_jobs_options *o, const char *id)
{
    return move(o, id, "pause");
}

static int do_resume(const struct cli_jobs_options *o, const char *id)
{
    int status = move(o, id, "resume");

    return status == CLI_OK && o->watch ? cli_jobs_watch(o, id) : status;
}

static const struct {
    const char *name;
    verb *run;
    bool wants_id;
} verbs[] = {
    {"create", do_create, false}, {"list", do_list, false},
    {"show", do_show, true},      {"watch", cli_jobs_watch, true},
    {"cancel", do_cancel, true},  {"pause", do_pause, true},
    {"resume", do_resume, true},
};

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct cli_jobs_options o = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first == argc)
        return cli_misuse(cmd, "create, list, show, watch, cancel, pause or "
                               "resume?");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, argv[first]) != 0)
            continue;
        if (first + 1 + verbs[i].wants_id != argc)
            return cli_misuse(cmd, "%s: %s", verbs[i].name,
                              verbs[i].wants_id ? "one job must be named"
                                                : "no operand expected");
        return verbs[i].run(&o, verbs[i].wants_id ? argv[first + 1] : NULL);
    }
    return cli_misuse(cmd, "%s: no such verb", argv[first]);
}

const struct cli_command cli_jobs = {
    "jobs",
    "create|list|show|watch|cancel|pause|resume [JOB]",
    "Fine-tune a model on a server",
    "",
    options,
    run,
};
