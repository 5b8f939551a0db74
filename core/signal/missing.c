/* missing.c - samples that are not there, or cannot be. */
#include "../signal.h"

#include <math.h>

size_t lat__missing_fill(float *v, size_t n)
{
    size_t missing = 0, last = n; /* the last sample that is there */

    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i])) {
            missing++;
            continue;
        }
        /* v[last + 1 … i - 1] on the line from v[last] to v[i] */
        for (size_t k = last == n ? 0 : last + 1; k < i; k++)
            v[k] = last == n ? v[i]
                             : (float)(v[last] + ((double)v[i] - v[last]) *
                                                     (double)(k - last) /
                                                     (double)(i - last));
        last = i;
    }
    for (size_t k = last + 1; k < n; k++)
        v[k] = v[last];
    if (missing == n)
        for (size_t k = 0; k < n; k++)
            v[k] = 0.0f;
    return missing;
}
