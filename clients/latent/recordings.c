/* recordings.c - latent recordings: what a server keeps. */
#include "recordings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct cli_recordings, field)

static const struct cli_option options[] = {
    CLI_ASKED_OPTIONS,
    {"id", 0, "ID", "add: its id; default: the file's name", CLI_TEXT, AT(id)},
    {"subject", 0, "SUBJECT", "add: whose it is; list, rm, export: all of it",
     CLI_TEXT, AT(subject)},
    {"metadata", 0, "JSON", "add: an object", CLI_TEXT, AT(metadata)},
    {"set", 0, "KEY=VALUE", "add: one member of the metadata", CLI_LIST,
     AT(set)},
    {"pool", 0, NULL, "add: keep the mean of the windows alone", CLI_FLAG,
     AT(pool)},
    {"store-waveform", 0, NULL, "add: keep the samples, too", CLI_FLAG,
     AT(store_waveform)},
    {"create", 0, NULL, "add: only what is not there yet", CLI_FLAG,
     AT(create)},
    {"where", 0, "KEY=VALUE", "list, export: whose metadata say so", CLI_LIST,
     AT(where)},
    {"limit", 'n', "N", "list, export: at most so many", CLI_COUNT, AT(limit)},
    {"vectors", 0, NULL, "show: the vectors, too", CLI_FLAG, AT(vectors)},
    {"waveform", 0, NULL, "show: the samples, too", CLI_FLAG, AT(waveform)},
    {"format", 'f', "FORMAT", "export: jsonl or npy", CLI_TEXT, AT(format)},
    {"output", 'o', "FILE",
     "export: write there; default: the standard "
     "output",
     CLI_TEXT, AT(output)},
    {"to", 0, "MODEL", "reembed: the model that embeds them", CLI_TEXT, AT(to)},
    {"from", 0, "MODEL", "reembed: only what has vectors of this one", CLI_TEXT,
     AT(from)},
    {"drop", 0, NULL, "reembed: and take those away", CLI_FLAG, AT(drop)},
    {"wait", 0, NULL, "reembed: show how far it is until it ends", CLI_FLAG,
     AT(wait)},
    {"cancel", 0, NULL, "reembed: end the one that runs", CLI_FLAG, AT(cancel)},
    {"json", 0, NULL, "print the server's reply as it is", CLI_FLAG, AT(json)},
    {0},
};

/* ---- asking ------------------------------------------------------------- */

void cli_put_encoded(struct lat_buf *out, const char *what)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

    for (; *what; what++)
        if (strchr(plain, *what))
            lat_buf_put(out, what, 1);
        else
            lat_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*what);
}

enum lat_code cli_recordings_json(json_t **out, const struct cli_reply *reply,
                                  struct lat_err *err)
{
    const char *body = reply->body.v ? reply->body.v : "", *said;

    *out = json_loadb(body, reply->body.len, 0, NULL);
    if (*out && reply->status / 100 == 2)
        return LAT_OK;
    said = json_string_value(
        json_object_get(json_object_get(*out, "error"), "message"));
    return lat_fail(err, LAT_EIO, "%ld: %s", reply->status,
                    said ? said : "a reply that is not understood");
}

/* ?name=value, or &name=value. */
static void put_param(struct lat_buf *url, const char *name, const char *value)
{
    lat_buf_puts(url, strchr(url->v, '?') ? "&" : "?");
    cli_put_encoded(url, name);
    lat_buf_puts(url, "=");
    cli_put_encoded(url, value);
}

static enum lat_code put_filters(struct lat_buf *url,
                                 const struct cli_recordings *o,
                                 struct lat_err *err)
{
    if (o->subject)
        put_param(url, "subject", o->subject);
    if (o->asked.model)
        put_param(url, "model", o->asked.model);
    for (size_t i = 0; i < o->where.n; i++) {
        const char *eq = strchr(o->where.v[i], '=');
        char name[280];

        if (!eq || eq == o->where.v[i] || eq - o->where.v[i] > 250)
            return lat_fail(err, LAT_EINVAL,
                            "--where %.80s: expected KEY=VALUE", o->where.v[i]);
        snprintf(name, sizeof(name), "metadata[%.*s]",
                 (int)(eq - o->where.v[i]), o->where.v[i]);
        put_param(url, name, eq + 1);
    }
    return LAT_OK;
}

static enum lat_code ask(json_t **root, struct cli_reply *reply,
                         const struct cli_recordings *o, const char *method,
                         const struct lat_buf *url, struct lat_err *err)
{
    const struct cli_ask a = {.method = method, .path = url->v};
    enum lat_code code = LAT_OK;

    *root = NULL;
    if (url->failed)
        return lat_fail(err, LAT_ENOMEM, "a URL");
    code = cli_http_ask(reply, o->asked.server, &a, err);
    return code ? code : cli_recordings_json(root, reply, err);
}

/* ---- list --------------------------------------------------------------- */

/* One page; *after becomes the last id of it, or "" at the end. */
static enum lat_code list_page(const struct cli_recordings *o, char after[1024],
                               uint64_t *left, struct lat_err *err)
{
    struct lat_buf url = {0};
    struct cli_reply reply = {0};
    char limit[32];
    const char *last;
    json_t *root = NULL, *data, *r;
    size_t i;
    enum lat_code code;

    snprintf(limit, sizeof(limit), "%" PRIu64, *left < 500 ? *left : 500);
    lat_buf_puts(&url, "/v1/recordings");
    put_param(&url, "limit", limit);
    if (after[0])
        put_param(&url, "after", after);
    code = put_filters(&url, o, err);
    if (!code)
        code = ask(&root, &reply, o, "GET", &url, err);
    data = json_object_get(root, "data");
    json_array_foreach(data, i, r)
    {
        if (o->json) {
            cli_recordings_print_json(r);
        } else {
            cli_recordings_print_row(r);
        }
    }
    *left -= json_array_size(data) < *left ? json_array_size(data) : *left;
    last = json_string_value(json_object_get(root, "last_id"));
    snprintf(after, 1024, "%s",
             json_is_true(json_object_get(root, "has_more")) && last ? last
                                                                     : "");
    json_decref(root);
    cli_reply_fini(&reply);
    lat_buf_fini(&url);
    return code;
}

static enum lat_code list(const struct cli_recordings *o, struct lat_err *err)
{
    uint64_t left = o->limit ? o->limit : UINT64_MAX;
    char after[1024] = "";
    enum lat_code code = LAT_OK;

    if (!o->json)
        cli_recordings_print_head();
    do
        code = list_page(o, after, &left, err);
    while (!code && after[0] && left);
    return code;
}

/* ---- show, rm, export --------------------------------------------------- */

static enum lat_code show(const struct cli_recordings *o, const char *id,
                          struct lat_err *err)
{
    struct lat_buf url = {0};
    struct cli_reply reply = {0};
    json_t *root = NULL;
    enum lat_code code;

    lat_buf_puts(&url, "/v1/recordings/");
    cli_put_encoded(&url, id);
    if (o->vectors || o->waveform)
        put_param(&url, "include",
                  !o->waveform  ? "vectors"
                  : !o->vectors ? "waveform"
                                : "vectors,waveform");
    code = ask(&root, &reply, o, "GET", &url, err);
    if (!code && o->json)
        printf("%s\n", reply.body.v);
    else if (!code)
        cli_recordings_print(root);
    json_decref(root);
    cli_reply_fini(&reply);
    lat_buf_fini(&url);
    return code;
}

static enum lat_code remove_at(const struct cli_recordings *o, const char *path,
                               const char *id, struct lat_err *err)
{
    struct lat_buf url = {0};
    struct cli_reply reply = {0};
    json_t *root = NULL, *counts;
    char shown[CLI_VISIBLE];
    enum lat_code code;

    lat_buf_puts(&url, path);
    cli_put_encoded(&url, id);
    code = ask(&root, &reply, o, "DELETE", &url, err);
    counts = json_object_get(root, "counts");
    cli_visible(shown, sizeof(shown), id);
    if (!code && o->json)
        printf("%s\n", reply.body.v);
    else if (!code)
        printf(
            "%s: %" PRId64 " recordings, %" PRId64 " sets of vectors, %" PRId64
            " waveforms, %" PRId64 " cached vectors deleted\n",
            shown,
            (int64_t)json_integer_value(json_object_get(counts, "recordings")),
            (int64_t)json_integer_value(json_object_get(counts, "vectors")),
            (int64_t)json_integer_value(json_object_get(counts, "waveforms")),
            (int64_t)json_integer_value(json_object_get(counts, "cached")));
    json_decref(root);
    cli_reply_fini(&reply);
    lat_buf_fini(&url);
    return code;
}

static enum lat_code export_all(const struct cli_recordings *o,
                                struct lat_err *err)
{
    struct lat_buf url = {0};
    struct cli_ask a = {.method = "GET"};
    struct cli_reply reply = {0};
    json_t *root = NULL;
    char limit[32];
    enum lat_code code;

    lat_buf_puts(&url, "/v1/recordings/export");
    put_param(&url, "format", o->format ? o->format : "jsonl");
    snprintf(limit, sizeof(limit), "%" PRIu64, o->limit);
    if (o->limit)
        put_param(&url, "limit", limit);
    code = put_filters(&url, o, err);
    a.path = url.v;
    if (!code && url.failed)
        code = lat_fail(err, LAT_ENOMEM, "a URL");
    if (!code)
        code = cli_http_ask(&reply, o->asked.server, &a, err);
    if (!code && reply.status != 200)
        code = cli_recordings_json(&root, &reply, err);
    else if (!code && reply.body.len)
        code = cli_write(&reply.body, o->output, err);
    json_decref(root);
    cli_reply_fini(&reply);
    lat_buf_fini(&url);
    return code;
}

/* ---- the command -------------------------------------------------------- */

/* Each operand by itself: one that fails is reported, the others go on. */
static int each(struct cli_recordings *o, char verb, char **names, size_t n)
{
    int status = CLI_OK;

    for (size_t i = 0; i < n; i++) {
        struct lat_err err = {0};
        bool failed = false;
        enum lat_code code;

        if (verb == 'a')
            code = cli_recordings_add(o, names[i], &failed, &err);
        else if (verb == 's')
            code = show(o, names[i], &err);
        else
            code = remove_at(o, "/v1/recordings/", names[i], &err);
        if (code)
            status = cli_report(&err);
        if (failed)
            status = CLI_FAILURE;
    }
    return status;
}

/* A server there must be, and to add recordings, a model. */
static enum lat_code prepare(struct cli_recordings *o, char model[160],
                             char **files, size_t n, struct lat_err *err)
{
    enum lat_code code = cli_asked_check(&o->asked, err);

    if (code)
        return code;
    if (!o->asked.server)
        return lat_fail(err, LAT_EINVAL,
                        "recordings are a server's: say which by --server or "
                        "LATENT_SERVER");
    if (n == 0 || o->asked.model)
        return LAT_OK;
    code = cli_choose_model(model, &o->asked, files, n, err);
    o->asked.model = model;
    return code;
}

static bool needs_model(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);

        if (len < 6 || strcmp(names[i] + len - 6, ".jsonl") != 0)
            return true;
    }
    return false;
}

/* What is wrong with the operands of a verb; NULL: nothing. */
static const char *misused(const struct cli_recordings *o, const char *verb,
                           size_t n)
{
    static const char all[] = " add list show rm export reembed ";
    bool alone = verb[0] == 'l' || verb[0] == 'e' ||
                 strcmp(verb, "reembed") == 0 || (verb[0] == 'r' && o->subject);
    char word[16];

    snprintf(word, sizeof(word), " %.12s ", verb);
    if (!verb[0] || strchr(verb, ' ') || !strstr(all, word))
        return "add, list, show, rm, export or reembed expected";
    if (alone && n)
        return "no operand expected";
    if (!alone && n == 0)
        return "at least one operand expected";
    if (o->id && n > 1)
        return "--id is for one file";
    if (strcmp(verb, "reembed") != 0 &&
        (o->to || o->from || o->drop || o->wait || o->cancel))
        return "--to, --from, --drop, --wait and --cancel are for reembed";
    return NULL;
}

static int run_verb(struct cli_recordings *o, const char *verb, char **names,
                    size_t n)
{
    struct lat_err err = {0};
    int status = CLI_OK;
    enum lat_code code;

    if (verb[0] == 'l')
        code = list(o, &err);
    else if (verb[0] == 'e')
        code = export_all(o, &err);
    else if (strcmp(verb, "reembed") == 0)
        code = cli_recordings_reembed(o, &status, &err);
    else if (verb[0] == 'r' && o->subject)
        code = remove_at(o, "/v1/subjects/", o->subject, &err);
    else
        return each(o, verb[0], names, n);
    return code ? cli_report(&err) : status;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct cli_recordings o = {.asked = {.gate_mode = -1}};
    struct lat_err err = {0};
    const char *verb, *wrong;
    char model[160];
    int first, status;
    size_t n;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    verb = first < argc ? argv[first] : "";
    n = first < argc ? (size_t)(argc - first - 1) : 0;
    argv += first + 1;
    wrong = misused(&o, verb, n);
    if (wrong)
        return cli_misuse(cmd, "%s%s%s", verb, verb[0] ? ": " : "", wrong);
    if (prepare(&o, model, argv, verb[0] == 'a' && needs_model(argv, n) ? n : 0,
                &err))
        return cli_report(&err);
    return run_verb(&o, verb, argv, n);
}

const struct cli_command cli_recordings = {
    "recordings",
    "add FILE... | list | show ID... | rm ID... | rm --subject S | export | "
    "reembed",
    "Keep recordings on a server, list, export and delete them, embed them "
    "again",
    "A FILE that ends in .jsonl has a recording on each line, as export writes "
    "them.\n",
    options,
    run,
};
