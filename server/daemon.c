/* daemon.c - the rooms, in the order in which they start and stop. */
#include "daemon.h"

#include "aliases.h"
#include "auth.h"
#include "cache.h"
#include "canary.h"
#include "cores.h"
#include "files.h"
#include "http.h"
#include "idempotency.h"
#include "index.h"
#include "jobs.h"
#include "log.h"
#include "precision.h"
#include "reembed.h"
#include "retention.h"
#include "store.h"
#include "store/database.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

/* ---- keys -------------------------------------------------------------- */

static enum lat_code read_keys(struct latd_app *app, struct lat_err *err)
{
    const struct latd_config *c = &app->config;
    struct latd_auth_options opt = {.path = c->keys_file,
                                    .rate = c->key_rate,
                                    .burst = c->key_burst,
                                    .bytes = c->key_bytes};
    enum lat_code code;

    if (!c->keys_file[0])
        return LAT_OK;
    code = latd_auth_open(&app->auth, &opt, err);
    if (!code)
        latd_log(latd_auth_count(app->auth) ? LATD_INFO : LATD_WARNING,
                 "%zu keys in %s", latd_auth_count(app->auth), c->keys_file);
    return code;
}

enum lat_code latd_daemon_read_tls(struct latd_daemon *d, struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;

    return c->tls_cert[0] ? latd_tls_read(c->tls_cert, c->tls_key, err)
                          : LAT_OK;
}

/* ---- sockets ----------------------------------------------------------- */

static enum lat_code start_listening(struct latd_http **http,
                                     struct latd_app *app, int fd,
                                     bool only_probes, struct lat_err *err)
{
    const char *address =
        only_probes ? app->config.metrics_listen : app->config.listen;
    enum lat_code code = LAT_OK;
    struct latd_line line;
    char where[300];

    if (fd < 0)
        code = latd_listen(&fd, address, err);
    if (code)
        return code;
    latd_listen_where(fd, where, sizeof(where));
    code = latd_http_start(http, app, fd, only_probes, err);
    if (code)
        return code;
    latd_line_begin(&line, LATD_INFO,
                    only_probes ? "listening for metrics" : "listening");
    latd_line_text(&line, "address", where);
    latd_line_text(&line, "scheme",
                   app->config.tls_cert[0] && !only_probes ? "https" : "http");
    latd_line_end(&line);
    return LAT_OK;
}

/* systemd may hand us the socket. */
static enum lat_code start_http(struct latd_daemon *d, struct lat_err *err)
{
    int fd = sd_listen_fds(1) > 0 ? SD_LISTEN_FDS_START : -1;
    enum lat_code code = start_listening(&d->http, &d->app, fd, false, err);

    d->lent = fd >= 0;
    if (!code && d->app.config.metrics_listen[0])
        code = start_listening(&d->probes, &d->app, -1, true, err);
    return code;
}

/* ---- models ------------------------------------------------------------ */

static enum lat_code load_models(struct latd_daemon *d, unsigned n_infer,
                                 struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    char more[LATD_TEXT_MAX + 16];
    struct latd_models_options opt = {.dir = c->models,
                                      .more = d->app.database ? more : NULL,
                                      .precision = c->precision,
                                      .delete_any = c->delete_models != 0,
                                      .infer_threads = n_infer,
                                      .metrics = &d->metrics,
                                      .go_on = d->go_on};
    enum lat_precision all;
    enum lat_code code =
        lat_kernel_pick(&opt.kernel, c->kernel[0] ? c->kernel : NULL, err);

    if (code)
        return lat_wrap(err, code, "kernel");
    snprintf(more, sizeof(more), "%s/models", c->data_dir);
    d->app.kernel = opt.kernel;
    code = latd_precision_of(&all, c->precision, "", err);
    if (!code)
        code = latd_models_new(&d->app.models, &opt, err);
    if (!code)
        code = latd_aliases_open(&d->app.aliases, d->app.database, err);
    if (!code)
        latd_models_use(d->app.models, d->app.aliases);
    if (!code)
        code = latd_models_reload(d->app.models, err);
    if (!code && latd_models_count(d->app.models) == 0)
        latd_log(LATD_WARNING,
                 "no model in %s: not ready until SIGHUP finds one", c->models);
    return code;
}

/* ---- what is kept ------------------------------------------------------ */

/* The truth.  Where a data-dir was asked for, there is one or no daemon; where
 * nobody asked and the default folder is not ours, it serves without. */
static enum lat_code open_database(struct latd_daemon *d, struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    const struct latd_database_options opt = {.dir = c->data_dir,
                                              .network_ok =
                                                  c->network_store != 0,
                                              .queue = c->max_changes};
    enum lat_code code;

    if (!c->data_dir[0])
        return LAT_OK;
    code = latd_database_open(&d->app.database, &opt, err);
    if (!code || c->origin[LATD_SET_data_dir] != LATD_DEFAULT ||
        (code != LAT_EIO && code != LAT_ENOSPACE))
        return code;
    latd_log(LATD_WARNING,
             "%s; recordings, files and jobs are not served, and vectors are "
             "kept in memory",
             err->msg);
    return LAT_OK;
}

/* Seconds, when there are a million: whoever waits is told how far it is. */
static bool on_progress(void *arg, uint64_t visited, uint64_t all)
{
    struct latd_daemon *d = arg;

    if (!d->go_on(arg, "recordings"))
        return false;
    sd_notifyf(0, "STATUS=reading recordings, %llu of %llu",
               (unsigned long long)visited, (unsigned long long)all);
    if (visited % 100000 == 0)
        latd_log(LATD_INFO, "recordings: %llu of %llu read",
                 (unsigned long long)visited, (unsigned long long)all);
    return true;
}

static enum lat_code open_index(struct latd_daemon *d, struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    struct latd_index_options opt = {.max_bytes = c->index_bytes,
                                     .max_window_bytes = c->window_bytes};
    const struct latd_index_load load = {.db = d->app.database,
                                         .models = d->app.models,
                                         .progress = on_progress,
                                         .arg = d};
    uint64_t begun = latd_now_ns();
    struct latd_index_counts n;
    enum lat_code code;

    if (!d->app.database)
        return LAT_OK;
    code = lat_kernel_pick(&opt.kernel, c->kernel[0] ? c->kernel : NULL, err);
    if (!code)
        code = latd_index_new(&d->app.index, &opt, err);
    if (!code)
        code = latd_index_load(d->app.index, &load, err);
    if (code)
        return code;
    n = latd_index_counts(d->app.index);
    latd_log(LATD_INFO,
             "recordings: %zu, with %zu vectors in %llu bytes and windows in "
             "%llu, read in %llu ms",
             n.recordings, n.vectors, (unsigned long long)n.bytes,
             (unsigned long long)n.window_bytes,
             (unsigned long long)((latd_now_ns() - begun) / 1000000));
    return LAT_OK;
}

/* Files, where there is a database to say what they are. */
static enum lat_code open_files(struct latd_daemon *d, struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    const struct latd_files_options opt = {.dir = c->data_dir,
                                           .database = d->app.database,
                                           .ulid = d->app.ulid,
                                           .max_file_bytes = c->max_file_bytes,
                                           .files_bytes = c->files_bytes,
                                           .unpacked = {c->max_unpacked_bytes,
                                                        LAT_LINES_MAX,
                                                        "max-unpacked-bytes"}};

    if (!d->app.database)
        return LAT_OK;
    return latd_files_new(&d->app.files, &opt, err);
}

static void on_store_warning(void *arg, const char *msg)
{
    (void)arg;
    latd_log(LATD_WARNING, "%s", msg);
}

/* A service without its cache's file is slower, not broken. */
static void open_store(struct latd_daemon *d)
{
    const struct latd_config *c = &d->app.config;
    char path[LATD_TEXT_MAX + 16];
    struct lat_err err = {0};
    struct latd_store_options opt = {.path = path,
                                     .max_bytes = c->cache_file_bytes,
                                     .queue = 1024,
                                     .network_ok = c->network_store != 0,
                                     .warn = on_store_warning};

    if (!d->app.database || c->cache_file_bytes == 0)
        return;
    snprintf(path, sizeof(path), "%s/cache.db", c->data_dir);
    if (latd_store_open(&d->app.store, &opt, &err))
        latd_log(LATD_WARNING, "%s; vectors are kept in memory", err.msg);
}

/* ---- start and stop ---------------------------------------------------- */

static enum lat_code start_jobs(struct latd_daemon *d, struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    const struct lat_kernel *kernel = NULL;
    enum lat_code code =
        lat_kernel_pick(&kernel, c->kernel[0] ? c->kernel : NULL, err);

    return code ? code : latd_jobs_start(&d->app.jobs, &d->app, kernel, err);
}

static void watchdog(void)
{
    sd_notify(0, "WATCHDOG=1");
}

/* What computes and what watches, over all that was opened. */
static enum lat_code start_rest(struct latd_daemon *d, unsigned n_infer,
                                struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    enum lat_code code;

    open_store(d);
    code = latd_cache_new(&d->app.cache, c->cache_bytes, d->app.store, err);
    if (!code)
        code = latd_infer_start(&d->app.infer, n_infer, c->max_queue,
                                &d->metrics, err);
    if (!code && d->app.database)
        code = start_jobs(d, err);
    if (!code)
        code = latd_canary_start(&d->canary, &d->app, watchdog, err);
    if (!code)
        code =
            latd_retention_start(&d->retention, &d->app, c->retain_days, err);
    if (!code)
        code = latd_reembedder_start(&d->app.reembedder, &d->app, err);
    return code;
}

enum lat_code latd_daemon_start(struct latd_daemon *d, struct lat_err *err)
{
    const struct latd_config *c = &d->app.config;
    unsigned n_infer =
        c->infer_threads ? (unsigned)c->infer_threads : latd_cores();
    enum lat_code code;

    d->app.metrics = &d->metrics;
    d->app.started = time(NULL);
    latd_ulid_init(&d->ulid);
    d->app.ulid = &d->ulid;
    code = read_keys(&d->app, err);
    if (!code)
        code = latd_daemon_read_tls(d, err);
    if (!code)
        code = latd_loop_start(&d->app.loop, err);
    if (!code)
        code = start_http(d, err);
    if (!code)
        code = open_database(d, err);
    if (!code)
        code = open_files(d, err);
    if (!code)
        code = latd_idempotency_new(&d->app.idempotency, err);
    if (!code)
        code = load_models(d, n_infer, err);
    if (!code)
        code = open_index(d, err);
    if (code)
        return code;
    return start_rest(d, n_infer, err);
}

void latd_daemon_stop(struct latd_daemon *d)
{
    if (d->canary)
        latd_canary_stop(d->canary);
    latd_http_stop(d->http);
    latd_http_stop(d->probes);
    latd_jobs_stop(d->app.jobs);
    latd_reembedder_stop(d->app.reembedder);
    latd_infer_stop(d->app.infer);
    latd_retention_stop(d->retention);
    latd_database_close(d->app.database); /* done call-backs use the loop */
    latd_index_free(d->app.index);
    latd_loop_stop(d->app.loop);
    latd_files_free(d->app.files);
    latd_idempotency_free(d->app.idempotency);
    latd_ulid_fini(&d->ulid);
    latd_canary_free(d->canary);
    latd_retention_free(d->retention);
    latd_cache_free(d->app.cache);
    latd_store_close(d->app.store);
    latd_models_free(d->app.models);
    latd_aliases_close(d->app.aliases);
    latd_auth_close(d->app.auth);
    latd_tls_forget();
}
