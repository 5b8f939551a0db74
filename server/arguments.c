/* arguments.c - see arguments.h. */
#define _GNU_SOURCE /* getopt_long, environ */
#include "arguments.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

enum { N_WISHES = 4 };

static const struct option wishes[N_WISHES] = {
    {"version", no_argument, NULL, LATD_VERSION},
    {"help", no_argument, NULL, LATD_HELP},
    {"print-config", no_argument, NULL, LATD_PRINT_CONFIG},
    {"sample-config", no_argument, NULL, LATD_SAMPLE_CONFIG},
};

enum { SETTING = 1000 }; /* what getopt returns for the first setting */

static void list_options(struct option *list)
{
    for (size_t i = 0; i < LATD_N_SETTINGS; i++)
        list[i] = (struct option){latd_config_name((enum latd_setting)i),
                                  required_argument, NULL, SETTING + (int)i};
    memcpy(list + LATD_N_SETTINGS, wishes, sizeof(wishes));
}

static enum lat_code read_flags(struct latd_config *c, enum latd_wish *wish,
                                int argc, char **argv, struct lat_err *err)
{
    struct option list[LATD_N_SETTINGS + N_WISHES + 1] = {{0}};
    enum lat_code code = LAT_OK;
    int got;

    list_options(list);
    opterr = 0;
    while (!code && (got = getopt_long(argc, argv, ":hV", list, NULL)) != -1) {
        if (got == '?' || got == ':')
            code = lat_fail(err, LAT_EINVAL, "%.100s %s", argv[optind - 1],
                            got == ':' ? "wants a value" : "is no option");
        else if (got >= SETTING)
            code = latd_config_set(
                c, latd_config_name((enum latd_setting)(got - SETTING)), optarg,
                LATD_FLAG, err);
        else if (got == 'h')
            *wish = LATD_HELP;
        else if (got == 'V')
            *wish = LATD_VERSION;
        else
            *wish = (enum latd_wish)got;
    }
    if (!code && optind < argc)
        code = lat_fail(err, LAT_EINVAL, "%.100s is no option", argv[optind]);
    return code;
}

enum lat_code latd_arguments_read(struct latd_config *c, enum latd_wish *wish,
                                  int argc, char **argv,
                                  struct lat_buf *unknown, struct lat_err *err)
{
    enum lat_code code;

    *wish = LATD_RUN;
    latd_config_init(c);
    code = read_flags(c, wish, argc, argv, err);
    if (code || *wish == LATD_HELP || *wish == LATD_VERSION)
        return code;
    code = latd_config_environ(c, environ, unknown, err);
    if (!code && c->config[0])
        code = latd_config_read(c, c->config, err);
    return code ? code : latd_config_check(c, err);
}

void latd_arguments_help(struct lat_buf *out)
{
    lat_buf_puts(out,
                 "Usage: latentd [--SETTING VALUE]...\n"
                 "Serves contrastive encoders over HTTP.\n\n"
                 "Settings, each also as LATENTD_SETTING in the environment "
                 "or as a line of the\nfile that --config names:\n");
    for (size_t i = 0; i < LATD_N_SETTINGS; i++)
        lat_buf_printf(out, "  --%-21s %s\n",
                       latd_config_name((enum latd_setting)i),
                       latd_config_sentence((enum latd_setting)i));
    lat_buf_puts(out, "\n"
                      "  --print-config          Show every setting, its value "
                      "and where it came from\n"
                      "  --sample-config         Write a file of settings with "
                      "their defaults\n"
                      "  -V, --version           Show the version\n"
                      "  -h, --help              Show this\n\n"
                      "SIGHUP reads the models again; SIGTERM finishes what is "
                      "in flight, SIGINT without\nwaiting for load balancers; "
                      "a second one hurries.  Exit status: 0, or 1 when it "
                      "could\nnot serve, 2 for a wrong setting.\n");
}
