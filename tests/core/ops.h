/*
 * ops.h - what the tests of operations share: noise, a context, teams.
 *
 * The loss of a test is the sum of y times fixed noise, so dy is that noise.
 */
#ifndef TESTS_CORE_OPS_H
#define TESTS_CORE_OPS_H

#include "../../core/base/rng.h"
#include "../../core/kernel/pairs.h"
#include "../../core/latent/model.h"
#include "../../core/ops.h"
#include "../check.h"

#include <string.h>

static inline void noise(float *v, size_t n, uint64_t seed)
{
    struct lat_rng r;

    lat__rng_seed(&r, seed);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)lat__rng_normal(&r);
}

static inline float *noisy(size_t n, uint64_t seed)
{
    float *v = lat_calloc(n, sizeof(*v));

    CHECK(v);
    noise(v, n, seed);
    return v;
}

static inline struct lat_tensor tensor(size_t n, size_t h, size_t w, size_t c,
                                       uint64_t seed)
{
    return (struct lat_tensor){noisy(n * h * w * c, seed), n, h, w, c};
}

static inline double times(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Small whole numbers: in bfloat16 they are the same, and so are sums of their
 * products, in whatever order. */
static inline void whole(float *v, size_t n, uint64_t seed)
{
    struct lat_rng r;

    lat__rng_seed(&r, seed);
    for (size_t i = 0; i < n; i++)
        v[i] = floorf(7.0f * (float)lat__rng_uniform(&r)) - 3.0f;
}

/* Whether got is about want, as sums of rounded numbers are. */
static inline void check_rounded(const float *got, const float *want, size_t n)
{
    double error = 0.0, size = 0.0;

    for (size_t i = 0; i < n; i++) {
        error += pow((double)got[i] - (double)want[i], 2.0);
        size += pow((double)want[i], 2.0);
    }
    CHECK(sqrt(error) <= sqrt(size) / 128.0);
}

/* Reads as if k and n were multiples of LAT_LINE, as the matrix unit does. */
static inline void product_greedy(const struct lat_product *p)
{
    struct lat_product t = *p;
    const size_t n = (p->n + LAT_LINE - 1) / LAT_LINE * LAT_LINE;

    t.k = (p->k + LAT_LINE - 1) / LAT_LINE * LAT_LINE;
    for (size_t q = 0; q < t.k; q++)
        for (size_t j = 0; j < n; j++) {
            float b;
            uint32_t bits;

            memcpy(&b, p->b + q * p->b_row + j, sizeof(b));
            memcpy(&bits, &b, sizeof(bits));
            CHECK((bits & 0x7f80) != 0x7f80 && isfinite(b));
        }
    if (p->a_col != 1)
        t.k = p->k;
    lat__pairs_product(&t);
}

/* The kernel of that name; NULL: the fastest; "greedy": the one above. */
static inline const struct lat_kernel *kernel_of(const char *name)
{
    static struct lat_kernel greedy;
    const struct lat_kernel *k = NULL;

    if (!name || strcmp(name, "greedy") != 0) {
        CHECK(lat_kernel_pick(&k, name, NULL) == LAT_OK);
        return k;
    }
    greedy = lat__kernel_blas;
    greedy.product16 = product_greedy;
    return &greedy;
}

/* The fastest kernel, a team of n_threads, scratch full of what is no number.
 */
static inline struct lat_ctx ctx_new(unsigned n_threads, size_t scratch_len)
{
    struct lat_ctx ctx = {.scratch_len = scratch_len};

    CHECK(lat_kernel_pick(&ctx.kernel, NULL, NULL) == LAT_OK);
    CHECK(lat__team_new(&ctx.team, n_threads, NULL) == LAT_OK);
    ctx.scratch = lat_calloc(LAT_PARTS * scratch_len + 1, sizeof(float));
    CHECK(ctx.scratch);
    for (size_t i = 0; i < LAT_PARTS * scratch_len; i++)
        ctx.scratch[i] = NAN;
    return ctx;
}

static inline void ctx_free(struct lat_ctx *ctx)
{
    lat__team_free(ctx->team);
    lat_free(ctx->scratch);
}

#endif
