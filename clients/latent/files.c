/* files.c - latent files: what a server has to train on. */
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct cli_files, field)

static const struct cli_option options[] = {
    {"server", 's', "URL", "default: LATENT_SERVER", CLI_TEXT, AT(server)},
    {"named", 'n', NULL,
     "put: of a manifest, first the files that it names; in what is put of it "
     "their ids take the place of the paths",
     CLI_FLAG, AT(named)},
    {"quiet", 'q', NULL, "put, get: no progress", CLI_FLAG, AT(quiet)},
    {"output", 'o', "FILE", "get: default: the file's own name; - for none",
     CLI_TEXT, AT(output)},
    {"limit", 0, "N", "list: no more than that", CLI_COUNT, AT(limit)},
    {"order", 0, "WORD", "list: desc, the youngest first, or asc", CLI_TEXT,
     AT(order)},
    {"json", 0, NULL, "print the server's replies as they are", CLI_FLAG,
     AT(json)},
    {0},
};

/* ---- list, show, get, rm ------------------------------------------------ */

static enum lat_code list(const struct cli_files *o, struct lat_err *err)
{
    struct cli_reply reply = {0};
    char path[128];
    json_t *root = NULL;
    enum lat_code code;

    snprintf(path, sizeof(path), "/v1/files?limit=%llu&order=%.8s",
             (unsigned long long)(o->limit ? o->limit : 10000),
             o->order ? o->order : "desc");
    code = cli_http_get(&reply, o->server, path, err);
    if (!code)
        code = cli_reply_json(&root, &reply, err);
    if (!code && o->json) {
        code = cli_write(&reply.body, NULL, err);
        putchar('\n');
    } else if (!code) {
        json_t *data = json_object_get(root, "data");

        cli_file_print_head();
        for (size_t i = 0; i < json_array_size(data); i++)
            cli_file_print(json_array_get(data, i));
        if (json_is_true(json_object_get(root, "has_more")))
            fprintf(stderr, "latent: there are more (--limit)\n");
    }
    json_decref(root);
    cli_reply_fini(&reply);
    return code;
}

/* An id becomes part of a path. */
static enum lat_code path_of(char path[256], const char *id, const char *more,
                             struct lat_err *err)
{
    size_t len = strlen(id);

    if (len == 0 || len > 100 ||
        strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-_") != len)
        return lat_fail(err, LAT_EINVAL, "%.60s is not the id of a file", id);
    snprintf(path, 256, "/v1/files/%s%s", id, more);
    return LAT_OK;
}

static enum lat_code ask(json_t **out, struct cli_reply *reply,
                         const struct cli_files *o, const char *id,
                         struct lat_err *err)
{
    char path[256];
    enum lat_code code = path_of(path, id, "", err);

    if (!code)
        code = cli_http_get(reply, o->server, path, err);
    return code ? code : cli_reply_json(out, reply, err);
}

static enum lat_code show(const struct cli_files *o, const char *id,
                          struct lat_err *err)
{
    struct cli_reply reply = {0};
    json_t *f = NULL;
    enum lat_code code = ask(&f, &reply, o, id, err);

    if (!code && o->json) {
        code = cli_write(&reply.body, NULL, err);
        putchar('\n');
    } else if (!code) {
        cli_file_print(f);
        printf("sha256 %s\n", cli_text_of(f, "sha256"));
        cli_file_print_errors(stdout, f);
    }
    json_decref(f);
    cli_reply_fini(&reply);
    return code;
}

static enum lat_code get(const struct cli_files *o, const char *id,
                         struct lat_err *err)
{
    struct cli_reply reply = {0};
    json_t *f = NULL;
    struct cli_download down = {.bar = !o->quiet && isatty(STDERR_FILENO)};
    char path[256];
    enum lat_code code = ask(&f, &reply, o, id, err);

    if (!code)
        code = path_of(path, id, "/content", err);
    if (!code) {
        down.path = path;
        down.to = o->output ? o->output : cli_text_of(f, "filename");
        code = cli_download(o->server, &down, err);
    }
    json_decref(f);
    cli_reply_fini(&reply);
    return code;
}

static enum lat_code rm(const struct cli_files *o, const char *id,
                        struct lat_err *err)
{
    struct cli_reply reply = {0};
    json_t *root = NULL;
    char path[256];
    enum lat_code code = path_of(path, id, "", err);

    if (!code)
        code = cli_http_delete(&reply, o->server, path, err);
    if (!code)
        code = cli_reply_json(&root, &reply, err);
    if (!code && o->json) {
        code = cli_write(&reply.body, NULL, err);
        putchar('\n');
    } else if (!code) {
        printf("deleted %s\n", id);
    }
    json_decref(root);
    cli_reply_fini(&reply);
    return code;
}

/* ---- the command -------------------------------------------------------- */

static const struct {
    const char *name, *what;
    enum lat_code (*run)(const struct cli_files *o, const char *operand,
                         struct lat_err *err);
} verbs[] = {
    {"put", "a file", cli_files_put},
    {"show", "an id", show},
    {"get", "an id", get},
    {"rm", "an id", rm},
};

/* Each operand, to the first failure. */
static int run_each(const struct cli_command *cmd, const struct cli_files *o,
                    size_t verb, int argc, char **argv)
{
    struct lat_err err = {0};

    if (argc == 0)
        return cli_misuse(cmd, "%s wants %s", verbs[verb].name,
                          verbs[verb].what);
    if (o->output && argc > 1)
        return cli_misuse(cmd, "--output is for one file");
    for (int i = 0; i < argc; i++)
        if (verbs[verb].run(o, argv[i], &err))
            return cli_report(&err);
    return CLI_OK;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct cli_files o = {0};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first == argc)
        return cli_misuse(cmd, "put, list, show, get or rm must be given");
    if (!o.server)
        o.server = getenv("LATENT_SERVER");
    if (!o.server || !o.server[0])
        return cli_misuse(cmd, "--server or LATENT_SERVER must be given");
    if (strcmp(argv[first], "list") == 0) {
        if (first + 1 != argc)
            return cli_misuse(cmd, "%s: no operand expected", argv[first + 1]);
        return list(&o, &err) ? cli_report(&err) : CLI_OK;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(argv[first], verbs[i].name) == 0)
            return run_each(cmd, &o, i, argc - first - 1, argv + first + 1);
    return cli_misuse(cmd, "%s: put, list, show, get or rm expected",
                      argv[first]);
}

const struct cli_command cli_files = {
    "files",
    "put FILE... | list | show ID... | get ID | rm ID...",
    "What a server has to train on",
    "A server wants to know what a file is by the ending of its name: a "
    "manifest\n(.jsonl), a signal (.csv .npy .edf), an image (.png .jpg), or "
    "an archive of them\n(.zip .tar .tar.gz).\n",
    options,
    run,
};
