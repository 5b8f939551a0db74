/* test_pairs.c - bfloat16: rounding, packing, and each kernel's product. */
#include "../../core/base/rng.h"
#include "../../core/kernel/pairs.h"
#include "../../core/latent/base.h"
#include "../../core/latent/model.h"
#include "../check.h"

#include <string.h>

enum { M = 40, N = 70, K = 600, GAP = 3 };

static float a[M * K], b[K * N], c[M * (N + GAP)], bias[N];
static float pairs_a[M * K], pairs_b[K * N];

static const char *const names[] = {"blas", "avx2", "avx512"};

enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

static const struct lat_kernel *kernel(size_t i)
{
    const struct lat_kernel *k;

    return lat_kernel_pick(&k, names[i], NULL) ? NULL : k;
}

/* The pair's number, 0 or 1, as a float. */
static double half(float pair, int which)
{
    uint32_t bits;
    float v;

    memcpy(&bits, &pair, sizeof(bits));
    bits = which ? bits & 0xffff0000 : bits << 16;
    memcpy(&v, &bits, sizeof(v));
    return (double)v;
}

static int fill(void **state)
{
    struct lat_rng r;

    UNUSED_STATE;
    lat__rng_seed(&r, 3);
    for (size_t i = 0; i < M * K; i++)
        a[i] = (float)lat__rng_normal(&r);
    for (size_t i = 0; i < K * N; i++)
        b[i] = (float)lat__rng_normal(&r);
    for (size_t i = 0; i < N; i++)
        bias[i] = (float)lat__rng_normal(&r);
    lat__pairs_narrow(pairs_a, a, M * K);
    return 0;
}

TEST(pairs, round_to_the_nearest_with_ties_to_even)
{
    /* Eight bits of significand: steps of 1/128 above 1. */
    const float x[] = {1.0f,  1.00390625f, 1.01171875f, 1.004f,
                       -3.0f, INFINITY,    NAN};
    float y[4];

    UNUSED_STATE;
    for (size_t i = 0; i < N_NAMES; i++) {
        if (!kernel(i))
            continue;
        kernel(i)->narrow(y, x, 7);
        CHECK(half(y[0], 0) == 1.0 && half(y[0], 1) == 1.0);
        CHECK(half(y[1], 0) == 1.015625 && half(y[1], 1) == 1.0078125);
        CHECK(half(y[2], 0) == -3.0 && isinf(half(y[2], 1)));
        CHECK(isnan(half(y[3], 0)) && half(y[3], 1) == 0.0);
    }
}

TEST(pairs, are_the_same_from_every_kernel_at_any_length)
{
    float want[40], got[40];

    UNUSED_STATE;
    for (size_t i = 0; i < N_NAMES; i++)
        for (size_t n = 0; kernel(i) && n < 70; n++) {
            memset(want, 7, sizeof(want));
            memset(got, 7, sizeof(got));
            lat__pairs_narrow(want, a, n);
            kernel(i)->narrow(got, a, n);
            assert_memory_equal(got, want, sizeof(got));
        }
}

TEST(pairs, are_woven_the_same_by_every_kernel_at_any_length)
{
    float want[40], got[40];

    UNUSED_STATE;
    for (size_t i = 0; i < N_NAMES; i++)
        for (size_t n = 0; kernel(i) && n < 2 * 36; n++) {
            const float *second = n % 2 ? b : NULL;

            memset(want, 7, sizeof(want));
            memset(got, 7, sizeof(got));
            lat__pairs_weave(want, a, second, n / 2);
            kernel(i)->weave(got, a, second, n / 2);
            assert_memory_equal(got, want, sizeof(got));
            for (size_t j = 0; j < n / 2; j++)
                CHECK(fabs(half(got[j], 1) - (second ? (double)b[j] : 0.0)) <=
                      fabs((double)b[j]) / 256.0);
        }
}

TEST(pairs, of_weights_lie_below_each_other)
{
    const float w[] = {1, 2, -1, 3, 4, -1, 5, 6, -1};
    float to[2 * 3] = {0};

    UNUSED_STATE;
    lat__pairs_weights(to, 3, w, 3, 2, 3);
    CHECK(half(to[0], 0) == 1.0 && half(to[0], 1) == 3.0);
    CHECK(half(to[1], 0) == 2.0 && half(to[1], 1) == 4.0);
    CHECK(half(to[3], 0) == 5.0 && half(to[3], 1) == 0.0);
    CHECK(half(to[4], 0) == 6.0 && half(to[4], 1) == 0.0);
    CHECK(to[2] == 0.0f && to[5] == 0.0f);
}

static double wanted(const struct lat_product *p, size_t i, size_t j)
{
    double sum = p->add    ? (double)((i * p->c_row + j) % 7) - 3.0
                 : p->bias ? (double)p->bias[j]
                           : 0.0;

    for (size_t q = 0; q < p->k; q++)
        for (int h = 0; h < 2; h++)
            sum += half(p->a[i * p->a_row + q * p->a_col], h) *
                   half(p->b[q * p->b_row + j], h);
    return p->relu ? fmax(sum, 0.0) : sum;
}

static void check_product(const struct lat_kernel *k, struct lat_product p)
{
    p.c = c;
    for (size_t i = 0; i < M * (N + GAP); i++)
        c[i] = p.add ? (float)(i % 7) - 3.0f : 77.0f;
    k->product16(&p);
    for (size_t i = 0; i < p.m; i++) {
        for (size_t j = 0; j < p.n; j++)
            CHECK_NEAR(c[i * p.c_row + j], wanted(&p, i, j),
                       1e-5 * (double)(p.k + 8));
        for (size_t j = p.n; j < p.c_row && !p.add; j++)
            CHECK(c[i * p.c_row + j] == 77.0f);
    }
}

TEST(pairs, multiply_as_a_plain_loop_does_on_every_edge)
{
    const size_t ms[] = {1, 2, 5, 11, 12, 13, 29}, ks[] = {1, 3, 16, 65, 257};
    const size_t ns[] = {1, 15, 16, 17, 32, 33, 65};

    UNUSED_STATE;
    lat__pairs_weights(pairs_b, N, b, K, N, N);
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t i = 0; kernel(x) && i < 7 * 5 * 7; i++)
            for (int end = 0; end < 3; end++)
                check_product(kernel(x), (struct lat_product){
                                             .m = ms[i % 7],
                                             .k = ks[i / 7 % 5],
                                             .n = ns[i / 35],
                                             .a = pairs_a,
                                             .a_row = 5,
                                             .a_col = 1,
                                             .b = pairs_b,
                                             .b_row = N,
                                             .c_row = N + GAP,
                                             .bias = end == 1 ? bias : NULL,
                                             .add = end == 2,
                                             .relu = end == 1,
                                         });
}

TEST(pairs, multiply_columns_of_a_too)
{
    const size_t ms[] = {1, 2, 13, 40}, ks[] = {1, 3, 16, 65};
    const size_t ns[] = {1, 15, 32, 65};

    UNUSED_STATE;
    lat__pairs_weights(pairs_b, N, b, K, N, N);
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t i = 0; kernel(x) && i < 64; i++)
            for (int end = 0; end < 3; end++)
                check_product(kernel(x), (struct lat_product){
                                             .m = ms[i % 4],
                                             .k = ks[i / 4 % 4],
                                             .n = ns[i / 16],
                                             .a = pairs_a,
                                             .a_row = 1,
                                             .a_col = 37,
                                             .b = pairs_b,
                                             .b_row = N,
                                             .c_row = N + GAP,
                                             .bias = end == 1 ? bias : NULL,
                                             .add = end == 2,
                                             .relu = end == 1,
                                         });
}

TEST(pairs, give_a_row_the_same_bytes_whatever_m_is)
{
    static float all[M * N];
    const size_t ms[] = {1, 2, 7, 12, 13, 17, 30};
    struct lat_product p = {.k = K / 2,
                            .a = pairs_a,
                            .a_row = 16,
                            .a_col = 1,
                            .b = pairs_b,
                            .b_row = N};

    UNUSED_STATE;
    lat__pairs_weights(pairs_b, N, b, K, N, N);
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t n = 1; kernel(x) && n < N; n += 13) {
            p.n = p.c_row = n;
            p.m = M;
            p.c = all;
            kernel(x)->product16(&p);
            p.c = c;
            for (size_t i = 0; i < 7; i++) {
                p.m = ms[i];
                kernel(x)->product16(&p);
                assert_memory_equal(c, all, p.m * n * sizeof(*c));
            }
        }
}

/* Groups are the same products one after the other. */
static void check_groups(const struct lat_kernel *k, struct lat_product p)
{
    static float apart[M * (N + GAP)];

    p.c = apart;
    for (size_t g = 0; g < 3; g++) {
        k->product16(&p);
        p.a += 40;
        p.c += p.m * p.c_row;
    }
    p.a -= 3 * 40;
    p.c = c;
    p.groups = 3;
    p.a_group = 40;
    p.c_group = p.m * p.c_row;
    k->product16(&p);
    assert_memory_equal(c, apart, 3 * p.m * p.n * sizeof(*c));
}

TEST(pairs, take_rows_in_groups)
{
    const size_t ms[] = {1, 4, 8, 13}, ns[] = {1, 4, 33, 65};

    UNUSED_STATE;
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t i = 0; kernel(x) && i < 16; i++)
            check_groups(kernel(x), (struct lat_product){
                                        .m = ms[i % 4],
                                        .n = ns[i / 4],
                                        .k = 30,
                                        .a = pairs_a,
                                        .a_row = 7,
                                        .a_col = 1,
                                        .b = pairs_b,
                                        .b_row = ns[i / 4],
                                        .c_row = ns[i / 4],
                                        .bias = bias,
                                        .relu = i % 2 == 0,
                                    });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pairs, round_to_the_nearest_with_ties_to_even),
        T(pairs, are_the_same_from_every_kernel_at_any_length),
        T(pairs, are_woven_the_same_by_every_kernel_at_any_length),
        T(pairs, multiply_columns_of_a_too),
        T(pairs, of_weights_lie_below_each_other),
        T(pairs, multiply_as_a_plain_loop_does_on_every_edge),
        T(pairs, take_rows_in_groups),
        T(pairs, give_a_row_the_same_bytes_whatever_m_is),
    };

    return cmocka_run_group_tests(tests, fill, NULL);
}
