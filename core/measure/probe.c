/*
 * probe.c - what can be read out of features: a ridge regression and a small
 * network, fitted on one set of rows and judged on another.
 *
 *     R^2 = 1 - sum (y - yhat)^2 / sum (y - mean y)^2, mean over outputs
 *
 * Features are brought to mean 0 and deviation 1 by the set that is fitted.
 */
#include "../measure.h"

#include <math.h>
#include <string.h>

enum { HIDDEN = 32, EPOCHS = 120, BATCH = 32 };

static const double ridge = 1e-3, rate = 3e-3;

/* ---- features ----------------------------------------------------------- */

/* Both sets, standardized, each row with a 1 at its end. */
struct rows {
    const struct lat__probe *p;
    size_t dims; /* with the 1 */
    double *fit, *test;
    double *yhat; /* (test, outs) */
};

static void standardize(double *out, const float *x, size_t n, size_t dims,
                        const double *mean, const double *deviation)
{
    for (size_t i = 0; i < n; i++) {
        double *row = out + i * (dims + 1);

        for (size_t j = 0; j < dims; j++)
            row[j] = ((double)x[i * dims + j] - mean[j]) / deviation[j];
        row[dims] = 1.0;
    }
}

static enum lat_code rows_new(struct rows *r, const struct lat__probe *p,
                              struct lat_err *err)
{
    double *mean = lat_calloc(2 * p->dims, sizeof(*mean));
    double *deviation = mean ? mean + p->dims : NULL;

    r->p = p;
    r->dims = p->dims + 1;
    r->fit = lat_calloc(p->fit.n, r->dims * sizeof(double));
    r->test = lat_calloc(p->test.n, r->dims * sizeof(double));
    r->yhat = lat_calloc(p->test.n, p->outs * sizeof(double));
    if (!mean || !r->fit || !r->test || !r->yhat) {
        lat_free(mean);
        return lat_fail(err, LAT_ENOMEM, "a probe of %zu features", p->dims);
    }
    for (size_t j = 0; j < p->dims; j++) {
        double sum = 0.0, square = 0.0;

        for (size_t i = 0; i < p->fit.n; i++)
            sum += (double)p->fit.x[i * p->dims + j];
        mean[j] = sum / (double)p->fit.n;
        for (size_t i = 0; i < p->fit.n; i++) {
            double d = (double)p->fit.x[i * p->dims + j] - mean[j];

            square += d * d;
        }
        deviation[j] = sqrt(square / (double)p->fit.n) + 1e-9;
    }
    standardize(r->fit, p->fit.x, p->fit.n, p->dims, mean, deviation);
    standardize(r->test, p->test.x, p->test.n, p->dims, mean, deviation);
    lat_free(mean);
    return LAT_OK;
}

static void rows_fini(struct rows *r)
{
    lat_free(r->fit);
    lat_free(r->test);
    lat_free(r->yhat);
}

/* ---- ridge: (X'X + ridge n) w = X'y, by Cholesky ------------------------ */

static void cholesky(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = a[i * n + j];

            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
}

/* b (n, outs) becomes what a, lower triangular, times its transpose made it
 * of. */
static void solve(const double *a, double *b, size_t n, size_t outs)
{
    for (size_t o = 0; o < outs; o++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < i; k++)
                b[i * outs + o] -= a[i * n + k] * b[k * outs + o];
            b[i * outs + o] /= a[i * n + i];
        }
        for (size_t i = n; i-- > 0;) {
            for (size_t k = i + 1; k < n; k++)
                b[i * outs + o] -= a[k * n + i] * b[k * outs + o];
            b[i * outs + o] /= a[i * n + i];
        }
    }
}

static void normal_equations(const struct rows *r, double *a, double *b)
{
    size_t d = r->dims, outs = r->p->outs, n = r->p->fit.n;

    for (size_t i = 0; i < n; i++) {
        const double *x = r->fit + i * d;
        const float *y = r->p->fit.y + i * outs;

        for (size_t j = 0; j < d; j++) {
            for (size_t k = 0; k <= j; k++)
                a[j * d + k] += x[j] * x[k];
            for (size_t o = 0; o < outs; o++)
                b[j * outs + o] += x[j] * (double)y[o];
        }
    }
    for (size_t j = 0; j < d; j++)
        a[j * d + j] += ridge * (double)n;
}

static enum lat_code predict_linear(struct rows *r, struct lat_err *err)
{
    size_t d = r->dims, outs = r->p->outs;
    double *a = lat_calloc(d, d * sizeof(*a));
    double *b = lat_calloc(d, outs * sizeof(*b));
    enum lat_code code = LAT_OK;

    if (!a || !b) {
        code = lat_fail(err, LAT_ENOMEM, "a probe of %zu features", d);
        goto out;
    }
    normal_equations(r, a, b);
    cholesky(a, d);
    solve(a, b, d, outs);
    for (size_t i = 0; i < r->p->test.n; i++)
        for (size_t j = 0; j < d; j++)
            for (size_t o = 0; o < outs; o++)
                r->yhat[i * outs + o] += r->test[i * d + j] * b[j * outs + o];
out:
    lat_free(a);
    lat_free(b);
    return code;
}

/* ---- a hidden layer of ReLU, squared error, Adam ------------------------ */

struct mlp {
    size_t dims, outs, n;  /* n parameters: (HIDDEN, dims), (outs, HIDDEN),
                              (outs) */
    double *w, *g, *m, *v; /* n each, one block */
    double h[HIDDEN], d[HIDDEN]; /* of one row, and its gradient */
};

/* Output o of the row x; h is left behind. */
static void mlp_forward(struct mlp *p, const double *x)
{
    for (size_t k = 0; k < HIDDEN; k++) {
        const double *w = p->w + k * p->dims;
        double sum = 0.0;

        for (size_t j = 0; j < p->dims; j++)
            sum += w[j] * x[j];
        p->h[k] = sum > 0.0 ? sum : 0.0;
    }
}

static double mlp_out(const struct mlp *p, size_t o)
{
    const double *w = p->w + HIDDEN * p->dims + o * HIDDEN;
    double sum = p->w[HIDDEN * p->dims + p->outs * HIDDEN + o];

    for (size_t k = 0; k < HIDDEN; k++)
        sum += w[k] * p->h[k];
    return sum;
}

/* Adds the row's gradient of sum (out - y)^2 / 2. */
static void mlp_backward(struct mlp *p, const double *x, const float *y)
{
    size_t second = HIDDEN * p->dims;

    memset(p->d, 0, sizeof(p->d));
    for (size_t o = 0; o < p->outs; o++) {
        double e = mlp_out(p, o) - (double)y[o];

        p->g[second + p->outs * HIDDEN + o] += e;
        for (size_t k = 0; k < HIDDEN; k++) {
            p->g[second + o * HIDDEN + k] += e * p->h[k];
            p->d[k] += e * p->w[second + o * HIDDEN + k];
        }
    }
    for (size_t k = 0; k < HIDDEN; k++) {
        double *g = p->g + k * p->dims;

        for (size_t j = 0; p->h[k] > 0.0 && j < p->dims; j++)
            g[j] += p->d[k] * x[j];
    }
}

static void mlp_step(struct mlp *p, size_t step, size_t steps, size_t batch)
{
    double t = (double)step + 1.0;
    double lr = rate * 0.5 * (1.0 + cos(3.14159265358979 * t / (double)steps));
    double one = 1.0 - pow(0.9, t), two = 1.0 - pow(0.999, t);

    for (size_t i = 0; i < p->n; i++) {
        double g = p->g[i] / (double)batch + 1e-4 * p->w[i];

        p->m[i] = 0.9 * p->m[i] + 0.1 * g;
        p->v[i] = 0.999 * p->v[i] + 0.001 * g * g;
        p->w[i] -= lr * (p->m[i] / one) / (sqrt(p->v[i] / two) + 1e-8);
        p->g[i] = 0.0;
    }
}

static void mlp_fit(struct mlp *p, const struct rows *r, struct lat_rng *rng)
{
    size_t n = r->p->fit.n, batch = n < BATCH ? n : BATCH;
    size_t steps = EPOCHS * ((n + batch - 1) / batch);

    for (size_t i = 0; i < HIDDEN * p->dims; i++)
        p->w[i] = lat__rng_normal(rng) * sqrt(2.0 / (double)p->dims);
    for (size_t i = HIDDEN * p->dims; i < p->n - p->outs; i++)
        p->w[i] = lat__rng_normal(rng) / sqrt((double)HIDDEN);
    for (size_t s = 0; s < steps; s++) {
        for (size_t k = 0; k < batch; k++) {
            size_t i = lat__rng_below(rng, n);

            mlp_forward(p, r->fit + i * r->dims);
            mlp_backward(p, r->fit + i * r->dims, r->p->fit.y + i * p->outs);
        }
        mlp_step(p, s, steps, batch);
    }
}

static enum lat_code predict_mlp(struct rows *r, struct lat_err *err)
{
    struct mlp p = {.dims = r->dims, .outs = r->p->outs};
    struct lat_rng rng;

    p.n = HIDDEN * p.dims + p.outs * HIDDEN + p.outs;
    p.w = lat_calloc(4 * p.n, sizeof(double));
    if (!p.w)
        return lat_fail(err, LAT_ENOMEM, "a probe of %zu parameters", p.n);
    p.g = p.w + p.n;
    p.m = p.g + p.n;
    p.v = p.m + p.n;
    lat__rng_seed(&rng, r->p->seed);
    mlp_fit(&p, r, &rng);
    for (size_t i = 0; i < r->p->test.n; i++) {
        mlp_forward(&p, r->test + i * r->dims);
        for (size_t o = 0; o < p.outs; o++)
            r->yhat[i * p.outs + o] = mlp_out(&p, o);
    }
    lat_free(p.w);
    return LAT_OK;
}

/* ---- how good ----------------------------------------------------------- */

static double r_squared(const struct rows *r)
{
    size_t n = r->p->test.n, outs = r->p->outs;
    double all = 0.0;

    for (size_t o = 0; o < outs; o++) {
        double mean = 0.0, square = 0.0, about = 0.0, error = 0.0;

        for (size_t i = 0; i < n; i++)
            mean += (double)r->p->test.y[i * outs + o] / (double)n;
        for (size_t i = 0; i < n; i++) {
            double y = (double)r->p->test.y[i * outs + o];

            square += y * y;
            about += (y - mean) * (y - mean);
            error += (y - r->yhat[i * outs + o]) * (y - r->yhat[i * outs + o]);
        }
        all += about > 1e-12 * square ? 1.0 - error / about : 0.0;
    }
    return all / (double)outs;
}

static double share_right(const struct rows *r)
{
    size_t outs = r->p->outs, right = 0;

    for (size_t i = 0; i < r->p->test.n; i++) {
        const double *y = r->yhat + i * outs;
        size_t best = 0;

        for (size_t o = 1; o < outs; o++)
            best = y[o] > y[best] ? o : best;
        right += r->p->test.y[i * outs + best] > 0.5f;
    }
    return (double)right / (double)r->p->test.n;
}

static double mean_recall(const struct rows *r)
{
    size_t outs = r->p->outs, occur = 0;
    double sum = 0.0;

    for (size_t c = 0; c < outs; c++) {
        size_t right = 0, n = 0;

        for (size_t i = 0; i < r->p->test.n; i++) {
            const double *y = r->yhat + i * outs;
            size_t best = 0;

            if (r->p->test.y[i * outs + c] < 0.5f)
                continue;
            for (size_t o = 1; o < outs; o++)
                best = y[o] > y[best] ? o : best;
            right += best == c;
            n++;
        }
        occur += n > 0;
        sum += n ? (double)right / (double)n : 0.0;
    }
    return sum / (double)occur;
}

static double unit_of(const float *v, size_t w)
{
    double sum = 0.0;

    for (size_t i = 0; i < w; i++)
        sum += (double)v[i] * (double)v[i];
    return sum > 0.0 ? 1.0 / sqrt(sum) : 0.0;
}

void lat__probe_pair(float *row, const float *a, const float *b, size_t w)
{
    double by_a = unit_of(a, w), by_b = unit_of(b, w);

    for (size_t i = 0; i < w; i++) {
        row[i] = (float)((double)a[i] * by_a);
        row[w + i] = (float)((double)b[i] * by_b);
        row[2 * w + i] = row[i] * row[w + i];
    }
}

/* What predict makes of the test rows, told as measure has it. */
static enum lat_code run(double *out, const struct lat__probe *p,
                         enum lat_code (*predict)(struct rows *r,
                                                  struct lat_err *err),
                         double (*measure)(const struct rows *r),
                         struct lat_err *err)
{
    struct rows r = {0};
    enum lat_code code = rows_new(&r, p, err);

    if (code == LAT_OK)
        code = predict(&r, err);
    if (code == LAT_OK)
        *out = measure(&r);
    rows_fini(&r);
    return code;
}

enum lat_code lat__probe_linear(double *r2, const struct lat__probe *p,
                                struct lat_err *err)
{
    return run(r2, p, predict_linear, r_squared, err);
}

enum lat_code lat__probe_mlp(double *r2, const struct lat__probe *p,
                             struct lat_err *err)
{
    return run(r2, p, predict_mlp, r_squared, err);
}

enum lat_code lat__probe_classes(double *accuracy, const struct lat__probe *p,
                                 struct lat_err *err)
{
    return run(accuracy, p, predict_linear, share_right, err);
}

enum lat_code lat__probe_recall(double *recall, const struct lat__probe *p,
                                struct lat_err *err)
{
    return run(recall, p, predict_linear, mean_recall, err);
}
