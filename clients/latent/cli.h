/*
 * cli.h - what the subcommands of latent share: options, errors, output.
 *
 * A subcommand is a row in the table of main.c.  It reads its options through
 * a table of its own, prints its result on the standard output and at most one
 * line per failure on the standard error, and returns an exit status.
 */
#ifndef CLI_H
#define CLI_H

#include "../../core/latent.h"

#include <stdio.h>

enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_MISUSE = 2 };

/* ---- options ------------------------------------------------ options.c */

enum cli_kind {
    CLI_FLAG,   /* bool */
    CLI_TEXT,   /* const char * */
    CLI_NUMBER, /* double */
    CLI_COUNT,  /* uint64_t */
    CLI_LIST,   /* struct cli_list: may be given more than once */
};

enum { CLI_LIST_MAX = 64, CLI_VISIBLE = 1028 };

struct cli_list {
    size_t n;
    const char *v[CLI_LIST_MAX];
};

struct cli_option {
    const char *name;
    char letter;     /* or NUL */
    const char *arg; /* what its value is called; NULL for a flag */
    const char *help;
    enum cli_kind kind;
    size_t at; /* offset of the value in the subcommand's options */
};

struct cli_command {
    const char *name, *operands, *summary;
    const char *more;                 /* of --help, after the options; or "" */
    const struct cli_option *options; /* ended by a name of NULL */
    int (*run)(const struct cli_command *cmd, int argc, char **argv);
};

/* How a server is asked, of every subcommand that has --server. */
struct cli_access {
    const char *ca, *cert, *cert_key, *key_file;
};

const struct cli_access *cli_access_get(void);

/* argv[0] is the subcommand.  Fills in *values; the operands are left in
 * argv from *first to argc.  False: the subcommand returns *status, for help
 * was printed or a line that says what was wrong. */
LAT_MUST_CHECK bool cli_parse(const struct cli_command *cmd, void *values,
                              int argc, char **argv, int *first, int *status);
void cli_print_help(const struct cli_command *cmd);
/* "latent: embed: no file given (see latent embed --help)"; CLI_MISUSE. */
int cli_misuse(const struct cli_command *cmd, const char *fmt, ...)
    LAT_PRINTF(2, 3);

/* ---- errors and output --------------------------------------- output.c */

/* "latent: MESSAGE" on one line of the standard error; CLI_FAILURE. */
int cli_report(const struct lat_err *err);
/* text for a terminal: control characters and what is not UTF-8 as \n, \t or
 * \xHH, a backslash twice.  out is as much of it as it holds. */
const char *cli_visible(char *out, size_t size, const char *text);
/* Writes b to path, or to the standard output when path is NULL or "-". */
LAT_MUST_CHECK enum lat_code cli_write(const struct lat_buf *b,
                                       const char *path, struct lat_err *err);
/* "steps=200" for a recipe. */
LAT_MUST_CHECK enum lat_code cli_recipe_set(struct lat_recipe *r,
                                            const char *pair,
                                            struct lat_err *err);
/* What --threads says, or one for each processor. */
unsigned cli_threads(uint64_t asked);
/* A JSON string with its quotes, a JSON number. */
void cli_put_string(struct lat_buf *b, const char *s);
void cli_put_float(struct lat_buf *b, float v);
void cli_put_floats(struct lat_buf *b, const float *v, size_t n);

/* ---- the subcommands -------------------------- a file each, by its name */

extern const struct cli_command cli_embed, cli_models, cli_validate, cli_train,
    cli_eval, cli_explain, cli_reproduce, cli_inspect, cli_synth, cli_keys,
    cli_files, cli_help;
extern const struct cli_command cli_import;
extern const struct cli_command cli_similar;
extern const struct cli_command cli_jobs;
extern const struct cli_command cli_health;
extern const struct cli_command cli_recordings;

/* The table, ended by NULL. */
extern const struct cli_command *const cli_commands[];

#endif
