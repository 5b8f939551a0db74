/*
 * avx2.c - tiles of up to 6 rows x 16 columns in AVX2 registers.
 *
 * 12 sums, two vectors of b and one broadcast element of a: 15 registers of
 * 16.  A tile with columns beyond n has an instance of its own, since masked
 * loads cost more here.
 */
#include "pairs.h"
#include "tile.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline)) AVX2

enum { LANES = 8, VECTORS = 4 };

#define EACH_ROW(XX) \
    XX(0) XX(1) XX(2) XX(3) XX(4) XX(5) XX(6) XX(7) XX(8) XX(9) XX(10) XX(11)

/* The columns of n that vector v has: all ones or zeros in each lane. */
INLINE __m256i lanes(size_t n, size_t v)
{
    size_t left = n > v * LANES ? n - v * LANES : 0;
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_cmpgt_epi32(
        _mm256_set1_epi32(left < LANES ? (int)left : LANES), lane);
}

INLINE __m256 load(const float *p, size_t n, size_t v, const int full)
{
    if (full)
        return _mm256_loadu_ps(p + v * LANES);
    return _mm256_maskload_ps(p + v * LANES, lanes(n, v));
}

INLINE __m256 start(const struct lat_product *t, size_t r, size_t v,
                    const int full)
{
    if (t->add)
        return load(t->c + r * t->c_row, t->n, v, full);
    if (t->bias)
        return load(t->bias, t->n, v, full);
    return _mm256_setzero_ps();
}

INLINE void finish(const struct lat_product *t, size_t r, size_t v,
                   const int full, __m256 sum)
{
    float *c = t->c + r * t->c_row + v * LANES;

    if (t->relu)
        sum = _mm256_max_ps(_mm256_setzero_ps(), sum);
    if (full)
        _mm256_storeu_ps(c, sum);
    else
        _mm256_maskstore_ps(c, lanes(t->n, v), sum);
}

/* rows, vectors and full are constants in each instance, so the tests on them
 * and the arrays dissolve into registers. */
INLINE void tile(const struct lat_product *t, const size_t rows,
                 const size_t vectors, const int full)
{
    const float *a = t->a, *b = t->b;
    const size_t a_row = t->a_row;
    __m256 sum[LAT_TILE_ROWS][VECTORS], bv[VECTORS], av;

#define EACH_VECTOR(XX, r) \
    XX(r, 0)               \
    if (vectors > 1)       \
        XX(r, 1)           \
    if (vectors > 2) {     \
        XX(r, 2)           \
        XX(r, 3)           \
    }
#define START(r, v) sum[r][v] = start(t, r, v, full);
#define LOAD(r, v) bv[v] = load(b, t->n, v, full);
#define MULTIPLY(r, v) sum[r][v] = _mm256_fmadd_ps(av, bv[v], sum[r][v]);
#define FINISH(r, v) finish(t, r, v, full, sum[r][v]);
#define ROW_START(r)          \
    if (r < rows) {           \
        EACH_VECTOR(START, r) \
    }
#define ROW_MULTIPLY(r)                    \
    if (r < rows) {                        \
        av = _mm256_set1_ps(a[r * a_row]); \
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

#define INSTANCE(rows, vectors)                                           \
    AVX2 static void tile_##rows##_##vectors(const struct lat_product *t) \
    {                                                                     \
        if (t->n == vectors * LANES)                                      \
            tile(t, rows, vectors, 1);                                    \
        else                                                              \
            tile(t, rows, vectors, 0);                                    \
    }
#define WIDE_ROWS(XX) XX(1, 4) XX(2, 4)
#define MID_ROWS(XX) XX(1, 2) XX(2, 2) XX(3, 2) XX(4, 2) XX(5, 2) XX(6, 2)
#define ALL_ROWS(XX, v) \
    XX(1, v)            \
    XX(2, v)            \
    XX(3, v)            \
    XX(4, v)            \
    XX(5, v) XX(6, v) XX(7, v) XX(8, v) XX(9, v) XX(10, v) XX(11, v) XX(12, v)
#define NAME(rows, vectors) tile_##rows##_##vectors,

WIDE_ROWS(INSTANCE)
MID_ROWS(INSTANCE)
ALL_ROWS(INSTANCE, 1)

AVX2 static float sum_of(__m256 v)
{
    __m128 s =
        _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

AVX2 static float dot_row(const float *a, const float *b, size_t k)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = _mm256_setzero_ps();
    size_t p = 0;

    for (; p + 2 * LANES <= k; p += 2 * LANES) {
        s0 = _mm256_fmadd_ps(load(a + p, 0, 0, 1), load(b + p, 0, 0, 1), s0);
        s1 = _mm256_fmadd_ps(load(a + p, 0, 1, 1), load(b + p, 0, 1, 1), s1);
    }
    for (; p < k; p += LANES)
        s0 = _mm256_fmadd_ps(load(a + p, k - p, 0, 0), load(b + p, k - p, 0, 0),
                             s0);
    return sum_of(_mm256_add_ps(s0, s1));
}

AVX2 static void dot(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i++) {
        float *c = p->c + i * p->c_row;
        float start_at = p->add ? *c : p->bias ? *p->bias : 0.0f;
        float sum = start_at + dot_row(p->a + i * p->a_row, p->b, p->k);

        *c = p->relu && sum < 0.0f ? 0.0f : sum;
    }
}

static const struct lat_tiles tiles = {
    .wide = {2, 4 * LANES, {WIDE_ROWS(NAME)}},
    .mid = {6, 2 * LANES, {MID_ROWS(NAME)}},
    .narrow = {12, LANES, {ALL_ROWS(NAME, 1)}},
    .dot = dot,
};

static void product(const struct lat_product *p)
{
    lat__tile_product(&tiles, p);
}

const struct lat_kernel lat__kernel_avx2 = {
    .name = "avx2",
    .product = product,
    .name16 = "plain",
    .product16 = lat__pairs_product,
    .narrow = lat__pairs_narrow,
    .weave = lat__pairs_weave,
};
