/* avx512.c - products of float32 with AVX-512. */
#define AVX512 __attribute__((target("avx512f")))
#define TIMES(sum, a, b) _mm512_fmadd_ps(a, b, sum)

#include "avx512_tiles.h"
#include "pairs.h"

void lat__avx512_product(const struct lat_product *p)
{
    tiled(p);
}

const struct lat_kernel lat__kernel_avx512 = {
    .name = "avx512",
    .product = lat__avx512_product,
    .name16 = "plain",
    .product16 = lat__pairs_product,
    .narrow = lat__pairs_narrow,
    .weave = lat__pairs_weave,
};
