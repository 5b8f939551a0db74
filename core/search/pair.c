/* pair.c - the score of two vectors, and what each dimension gives to it. */
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
