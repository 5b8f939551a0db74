/* main.c - options, order of start and stop. */
#include "http.h"
#include "log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static struct latd_app app;
    static struct latd_metrics metrics;
    struct latd_http *http = NULL;
    struct lat_err err = {0};
    char where[128];
    sigset_t set;
    int fd, sig;

    app.metrics = &metrics;
    app.config.http_threads = 2;
    app.config.max_body_bytes = 64 * LATD_MIB;
    app.config.max_buffered_bytes = 512 * LATD_MIB;
    app.config.connection_limit = 1000;
    app.config.connection_timeout = 30;
    app.config.body_timeout = 60;
    app.config.timeout_ms = 10000;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (latd_loop_start(&app.loop, &err) ||
        latd_listen(&fd, argc > 1 ? argv[1] : "127.0.0.1:8080", where,
                    sizeof(where), &err) ||
        latd_http_start(&http, &app, fd, false, &err)) {
        fprintf(stderr, "latentd: %s\n", err.msg);
        return 1;
    }
    latd_log(LATD_INFO, "listening on %s", where);
    sigwait(&set, &sig);
    latd_http_stop(http);
    latd_loop_stop(app.loop);
    return 0;
}
