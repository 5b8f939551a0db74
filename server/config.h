/*
 * config.h - the settings: one table, and where each value came from.
 *
 * A flag beats an environment variable (LATENTD_MAX_QUEUE for max-queue),
 * which beats the file, which beats the default.  Filled in by main before any
 * other thread exists; read-only from then on.
 */
#ifndef LATD_CONFIG_H
#define LATD_CONFIG_H

#include "../core/latent.h"

enum { LATD_TEXT_MAX = 512 };

#define LATD_MIB 1048576u
#define LATD_GIB 1073741824u

/* TEXT(field, name, default, sentence)
 * NUMBER(field, name, default, least, most, sentence) */
#define LATD_CONFIG_MAP(TEXT, NUMBER)                                          \
    TEXT(listen, "listen", "127.0.0.1:8080",                                   \
         "Address and port to serve; port 0 takes a free one")                 \
    TEXT(metrics_listen, "metrics-listen", "",                                 \
         "Address and port for /metrics alone; empty: on the same listener")   \
    TEXT(models, "models", "/var/lib/latentd/models",                          \
         "Folder of NAME.safetensors and NAME@VERSION.safetensors")            \
    TEXT(data_dir, "data-dir", "/var/lib/latentd",                             \
         "Folder for what the daemon keeps; empty: nothing is kept")           \
    TEXT(config, "config", "", "File of settings, a line each: name = value")  \
    TEXT(keys_file, "keys-file", "",                                           \
         "File of API keys, by latent keys; empty: no key is asked for")       \
    TEXT(tls_cert, "tls-cert", "",                                             \
         "PEM file of our certificate and its chain; empty: no TLS")           \
    TEXT(tls_key, "tls-key", "", "PEM file of its key")                        \
    TEXT(tls_client_ca, "tls-client-ca", "",                                   \
         "PEM file of authorities; clients must have a certificate of theirs") \
    TEXT(kernel, "kernel", "",                                                 \
         "blas, avx2 or avx512; empty: the fastest that the processor has")    \
    TEXT(precision, "precision", "float32",                                    \
         "float32 or bfloat16; then NAME=bfloat16 for models that differ")     \
    TEXT(log_level, "log-level", "info", "debug, info, warning or error")      \
    NUMBER(http_threads, "http-threads", 2, 1, 64,                             \
           "Threads that read requests and write replies")                     \
    NUMBER(infer_threads, "infer-threads", 0, 0, 256,                          \
           "Threads that embed; 0: one per core that we may use")              \
    NUMBER(max_body_bytes, "max-body-bytes", 64 * LATD_MIB, 1024,              \
           4 * (uint64_t)LATD_GIB, "Longest body of a request")                \
    NUMBER(max_buffered_bytes, "max-buffered-bytes", 512 * LATD_MIB, 65536,    \
           1024 * (uint64_t)LATD_GIB, "Bodies of all requests together")       \
    NUMBER(max_inputs, "max-inputs", 2048, 1, 1000000,                         \
           "Inputs, and windows, of one request")                              \
    NUMBER(max_samples, "max-samples", 8000000, 1, 100000000,                  \
           "Samples of the inputs of one request, at the model's rate")        \
    NUMBER(max_pixels, "max-pixels", 50000000, 1, 1000000000,                  \
           "Pixels of the images of one request, as they are sent")            \
    NUMBER(max_queue, "max-queue", 4096, 1, 10000000,                          \
           "Windows that may wait for an inference thread")                    \
    NUMBER(timeout_ms, "timeout-ms", 10000, 1, 600000,                         \
           "Deadline of a request that names none, in milliseconds")           \
    NUMBER(connection_limit, "connection-limit", 4096, 1, 1000000,             \
           "Open connections; the next wait to be accepted")                   \
    NUMBER(connection_timeout, "connection-timeout", 30, 1, 86400,             \
           "Seconds after which a silent connection is closed")                \
    NUMBER(body_timeout, "body-timeout", 60, 1, 86400,                         \
           "Seconds that a body may take to arrive")                           \
    NUMBER(cache_bytes, "cache-bytes", 64 * LATD_MIB, 0,                       \
           1024 * (uint64_t)LATD_GIB, "Vectors and replies kept in memory")    \
    NUMBER(cache_file_bytes, "cache-file-bytes", LATD_GIB, 0,                  \
           1024 * (uint64_t)LATD_GIB, "Vectors kept in data-dir; 0: no file")  \
    NUMBER(max_file_bytes, "max-file-bytes", 512 * LATD_MIB, 1024,             \
           1024 * (uint64_t)LATD_GIB, "Longest file that may be uploaded")     \
    NUMBER(files_bytes, "files-bytes", 16 * (uint64_t)LATD_GIB, 1024,          \
           1048576 * (uint64_t)LATD_GIB, "Uploaded files kept in data-dir")    \
    NUMBER(max_unpacked_bytes, "max-unpacked-bytes", 2 * (uint64_t)LATD_GIB,   \
           1024, 1024 * (uint64_t)LATD_GIB,                                    \
           "Bytes of an archive when it is unpacked, in memory")               \
    NUMBER(max_changes, "max-changes", 4096, 1, 1000000,                       \
           "Changes that may wait to be written to data-dir")                  \
    NUMBER(index_bytes, "index-bytes", LATD_GIB, LATD_MIB,                     \
           1024 * (uint64_t)LATD_GIB,                                          \
           "Vectors and metadata of recordings kept in memory, for searches")  \
    NUMBER(window_bytes, "window-bytes", 512 * LATD_MIB, 0,                    \
           1024 * (uint64_t)LATD_GIB,                                          \
           "Windows of recordings kept in memory, for match best_window")      \
    NUMBER(job_threads, "job-threads", 1, 1, 256,                              \
           "Threads that a fine-tuning job computes on")                       \
    NUMBER(job_wall_seconds, "job-wall-seconds", 604800, 1, 1000000000,        \
           "Longest that a job may run, all its starts together")              \
    NUMBER(job_disk_bytes, "job-disk-bytes", 10 * (uint64_t)LATD_GIB, 1,       \
           1024 * 1024 * (uint64_t)LATD_GIB, "Disk that a job may need")       \
    NUMBER(job_attempts, "job-attempts", 3, 1, 1000000,                        \
           "Starts without a checkpoint after which a job is failed")          \
    NUMBER(retain_days, "retain-days", 0, 0, 36500,                            \
           "Days that a recording is kept after a change; 0: for good")        \
    NUMBER(network_store, "network-store", 0, 0, 1,                            \
           "1: keep the database on a network file system all the same")       \
    NUMBER(                                                                    \
        insecure_listen, "insecure-listen", 0, 0, 1,                           \
        "1: without keys, serve other addresses than loopback all the same")   \
    NUMBER(key_rate, "key-rate", 0, 0, 1000000,                                \
           "Requests a second of a key that has no rate of its own; 0: any")   \
    NUMBER(key_burst, "key-burst", 0, 0, 1000000,                              \
           "Requests of a key at once; 0: as many as key-rate")                \
    NUMBER(key_bytes, "key-bytes", 0, 0, 1024 * (uint64_t)LATD_GIB,            \
           "Bytes of bodies a minute of a key that has no own bytes; 0: any")  \
    NUMBER(delete_models, "delete-models", 0, 0, 1,                            \
           "1: DELETE /v1/models also deletes files of the folder models")     \
    NUMBER(drain_delay, "drain-delay", 5, 0, 3600,                             \
           "Seconds to serve on, not ready, after SIGTERM")                    \
    NUMBER(drain_timeout, "drain-timeout", 18, 0, 3600,                        \
           "Seconds to finish what is in flight after that")

/* Where a value came from; a later one beats an earlier. */
enum latd_origin { LATD_DEFAULT, LATD_FILE, LATD_ENVIRONMENT, LATD_FLAG };

enum latd_setting {
#define TEXT(field, ...) LATD_SET_##field,
#define NUMBER(field, ...) LATD_SET_##field,
    LATD_CONFIG_MAP(TEXT, NUMBER)
#undef TEXT
#undef NUMBER
        LATD_N_SETTINGS
};

struct latd_config {
#define TEXT(field, ...) char field[LATD_TEXT_MAX];
#define NUMBER(field, ...) uint64_t field;
    LATD_CONFIG_MAP(TEXT, NUMBER)
#undef TEXT
#undef NUMBER
    enum latd_origin origin[LATD_N_SETTINGS];
};

void latd_config_init(struct latd_config *c); /* the defaults */
/* The i-th setting's name and sentence, for options and help. */
const char *latd_config_name(enum latd_setting i);
const char *latd_config_sentence(enum latd_setting i);

/* One value, unless the setting has one of a better origin.  LAT_ENOENT for an
 * unknown name, LAT_EINVAL for a value out of bounds, which it names.  Numbers
 * may end in K, M or G (times 1024). */
LAT_MUST_CHECK enum lat_code latd_config_set(struct latd_config *c,
                                             const char *name,
                                             const char *value,
                                             enum latd_origin origin,
                                             struct lat_err *err);
/* The lines of a file: name = value, # to the end of a line. */
LAT_MUST_CHECK enum lat_code latd_config_read(struct latd_config *c,
                                              const char *path,
                                              struct lat_err *err);
/* Every LATENTD_* of env, as environ.  Those that are no setting are named in
 * unknown: others may have put them there (Kubernetes does, for a service of
 * that name). */
LAT_MUST_CHECK enum lat_code latd_config_environ(struct latd_config *c,
                                                 char *const *env,
                                                 struct lat_buf *unknown,
                                                 struct lat_err *err);
/* What no setting knows alone: max-inputs fits max-queue, and so on. */
LAT_MUST_CHECK enum lat_code latd_config_check(const struct latd_config *c,
                                               struct lat_err *err);
/* A line per setting with its value and, as a comment, its origin. */
void latd_config_print(const struct latd_config *c, struct lat_buf *out);
/* The sample file: every setting with its sentence and default, commented. */
void latd_config_sample(struct lat_buf *out);

#endif
