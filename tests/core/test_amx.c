/*
 * test_amx.c - the kernel of the matrix unit, on any processor: its source is
 * compiled here with the tile instructions written out in C, each as the
 * manual defines it, with the manual's faults as failed checks.
 */
#include "../../core/base/rng.h"
#include "../../core/latent/base.h"
#include "../check.h"

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

/* ---- the unit ---------------------------------------------------------- */

static struct {
    bool configured;
    uint16_t bytes[8];
    uint8_t rows[8];
    float v[8][16][16];
    size_t products;
} unit;

static void load_config(const void *from)
{
    const uint8_t *c = from;

    CHECK(c[0] == 1 && c[1] == 0);
    memset(&unit, 0, sizeof(unit.v));
    memcpy(unit.bytes, c + 16, sizeof(unit.bytes));
    memcpy(unit.rows, c + 48, sizeof(unit.rows));
    for (int t = 0; t < 8; t++)
        CHECK(unit.rows[t] <= 16 && unit.bytes[t] <= 64);
    unit.configured = true;
}

static void zero(int t)
{
    CHECK(unit.configured);
    memset(unit.v[t], 0, sizeof(unit.v[t]));
}

static void load(int t, const void *base, size_t stride)
{
    zero(t);
    for (size_t r = 0; r < unit.rows[t]; r++)
        memcpy(unit.v[t][r], (const char *)base + r * stride, unit.bytes[t]);
}

static void store(int t, void *base, size_t stride)
{
    CHECK(unit.configured);
    for (size_t r = 0; r < unit.rows[t]; r++)
        memcpy((char *)base + r * stride, unit.v[t][r], unit.bytes[t]);
}

static float half(float pair, int which)
{
    uint32_t bits;

    memcpy(&bits, &pair, sizeof(bits));
    bits = which ? bits & 0xffff0000 : bits << 16;
    memcpy(&pair, &bits, sizeof(pair));
    return pair;
}

/* c (m, n) += a (m, k) b (k, n), in pairs. */
static void multiply_tiles(int c, int a, int b)
{
    const size_t k = unit.bytes[a] / 4;

    CHECK(unit.configured && unit.rows[c] == unit.rows[a]);
    CHECK(unit.rows[b] == k && unit.bytes[c] == unit.bytes[b]);
    for (size_t m = 0; m < unit.rows[c]; m++)
        for (size_t q = 0; q < k; q++)
            for (size_t n = 0; n < unit.bytes[c] / 4; n++)
                for (int h = 0; h < 2; h++)
                    unit.v[c][m][n] +=
                        half(unit.v[a][m][q], h) * half(unit.v[b][q][n], h);
    unit.products++;
}

static void release(void)
{
    unit.configured = false;
}

#undef _tile_dpbf16ps
#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#define _tile_dpbf16ps multiply_tiles
#define _tile_loadconfig load_config
#define _tile_loadd load
#define _tile_release release
#define _tile_stored store
#define _tile_zero zero
#define lat__kernel_amx emulated

#include "../../core/kernel/amx.c"

/* ---- its kernel -------------------------------------------------------- */

enum { M = 70, N = 80, K = 80, GAP = 3 };

static float a[M * K * 2], b[K * N], c[M * (N + GAP)], bias[N];
static double want[M * N];

static int fill(void **state)
{
    struct lat_rng r;
    float noise[2 * N];

    UNUSED_STATE;
    lat__rng_seed(&r, 3);
    for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i += N) {
        for (size_t j = 0; j < 2 * N; j++)
            noise[j] = (float)lat__rng_normal(&r);
        lat__pairs_narrow(a + i, noise, 2 * N);
    }
    for (size_t i = 0; i < N; i++)
        bias[i] = (float)lat__rng_normal(&r);
    return 0;
}

/* k pairs of rows, then rows of zeros. */
static void fill_b(size_t k)
{
    struct lat_rng r;
    float noise[2 * N];

    lat__rng_seed(&r, 4);
    memset(b, 0, sizeof(b));
    for (size_t q = 0; q < k; q++) {
        for (size_t j = 0; j < 2 * N; j++)
            noise[j] = (float)lat__rng_normal(&r);
        lat__pairs_weights(b + q * N, N, noise, 2, N, N);
    }
}

static void plain(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m * p->n; i++) {
        const size_t row = i / p->n, col = i % p->n;
        const double start = p->add    ? (double)((row * p->c_row + col) % 7)
                             : p->bias ? (double)p->bias[col]
                                       : 0.0;
        double sum = 0.0;

        for (size_t q = 0; q < p->k; q++)
            for (int h = 0; h < 2; h++)
                sum += (double)half(p->a[row * p->a_row + q * p->a_col], h) *
                       (double)half(p->b[q * p->b_row + col], h);
        want[i] = p->relu ? fmax(sum + start, 0.0) : sum + start;
    }
}

static void check_product(struct lat_product p)
{
    p.c = c;
    for (size_t i = 0; i < M * (N + GAP); i++)
        c[i] = p.add ? (float)(i % 7) : 77.0f;
    plain(&p);
    emulated.product16(&p);
    CHECK(!unit.configured);
    for (size_t i = 0; i < p.m; i++) {
        for (size_t j = 0; j < p.n; j++)
            CHECK_NEAR(c[i * p.c_row + j], want[i * p.n + j], 1e-4);
        for (size_t j = p.n; j < p.c_row && !p.add; j++)
            CHECK(c[i * p.c_row + j] == 77.0f);
    }
}

TEST(amx, multiplies_as_a_plain_loop_does_on_every_edge)
{
    const size_t ms[] = {1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 70};
    const size_t ns[] = {1, 15, 16, 17, 31, 32, 33, 64, 65};
    const size_t ks[] = {1, 4, 15, 16, 17, 40};

    UNUSED_STATE;
    if (!__builtin_cpu_supports("avx512f"))
        skip();
    for (size_t q = 0; q < 6; q++) {
        fill_b(ks[q]);
        for (size_t i = 0; i < 13 * 9 * 3; i++)
            check_product((struct lat_product){
                .m = ms[i % 13],
                .n = ns[i / 13 % 9],
                .k = ks[q],
                .a = a,
                .a_row = 9,
                .a_col = 1,
                .b = b,
                .b_row = N,
                .c_row = N + GAP,
                .bias = i / 117 == 1 ? bias : NULL,
                .add = i / 117 == 2,
                .relu = i / 117 == 1,
            });
    }
}

TEST(amx, multiplies_columns_of_a_too)
{
    const size_t ms[] = {1, 15, 16, 17, 31, 32, 33, 49, 70};
    const size_t ns[] = {1, 16, 33, 65}, ks[] = {1, 15, 16, 17, 40};
    static float tall[304 * N]; /* k of 290, as a multiple of LAT_LINE */

    UNUSED_STATE;
    if (!__builtin_cpu_supports("avx512f"))
        skip();
    for (size_t q = 0; q < 5; q++) {
        fill_b(ks[q]);
        for (size_t i = 0; i < 9 * 4 * 3; i++)
            check_product((struct lat_product){
                .m = ms[i % 9],
                .n = ns[i / 9 % 4],
                .k = ks[q],
                .a = a,
                .a_row = 1,
                .a_col = 77,
                .b = b,
                .b_row = N,
                .c_row = N + GAP,
                .bias = i / 36 == 1 ? bias : NULL,
                .add = i / 36 == 2,
                .relu = i / 36 == 1,
            });
    }
    for (size_t i = 0; i < 290 * N; i++) /* several blocks of k */
        tall[i] = a[i % (M * K)];
    check_product((struct lat_product){.m = 40,
                                       .n = 20,
                                       .k = 290,
                                       .a = a,
                                       .a_row = 1,
                                       .a_col = 35,
                                       .b = tall,
                                       .b_row = N,
                                       .c_row = N,
                                       .bias = bias,
                                       .relu = true});
}

TEST(amx, gives_a_row_the_same_bytes_whatever_m_is)
{
    static float all[M * N];
    struct lat_product p = {.k = 40,
                            .n = 65,
                            .a = a,
                            .a_row = 16,
                            .a_col = 1,
                            .b = b,
                            .b_row = N,
                            .c_row = 65};

    UNUSED_STATE;
    if (!__builtin_cpu_supports("avx512f"))
        skip();
    fill_b(40);
    p.m = M;
    p.c = all;
    emulated.product16(&p);
    p.c = c;
    for (p.m = 1; p.m < M; p.m++) {
        emulated.product16(&p);
        assert_memory_equal(c, all, p.m * p.n * sizeof(*c));
    }
}

TEST(amx, takes_rows_in_groups)
{
    static float apart[M * N];
    struct lat_product p = {.m = 20,
                            .n = 40,
                            .k = 30,
                            .a = a,
                            .a_row = 7,
                            .a_col = 1,
                            .b = b,
                            .b_row = N,
                            .c_row = 40};

    UNUSED_STATE;
    if (!__builtin_cpu_supports("avx512f"))
        skip();
    fill_b(30);
    for (size_t g = 0; g < 3; g++) {
        p.a = a + g * 50;
        p.c = apart + g * p.m * p.n;
        emulated.product16(&p);
    }
    p.a = a;
    p.c = c;
    p.groups = 3;
    p.a_group = 50;
    p.c_group = p.m * p.n;
    emulated.product16(&p);
    assert_memory_equal(c, apart, 3 * p.m * p.n * sizeof(*c));
}

TEST(amx, uses_whole_tiles_for_whole_blocks)
{
    const struct lat_product p = {.m = 64,
                                  .n = 64,
                                  .k = 32,
                                  .a = a,
                                  .a_row = 16,
                                  .a_col = 1,
                                  .b = b,
                                  .b_row = N,
                                  .c = c,
                                  .c_row = N};

    UNUSED_STATE;
    if (!__builtin_cpu_supports("avx512f"))
        skip();
    unit.products = 0;
    emulated.product16(&p);
    CHECK(unit.products == 4 * 4 * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(amx, multiplies_as_a_plain_loop_does_on_every_edge),
        T(amx, multiplies_columns_of_a_too),
        T(amx, gives_a_row_the_same_bytes_whatever_m_is),
        T(amx, takes_rows_in_groups),
        T(amx, uses_whole_tiles_for_whole_blocks),
    };

    return cmocka_run_group_tests(tests, fill, NULL);
}
