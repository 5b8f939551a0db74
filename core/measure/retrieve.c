/* retrieve.c - what is found: the same window, the same patient. */
#include "../measure.h"

#include <stdlib.h>

double lat__recall(const float *s, size_t n, size_t k)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        const float *row = s + i * n;
        size_t before = 0;

        for (size_t j = 0; j < n; j++)
            before += j != i && row[j] >= row[i];
        found += before < k;
    }
    return (double)found / (double)n;
}

/* The most alike first; of equals those of other subjects. */
static int by_alike(const void *a, const void *b)
{
    const struct lat__hit *x = a, *y = b;

    if (x->alike != y->alike)
        return x->alike < y->alike ? 1 : -1;
    return x->relevant - y->relevant;
}

/* Mean over relevant things of the share of relevant ones up to each. */
static double precision(const struct lat__hit *order, size_t n)
{
    double sum = 0.0;
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        if (order[i].relevant)
            sum += (double)++found / (double)(i + 1);
    return found ? sum / (double)found : 0.0;
}

double lat__mean_precision(const float *s, const size_t *subject, size_t n,
                           struct lat__hit *order)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        size_t m = 0;

        for (size_t j = 0; j < n; j++)
            if (j != i)
                order[m++] =
                    (struct lat__hit){s[i * n + j], subject[i] == subject[j]};
        qsort(order, m, sizeof(*order), by_alike);
        sum += precision(order, m);
    }
    return sum / (double)n;
}
