/* pair.c - the score of two vectors, what each dimension gives to it, and one
 * vector in the place of several. */
#include "../search.h"

#include <math.h>
#include <string.h>

struct sums {
    double ab, aa, bb;
};

static struct sums sums_of(const float *a, const float *b, struct lat_range r)
{
    struct sums s = {0.0, 0.0, 0.0};

    for (size_t i = r.begin; i < r.end; i++) {
        s.ab += (double)a[i] * (double)b[i];
        s.aa += (double)a[i] * (double)a[i];
        s.bb += (double)b[i] * (double)b[i];
    }
    return s;
}

void lat_pair_score(struct lat_pair *out, double *share,
                    const struct lat_search_shape *shape, const float *a,
                    const float *b, enum lat_metric metric,
                    const double *weights)
{
    double total = 0.0;

    *out = (struct lat_pair){0};
    if (share)
        memset(share, 0, shape->dims * sizeof(*share));
    for (size_t r = 0; r < shape->n_ranges; r++)
        total += fabs(weights[r]);
    for (size_t r = 0; r < shape->n_ranges; r++) {
        const struct lat_range in = shape->ranges[r];
        struct sums s = sums_of(a, b, in);
        bool zero = !(s.aa > 0.0) || !(s.bb > 0.0);
        double scale = metric == LAT_DOT ? 1.0
                       : zero            ? 0.0
                                         : 1.0 / sqrt(s.aa) / sqrt(s.bb);
        double w = weights[r] / total;

        out->by_range[r] = s.ab * scale;
        out->score += w * s.ab * scale;
        out->zero |= zero && weights[r] != 0.0;
        for (size_t i = in.begin; share && i < in.end; i++)
            share[i] = w * scale * (double)a[i] * (double)b[i];
    }
}

void lat_pair_best(struct lat_best_pair *out,
                   const struct lat_search_shape *shape,
                   const struct lat_search_sets *sets, enum lat_metric metric,
                   const double *weights)
{
    *out = (struct lat_best_pair){.score = -INFINITY};
    for (size_t i = 0; i < sets->n_a; i++)
        for (size_t j = 0; j < sets->n_b; j++) {
            struct lat_pair pair;

            lat_pair_score(&pair, NULL, shape, sets->a + i * shape->dims,
                           sets->b + j * shape->dims, metric, weights);
            if (pair.score > out->score)
                *out = (struct lat_best_pair){i, j, pair.score};
        }
}

/* sum += the direction of v in one range; zero has none. */
static void add_unit(double *sum, const float *v, struct lat_range in)
{
    double length = 0.0;

    for (size_t d = in.begin; d < in.end; d++)
        length += (double)v[d] * (double)v[d];
    length = sqrt(length);
    for (size_t d = in.begin; d < in.end && length > 0.0; d++)
        sum[d] += (double)v[d] / length;
}

enum lat_code lat_search_mean(float *mean, const struct lat_search_shape *shape,
                              const float *v, size_t n, struct lat_err *err)
{
    size_t dims = shape->dims;
    double *sum;

    if (n == 1) {
        memcpy(mean, v, dims * sizeof(*mean));
        return LAT_OK;
    }
    sum = lat_calloc(dims, sizeof(*sum));
    if (!sum)
        return lat_fail(err, LAT_ENOMEM, "the mean of %zu vectors", n);
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < shape->n_ranges; r++)
            add_unit(sum, v + i * dims, shape->ranges[r]);
    for (size_t d = 0; d < dims; d++)
        mean[d] = (float)(sum[d] / (double)n);
    lat_free(sum);
    return LAT_OK;
}
