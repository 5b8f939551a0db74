/*
 * tensor.h - a view of a batch of activations, channels last.
 *
 * (n, h, w, c): n things of h rows, w columns, c channels; a signal has h = 1
 * and w samples in time, a vector h = w = 1.  A view owns nothing and is
 * passed by value.  An op states the shape of each of its views in a comment
 * and asserts it: a wrong shape is a bug of ours, never of the input.
 */
#ifndef LAT_TENSOR_H
#define LAT_TENSOR_H

#include <assert.h>
#include <stddef.h>

struct lat_tensor {
    float *v;
    size_t n, h, w, c;
};

/* Floats of one thing. */
static inline size_t lat__item(struct lat_tensor t)
{
    return t.h * t.w * t.c;
}

static inline size_t lat__count(struct lat_tensor t)
{
    return t.n * lat__item(t);
}

static inline float *lat__at(struct lat_tensor t, size_t i)
{
    assert(i < t.n);
    return t.v + i * lat__item(t);
}

#endif
