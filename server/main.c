/*
 * main.c - settings, signals, the drain; the only file that may exit.
 *
 * config, log, signals, start (daemon.c), ready, wait, drain, stop.
 */
#define _GNU_SOURCE /* sigtimedwait, as POSIX has it */
#include "arguments.h"
#include "auth.h"
#include "daemon.h"
#include "http.h"
#include "jobs.h"
#include "log.h"
#include "wire.h"

#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static struct latd_daemon d;

static struct {
    pthread_t main;
    sigset_t signals;
    int caught; /* a signal to stop that came while loading, or 0 */
} own;

/* ---- small things ------------------------------------------------------ */

/* The next signal within ms, or 0. */
static int wait_signal(uint64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    int sig = sigtimedwait(&own.signals, NULL, &t);

    return sig < 0 ? 0 : sig;
}

static bool stops(int sig)
{
    return sig == SIGTERM || sig == SIGINT;
}

static void pass_on(int sig)
{
    pthread_kill(own.main, sig);
}

/* Main waits for signals, so they are blocked here and in every thread that
 * begins after this.  OpenBLAS has begun threads of its own before main: one
 * that gets a signal hands it over. */
static void block_signals(void)
{
    static const int list[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction act = {.sa_handler = pass_on, .sa_flags = SA_RESTART};

    own.main = pthread_self();
    sigfillset(&act.sa_mask);
    sigemptyset(&own.signals);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        sigaddset(&own.signals, list[i]);
    pthread_sigmask(SIG_BLOCK, &own.signals, NULL);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        sigaction(list[i], &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* As many descriptors as we may have; fewer than the connections is a warning,
 * not an end. */
static void raise_fds(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r))
        return;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r))
        return;
    if (r.rlim_cur < d.app.config.connection_limit + 64)
        latd_log(LATD_WARNING,
                 "connection-limit is %llu, but only %llu files may be open",
                 (unsigned long long)d.app.config.connection_limit,
                 (unsigned long long)r.rlim_cur);
}

/* ---- loading ----------------------------------------------------------- */

static bool go_on(void *arg, const char *file)
{
    int sig = d.app.state == LATD_LOADING ? wait_signal(0) : 0;

    (void)arg;
    if (stops(sig))
        own.caught = sig;
    sd_notifyf(0, "STATUS=loading %s", file);
    return !own.caught;
}

/* ---- run and stop ------------------------------------------------------ */

static void reload_keys(void)
{
    struct lat_err err = {0};

    if (!d.app.auth)
        return;
    if (latd_auth_reload(d.app.auth, &err))
        latd_log(LATD_ERROR, "reload: %s; the keys stay as they were", err.msg);
    else
        latd_log(LATD_INFO, "reloaded: %zu keys", latd_auth_count(d.app.auth));
}

static void reload_tls(void)
{
    struct lat_err err = {0};

    if (latd_daemon_read_tls(&d, &err))
        latd_log(LATD_ERROR, "reload: %s; the certificate stays as it was",
                 err.msg);
    else if (d.app.config.tls_cert[0])
        latd_log(LATD_INFO, "reloaded: the certificate");
}

static void reload(void)
{
    struct lat_err err = {0};

    reload_keys();
    reload_tls();
    sd_notify(0, "RELOADING=1\nSTATUS=reading the models again");
    if (latd_models_reload(d.app.models, &err))
        latd_log(LATD_ERROR, "reload: %s", err.msg);
    else
        latd_log(LATD_INFO, "reloaded: %zu models",
                 latd_models_count(d.app.models));
    sd_notify(0, "READY=1\nSTATUS=serving");
}

/* Serves until a signal to stop, which it returns. */
static int serve(void)
{
    int sig;

    atomic_store(&d.app.state, LATD_READY);
    sd_notify(0, "READY=1\nSTATUS=serving");
    latd_log(LATD_INFO, "ready: %zu models", latd_models_count(d.app.models));
    for (;;) {
        sig = sigwaitinfo(&own.signals, NULL);
        if (stops(sig))
            return sig;
        if (sig == SIGHUP)
            reload();
    }
}

/* True when a signal says to hurry. */
static bool wait_until(uint64_t deadline_ns, bool (*over)(void))
{
    uint64_t now;

    while ((now = latd_now_ns()) < deadline_ns && !over()) {
        uint64_t ms = (deadline_ns - now) / 1000000 + 1;

        if (stops(wait_signal(ms < 20 ? ms : 20)))
            return true;
    }
    return false;
}

static bool never(void)
{
    return false;
}

static bool nothing_in_flight(void)
{
    return latd_http_in_flight(d.http) == 0;
}

static bool nothing_suspended(void)
{
    return latd_http_suspended(d.http) == 0;
}

/* Not ready, serving on; then no new ones; then the rest. */
static void drain(int sig)
{
    const struct latd_config *c = &d.app.config;
    uint64_t delay = sig == SIGINT ? 0 : c->drain_delay, second = 1000000000u;

    atomic_store(&d.app.state, LATD_DRAINING); /* who reads of it finds it so */
    latd_log(LATD_INFO, "%s: draining, %llu s until we stop listening",
             strsignal(sig), (unsigned long long)delay);
    sd_notify(0, "STOPPING=1\nSTATUS=draining");
    latd_jobs_quiesce(d.app.jobs);
    wait_until(latd_now_ns() + delay * second, never);
    atomic_store(&d.app.state, LATD_STOPPING);
    latd_http_quiesce(d.http, d.lent);
    latd_log(LATD_INFO, "stopped listening, %zu requests in flight",
             latd_http_in_flight(d.http));
    wait_until(latd_now_ns() + c->drain_timeout * second, nothing_in_flight);
    if (nothing_in_flight())
        return;
    latd_log(LATD_WARNING, "%zu requests are given up",
             latd_http_in_flight(d.http));
    latd_loop_abandon(d.app.loop, LAT_EAWAY);
    while (!nothing_suspended()) /* a suspended one must be resumed first */
        wait_until(latd_now_ns() + second, nothing_suspended);
    wait_until(latd_now_ns() + 2 * second, nothing_in_flight);
}

static int run(void)
{
    struct lat_err err = {0};
    enum lat_code code;

    d.go_on = go_on;
    code = latd_daemon_start(&d, &err);
    if (!code)
        drain(serve());
    else if (own.caught)
        latd_log(LATD_INFO, "%s while loading", strsignal(own.caught));
    else
        latd_log(LATD_ERROR, "%s", err.msg);
    latd_daemon_stop(&d);
    if (!code)
        latd_log(LATD_INFO, "stopped");
    return code && !own.caught;
}

/* ---- main -------------------------------------------------------------- */

/* And what this processor multiplies with. */
static void print_version(struct lat_buf *out)
{
    const struct lat_kernel *kernel;

    lat_buf_printf(out, "latentd %s\n", PACKAGE_VERSION);
    if (lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK)
        lat_buf_printf(out, "float32: %s, bfloat16: %s\n",
                       lat_kernel_way(kernel, LAT_FLOAT32),
                       lat_kernel_way(kernel, LAT_BFLOAT16));
}

static int print(enum latd_wish wish)
{
    struct lat_buf out = {0};

    if (wish == LATD_VERSION)
        print_version(&out);
    else if (wish == LATD_HELP)
        latd_arguments_help(&out);
    else if (wish == LATD_PRINT_CONFIG)
        latd_config_print(&d.app.config, &out);
    else
        latd_config_sample(&out);
    if (!out.failed)
        fputs(out.v, stdout);
    lat_buf_fini(&out);
    return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
    enum latd_level level = LATD_INFO;
    struct lat_buf unknown = {0};
    struct lat_err err = {0};
    enum latd_wish wish;
    enum lat_code code =
        latd_arguments_read(&d.app.config, &wish, argc, argv, &unknown, &err);
    if (!code && !latd_log_level(&level, d.app.config.log_level))
        code = lat_fail(&err, LAT_EINVAL,
                        "log-level is %.60s, must be debug, info, warning or "
                        "error",
                        d.app.config.log_level);
    if (code) {
        fprintf(stderr, "latentd: %s (see latentd --help)\n", err.msg);
        lat_buf_fini(&unknown);
        return EXIT_USAGE;
    }
    if (wish != LATD_RUN) {
        lat_buf_fini(&unknown);
        return print(wish);
    }
    latd_log_init(level, STDERR_FILENO);
    if (unknown.len)
        latd_log(LATD_WARNING, "no settings of ours: %s", unknown.v);
    lat_buf_fini(&unknown);
    block_signals();
    raise_fds();
    lat_blas_single();
    latd_wire_init();
    return run();
}
