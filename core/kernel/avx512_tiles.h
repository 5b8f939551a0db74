/*
 * avx512_tiles.h - tiles of up to 12 rows x 32 columns in AVX-512 registers,
 * or of 6 x 64: included by each kernel that has its own multiplication.
 *
 * 24 sums, two vectors of b and one broadcast element of a: 27 registers of
 * 32.  Columns beyond n are masked away in an instance of its own, since a
 * masked load takes a turn of the unit that multiplies.  Before it is included:
 *
 *     AVX512           the attribute that names what the processor must have
 *     TIMES(sum, a, b) sum plus a times b, lane by lane
 */
#ifndef LAT_AVX512_TILES_H
#define LAT_AVX512_TILES_H

#include "tile.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline)) AVX512

enum { LANES = 16, VECTORS = 4 };

#define EACH_ROW(XX) \
    XX(0) XX(1) XX(2) XX(3) XX(4) XX(5) XX(6) XX(7) XX(8) XX(9) XX(10) XX(11)

/* The columns of n that vector v has. */
INLINE __mmask16 lanes(size_t n, size_t v)
{
    if (n >= (v + 1) * LANES)
        return 0xffff;
    return n > v * LANES ? (__mmask16)((1u << (n - v * LANES)) - 1) : 0;
}

INLINE __m512 load(const float *p, __mmask16 mask, const bool full)
{
    return full ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(mask, p);
}

INLINE __m512 start(const struct lat_product *t, size_t r, size_t v,
                    __mmask16 mask, const bool full)
{
    if (t->add)
        return load(t->c + r * t->c_row + v * LANES, mask, full);
    if (t->bias)
        return load(t->bias + v * LANES, mask, full);
    return _mm512_setzero_ps();
}

INLINE void finish(const struct lat_product *t, size_t r, size_t v,
                   __mmask16 mask, const bool full, __m512 sum)
{
    float *c = t->c + r * t->c_row + v * LANES;

    if (t->relu)
        sum = _mm512_max_ps(_mm512_setzero_ps(), sum);
    if (full)
        _mm512_storeu_ps(c, sum);
    else
        _mm512_mask_storeu_ps(c, mask, sum);
}

/* rows, vectors and full are constants in each instance, so the tests on them
 * and the arrays dissolve into registers. */
INLINE void tile(const struct lat_product *t, const size_t rows,
                 const size_t vectors, const bool full)
{
    const float *a = t->a, *b = t->b;
    const size_t a_row = t->a_row;
    __m512 sum[LAT_TILE_ROWS][VECTORS], bv[VECTORS], av;
    __mmask16 mask[VECTORS];

    for (size_t v = 0; v < VECTORS; v++)
        mask[v] = lanes(t->n, v);

#define EACH_VECTOR(XX, r) \
    XX(r, 0)               \
    if (vectors > 1)       \
        XX(r, 1)           \
    if (vectors > 2) {     \
        XX(r, 2)           \
        XX(r, 3)           \
    }
#define START(r, v) sum[r][v] = start(t, r, v, mask[v], full);
#define LOAD(r, v) bv[v] = load(b + v * LANES, mask[v], full);
#define MULTIPLY(r, v) sum[r][v] = TIMES(sum[r][v], av, bv[v]);
#define FINISH(r, v) finish(t, r, v, mask[v], full, sum[r][v]);
#define ROW_START(r)          \
    if (r < rows) {           \
        EACH_VECTOR(START, r) \
    }
#define ROW_MULTIPLY(r)                    \
    if (r < rows) {                        \
        av = _mm512_set1_ps(a[r * a_row]); \
        EACH_VECTOR(MULTIPLY, r)           \
    }
#define ROW_FINISH(r)          \
    if (r < rows) {            \
        EACH_VECTOR(FINISH, r) \
    }
    EACH_ROW(ROW_START)
    for (size_t p = 0; p < t->k; p++, a += t->a_col, b += t->b_row) {
        EACH_VECTOR(LOAD, 0)
        EACH_ROW(ROW_MULTIPLY)
    }
    EACH_ROW(ROW_FINISH)
}

#define INSTANCE(rows, vectors)                                             \
    AVX512 static void tile_##rows##_##vectors(const struct lat_product *t) \
    {                                                                       \
        if (t->n == vectors * LANES)                                        \
            tile(t, rows, vectors, true);                                   \
        else                                                                \
            tile(t, rows, vectors, false);                                  \
    }
#define WIDE_ROWS(XX) XX(1, 4) XX(2, 4) XX(3, 4) XX(4, 4) XX(5, 4) XX(6, 4)
#define ALL_ROWS(XX, v) \
    XX(1, v)            \
    XX(2, v)            \
    XX(3, v)            \
    XX(4, v)            \
    XX(5, v) XX(6, v) XX(7, v) XX(8, v) XX(9, v) XX(10, v) XX(11, v) XX(12, v)
#define NAME(rows, vectors) tile_##rows##_##vectors,

WIDE_ROWS(INSTANCE)
ALL_ROWS(INSTANCE, 2)
ALL_ROWS(INSTANCE, 1)

INLINE float dot_row(const float *a, const float *b, size_t k)
{
    __m512 s0 = _mm512_setzero_ps(), s1 = _mm512_setzero_ps();
    size_t p = 0;

    for (; p + 2 * LANES <= k; p += 2 * LANES) {
        s0 = TIMES(s0, _mm512_loadu_ps(a + p), _mm512_loadu_ps(b + p));
        s1 = TIMES(s1, _mm512_loadu_ps(a + p + LANES),
                   _mm512_loadu_ps(b + p + LANES));
    }
    for (; p < k; p += LANES) {
        __mmask16 mask = lanes(k - p, 0);

        s0 = TIMES(s0, _mm512_maskz_loadu_ps(mask, a + p),
                   _mm512_maskz_loadu_ps(mask, b + p));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
}

AVX512 static void dot(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i++) {
        float *c = p->c + i * p->c_row;
        float start_at = p->add ? *c : p->bias ? *p->bias : 0.0f;
        float sum = start_at + dot_row(p->a + i * p->a_row, p->b, p->k);

        *c = p->relu && sum < 0.0f ? 0.0f : sum;
    }
}

static const struct lat_tiles tiles = {
    .wide = {6, 4 * LANES, {WIDE_ROWS(NAME)}},
    .mid = {12, 2 * LANES, {ALL_ROWS(NAME, 2)}},
    .narrow = {12, LANES, {ALL_ROWS(NAME, 1)}},
    .dot = dot,
};

static void tiled(const struct lat_product *p)
{
    lat__tile_product(&tiles, p);
}

#endif
