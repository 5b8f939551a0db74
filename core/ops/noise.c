/*
 * noise.c - y = x, and in some of its columns noise as large as they are:
 *
 *     y_j = x_j + by r e_j,   r = sqrt(mean over the columns of x_j^2)
 *
 * r is each row's own, so that no row outgrows its noise.
 */
#include "../ops.h"

#include <math.h>
#include <string.h>

static double square(const float *v, size_t n)
{
    double sum = 0.0;

    for (size_t j = 0; j < n; j++)
        sum += (double)v[j] * (double)v[j];
    return sum;
}

void lat__noise_forward(struct lat_tensor y, struct lat_tensor x,
                        const struct lat__noise *k)
{
    size_t n = k->at.end - k->at.begin, dims = lat__item(x);

    assert(y.n == x.n && lat__item(y) == dims && k->at.end <= dims);
    memcpy(y.v, x.v, x.n * dims * sizeof(*y.v));
    for (size_t i = 0; i < x.n && n > 0; i++) {
        float *row = y.v + i * dims + k->at.begin;
        double r = k->by * sqrt(square(row, n) / (double)n);

        for (size_t j = 0; j < n; j++)
            row[j] += (float)(r * (double)k->e[i * n + j]);
    }
}

/* dx_j = dy_j + by (sum over k of dy_k e_k) x_j / (n r) */
void lat__noise_backward(struct lat_tensor dx, struct lat_tensor dy,
                         struct lat_tensor x, const struct lat__noise *k)
{
    size_t n = k->at.end - k->at.begin, dims = lat__item(x);

    assert(dx.n == x.n && dy.n == x.n && lat__item(dy) == dims);
    memcpy(dx.v, dy.v, x.n * dims * sizeof(*dx.v));
    for (size_t i = 0; i < x.n && n > 0; i++) {
        size_t at = i * dims + k->at.begin;
        double r = sqrt(square(x.v + at, n) / (double)n), along = 0.0;

        for (size_t j = 0; j < n; j++)
            along += (double)dy.v[at + j] * (double)k->e[i * n + j];
        for (size_t j = 0; j < n && r > 0.0; j++)
            dx.v[at + j] +=
                (float)(k->by * along * (double)x.v[at + j] / ((double)n * r));
    }
}
