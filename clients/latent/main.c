/* main.c - latent: the table of subcommands. */
#include "cli.h"

#include "config.h"

#include <string.h>

/* In the order of the man page: what is done with a recording, with a model,
 * with a server. */
const struct cli_command *const cli_commands[] = {
    &cli_embed,  &cli_models,  &cli_validate,  &cli_train,   &cli_import,
    &cli_eval,   &cli_explain, &cli_reproduce, &cli_inspect, &cli_similar,
    &cli_synth,  &cli_jobs,    &cli_keys,      &cli_files,   &cli_recordings,
    &cli_health, &cli_help,    NULL,
};

static const struct cli_command *find(const char *name)
{
    for (size_t i = 0; cli_commands[i]; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

static void print_usage(void)
{
    printf("Usage: latent COMMAND [OPTION]... [OPERAND]...\n"
           "Embeds recordings and images, and trains and examines the encoders "
           "that do "
           "it.\n\n");
    for (size_t i = 0; cli_commands[i]; i++)
        printf("  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    printf("\nlatent COMMAND --help says more about each; latent --version "
           "prints the version.\n");
}

static int no_such(const char *name)
{
    fprintf(stderr, "latent: %s: no such command (see latent help)\n", name);
    return CLI_MISUSE;
}

/* ---- latent help ---- */

static int help_run(const struct cli_command *cmd, int argc, char **argv)
{
    const struct cli_command *about;
    int first, status;

    if (!cli_parse(cmd, NULL, argc, argv, &first, &status))
        return status;
    if (first == argc) {
        print_usage();
        return CLI_OK;
    }
    about = find(argv[first]);
    if (!about)
        return no_such(argv[first]);
    cli_print_help(about);
    return CLI_OK;
}

const struct cli_command cli_help = {
    "help",
    "[COMMAND]",
    "Print what there is, or more about a command",
    "",
    (const struct cli_option[]){{0}},
    help_run,
};

int main(int argc, char **argv)
{
    const struct cli_command *cmd;

    if (argc < 2) {
        fprintf(stderr, "latent: no command given (see latent help)\n");
        return CLI_MISUSE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("latent %s\n", PACKAGE_VERSION);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage();
        return CLI_OK;
    }
    cmd = find(argv[1]);
    if (!cmd)
        return no_such(argv[1]);
    /* Once, before any thread exists. */
    lat_blas_single();
    return cmd->run(cmd, argc - 1, argv + 1);
}
