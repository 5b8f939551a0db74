/* options.c - a subcommand's options, from one table: parsing and help. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 32, HELP_COLUMN = 26 };

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
static size_t make_lists(struct option *longs, char *shorts,
                         const struct cli_option *options)
{
    size_t n = 0;

    *shorts++ = ':';
    for (; options[n].name && n < OPTIONS_MAX; n++) {
        longs[n] = (struct option){
            options[n].name, options[n].arg ? required_argument : no_argument,
            NULL, 0};
        if (!options[n].letter)
            continue;
        *shorts++ = options[n].letter;
        if (options[n].arg)
            *shorts++ = ':';
    }
    *shorts++ = 'h';
    *shorts = '\0';
    longs[n] = (struct option){"help", no_argument, NULL, 'h'};
    longs[n + 1] = (struct option){0};
    return n;
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

    make_lists(longs, shorts, cmd->options);
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
        o = c ? by_letter(cmd->options, c) : &cmd->options[index];
        wrong = set(o, values, optarg);
        if (wrong) {
            *status =
                cli_misuse(cmd, "--%s: %s: must be %s", o->name, optarg, wrong);
            return false;
        }
    }
    *first = optind;
    return true;
}
