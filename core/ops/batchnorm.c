/*
 * batchnorm.c - y = (x - mean) rstd gamma + beta, per channel; max(0, y)
 *
 * x, y (n, h, w, c), all else (c); rstd = 1 / sqrt(variance + 1e-5).  Channels
 * are taken 64 at a time, so that their sums find room on the stack.
 */
#include "../ops.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 64, ROWS = 16 };

static const double epsilon = 1e-5;
static const float momentum = 0.1f;

/* Channels begin … begin + n - 1, and two sums per part for each.  Means of
 * the batch are read from center. */
struct batchnorm {
    struct lat_tensor y, x, dx; /* y or dy */
    size_t begin, n;
    bool relu;
    /* y = (x - center) scale + shift; dy's mean and its slope along x */
    float center[CHUNK], scale[CHUNK], shift[CHUNK];
    float dy_mean[CHUNK], dy_slope[CHUNK];
    double first[LAT_PARTS][CHUNK], second[LAT_PARTS][CHUNK];
};

/* The part's positions, as one stretch. */
static size_t positions(struct lat_tensor t, size_t part, size_t *begin)
{
    size_t per_item = t.h * t.w;

    *begin = lat__part_begin(t.n, part) * per_item;
    return lat__part_begin(t.n, part + 1) * per_item - *begin;
}

static double total(double sums[LAT_PARTS][CHUNK], size_t j)
{
    double sum = 0.0;

    for (size_t part = 0; part < LAT_PARTS; part++)
        sum += sums[part][j];
    return sum;
}

/* The next channels, at most CHUNK; false when there are none. */
static bool next(struct batchnorm *k)
{
    k->begin += k->n;
    k->n = k->x.c - k->begin < CHUNK ? k->x.c - k->begin : CHUNK;
    return k->n > 0;
}

/* ---- forward */

/* A few rows are summed in float, before what is lost counts, then in double;
 * the arrays let the loops over channels become vectors. */
struct few {
    float first[CHUNK], second[CHUNK];
};

static void flush(struct batchnorm *k, size_t part, struct few *few)
{
    for (size_t j = 0; j < k->n; j++) {
        k->first[part][j] += (double)few->first[j];
        k->second[part][j] += (double)few->second[j];
    }
    memset(few, 0, sizeof(*few));
}

static void clear(struct batchnorm *k, size_t part)
{
    memset(k->first[part], 0, sizeof(k->first[part]));
    memset(k->second[part], 0, sizeof(k->second[part]));
}

/* Sums of x - center and of its square. */
static void moments_part(void *arg, size_t part)
{
    struct batchnorm *k = arg;
    struct few few = {{0}, {0}};
    size_t begin, rows = positions(k->x, part, &begin);
    const float *x = k->x.v + begin * k->x.c + k->begin;

    clear(k, part);
    for (size_t i = 0; i < rows; i++, x += k->x.c) {
        for (size_t j = 0; j < k->n; j++) {
            float v = x[j] - k->center[j];

            few.first[j] += v;
            few.second[j] += v * v;
        }
        if (i % ROWS == ROWS - 1)
            flush(k, part, &few);
    }
    flush(k, part, &few);
}

static void apply_part(void *arg, size_t part)
{
    const struct batchnorm *k = arg;
    size_t begin, rows = positions(k->x, part, &begin);
    const float *x = k->x.v + begin * k->x.c + k->begin;
    float *y = k->y.v + begin * k->x.c + k->begin;
    float floor = k->relu ? 0.0f : -INFINITY;

    for (size_t i = 0; i < rows; i++, x += k->x.c, y += k->x.c)
        for (size_t j = 0; j < k->n; j++) {
            float v = (x[j] - k->center[j]) * k->scale[j] + k->shift[j];

            y[j] = v < floor ? floor : v; /* what is no number stays none */
        }
}

static void check(struct lat_tensor y, struct lat_tensor x)
{
    assert(y.n == x.n && y.h == x.h && y.w == x.w && y.c == x.c);
}

/* Moments about a value of the batch: those about zero drown in a large mean.
 */
static void choose_center(struct batchnorm *k)
{
    for (size_t j = 0; j < k->n; j++)
        k->center[j] = k->x.v[k->begin + j];
}

/* What the channels' sums say: for this batch, and for those to come. */
static void learn(struct batchnorm *k, const struct lat_batchnorm *p)
{
    double n = (double)(k->x.n * k->x.h * k->x.w);

    for (size_t j = 0, c = k->begin; j < k->n; j++, c++) {
        double off = total(k->first, j) / n;
        double mean = (double)k->center[j] + off;
        double var = fmax(total(k->second, j) / n - off * off, 0.0);
        double unbiased = n > 1.0 ? var * n / (n - 1.0) : var;

        p->mean[c] = (float)mean;
        p->rstd[c] = (float)(1.0 / sqrt(var + epsilon));
        p->running_mean[c] += momentum * ((float)mean - p->running_mean[c]);
        p->running_var[c] += momentum * ((float)unbiased - p->running_var[c]);
    }
}

static void use(struct batchnorm *k, const struct lat_batchnorm *p)
{
    for (size_t j = 0, c = k->begin; j < k->n; j++, c++) {
        k->center[j] = p->mean[c];
        k->scale[j] = p->rstd[c] * p->gamma[c];
        k->shift[j] = p->beta[c];
    }
}

void lat__batchnorm_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                            struct lat_tensor x, const struct lat_batchnorm *p)
{
    struct batchnorm k = {.y = y, .x = x, .relu = p->relu};

    check(y, x);
    while (next(&k)) {
        choose_center(&k);
        lat__team_run(ctx->team, moments_part, &k);
        learn(&k, p);
        use(&k, p);
        lat__team_run(ctx->team, apply_part, &k);
    }
}

/* ---- backward
 *
 * With z = (x - mean) rstd and n values per channel
 *
 *     dbeta += sum of dy,  dgamma += sum of dy z
 *     dx = gamma rstd (dy - mean of dy - z mean of dy z)              */

/* dy, or nothing where max(0, y) was 0. */
static inline float passed(const struct batchnorm *k, float dy, float x,
                           size_t j)
{
    float y = (x - k->center[j]) * k->scale[j] + k->shift[j];

    return !k->relu || y > 0.0f ? dy : 0.0f;
}

/* Sums of dy and of dy (x - mean). */
static void slopes_part(void *arg, size_t part)
{
    struct batchnorm *k = arg;
    struct few few = {{0}, {0}};
    size_t begin, rows = positions(k->x, part, &begin);
    size_t at = begin * k->x.c + k->begin;
    const float *dy = k->y.v + at, *x = k->x.v + at;

    clear(k, part);
    for (size_t i = 0; i < rows; i++, dy += k->x.c, x += k->x.c) {
        for (size_t j = 0; j < k->n; j++) {
            float d = passed(k, dy[j], x[j], j);

            few.first[j] += d;
            few.second[j] += d * (x[j] - k->center[j]);
        }
        if (i % ROWS == ROWS - 1)
            flush(k, part, &few);
    }
    flush(k, part, &few);
}

static void hand_down_part(void *arg, size_t part)
{
    const struct batchnorm *k = arg;
    size_t begin, rows = positions(k->x, part, &begin);
    size_t at = begin * k->x.c + k->begin;
    const float *x = k->x.v + at, *dy = k->y.v + at;
    float *dx = k->dx.v + at;

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < k->n; j++)
            dx[j] = (passed(k, dy[j], x[j], j) - k->dy_mean[j]) * k->scale[j] -
                    (x[j] - k->center[j]) * k->dy_slope[j];
        x += k->x.c;
        dy += k->x.c;
        dx += k->x.c;
    }
}

void lat__batchnorm_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                             float *dgamma, float *dbeta, struct lat_tensor dy,
                             struct lat_tensor x, const struct lat_batchnorm *p)
{
    struct batchnorm k = {.y = dy, .x = x, .dx = dx, .relu = p->relu};
    double n = (double)(x.n * x.h * x.w);

    check(dy, x);
    while (next(&k)) {
        use(&k, p);
        lat__team_run(ctx->team, slopes_part, &k);
        for (size_t j = 0, c = k.begin; j < k.n; j++, c++) {
            double sum = total(k.first, j);
            double along = total(k.second, j) * (double)p->rstd[c]; /* dy z */

            dbeta[c] += (float)sum;
            dgamma[c] += (float)along;
            k.dy_mean[j] = (float)(sum / n);
            k.dy_slope[j] = k.scale[j] * p->rstd[c] * (float)(along / n);
        }
        if (dx.v)
            lat__team_run(ctx->team, hand_down_part, &k);
    }
}

void lat__batchnorm_eval(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const struct lat_batchnorm *p)
{
    struct batchnorm k = {.y = y, .x = x, .relu = p->relu};

    check(y, x);
    while (next(&k)) {
        for (size_t j = 0, c = k.begin; j < k.n; j++, c++) {
            double rstd = 1.0 / sqrt((double)p->running_var[c] + epsilon);

            k.center[j] = p->running_mean[c];
            k.scale[j] = (float)(rstd * (double)p->gamma[c]);
            k.shift[j] = p->beta[c];
        }
        lat__team_run(ctx->team, apply_part, &k);
    }
}
