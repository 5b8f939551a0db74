/* health.c - latent health: is a server ready, for those who only look at an
 * exit status. */
#include "http.h"

#include <stdlib.h>

struct options {
    const char *server;
    bool alive;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"server", 's', "URL", "the server; default: LATENT_SERVER, or loopback",
     CLI_TEXT, AT(server)},
    {"alive", 0, NULL, "ask if the process lives, not if it is ready", CLI_FLAG,
     AT(alive)},
    {0},
};

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct cli_reply reply = {0};
    struct lat_err err = {0};
    int first, status;
    enum lat_code code;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first != argc)
        return cli_misuse(cmd, "%s: no operand expected", argv[first]);
    if (!o.server)
        o.server = getenv("LATENT_SERVER");
    if (!o.server || !o.server[0])
        o.server = "http://127.0.0.1:8080";
    code = cli_http_get(&reply, o.server, o.alive ? "/livez" : "/readyz", &err);
    if (!code)
        printf("%.*s", (int)reply.body.len, reply.body.v ? reply.body.v : "");
    status = code                  ? cli_report(&err)
             : reply.status == 200 ? CLI_OK
                                   : CLI_FAILURE;
    cli_reply_fini(&reply);
    return status;
}

const struct cli_command cli_health = {
    "health", "",      "Ask a server whether it is ready: exit status 0 or 1",
    "",       options, run,
};
