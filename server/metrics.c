/* metrics.c - counting. */
#include "metrics.h"

#include <stdio.h>
#include <string.h>

static const char *const methods[] = {
#define XX(name) #name,
    LATD_METHOD_MAP(XX)
#undef XX
};

const unsigned latd_statuses[LATD_STATUSES] = {
    0,   200, 201, 202, 204, 206, 304, 307, 308, 400, 401,
    403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 415,
    417, 422, 428, 429, 499, 500, 501, 503, 504, 507,
};

/* Upper ends in nanoseconds, or in things; the rest falls in the last. */
const uint64_t latd_bounds_ns[LATD_BOUNDS_MAX] = {
    50000,     100000,     250000,     500000,      1000000,   2500000,
    5000000,   10000000,   25000000,   50000000,    100000000, 250000000,
    500000000, 1000000000, 2500000000, 10000000000,
};
const uint64_t latd_bounds_count[LATD_BOUNDS_MAX] = {
    1,   2,    5,    10,   25,    50,     100,     250,
    500, 1000, 2500, 5000, 10000, 100000, 1000000, 10000000,
};

const uint64_t latd_bounds_share[LATD_BOUNDS_MAX] = {
    0, 10, 20, 50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 800, 900, 1000,
};

const char *latd_method_name(enum latd_method m)
{
    return methods[m];
}

static void hist_add(struct latd_hist *h, const uint64_t *bounds, uint64_t v)
{
    size_t i = 0;

    while (i < LATD_BOUNDS_MAX && v > bounds[i])
        i++;
    atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum, v, memory_order_relaxed);
}

void latd_hist_ns(struct latd_hist *h, uint64_t ns)
{
    hist_add(h, latd_bounds_ns, ns);
}

void latd_hist_count(struct latd_hist *h, uint64_t n)
{
    hist_add(h, latd_bounds_count, n);
}

void latd_metrics_request(struct latd_metrics *m, size_t route,
                          enum latd_method method, unsigned status, uint64_t ns)
{
    size_t s = LATD_STATUSES;

    while (--s > 0 && latd_statuses[s] != status)
        ;
    atomic_fetch_add_explicit(&m->requests[route][method][s], 1,
                              memory_order_relaxed);
    latd_hist_ns(&m->durations[route], ns);
}

void latd_metrics_gates(struct latd_series *s, const float *latent, size_t n)
{
    size_t active = 0;

    for (size_t i = 0; i < n; i++)
        active += latent[i] > 0.0f || latent[i] < 0.0f;
    hist_add(&s->active, latd_bounds_share, active * 1000 / n);
}

struct latd_series *latd_metrics_series(struct latd_metrics *m,
                                        const char *model)
{
    size_t n = atomic_load(&m->n_series);

    for (size_t i = 0; i < n; i++)
        if (strcmp(m->series[i].model, model) == 0)
            return &m->series[i];
    if (n == LATD_SERIES_MAX)
        return &m->series[n - 1];
    snprintf(m->series[n].model, sizeof(m->series[n].model), "%s",
             n == LATD_SERIES_MAX - 1 ? "(others)" : model);
    atomic_store(&m->n_series, n + 1);
    return &m->series[n];
}
