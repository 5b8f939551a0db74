/*
 * task.c - what the latent is for: a mean squared error, a cross-entropy.
 *
 *     mse = mean of (y - x)^2,                  dy = 2 (y - x) / n
 *     ce  = mean of log sum exp(y) - y[label],  dy = (softmax(y) - 1 there) / n
 *
 * A row without a label costs nothing and teaches nothing.
 */
#include "../losses.h"

#include <math.h>
#include <string.h>

double lat__mse(float *dy, const float *y, const float *x, size_t n,
                double scale)
{
    double sum = 0.0, g = 2.0 * scale / (double)n;

    for (size_t i = 0; i < n; i++) {
        double d = (double)y[i] - (double)x[i];

        sum += d * d;
        if (dy)
            dy[i] = (float)(g * d);
    }
    return sum / (double)n;
}

static double row_entropy(float *dy, const float *y, uint32_t label,
                          size_t classes, double g)
{
    double most = (double)y[0], sum = 0.0;

    assert(label < classes);
    for (size_t j = 1; j < classes; j++)
        most = fmax(most, (double)y[j]);
    for (size_t j = 0; j < classes; j++)
        sum += exp((double)y[j] - most);
    for (size_t j = 0; dy && j < classes; j++)
        dy[j] = (float)(g * (exp((double)y[j] - most) / sum - (j == label)));
    return log(sum) - ((double)y[label] - most);
}

double lat__cross_entropy_known(float *dy, const float *y,
                                const uint32_t *label, size_t n, size_t classes,
                                double scale)
{
    double sum = 0.0;
    size_t labelled = 0;

    for (size_t i = 0; i < n; i++)
        labelled += label[i] != LAT_NO_LABEL;
    for (size_t i = 0; i < n; i++) {
        float *row = dy ? dy + i * classes : NULL;

        if (label[i] != LAT_NO_LABEL)
            sum += row_entropy(row, y + i * classes, label[i], classes,
                               scale / (double)labelled);
        else if (row)
            memset(row, 0, classes * sizeof(*row));
    }
    return labelled ? sum / (double)labelled : 0.0;
}

double lat__cross_entropy(float *dy, const float *y, const uint32_t *label,
                          size_t n, size_t classes)
{
    return lat__cross_entropy_known(dy, y, label, n, classes, 1.0);
}

double lat__classes_right(const float *y, const uint32_t *label, size_t n,
                          size_t classes)
{
    size_t labelled = 0, right = 0;

    for (size_t i = 0; i < n; i++) {
        const float *row = y + i * classes;
        size_t most = 0;

        for (size_t j = 1; j < classes; j++)
            if (row[j] > row[most])
                most = j;
        labelled += label[i] != LAT_NO_LABEL;
        right += label[i] == most;
    }
    return labelled ? (double)right / (double)labelled : 0.0;
}
