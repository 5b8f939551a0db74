/* validate.c - latent validate: would these recordings be accepted? */
#include "embedding.h"

static const struct cli_option options[] = {
    CLI_ASKED_OPTIONS,
    {0},
};

static void print_warnings(const char *file, const struct cli_checked *c)
{
    for (size_t i = 0; i < c->n_warnings; i++)
        printf("%s: warning: %s\n", file, c->warnings[i]);
}

static void print(const char *file, const struct cli_checked *c)
{
    if (c->fitting[0]) {
        printf("%s: an image for %s, %s\n", file, c->model, c->fitting);
        print_warnings(file, c);
        return;
    }
    printf("%s: %zu window%s for %s, channels %s, ", file, c->n_windows,
           c->n_windows == 1 ? "" : "s", c->model, c->used);
    if (c->from_hz == c->to_hz)
        printf("%g Hz", c->to_hz);
    else
        printf("%g to %g Hz", c->from_hz, c->to_hz);
    if (c->n_missing)
        printf(", %zu samples missing", c->n_missing);
    printf("\n");
    print_warnings(file, c);
}

static int check_all(struct cli_asked *asked, char *const *files,
                     size_t n_files)
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
        struct cli_checked checked = {0};
        enum lat_code code =
            local ? cli_local_check(local, asked, files[i], &checked, &err)
                  : cli_remote_check(asked, files[i], &checked, &err);

        if (code)
            status = cli_report(&err);
        else
            print(files[i], &checked);
    }
    cli_local_close(local);
    if (asked->model == model)
        asked->model = NULL;
    return status;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct cli_asked asked = {0};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &asked, argc, argv, &first, &status))
        return status;
    if (first == argc)
        return cli_misuse(cmd, "no recording given");
    if (cli_asked_check(&asked, &err))
        return cli_misuse(cmd, "%s", err.msg);
    return check_all(&asked, argv + first, (size_t)(argc - first));
}

const struct cli_command cli_validate = {
    "validate",
    "FILE...",
    "Say whether a model would accept recordings, and what it would do",
    "Reads and prepares as embed does, and computes nothing.\n",
    options,
    run,
};
