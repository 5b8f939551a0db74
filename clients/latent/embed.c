/* embed.c - latent embed: recordings to embeddings. */
#include "embedding.h"

#include <string.h>

struct options {
    struct cli_asked asked; /* first, for CLI_ASKED_OPTIONS */
    const char *format, *partition, *output;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    CLI_ASKED_OPTIONS,
    {"format", 'f', "FORMAT", "table, json, npy or csv", CLI_TEXT, AT(format)},
    {"partition", 'p', "PART", "only invariant, variant or free", CLI_TEXT,
     AT(partition)},
    {"include", 'i', "WHAT", "task: what the model's head says of each window",
     CLI_TEXT, AT(asked.include)},
    {"output", 'o', "FILE", "write there; default: the standard output",
     CLI_TEXT, AT(output)},
    {0},
};

enum format { TABLE, JSON, NPY, CSV, N_FORMATS };

static enum format format_of(const char *word)
{
    static const char *const words[] = {"table", "json", "npy", "csv"};
    int f = TABLE;

    while (f < N_FORMATS && word && strcmp(word, words[f]) != 0)
        f++;
    return (enum format)f;
}

/* Each recording by itself: one that fails is reported, the others go on. */
static int embed_all(struct cli_asked *asked, char *const *files,
                     size_t n_files, struct cli_embeddings *out)
{
    struct cli_local *local = NULL;
    struct lat_err err = {0};
    int status = CLI_OK;
    char model[160];

    if (!asked->model) {
        if (cli_choose_model(model, asked, files, n_files, &err))
            return cli_report(&err);
        asked->model = model;
    }
    if (!asked->server && cli_local_open(&local, asked, &err))
        return cli_report(&err);
    for (size_t i = 0; i < n_files; i++) {
        enum lat_code code =
            local ? cli_local_embed(local, asked, files[i], i, out, &err)
                  : cli_remote_embed(asked, files[i], i, out, &err);

        if (code)
            status = cli_report(&err);
    }
    cli_local_close(local);
    if (asked->model == model)
        asked->model = NULL;
    return status;
}

static int print(const struct options *o, const struct cli_embeddings *e,
                 char *const *files)
{
    struct lat_buf b = {0};
    struct lat_err err = {0};
    struct lat_range r;
    enum lat_code code = cli_pick_range(&r, e, o->partition, &err);

    if (!code) {
        switch (format_of(o->format)) {
        case TABLE:
        case N_FORMATS:
            cli_print_table(&b, e, files);
            break;
        case JSON:
            cli_print_json(&b, e, r, files);
            break;
        case NPY:
            cli_print_npy(&b, e, r);
            break;
        case CSV:
            cli_print_csv(&b, e, r, files);
            break;
        }
        code = cli_write(&b, o->output, &err);
    }
    lat_buf_fini(&b);
    return code ? cli_report(&err) : CLI_OK;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct cli_embeddings e = {0};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first == argc)
        return cli_misuse(cmd, "no recording given");
    if (format_of(o.format) == N_FORMATS)
        return cli_misuse(cmd, "--format %s: must be table, json, npy or csv",
                          o.format);
    if (o.partition && !cli_is_partition(o.partition))
        return cli_misuse(cmd,
                          "--partition %s: must be invariant, variant or free",
                          o.partition);
    if (o.asked.include && format_of(o.format) == NPY)
        return cli_misuse(cmd, "--include: an npy holds embeddings alone");
    if (cli_asked_check(&o.asked, &err))
        return cli_misuse(cmd, "%s", err.msg);
    status = embed_all(&o.asked, argv + first, (size_t)(argc - first), &e);
    if (e.n && print(&o, &e, argv + first))
        status = CLI_FAILURE;
    cli_embeddings_fini(&e);
    return status;
}

const struct cli_command cli_embed = {
    "embed",
    "FILE...",
    "Turn recordings and images into embeddings",
    "FILE is a WFDB record (NAME or NAME.hea), a .csv with a line of names, a "
    ".npy,\nor an .edf; of image models a .jpg or a .png.  The sampling\n"
    "rate and the unit of a recording are never guessed: give --rate and "
    "--unit for\nfiles that do not say them.\n",
    options,
    run,
};
