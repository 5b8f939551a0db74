/*
 * avx512_bf16.c - products of bfloat16 with AVX-512, two terms an instruction.
 *
 * The tiles are those of float32: a lane of b is two numbers of a column, an
 * element of a two of a row, and VDPBF16PS adds both of their products.
 */
#define AVX512 __attribute__((target("avx512f,avx512bf16")))
#define TIMES(sum, a, b) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))

#include "avx512_tiles.h"
#include "pairs.h"

AVX512 void lat__avx512_narrow(float *to, const float *from, size_t n)
{
    const __m512 zero = _mm512_setzero_ps();
    size_t i = 0;

    for (; i < n; i += 2 * LANES) {
        const __mmask16 low = lanes(n - i, 0), high = lanes(n - i, 1);
        const __m512 x = _mm512_mask_loadu_ps(zero, low, from + i);
        const __m512 y = _mm512_mask_loadu_ps(zero, high, from + i + LANES);
        const __mmask16 whole = lanes((n - i + 1) / 2, 0);

        _mm512_mask_storeu_ps(to + i / 2, whole,
                              (__m512)_mm512_cvtne2ps_pbh(y, x));
    }
}

AVX512 void lat__avx512_weave(float *to, const float *first,
                              const float *second, size_t n)
{
    const __m512 zero = _mm512_setzero_ps();

    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = lanes(n - i, 0);
        const __m512 x = _mm512_maskz_loadu_ps(mask, first + i);
        const __m512 y =
            second ? _mm512_maskz_loadu_ps(mask, second + i) : zero;
        const __m512i low =
            _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(x));
        const __m512i high =
            _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(y));

        _mm512_mask_storeu_epi32(
            to + i, mask, _mm512_or_si512(low, _mm512_slli_epi32(high, LANES)));
    }
}

const struct lat_kernel lat__kernel_avx512_bf16 = {
    .name = "avx512",
    .product = lat__avx512_product,
    .name16 = "avx512_bf16",
    .product16 = tiled,
    .narrow = lat__avx512_narrow,
    .weave = lat__avx512_weave,
};
