/*
 * batchnorm.c - y = (x - mean) rstd gamma + beta, per channel
 *
 * x, y (n, h, w, c), all else (c); rstd = 1 / sqrt(variance + 1e-5).  Channels
 * are taken 64 at a time, so that their sums find room on the stack.
 */
#include "../ops.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 64, LANE = 8 };

static const double epsilon = 1e-5;
static const float momentum = 0.1f;

/* Channels begin … begin + n - 1, and two sums per part for each. */
struct batchnorm {
    struct lat_tensor y, x, dx; /* y or dy */
    size_t begin, n;
    const float *mean;
    float scale[CHUNK], shift[CHUNK], center[CHUNK], slope[CHUNK];
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

/* Of n channels, at most LANE. */
static inline void add_moments(double *sum, double *square, const float *x,
                               size_t rows, size_t row, const size_t n)
{
    double s[LANE] = {0}, q[LANE] = {0};

    for (size_t i = 0; i < rows; i++, x += row)
        for (size_t j = 0; j < n; j++) {
            double v = (double)x[j];

            s[j] += v;
            q[j] += v * v;
        }
    for (size_t j = 0; j < n; j++) {
        sum[j] += s[j];
        square[j] += q[j];
    }
}

/* With n a constant the sums stay in registers. */
static void moments(double *sum, double *square, const float *x, size_t rows,
                    size_t row, size_t n)
{
    if (n >= LANE)
        add_moments(sum, square, x, rows, row, LANE);
    else
        add_moments(sum, square, x, rows, row, n);
}

static void moments_part(void *arg, size_t part)
{
    struct batchnorm *k = arg;
    size_t begin, rows = positions(k->x, part, &begin);
    const float *x = k->x.v + begin * k->x.c + k->begin;

    memset(k->first[part], 0, sizeof(k->first[part]));
    memset(k->second[part], 0, sizeof(k->second[part]));
    for (size_t i = 0; i < rows; i += CHUNK) /* stays in the first cache */
        for (size_t j = 0; j < k->n; j += LANE)
            moments(k->first[part] + j, k->second[part] + j, x + i * k->x.c + j,
                    rows - i < CHUNK ? rows - i : CHUNK, k->x.c,
                    k->n - j < LANE ? k->n - j : LANE);
}

/* y = (x - center) scale + shift */
static void apply_part(void *arg, size_t part)
{
    const struct batchnorm *k = arg;
    size_t begin, rows = positions(k->x, part, &begin);
    const float *x = k->x.v + begin * k->x.c + k->begin;
    float *y = k->y.v + begin * k->x.c + k->begin;

    for (size_t i = 0; i < rows; i++, x += k->x.c, y += k->x.c)
        for (size_t j = 0; j < k->n; j++)
            y[j] = (x[j] - k->center[j]) * k->scale[j] + k->shift[j];
}

static void check(struct lat_tensor y, struct lat_tensor x)
{
    assert(y.n == x.n && y.h == x.h && y.w == x.w && y.c == x.c);
}

void lat__batchnorm_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                            float *mean, float *rstd, float *running_mean,
                            float *running_var, struct lat_tensor x,
                            const float *gamma, const float *beta)
{
    struct batchnorm k = {.y = y, .x = x};
    double n = (double)(x.n * x.h * x.w);

    check(y, x);
    while (next(&k)) {
        lat__team_run(ctx->team, moments_part, &k);
        for (size_t j = 0, c = k.begin; j < k.n; j++, c++) {
            double m = total(k.first, j) / n;
            double var = fmax(total(k.second, j) / n - m * m, 0.0);
            double unbiased = n > 1.0 ? var * n / (n - 1.0) : var;

            mean[c] = (float)m;
            rstd[c] = (float)(1.0 / sqrt(var + epsilon));
            running_mean[c] += momentum * ((float)m - running_mean[c]);
            running_var[c] += momentum * ((float)unbiased - running_var[c]);
            k.center[j] = mean[c];
            k.scale[j] = rstd[c] * gamma[c];
            k.shift[j] = beta[c];
        }
        lat__team_run(ctx->team, apply_part, &k);
    }
}

/* ---- backward
 *
 * With z = (x - mean) rstd and n values per channel
 *
 *     dbeta += sum of dy,  dgamma += sum of dy z
 *     dx = gamma rstd (dy - mean of dy - z mean of dy z)              */

/* What a channel's sums of dy and of dy (x - mean) are made of. */
struct stretch {
    const float *dy, *x, *mean;
    size_t rows, row;
};

static inline void add_slopes(double *sum, double *along, struct stretch t,
                              const size_t n)
{
    double s[LANE] = {0}, q[LANE] = {0};

    for (size_t i = 0; i < t.rows; i++, t.dy += t.row, t.x += t.row)
        for (size_t j = 0; j < n; j++) {
            s[j] += (double)t.dy[j];
            q[j] += (double)(t.dy[j] * (t.x[j] - t.mean[j]));
        }
    for (size_t j = 0; j < n; j++) {
        sum[j] += s[j];
        along[j] += q[j];
    }
}

static void slopes(double *sum, double *along, struct stretch t, size_t n)
{
    if (n >= LANE)
        add_slopes(sum, along, t, LANE);
    else
        add_slopes(sum, along, t, n);
}

static void slopes_part(void *arg, size_t part)
{
    struct batchnorm *k = arg;
    size_t begin, rows = positions(k->x, part, &begin);

    memset(k->first[part], 0, sizeof(k->first[part]));
    memset(k->second[part], 0, sizeof(k->second[part]));
    for (size_t i = 0; i < rows; i += CHUNK)
        for (size_t j = 0; j < k->n; j += LANE) {
            size_t at = (begin + i) * k->x.c + k->begin + j;
            struct stretch t = {k->y.v + at, k->x.v + at,
                                k->mean + k->begin + j,
                                rows - i < CHUNK ? rows - i : CHUNK, k->x.c};

            slopes(k->first[part] + j, k->second[part] + j, t, k->n - j);
        }
}

/* dx = scale (dy - shift) - slope (x - center) */
static void hand_down_part(void *arg, size_t part)
{
    const struct batchnorm *k = arg;
    size_t begin, rows = positions(k->x, part, &begin);
    size_t at = begin * k->x.c + k->begin;
    const float *x = k->x.v + at, *dy = k->y.v + at;
    float *dx = k->dx.v + at;

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < k->n; j++)
            dx[j] = (dy[j] - k->shift[j]) * k->scale[j] -
                    (x[j] - k->center[j]) * k->slope[j];
        x += k->x.c;
        dy += k->x.c;
        dx += k->x.c;
    }
}

void lat__batchnorm_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                             float *dgamma, float *dbeta, struct lat_tensor dy,
                             struct lat_tensor x, const float *mean,
                             const float *rstd, const float *gamma)
{
    struct batchnorm k = {.y = dy, .x = x, .dx = dx, .mean = mean};
    double n = (double)(x.n * x.h * x.w);

    check(dy, x);
    while (next(&k)) {
        lat__team_run(ctx->team, slopes_part, &k);
        for (size_t j = 0, c = k.begin; j < k.n; j++, c++) {
            double sum = total(k.first, j);
            double along = total(k.second, j) * (double)rstd[c]; /* dy z */

            dbeta[c] += (float)sum;
            dgamma[c] += (float)along;
            k.scale[j] = gamma[c] * rstd[c];
            k.shift[j] = (float)(sum / n);
            k.center[j] = mean[c];
            k.slope[j] = k.scale[j] * rstd[c] * (float)(along / n);
        }
        if (dx.v)
            lat__team_run(ctx->team, hand_down_part, &k);
    }
}

void lat__batchnorm_eval(const struct lat_ctx *ctx, struct lat_tensor y,
                         struct lat_tensor x, const float *running_mean,
                         const float *running_var, const float *gamma,
                         const float *beta)
{
    struct batchnorm k = {.y = y, .x = x};

    check(y, x);
    while (next(&k)) {
        for (size_t j = 0, c = k.begin; j < k.n; j++, c++) {
            double rstd = 1.0 / sqrt((double)running_var[c] + epsilon);

            k.center[j] = running_mean[c];
            k.scale[j] = (float)(rstd * (double)gamma[c]);
            k.shift[j] = beta[c];
        }
        lat__team_run(ctx->team, apply_part, &k);
    }
}
