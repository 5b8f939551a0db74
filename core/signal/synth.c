/*
 * synth.c - a made-up ECG.
 *
 * A point goes round the unit circle once a beat; each of the waves P Q R S T
 * pulls the trace up or down where the point passes its angle:
 *
 *     x' = (1 - r) x - w y,    y' = (1 - r) y + w x,    r = sqrt(x^2 + y^2)
 *     z' = - sum over waves of  A d / b^2 w exp(-d^2 / (2 b^2))  -  z
 *
 * with d the angle from the wave, w = 2 pi / RR(t), and RR a sum of sines
 * about 0.1 Hz (blood pressure) and 0.25 Hz (breath).  Unlike the paper's, A
 * is in mV, whatever the heart rate, so that each lead is one row of A.
 */
#include "../base/rng.h"
#include "../latent/signal.h"

#include <math.h>
#include <string.h>

enum { WAVES = 5, LEADS = 6, SINES = 24, INNER_HZ = 700, HOLD = 16 };

static const double PI = 3.14159265358979323846, WARM_UP = 2.0;

/* Amplitudes in mV of P Q R S T. */
static const struct lead {
    char name[4];
    double a[WAVES];
} leads[LEADS] = {
    {"I", {0.08, -0.05, 0.65, -0.10, 0.20}},
    {"II", {0.15, -0.10, 1.20, -0.25, 0.30}},
    {"III", {0.07, -0.05, 0.55, -0.15, 0.10}}, /* II - I */
    {"V1", {0.06, 0.00, 0.25, -1.00, -0.08}},
    {"V2", {0.08, 0.00, 0.50, -1.40, 0.45}},
    {"V5", {0.10, -0.12, 1.40, -0.35, 0.38}},
};

/* Where on the circle, and how wide, at 60 beats a minute. */
static const double angles[WAVES] = {-70, -15, 0, 15, 100}; /* degrees */
static const double widths[WAVES] = {0.25, 0.1, 0.1, 0.1, 0.4};

struct heart {
    double angle[WAVES], width[WAVES], scale[WAVES];
    double rr, sd;                          /* seconds */
    double hz[2 * SINES], phase[2 * SINES]; /* low, then high frequencies */
    double start, breath;                   /* phases */
    size_t n_leads, lead[LAT_CHANNELS_MAX]; /* rows of leads */
    double z[LAT_CHANNELS_MAX], x, y;       /* the state */
};

/* ---- the person --------------------------------------------------------- */

static double around_one(struct lat_rng *rng, double sd)
{
    return exp(sd * lat__rng_normal(rng));
}

/* Everything that varies is drawn here, always in this order, so that a person
 * is the same whatever is recorded. */
static void born(struct heart *h, const struct lat_synth *s,
                 struct lat_rng *rng)
{
    static const double wander[WAVES] = {6, 1.5, 0, 1.5, 9}; /* degrees */
    double fast = sqrt(s->bpm / 60.0);

    for (size_t i = 0; i < WAVES; i++) {
        double turn = angles[i] + wander[i] * lat__rng_normal(rng);
        /* the waves come nearer to R at a higher rate, P and T less so */
        double near = i == 0 || i == WAVES - 1 ? sqrt(fast) : fast;

        h->angle[i] = turn * near * PI / 180.0;
        h->width[i] = widths[i] * fast * around_one(rng, 0.12);
        h->scale[i] = around_one(rng, 0.25);
    }
    for (size_t i = 0; i < 2 * SINES; i++) {
        h->hz[i] = (i < SINES ? 0.1 : 0.25) + 0.01 * lat__rng_normal(rng);
        h->phase[i] = 2.0 * PI * lat__rng_uniform(rng);
    }
    h->start = 2.0 * PI * lat__rng_uniform(rng);
    h->breath = 2.0 * PI * lat__rng_uniform(rng);
    h->rr = 60.0 / s->bpm;
    h->sd = 60.0 * s->bpm_sd / (s->bpm * s->bpm);
    h->x = cos(h->start);
    h->y = sin(h->start);
}

/* ---- the beat ----------------------------------------------------------- */

/* RR(t): twice as much power at the high frequencies as at the low. */
static double interval(const struct heart *h, double t)
{
    double low = 0.0, high = 0.0, rr;

    for (size_t i = 0; i < SINES; i++) {
        low += sin(2.0 * PI * h->hz[i] * t + h->phase[i]);
        high += sin(2.0 * PI * h->hz[SINES + i] * t + h->phase[SINES + i]);
    }
    /* a sine has variance 1/2 */
    rr = h->rr + h->sd * sqrt(2.0 / SINES) *
                     (sqrt(1.0 / 3.0) * low + sqrt(2.0 / 3.0) * high);
    return fmin(fmax(rr, 0.25), 4.0);
}

/* The pull of each wave at angle theta, for an amplitude of 1. */
static void pulls(const struct heart *h, double pull[WAVES], double theta,
                  double w)
{
    for (size_t i = 0; i < WAVES; i++) {
        double d = remainder(theta - h->angle[i], 2.0 * PI);
        double b2 = h->width[i] * h->width[i];

        pull[i] = -h->scale[i] * d / b2 * w * exp(-d * d / (2.0 * b2));
    }
}

/* state and slope are x, y, then z of each lead. */
static void slope(const struct heart *h, double *slope_of, const double *state,
                  double w)
{
    double x = state[0], y = state[1], back = 1.0 - sqrt(x * x + y * y);
    double pull[WAVES];

    pulls(h, pull, atan2(y, x), w);
    slope_of[0] = back * x - w * y;
    slope_of[1] = back * y + w * x;
    for (size_t k = 0; k < h->n_leads; k++) {
        const double *a = leads[h->lead[k]].a;

        slope_of[2 + k] = -state[2 + k];
        for (size_t i = 0; i < WAVES; i++)
            slope_of[2 + k] += a[i] * pull[i];
    }
}

/* One step of Runge and Kutta, fourth order. */
static void advance(struct heart *h, double dt, double w)
{
    static const double part[4] = {0.0, 0.5, 0.5, 1.0};
    static const double weight[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
    const size_t n = 2 + h->n_leads;
    double at[2 + LAT_CHANNELS_MAX], now[2 + LAT_CHANNELS_MAX];
    double k[2 + LAT_CHANNELS_MAX] = {0}, sum[2 + LAT_CHANNELS_MAX] = {0};

    now[0] = h->x;
    now[1] = h->y;
    memcpy(now + 2, h->z, h->n_leads * sizeof(*h->z));
    for (size_t stage = 0; stage < 4; stage++) {
        for (size_t i = 0; i < n; i++)
            at[i] = now[i] + dt * part[stage] * k[i];
        slope(h, k, at, w);
        for (size_t i = 0; i < n; i++)
            sum[i] += weight[stage] * k[i];
    }
    h->x = now[0] + dt * sum[0];
    h->y = now[1] + dt * sum[1];
    for (size_t i = 0; i < h->n_leads; i++)
        h->z[i] = now[2 + i] + dt * sum[2 + i];
}

static void record(struct heart *h, struct lat_signal *sig,
                   const struct lat_synth *s, struct lat_rng *rng)
{
    const size_t inner = (size_t)ceil(INNER_HZ / s->rate_hz);
    const size_t warm = (size_t)ceil(WARM_UP * s->rate_hz);
    const double dt = 1.0 / (s->rate_hz * (double)inner);
    double w = 2.0 * PI / h->rr;
    size_t step = 0;

    for (size_t i = 0; i < warm + sig->n_samples; i++) {
        double t = ((double)i - (double)warm) / s->rate_hz, base;

        base = s->wander_mv * sin(2.0 * PI * 0.25 * t + h->breath);
        for (size_t k = 0; i >= warm && k < sig->n_channels; k++)
            sig->v[k * sig->n_samples + i - warm] =
                (float)(h->z[k] + base + s->noise_mv * lat__rng_normal(rng));
        for (size_t j = 0; j < inner; j++, step++) {
            if (step % HOLD == 0)
                w = 2.0 * PI / interval(h, t + (double)j * dt);
            advance(h, dt, w);
        }
    }
}

/* ---- the order ---------------------------------------------------------- */

static enum lat_code parse_leads(struct heart *h, const char *names,
                                 struct lat_err *err)
{
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, ","), k = 0;

        while (k < LEADS && !(strlen(leads[k].name) == len &&
                              strncmp(leads[k].name, p, len) == 0))
            k++;
        if (k == LEADS)
            return lat_fail(err, LAT_EINVAL,
                            "lead `%.*s`, must be one of I, II, III, V1, V2, "
                            "V5",
                            len < 20 ? (int)len : 20, p);
        if (h->n_leads == LEADS)
            return lat_fail(err, LAT_EINVAL, "more than %d leads", LEADS);
        h->lead[h->n_leads++] = k;
        p += len;
        p += *p == ',';
    }
    if (h->n_leads == 0)
        return lat_fail(err, LAT_EINVAL, "no leads");
    return LAT_OK;
}

static enum lat_code check(const struct lat_synth *s, struct lat_err *err)
{
    const struct {
        const char *name;
        double v, low, high;
    } rows[] = {
        {"sampling rate", s->rate_hz, 50, 10000},
        {"seconds", s->seconds, 0.1, 86400},
        {"bpm", s->bpm, 20, 250},
        {"bpm_sd", s->bpm_sd, 0, s->bpm / 4},
        {"noise_mv", s->noise_mv, 0, 100},
        {"wander_mv", s->wander_mv, 0, 100},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (!(rows[i].v >= rows[i].low && rows[i].v <= rows[i].high))
            return lat_fail(err, LAT_EINVAL, "%s is %g, must be %g to %g",
                            rows[i].name, rows[i].v, rows[i].low, rows[i].high);
    return LAT_OK;
}

struct lat_synth lat_synth_defaults(void)
{
    return (struct lat_synth){.rate_hz = 360,
                              .seconds = 60,
                              .bpm = 60,
                              .bpm_sd = 2,
                              .noise_mv = 0.01,
                              .wander_mv = 0.05,
                              .leads = "II",
                              .seed = 1};
}

enum lat_code lat_synth_ecg(struct lat_signal **out,
                            const struct lat_synth *spec, struct lat_err *err)
{
    struct heart h = {0};
    struct lat_signal *sig = NULL;
    struct lat_rng rng;
    enum lat_code code = check(spec, err);

    if (code == LAT_OK)
        code = parse_leads(&h, spec->leads, err);
    if (code == LAT_OK)
        code = lat_signal_new(
            &sig, h.n_leads, (size_t)round(spec->seconds * spec->rate_hz), err);
    if (code)
        return code;
    sig->rate_hz = spec->rate_hz;
    for (size_t k = 0; k < h.n_leads; k++) {
        strcpy(sig->channels[k].name, leads[h.lead[k]].name);
        strcpy(sig->channels[k].unit, "mV");
    }
    lat__rng_seed(&rng, spec->seed);
    born(&h, spec, &rng);
    record(&h, sig, spec, &rng);
    *out = sig;
    return LAT_OK;
}
