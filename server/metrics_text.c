/* metrics_text.c - everything counted, as Prometheus reads it. */
#include "cache.h"
#include "handler.h"
#include "index.h"
#include "recall.h"
#include "route.h"
#include "store/jobs.h"

#include <config.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void head(struct lat_buf *b, const char *name, const char *type,
                 const char *help)
{
    lat_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct lat_buf *b, const char *name, const char *help,
                  double v)
{
    head(b, name, "gauge", help);
    lat_buf_printf(b, "%s %.17g\n", name, v);
}

static unsigned long long now(_Atomic uint64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

enum unit { COUNTS, SECONDS, SHARES };

/* labels is `model="x"` or empty. */
static void put_hist(struct lat_buf *b, const char *name, const char *labels,
                     struct latd_hist *h, enum unit unit)
{
    static const uint64_t *const all_bounds[] = {
        latd_bounds_count, latd_bounds_ns, latd_bounds_share};
    static const double scales[] = {1.0, 1e-9, 1e-3};
    const uint64_t *bounds = all_bounds[unit];
    double scale = scales[unit];
    const char *comma = *labels ? "," : "";
    unsigned long long n = 0;

    for (size_t i = 0; i < LATD_BOUNDS_MAX; i++) {
        n += now(&h->buckets[i]);
        lat_buf_printf(b, "%s_bucket{%s%sle=\"%.10g\"} %llu\n", name, labels,
                       comma, (double)bounds[i] * scale, n);
    }
    n += now(&h->buckets[LATD_BOUNDS_MAX]);
    lat_buf_printf(b, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
                   n);
    lat_buf_printf(b, *labels ? "%s_sum{%s} %.10g\n" : "%s_sum%s %.10g\n", name,
                   labels, (double)now(&h->sum) * scale);
    lat_buf_printf(b, *labels ? "%s_count{%s} %llu\n" : "%s_count%s %llu\n",
                   name, labels, n);
}

static bool hist_empty(struct latd_hist *h)
{
    for (size_t i = 0; i <= LATD_BOUNDS_MAX; i++)
        if (now(&h->buckets[i]))
            return false;
    return true;
}

/* ---- the families ------------------------------------------------------ */

static void put_requests(struct latd_metrics *m, struct lat_buf *b)
{
    head(b, "latentd_http_requests_total", "counter", "Requests answered.");
    for (size_t r = 0; r < latd_n_routes(); r++)
        for (int k = 0; k < LATD_N_METHODS; k++)
            for (size_t s = 0; s < LATD_STATUSES; s++) {
                unsigned long long n = now(&m->requests[r][k][s]);

                if (n)
                    lat_buf_printf(b,
                                   "latentd_http_requests_total{route=\"%s\","
                                   "method=\"%s\",code=\"%u\"} %llu\n",
                                   latd_route(r)->path,
                                   latd_method_name((enum latd_method)k),
                                   latd_statuses[s], n);
            }
    head(b, "latentd_http_request_duration_seconds", "histogram",
         "From the header of a request to its reply.");
    for (size_t r = 0; r < latd_n_routes(); r++) {
        char label[128];

        snprintf(label, sizeof(label), "route=\"%s\"", latd_route(r)->path);
        if (!hist_empty(&m->durations[r]))
            put_hist(b, "latentd_http_request_duration_seconds", label,
                     &m->durations[r], SECONDS);
    }
}

static void put_reasons(struct latd_metrics *m, struct lat_buf *b)
{
    static const char *const reasons[] = {
#define XX(name) #name,
        LATD_REJECTED_MAP(XX)
#undef XX
    };

    head(b, "latentd_rejected_total", "counter", "Requests refused.");
    for (int i = 0; i < LATD_N_REJECTED; i++)
        lat_buf_printf(b, "latentd_rejected_total{reason=\"%s\"} %llu\n",
                       reasons[i], now(&m->rejected[i]));
    head(b, "latentd_input_warnings_total", "counter",
         "Inputs embedded with a warning.");
    for (int i = 0; i < LAT_N_WARNINGS; i++)
        lat_buf_printf(b, "latentd_input_warnings_total{kind=\"%s\"} %llu\n",
                       lat_warning_word((enum lat_warning)i),
                       now(&m->warnings[i]));
}

static void put_work(struct latd_metrics *m, struct lat_buf *b)
{
    static const char *const formats[] = {
#define XX(name) #name,
        LATD_FORMAT_MAP(XX)
#undef XX
    };

    head(b, "latentd_queue_wait_seconds", "histogram",
         "A window's wait for an inference thread.");
    put_hist(b, "latentd_queue_wait_seconds", "", &m->queue_wait, SECONDS);
    head(b, "latentd_batch_inputs", "histogram", "Windows of a request.");
    put_hist(b, "latentd_batch_inputs", "", &m->batch_inputs, COUNTS);
    head(b, "latentd_batch_samples", "histogram", "Samples of a request.");
    put_hist(b, "latentd_batch_samples", "", &m->batch_samples, COUNTS);
    head(b, "latentd_parse_duration_seconds", "histogram",
         "Decoding of a body.");
    for (int i = 0; i < LATD_N_FORMATS; i++) {
        char label[32];

        snprintf(label, sizeof(label), "format=\"%s\"", formats[i]);
        put_hist(b, "latentd_parse_duration_seconds", label, &m->parse[i],
                 SECONDS);
    }
}

static void put_cache(struct latd_app *app, struct lat_buf *b)
{
    struct latd_metrics *m = app->metrics;
    size_t n = atomic_load(&m->n_series);

    head(b, "latentd_cache_requests_total", "counter",
         "Lookups: hit + miss + coalesced + bypass are all of them.");
    for (size_t i = 0; i < n; i++)
        for (int k = LATD_RECALLED_BYPASS; k <= LATD_RECALLED_COALESCED; k++)
            lat_buf_printf(b,
                           "latentd_cache_requests_total{model=\"%s\","
                           "result=\"%s\"} %llu\n",
                           m->series[i].model,
                           latd_recalled_word((enum latd_recalled)k),
                           now(&m->series[i].cache[k]));
    head(b, "latentd_cache_bytes", "gauge",
         "Vectors and replies kept in memory.");
    lat_buf_printf(b, "latentd_cache_bytes %llu\n",
                   (unsigned long long)latd_cache_counts(app->cache).bytes);
}

static void put_index(struct latd_app *app, struct lat_buf *b)
{
    struct latd_index_counts n = latd_index_counts(app->index);

    gauge(b, "latentd_index_recordings", "Recordings in memory.",
          (double)n.recordings);
    gauge(b, "latentd_index_vectors", "Vectors in memory to be searched.",
          (double)n.vectors);
    gauge(b, "latentd_index_bytes", "Memory that they take.", (double)n.bytes);
    gauge(b, "latentd_index_window_bytes",
          "Memory that the windows of recordings take, beside it.",
          (double)n.window_bytes);
    gauge(b, "latentd_index_max_bytes", "Memory that they may take.",
          (double)n.max_bytes);
}

static void put_search(struct latd_metrics *m, struct lat_buf *b)
{
    head(b, "latentd_search_duration_seconds", "histogram",
         "A search among recordings, from its queue to its last part.");
    put_hist(b, "latentd_search_duration_seconds", "", &m->search, SECONDS);
    head(b, "latentd_search_vectors_total", "counter", "Vectors compared.");
    lat_buf_printf(b, "latentd_search_vectors_total %llu\n", now(&m->searched));
}

static void put_series(struct latd_metrics *m, struct lat_buf *b)
{
    size_t n = atomic_load(&m->n_series);
    char label[96];

    head(b, "latentd_queue_depth", "gauge", "Windows that wait.");
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(b, "latentd_queue_depth{model=\"%s\"} %lld\n",
                       m->series[i].model,
                       (long long)atomic_load(&m->series[i].queued));
    head(b, "latentd_nonfinite_outputs_total", "counter",
         "Windows whose embedding was not finite.");
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(b,
                       "latentd_nonfinite_outputs_total{model=\"%s\"} %llu\n",
                       m->series[i].model, now(&m->series[i].nonfinite));
    head(b, "latentd_inference_duration_seconds", "histogram",
         "One window through its model.");
    for (size_t i = 0; i < n; i++) {
        snprintf(label, sizeof(label), "model=\"%s\"", m->series[i].model);
        put_hist(b, "latentd_inference_duration_seconds", label,
                 &m->series[i].inference, SECONDS);
    }
}

static void put_gates(struct latd_metrics *m, struct lat_buf *b)
{
    size_t n = atomic_load(&m->n_series);
    char label[96];

    head(b, "latentd_gate_active_ratio", "histogram",
         "Share of a gated code's dimensions that are not 0.");
    for (size_t i = 0; i < n; i++) {
        snprintf(label, sizeof(label), "model=\"%s\"", m->series[i].model);
        if (!hist_empty(&m->series[i].active))
            put_hist(b, "latentd_gate_active_ratio", label,
                     &m->series[i].active, SHARES);
    }
}

static void put_models(struct latd_app *app, struct lat_buf *b)
{
    struct latd_model **list = NULL;
    size_t n = 0;

    head(b, "latentd_model_loaded", "gauge", "Models that are served.");
    if (latd_models_list(app->models, &list, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(b,
                       "latentd_model_loaded{model=\"%s\",version=\"%u\"} 1\n",
                       list[i]->name, list[i]->version);
    latd_models_list_free(list, n);
}

/* ---- what is on disk --------------------------------------------------- */

/* Of the one that runs, if one does: as of its last report, once a second. */
static void put_step(struct latd_rows *rows, struct lat_buf *b)
{
    struct latd_job job = {.state = LATD_JOB_QUEUED};
    char id[LATD_ID_MAX];
    bool found = false;

    head(b, "latentd_job_step", "gauge", "Step of the job that runs.");
    if (latd_rows_job_first(&found, id, rows, NULL) || !found)
        return;
    if (!latd_rows_job_get(&job, rows, id, NULL) &&
        job.state == LATD_JOB_RUNNING)
        lat_buf_printf(b, "latentd_job_step{job=\"%s\"} %lld\n", id,
                       (long long)job.step);
    latd_job_fini(&job);
}

static void put_jobs(struct latd_app *app, struct lat_buf *b)
{
    uint64_t n[LATD_N_JOB_STATES] = {0};
    struct latd_rows *rows = latd_database_borrow(app->database);

    if (latd_rows_job_counts(n, rows, NULL))
        memset(n, 0, sizeof(n));
    head(b, "latentd_jobs", "gauge", "Fine-tuning jobs.");
    for (size_t s = 0; s < LATD_N_JOB_STATES; s++)
        lat_buf_printf(b, "latentd_jobs{status=\"%s\"} %llu\n",
                       latd_job_state_word((enum latd_job_state)s),
                       (unsigned long long)n[s]);
    put_step(rows, b);
    latd_database_return(app->database, rows);
}

static void put_database(struct latd_app *app, struct lat_buf *b)
{
    struct latd_database_counts n = latd_database_counts(app->database);

    gauge(b, "latentd_database_bytes", "Size of latentd.db.", (double)n.bytes);
    gauge(b, "latentd_database_wal_bytes",
          "Size of latentd.db-wal, which is not yet copied into it.",
          (double)n.wal_bytes);
    gauge(b, "latentd_database_queue_depth", "Changes that wait.",
          (double)n.waiting);
    gauge(b, "latentd_database_queue_max", "Changes that may wait.",
          (double)app->config.max_changes);
    head(b, "latentd_database_commits_total", "counter",
         "Transactions, each with the changes that waited.");
    lat_buf_printf(b, "latentd_database_commits_total %llu\n",
                   (unsigned long long)n.committed);
    head(b, "latentd_database_changes_total", "counter",
         "Changes: kept, or undone because they failed.");
    lat_buf_printf(b,
                   "latentd_database_changes_total{result=\"kept\"} %llu\n"
                   "latentd_database_changes_total{result=\"undone\"} %llu\n",
                   (unsigned long long)n.changes, (unsigned long long)n.failed);
}

/* ---- the process ------------------------------------------------------- */

static unsigned count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n > 3 ? n - 3 : 0; /* . and .. and this folder's own */
}

static void put_process(struct lat_buf *b)
{
    unsigned long pages = 0, resident = 0;
    struct rlimit fds = {0};
    struct timespec cpu;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f && fscanf(f, "%lu %lu", &pages, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    getrlimit(RLIMIT_NOFILE, &fds);
    head(b, "process_cpu_seconds_total", "counter", "Processor time.");
    lat_buf_printf(b, "process_cpu_seconds_total %.6f\n",
                   (double)cpu.tv_sec + (double)cpu.tv_nsec * 1e-9);
    gauge(b, "process_resident_memory_bytes", "Memory in use.",
          (double)resident * (double)sysconf(_SC_PAGESIZE));
    gauge(b, "process_virtual_memory_bytes", "Memory mapped.",
          (double)pages * (double)sysconf(_SC_PAGESIZE));
    gauge(b, "process_open_fds", "Open file descriptors.", count_fds());
    gauge(b, "process_max_fds", "The most that may be open.",
          (double)fds.rlim_cur);
}

static void put_build(struct lat_buf *b)
{
    head(b, "latentd_build_info", "gauge", "What was built, always 1.");
    lat_buf_printf(b,
                   "latentd_build_info{version=\"%s\",commit=\"%s\","
                   "blas=\"%s\"} 1\n",
                   PACKAGE_VERSION, LATD_COMMIT, LATD_BLAS);
}

void latd_metrics_print(struct latd_app *app, struct lat_buf *out)
{
    put_build(out);
    put_requests(app->metrics, out);
    put_reasons(app->metrics, out);
    put_work(app->metrics, out);
    put_series(app->metrics, out);
    put_gates(app->metrics, out);
    put_search(app->metrics, out);
    if (atomic_load(&app->state) != LATD_LOADING) {
        put_cache(app, out);
        if (app->index)
            put_index(app, out);
        put_models(app, out);
    }
    if (atomic_load(&app->state) != LATD_LOADING && app->database) {
        put_jobs(app, out);
        put_database(app, out);
    }
    gauge(out, "process_start_time_seconds", "When it began.",
          (double)app->started);
    put_process(out);
}
