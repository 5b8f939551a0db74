/* alike.c - how alike rows of vectors are. */
#include "../measure.h"

#include <math.h>

void lat__mean_row(float *mean, const float *v, size_t n, size_t dims)
{
    for (size_t j = 0; j < dims; j++) {
        double sum = 0.0;

        for (size_t i = 0; i < n; i++)
            sum += (double)v[i * dims + j];
        mean[j] = (float)(sum / (double)n);
    }
}

void lat__unit_rows(float *u, const float *v, const float *mean, size_t n,
                    size_t dims)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        float by;

        for (size_t j = 0; j < dims; j++) {
            float x = v[i * dims + j] - (mean ? mean[j] : 0.0f);

            u[i * dims + j] = x;
            sum += (double)x * (double)x;
        }
        by = sum > 0.0 ? (float)(1.0 / sqrt(sum)) : 0.0f;
        for (size_t j = 0; j < dims; j++)
            u[i * dims + j] *= by;
    }
}

double lat__mean_cosine(const float *a, const float *b, size_t n, size_t dims)
{
    double sum = 0.0;

    for (size_t i = 0; i < n * dims; i++)
        sum += (double)a[i] * (double)b[i];
    return sum / (double)n;
}

struct similarities {
    const struct lat_ctx *ctx;
    float *s;
    const float *q, *turned;
    size_t n, dims;
};

static void similarities_part(void *arg, size_t part)
{
    const struct similarities *a = arg;
    size_t begin = lat__part_begin(a->n, part);

    a->ctx->kernel->product(&(struct lat_product){
        .m = lat__part_begin(a->n, part + 1) - begin,
        .n = a->n,
        .k = a->dims,
        .a = a->q + begin * a->dims,
        .a_row = a->dims,
        .a_col = 1,
        .b = a->turned,
        .b_row = a->n,
        .c = a->s + begin * a->n,
        .c_row = a->n,
    });
}

void lat__similarities(float *s, const float *q, const float *g, float *turned,
                       size_t n, size_t dims, const struct lat_ctx *ctx)
{
    struct similarities a = {ctx, s, q, turned, n, dims};

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < dims; j++)
            turned[j * n + i] = g[i * dims + j];
    lat__team_run(ctx->team, similarities_part, &a);
}

double lat__mean_between(const float *s, const size_t *subject, size_t n)
{
    double sum = 0.0;
    size_t pairs = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (subject[i] == subject[j])
                continue;
            sum += (double)s[i * n + j];
            pairs++;
        }
    return pairs ? sum / (double)pairs : 0.0;
}
