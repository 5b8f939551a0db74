/* confusion.c - counts (classes, classes) of what is, and what was said. */
#include "../measure.h"

double lat__accuracy(const size_t *counts, size_t classes)
{
    size_t right = 0, all = 0;

    for (size_t i = 0; i < classes * classes; i++) {
        all += counts[i];
        right += i / classes == i % classes ? counts[i] : 0;
    }
    return all ? (double)right / (double)all : 0.0;
}

double lat__macro_f1(const size_t *counts, size_t classes)
{
    size_t n = 0;
    double sum = 0.0;

    for (size_t c = 0; c < classes; c++) {
        size_t both = 0;

        for (size_t k = 0; k < classes; k++)
            both += counts[c * classes + k] + counts[k * classes + c];
        if (both == 0)
            continue;
        n++;
        sum += 2.0 * (double)counts[c * classes + c] / (double)both;
    }
    return n ? sum / (double)n : 0.0;
}
