/* test_kernel.c - every kernel against a plain loop, and against itself. */
#include "../../core/base/rng.h"
#include "../../core/kernel/kernel.h"
#include "../../core/latent/base.h"
#include "../../core/latent/model.h"
#include "../check.h"

#include <string.h>

enum { M = 100, N = 130, K = 300, GAP = 3 };

static float a[M * K * 4], b[K * (N + GAP)], c[M * (N + GAP)], bias[N];
static double want[M * N];

static const char *const names[] = {"blas", "avx2", "avx512"};

enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

/* NULL where this processor does not have it. */
static const struct lat_kernel *kernel(size_t i)
{
    const struct lat_kernel *k;

    return lat_kernel_pick(&k, names[i], NULL) ? NULL : k;
}

static int fill(void **state)
{
    struct lat_rng r;

    UNUSED_STATE;
    lat_blas_single();
    lat__rng_seed(&r, 1);
    for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
        a[i] = (float)lat__rng_normal(&r);
    for (size_t i = 0; i < sizeof(b) / sizeof(b[0]); i++)
        b[i] = (float)lat__rng_normal(&r);
    for (size_t i = 0; i < N; i++)
        bias[i] = (float)lat__rng_normal(&r);
    return 0;
}

static void plain(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double sum = p->add    ? (double)p->c[i * p->c_row + j]
                         : p->bias ? (double)p->bias[j]
                                   : 0.0;

            for (size_t q = 0; q < p->k; q++)
                sum += (double)p->a[i * p->a_row + q * p->a_col] *
                       (double)p->b[q * p->b_row + j];
            want[i * p->n + j] = p->relu ? fmax(sum, 0.0) : sum;
        }
}

/* Where c is not added to it holds what is no number, and so it does beyond
 * the columns. */
static void check_product(const struct lat_kernel *k, struct lat_product p)
{
    for (size_t i = 0; i < M * (N + GAP); i++)
        c[i] = p.add ? (float)(i % 7) - 3.0f : NAN;
    for (size_t i = 0; i < p.m; i++)
        for (size_t j = p.n; j < p.c_row; j++)
            c[i * p.c_row + j] = 77.0f;
    p.c = c;
    plain(&p);
    k->product(&p);
    for (size_t i = 0; i < p.m; i++) {
        for (size_t j = 0; j < p.n; j++)
            CHECK_NEAR(c[i * p.c_row + j], want[i * p.n + j],
                       1e-5 * (double)(p.k + 8));
        for (size_t j = p.n; j < p.c_row; j++)
            CHECK(c[i * p.c_row + j] == 77.0f);
    }
}

/* Every way in which a may lie, every way to begin and to end. */
static void check_shape(const struct lat_kernel *k, size_t m, size_t n,
                        size_t depth)
{
    const size_t strides[][2] = {{depth, 1},     {3, 1},         {1, m},
                                 {1, m / 2 + 1}, {2 * depth, 2}, {1, 1}};

    for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++)
        for (int end = 0; end < 6; end++) {
            size_t gap = end % 2 ? GAP : 0;

            check_product(k, (struct lat_product){
                                 .m = m,
                                 .n = n,
                                 .k = depth,
                                 .a = a,
                                 .a_row = strides[i][0],
                                 .a_col = strides[i][1],
                                 .b = b,
                                 .b_row = n + gap,
                                 .c_row = n + gap,
                                 .bias = end / 2 == 1 ? bias : NULL,
                                 .add = end / 2 == 2,
                                 .relu = end % 3 == 0,
                             });
        }
}

TEST(kernel, agrees_with_a_plain_loop_on_every_edge)
{
    const size_t ms[] = {1, 2, 5, 7, 12, 13, 29}, ks[] = {1, 7, 32, 65, 257};
    const size_t ns[] = {1, 3, 8, 15, 16, 17, 32, 33, 65, 130};

    UNUSED_STATE;
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t i = 0; kernel(x) && i < 7; i++)
            for (size_t j = 0; j < 10; j++)
                for (size_t q = 0; q < 5; q++)
                    check_shape(kernel(x), ms[i], ns[j], ks[q]);
}

TEST(kernel, finds_a_value_worked_by_hand)
{
    const float x[] = {1, 2, 3, 4}, w[] = {1, -1, 2, 0.5f}, b2[] = {0.5f, -3};
    float y[4];

    UNUSED_STATE;
    for (size_t i = 0; i < N_NAMES; i++) {
        const struct lat_product p = {.m = 2,
                                      .n = 2,
                                      .k = 2,
                                      .a = x,
                                      .a_row = 2,
                                      .a_col = 1,
                                      .b = w,
                                      .b_row = 2,
                                      .c = y,
                                      .c_row = 2,
                                      .bias = b2,
                                      .relu = true};

        if (!kernel(i))
            continue;
        kernel(i)->product(&p);
        CHECK(y[0] == 5.5f && y[1] == 0.0f);  /* 1 + 4 + ½, -1 + 1 - 3 */
        CHECK(y[2] == 11.5f && y[3] == 0.0f); /* 3 + 8 + ½, -3 + 2 - 3 */
    }
}

/* Or a broken weight would hide behind max(0, …). */
TEST(kernel, keeps_what_is_no_number_through_relu)
{
    UNUSED_STATE;
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t n = 1; kernel(x) && n <= 33; n += 16) {
            const float bad[] = {1.0f, NAN};

            kernel(x)->product(&(struct lat_product){.m = 2,
                                                     .n = n,
                                                     .k = 1,
                                                     .a = bad,
                                                     .a_row = 1,
                                                     .a_col = 1,
                                                     .b = bias,
                                                     .b_row = n,
                                                     .c = c,
                                                     .c_row = n,
                                                     .relu = true});
            CHECK(c[0] == fmaxf(bias[0], 0.0f) && isnan(c[2 * n - 1]));
        }
}

static void check_rows(const struct lat_kernel *k, struct lat_product p)
{
    static float all[M * N];
    const size_t ms[] = {1, 2, 3, 7, 12, 13, 17, 50};

    p.m = M;
    p.c = all;
    k->product(&p);
    p.c = c;
    for (size_t i = 0; i < 8; i++) {
        p.m = ms[i];
        k->product(&p);
        assert_memory_equal(c, all, p.m * p.n * sizeof(*c));
    }
}

TEST(kernel, gives_a_row_the_same_bytes_whatever_m_is)
{
    const size_t ns[] = {1, 4, 16, 24, 33, 64, 130}, ks[] = {7, 112, 300};

    UNUSED_STATE;
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t i = 0; kernel(x) && i < 7 * 3; i++)
            check_rows(kernel(x), (struct lat_product){
                                      .n = ns[i % 7],
                                      .k = ks[i / 7],
                                      .a = a,
                                      .a_row = 32,
                                      .a_col = 1,
                                      .b = b,
                                      .b_row = ns[i % 7],
                                      .c_row = ns[i % 7],
                                      .bias = bias,
                                  });
}

/* Groups are the same products one after the other. */
static void check_groups(const struct lat_kernel *k, struct lat_product p)
{
    static float apart[M * (N + GAP)];

    p.c = apart;
    for (size_t g = 0; g < 3; g++) {
        k->product(&p);
        p.a += 40;
        p.c += p.m * p.c_row;
    }
    p.a -= 3 * 40;
    p.c = c;
    p.groups = 3;
    p.a_group = 40;
    p.c_group = p.m * p.c_row;
    k->product(&p);
    assert_memory_equal(c, apart, 3 * p.m * p.n * sizeof(*c));
}

TEST(kernel, takes_rows_in_groups)
{
    const size_t ms[] = {1, 4, 8, 13}, ns[] = {1, 4, 33, 65};

    UNUSED_STATE;
    for (size_t x = 0; x < N_NAMES; x++)
        for (size_t i = 0; kernel(x) && i < 16; i++)
            check_groups(kernel(x), (struct lat_product){
                                        .m = ms[i % 4],
                                        .n = ns[i / 4],
                                        .k = 30,
                                        .a = a,
                                        .a_row = 7,
                                        .a_col = 1,
                                        .b = b,
                                        .b_row = ns[i / 4],
                                        .c_row = ns[i / 4],
                                        .bias = bias,
                                        .relu = i % 2 == 0,
                                    });
}

TEST(kernel, is_picked_by_name_or_the_fastest)
{
    struct lat_err err = {0};
    const struct lat_kernel *k = NULL;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&k, "blas", &err) == LAT_OK);
    CHECK(k == &lat__kernel_blas);
    assert_string_equal(lat_kernel_name(k), "blas");
    CHECK(lat_kernel_pick(&k, NULL, &err) == LAT_OK && k);
    CHECK(kernel(2) ? k == kernel(2) : kernel(1) ? k == kernel(1) : true);
    k = NULL;
    CHECK(lat_kernel_pick(&k, "abacus", &err) == LAT_ENOENT && !k);
    CHECK(strstr(err.msg, "abacus") && strstr(err.msg, "blas"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(kernel, agrees_with_a_plain_loop_on_every_edge),
        T(kernel, finds_a_value_worked_by_hand),
        T(kernel, keeps_what_is_no_number_through_relu),
        T(kernel, gives_a_row_the_same_bytes_whatever_m_is),
        T(kernel, takes_rows_in_groups),
        T(kernel, is_picked_by_name_or_the_fastest),
    };

    return cmocka_run_group_tests(tests, fill, NULL);
}
