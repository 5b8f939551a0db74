/*
 * metrics.h - counters and histograms, and their text for Prometheus.
 *
 * Names are those of the contract and never change.  Everything is atomic:
 * any thread may count, and reading never stops one.
 */
#ifndef LATD_METRICS_H
#define LATD_METRICS_H

#include <stdatomic.h>

#include "../core/latent.h"

enum { LATD_ROUTES_MAX = 96, LATD_SERIES_MAX = 64, LATD_BOUNDS_MAX = 16 };

/* Methods and statuses that are counted; anything else is the last. */
#define LATD_METHOD_MAP(XX) \
    XX(GET) XX(HEAD) XX(POST) XX(PUT) XX(DELETE) XX(OPTIONS) XX(OTHER)

enum latd_method {
#define XX(name) LATD_##name,
    LATD_METHOD_MAP(XX)
#undef XX
        LATD_N_METHODS
};

const char *latd_method_name(enum latd_method m);

#define LATD_REJECTED_MAP(XX) \
    XX(overloaded)            \
    XX(deadline)              \
    XX(too_large) XX(cancelled) XX(invalid) XX(unauthorized) XX(rate_limited)

enum latd_rejected {
#define XX(name) LATD_REJECTED_##name,
    LATD_REJECTED_MAP(XX)
#undef XX
        LATD_N_REJECTED
};

/* How a body came, for latd_metrics.parse. */
#define LATD_FORMAT_MAP(XX) \
    XX(json) XX(multipart) XX(raw) XX(csv) XX(npy) XX(edf) XX(jpeg) XX(png)

enum latd_format {
#define XX(name) LATD_FORMAT_##name,
    LATD_FORMAT_MAP(XX)
#undef XX
        LATD_N_FORMATS
};

/* Statuses with a counter of their own; index 0 counts the others. */
enum { LATD_STATUSES = 32 };

struct latd_hist {
    _Atomic uint64_t buckets[LATD_BOUNDS_MAX + 1];
    _Atomic uint64_t sum; /* in nanoseconds, or in things */
};

/* What is counted by model; a slot is never given back. */
struct latd_series {
    char model[64];
    _Atomic int64_t queued;
    _Atomic uint64_t nonfinite;
    _Atomic uint64_t cache[4];  /* by enum latd_recalled */
    struct latd_hist inference; /* nanoseconds */
    struct latd_hist active;    /* of gated codes: thousandths that are not 0 */
};

struct latd_metrics {
    _Atomic uint64_t requests[LATD_ROUTES_MAX][LATD_N_METHODS][LATD_STATUSES];
    struct latd_hist durations[LATD_ROUTES_MAX];
    struct latd_hist queue_wait;
    struct latd_hist search;   /* a scan of the index: waiting and scanning */
    _Atomic uint64_t searched; /* vectors compared */
    struct latd_hist batch_inputs, batch_samples;
    struct latd_hist parse[LATD_N_FORMATS];
    _Atomic uint64_t rejected[LATD_N_REJECTED];
    _Atomic uint64_t warnings[LAT_N_WARNINGS]; /* of inputs */
    _Atomic size_t n_series;
    struct latd_series series[LATD_SERIES_MAX];
};

/* What the arrays above stand for. */
extern const unsigned latd_statuses[LATD_STATUSES];
extern const uint64_t latd_bounds_ns[LATD_BOUNDS_MAX];
extern const uint64_t latd_bounds_count[LATD_BOUNDS_MAX];
extern const uint64_t latd_bounds_share[LATD_BOUNDS_MAX]; /* thousandths */

void latd_metrics_request(struct latd_metrics *m, size_t route,
                          enum latd_method method, unsigned status,
                          uint64_t ns);
void latd_hist_ns(struct latd_hist *h, uint64_t ns);
void latd_hist_count(struct latd_hist *h, uint64_t n);
/* How much of a gated code is not 0. */
void latd_metrics_gates(struct latd_series *s, const float *latent, size_t n);
/* The slot of a model's name, made at first; the last one is shared by those
 * for which there is no room.  Called when models load: one thread. */
struct latd_series *latd_metrics_series(struct latd_metrics *m,
                                        const char *model);

struct latd_app;
/* The whole text exposition, of everything in the app. */
void latd_metrics_print(struct latd_app *app, struct lat_buf *out);

#endif
