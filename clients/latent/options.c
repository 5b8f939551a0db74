/* options.c - a subcommand's options, from one table: parsing and help. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 32, HELP_COLUMN = 26 };

/* Filled in by cli_parse, once in the life of the process. */
static struct cli_access access_of;

#define AT(field) offsetof(struct cli_access, field)

static const struct cli_option access_options[] = {
    {"ca", 0, "FILE",
     "the authorities that may have signed a server's "
     "certificate",
     CLI_TEXT, AT(ca)},
    {"cert", 0, "FILE", "our certificate, for a server that wants one",
     CLI_TEXT, AT(cert)},
    {"cert-key", 0, "FILE", "its key", CLI_TEXT, AT(cert_key)},
    {"key-file", 0, "FILE", "the API key's file; default: LATENT_API_KEY",
     CLI_TEXT, AT(key_file)},
    {0},
};

const struct cli_access *cli_access_get(void)
{
    return &access_of;
}

static bool asks_server(const struct cli_command *cmd)
{
    for (const struct cli_option *o = cmd->options; o->name; o++)
        if (strcmp(o->name, "server") == 0)
            return true;
    return false;
}

int cli_misuse(const struct cli_command *cmd, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "latent: %s: ", cmd->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (see latent %s --help)\n", cmd->name);
    return CLI_MISUSE;
}

static void print_option(const struct cli_option *o)
{
    char left[64];
    int n =
        snprintf(left, sizeof(left), "  %c%c%s --%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
                 o->arg ? " " : "", o->arg ? o->arg : "");

    printf("%-*s", HELP_COLUMN, left);
    if (n >= HELP_COLUMN)
        printf("\n%*s", HELP_COLUMN, "");
    printf(" %s\n", o->help);
}

void cli_print_help(const struct cli_command *cmd)
{
    const struct cli_option help = {"help",   'h', NULL, "print this and exit",
                                    CLI_FLAG, 0};

    printf("Usage: latent %s [OPTION]... %s\n%s.\n\n", cmd->name, cmd->operands,
           cmd->summary);
    for (const struct cli_option *o = cmd->options; o->name; o++)
        print_option(o);
    for (const struct cli_option *o = access_options;
         o->name && asks_server(cmd); o++)
        print_option(o);
    print_option(&help);
    if (cmd->more[0])
        printf("\n%s", cmd->more);
}

static bool read_number(double *out, const char *text)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && isfinite(*out);
}

static bool read_count(uint64_t *out, const char *text)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && !strchr(text, '-');
}

/* What is wrong with the value, or NULL. */
static const char *set(const struct cli_option *o, void *values,
                       const char *text)
{
    void *at = (char *)values + o->at;
    struct cli_list *list = at;

    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)at = true;
        return NULL;
    case CLI_TEXT:
        *(const char **)at = text;
        return NULL;
    case CLI_NUMBER:
        return read_number(at, text) ? NULL : "a number";
    case CLI_COUNT:
        return read_count(at, text) ? NULL : "a whole number, not negative";
    case CLI_LIST:
        if (list->n == CLI_LIST_MAX)
            return "given at most 64 times";
        list->v[list->n++] = text;
        return NULL;
    }
    return NULL;
}

/* getopt's two lists, from our one. */
static size_t make_lists(struct option *longs, char **shorts,
                         const struct cli_option *options, size_t from)
{
    size_t n = 0;

    for (; options[n].name && from + n < OPTIONS_MAX; n++) {
        longs[from + n] = (struct option){
            options[n].name, options[n].arg ? required_argument : no_argument,
            NULL, 0};
        if (!options[n].letter)
            continue;
        *(*shorts)++ = options[n].letter;
        if (options[n].arg)
            *(*shorts)++ = ':';
    }
    return from + n;
}

/* The command's own, then those of access; *own is where they begin. */
static void make_all(struct option *longs, char *shorts,
                     const struct cli_command *cmd, size_t *own)
{
    size_t n;

    *shorts++ = ':';
    n = *own = make_lists(longs, &shorts, cmd->options, 0);
    if (asks_server(cmd))
        n = make_lists(longs, &shorts, access_options, n);
    *shorts++ = 'h';
    *shorts = '\0';
    longs[n] = (struct option){"help", no_argument, NULL, 'h'};
    longs[n + 1] = (struct option){0};
}

static const struct cli_option *by_letter(const struct cli_option *o, int c)
{
    while (o->name && o->letter != c)
        o++;
    return o->name ? o : NULL;
}

bool cli_parse(const struct cli_command *cmd, void *values, int argc,
               char **argv, int *first, int *status)
{
    struct option longs[OPTIONS_MAX + 2];
    char shorts[2 * OPTIONS_MAX + 3];
    int c, index = 0;
    size_t own;

    make_all(longs, shorts, cmd, &own);
    opterr = 0;
    while ((c = getopt_long(argc, argv, shorts, longs, &index)) != -1) {
        const struct cli_option *o = NULL;
        const char *wrong;

        if (c == 'h') {
            cli_print_help(cmd);
            *status = CLI_OK;
            return false;
        }
        if (c == '?' || c == ':') {
            *status = cli_misuse(cmd, "%s: %s", argv[optind - 1],
                                 c == ':' ? "wants a value" : "no such option");
            return false;
        }
        if (!c && (size_t)index >= own) {
            o = &access_options[(size_t)index - own];
            wrong = set(o, &access_of, optarg);
        } else {
            o = c ? by_letter(cmd->options, c) : &cmd->options[index];
            wrong = set(o, values, optarg);
        }
        if (wrong) {
            *status =
                cli_misuse(cmd, "--%s: %s: must be %s", o->name, optarg, wrong);
            return false;
        }
    }
    *first = optind;
    return true;
}
