/*
 * pairs.h - bfloat16 numbers, two in the room of a float.
 *
 * A bfloat16 is a float32 without its lower 16 bits.  Two that are multiplied
 * with two others lie together, so a product of bfloat16 is one of float32
 * with half the k: a pair of a holds a[i][2p] and a[i][2p + 1], a pair of b
 * b[2p][j] and b[2p + 1][j], the first in the lower half.  An odd k ends with a
 * pair whose second number is 0.
 */
#ifndef LAT_PAIRS_H
#define LAT_PAIRS_H

#include "kernel.h"

static inline size_t lat__pairs(size_t n)
{
    return (n + 1) / 2;
}

/* from (n) rounded, ties to even, into to (pairs of n).  NaN stays NaN. */
void lat__pairs_narrow(float *to, const float *from, size_t n);
/* first and second (n) in pairs; second NULL is zeros. */
void lat__pairs_weave(float *to, const float *first, const float *second,
                      size_t n);
/* from (k, n), rows from_row apart, into to (pairs of k, n), to_row apart. */
void lat__pairs_weights(float *to, size_t to_row, const float *from, size_t k,
                        size_t n, size_t from_row);
/* The product in plain C, for processors that have no better. */
void lat__pairs_product(const struct lat_product *p);

#endif
