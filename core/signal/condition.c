/*
 * condition.c - what is done to each window by itself: band-pass, mean,
 * spread, divisor.
 *
 * Everything is computed in double and rounded once.
 */
#include "../signal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct lat__conditioner {
    struct lat_prep prep;
    struct lat__filter filter;
    size_t window, channels;
    size_t pad;   /* 0 when nothing is filtered */
    double *hann; /* (window), its sum 1; NULL unless scale asks for it */
};

static const char *const ends_names[LAT_N_ENDS] = {"odd", "even", "constant"};
static const char *const scale_names[LAT_N_SCALES] = {
    "none", "std", "mean-abs", "mad", "iqr", "q90", "q95", "peak", "hann"};

static size_t find(const char *const *names, size_t n, const char *name)
{
    size_t i = 0;

    while (i < n && strcmp(names[i], name) != 0)
        i++;
    return i;
}

const char *lat__ends_name(enum lat_ends e)
{
    return ends_names[e];
}

enum lat_ends lat__ends_of(const char *name)
{
    return (enum lat_ends)find(ends_names, LAT_N_ENDS, name);
}

const char *lat__scale_name(enum lat_scale s)
{
    return scale_names[s];
}

enum lat_scale lat__scale_of(const char *name)
{
    return (enum lat_scale)find(scale_names, LAT_N_SCALES, name);
}

static double beyond(enum lat_ends ends, double v, double x)
{
    switch (ends) {
    case LAT_ENDS_ODD:
        return 2.0 * v - x;
    case LAT_ENDS_EVEN:
        return x;
    case LAT_ENDS_CONSTANT:
    case LAT_N_ENDS:
        break;
    }
    return v;
}

/* One channel of x into ext (pad + window + pad), filtered and centred. */
static void condition_channel(const struct lat__conditioner *c, double *ext,
                              const float *x)
{
    double *v = ext + c->pad;
    const size_t n = c->window;

    for (size_t i = 0; i < n; i++)
        v[i] = (double)x[i * c->channels];
    for (size_t i = 1; i <= c->pad; i++) {
        ext[c->pad - i] = beyond(c->prep.ends, v[0], v[i]);
        v[n - 1 + i] = beyond(c->prep.ends, v[n - 1], v[n - 1 - i]);
    }
    if (c->filter.n > 0) {
        lat__filter_run(&c->filter, ext, n + 2 * c->pad);
        lat__filter_run_back(&c->filter, ext, n + 2 * c->pad);
    }
    if (c->prep.center) {
        double m = lat__mean(v, n);

        for (size_t i = 0; i < n; i++)
            v[i] -= m;
    }
}

/* w = (1 - cos(2 pi i / window)) / window, over one period */
static enum lat_code make_hann(struct lat__conditioner *c, struct lat_err *err)
{
    c->hann = lat_calloc(c->window, sizeof(*c->hann));
    if (!c->hann)
        return lat_fail(err, LAT_ENOMEM, "conditioner");
    for (size_t i = 0; i < c->window; i++)
        c->hann[i] =
            (1.0 - cos(6.283185307179586 * (double)i / (double)c->window)) /
            (double)c->window;
    return LAT_OK;
}

static double spread_hann(const struct lat__conditioner *c, const double *v)
{
    double sum = 0.0;

    for (size_t k = 0; k < c->channels; k++)
        for (size_t i = 0; i < c->window; i++, v++)
            sum += c->hann[i] * *v * *v;
    return sqrt(sum / (double)c->channels);
}

/* Scratch: the window, channel after channel; then one extended channel, and
 * later the copy that the spread reorders. */
void lat__condition(const struct lat__conditioner *c, float *y, const float *x,
                    double *scratch)
{
    const size_t n = c->window * c->channels;
    double *v = scratch, *work = scratch + n, by = 1.0;

    for (size_t k = 0; k < c->channels; k++) {
        condition_channel(c, work, x + k);
        memcpy(v + k * c->window, work + c->pad, c->window * sizeof(*v));
    }
    if (c->prep.scale != LAT_SCALE_NONE) {
        memcpy(work, v, n * sizeof(*v));
        by = fmax(c->hann ? spread_hann(c, v)
                          : lat__spread(c->prep.scale, work, n),
                  c->prep.floor);
    }
    if (c->prep.divisor > 0.0)
        by *= c->prep.divisor;
    by = by > 0.0 ? 1.0 / by : 1.0;
    for (size_t k = 0; k < c->channels; k++)
        for (size_t i = 0; i < c->window; i++)
            y[i * c->channels + k] = (float)(v[k * c->window + i] * by);
}

size_t lat__conditioner_scratch(const struct lat__conditioner *c)
{
    const size_t n = c->window * c->channels, ext = c->window + 2 * c->pad;

    return n + (n > ext ? n : ext);
}

static enum lat_code check(const struct lat__conditioner *c,
                           struct lat_err *err)
{
    const struct lat_prep *p = &c->prep;

    if (c->pad >= c->window)
        return lat_fail(err, LAT_EFORMAT,
                        "%zu samples beyond the ends of a window of %zu, must "
                        "be fewer",
                        c->pad, c->window);
    if ((unsigned)p->ends >= LAT_N_ENDS || (unsigned)p->scale >= LAT_N_SCALES)
        return lat_fail(err, LAT_EINVAL, "no such ends %d or scale %d",
                        (int)p->ends, (int)p->scale);
    if (!(p->floor >= 0.0 && isfinite(p->floor)))
        return lat_fail(err, LAT_EFORMAT, "floor %g, must be 0 or more",
                        p->floor);
    if (!(p->divisor >= 0.0 && isfinite(p->divisor)))
        return lat_fail(err, LAT_EFORMAT, "divisor %g, must be 0 or more",
                        p->divisor);
    return LAT_OK;
}

enum lat_code lat__conditioner_new(struct lat__conditioner **out,
                                   const struct lat_prep *prep, double rate_hz,
                                   size_t window, size_t channels,
                                   struct lat_err *err)
{
    struct lat__conditioner *c = lat_calloc(1, sizeof(*c));
    enum lat_code code = LAT_OK;

    assert(window > 0 && channels > 0);
    if (!c)
        return lat_fail(err, LAT_ENOMEM, "conditioner");
    c->prep = *prep;
    c->window = window;
    c->channels = channels;
    if (prep->low_hz != 0.0 || prep->high_hz != 0.0) {
        c->pad = prep->pad ? prep->pad : 3 * (2 * (size_t)prep->order + 1);
        code = lat__filter_design(&c->filter, prep->order, prep->low_hz,
                                  prep->high_hz, rate_hz, err);
    }
    if (code == LAT_OK)
        code = check(c, err);
    if (code == LAT_OK && prep->scale == LAT_SCALE_HANN)
        code = make_hann(c, err);
    if (code) {
        lat__conditioner_free(c);
        return code;
    }
    *out = c;
    return LAT_OK;
}

void lat__conditioner_free(struct lat__conditioner *c)
{
    if (c)
        lat_free(c->hann);
    lat_free(c);
}
