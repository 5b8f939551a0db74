/*
 * ops.h - what the tests of operations share: noise, a context, teams.
 *
 * The loss of a test is the sum of y times fixed noise, so dy is that noise.
 */
#ifndef TESTS_CORE_OPS_H
#define TESTS_CORE_OPS_H

#include "../../core/base/rng.h"
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
