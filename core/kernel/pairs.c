/*
 * pairs.c - bfloat16 by shifts, on any processor.
 *
 * Rounding to nearest adds just under half of the last place that is kept, and
 * one more where that place is odd.
 */
#include "pairs.h"

#include <stdint.h>
#include <string.h>

static uint32_t bits_of(float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

static uint32_t rounded(float v)
{
    const uint32_t bits = bits_of(v);

    if ((bits & 0x7fffffff) > 0x7f800000)
        return bits >> 16 | 0x40;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static float pair(float first, float second)
{
    return float_of(rounded(first) | rounded(second) << 16);
}

static float first_of(float pair)
{
    return float_of(bits_of(pair) << 16);
}

static float second_of(float pair)
{
    return float_of(bits_of(pair) & 0xffff0000);
}

/* ---- products ---------------------------------------------------------- */

static void start_row(const struct lat_product *p, float *c)
{
    if (p->add)
        return;
    if (p->bias)
        memcpy(c, p->bias, p->n * sizeof(*c));
    else
        memset(c, 0, p->n * sizeof(*c));
}

static void add_row(const struct lat_product *p, float *c, const float *a)
{
    for (size_t q = 0; q < p->k; q++, a += p->a_col) {
        const float a0 = first_of(*a), a1 = second_of(*a);
        const float *b = p->b + q * p->b_row;

        for (size_t j = 0; j < p->n; j++)
            c[j] += a0 * first_of(b[j]) + a1 * second_of(b[j]);
    }
}

static void row(const struct lat_product *p, float *c, const float *a)
{
    start_row(p, c);
    add_row(p, c, a);
    for (size_t j = 0; p->relu && j < p->n; j++)
        c[j] = c[j] < 0.0f ? 0.0f : c[j];
}

void lat__pairs_product(const struct lat_product *p)
{
    for (size_t g = 0; g < lat__groups(p); g++)
        for (size_t i = 0; i < p->m; i++)
            row(p, p->c + g * p->c_group + i * p->c_row,
                p->a + g * p->a_group + i * p->a_row);
}

/* ---- packing ----------------------------------------------------------- */

void lat__pairs_narrow(float *to, const float *from, size_t n)
{
    size_t i = 0;

    for (; i + 2 <= n; i += 2)
        to[i / 2] = pair(from[i], from[i + 1]);
    if (i < n)
        to[i / 2] = pair(from[i], 0.0f);
}

void lat__pairs_weave(float *to, const float *first, const float *second,
                      size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = pair(first[i], second ? second[i] : 0.0f);
}

void lat__pairs_weights(float *to, size_t to_row, const float *from, size_t k,
                        size_t n, size_t from_row)
{
    for (size_t p = 0; p < k; p += 2, to += to_row) {
        const float *first = from + p * from_row;

        lat__pairs_weave(to, first, p + 1 < k ? first + from_row : NULL, n);
    }
}
