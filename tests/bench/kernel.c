/*
 * kernel.c - how near the kernels come to what one core can do.
 *
 * GFLOP/s of each kernel on the layers of the reference encoders, one sample
 * at a time, beside the rate of multiplications that never leave registers.
 */
#include "../../core/kernel/kernel.h"
#include "../../core/latent/base.h"
#include "../../core/latent/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct shape {
    const char *name;
    size_t m, n, k, a_row, a_col;
};

static const struct shape shapes[] = {
    {"ecg 1-32 k7 s2", 497, 32, 7, 2, 1},
    {"ecg 32-64 k5 s2", 247, 64, 160, 64, 1},
    {"ecg 64-128 k5 s2", 122, 128, 320, 128, 1},
    {"ecg 128-128 k3", 120, 128, 384, 128, 1},
    {"imu 3-64 k5", 200, 64, 15, 3, 1},
    {"imu 64-128 k5", 100, 128, 320, 64, 1},
    {"imu 128-128 k3", 50, 128, 384, 128, 1},
    {"scl 1-16 k7 s2", 360, 16, 7, 2, 1},
    {"scl 16-32 k7 s2", 180, 32, 112, 32, 1},
    {"scl 32-64 k5 s2", 90, 64, 160, 64, 1},
    {"scl 64-64 k5 s2", 45, 64, 320, 128, 1},
    {"scl linear, 1", 1, 64, 2880, 2880, 1},
    {"scl linear, 16", 16, 64, 2880, 2880, 1},
    {"head 512-2048, 1", 1, 2048, 512, 512, 1},
    {"head 512-2048, 4", 4, 2048, 512, 512, 1},
    {"head 512-2048, 8", 8, 2048, 512, 512, 1},
    {"head 2048-256, 1", 1, 256, 2048, 2048, 1},
    {"head 2048-256, 4", 4, 256, 2048, 2048, 1},
    {"head 2048-256, 8", 8, 256, 2048, 2048, 1},
    {"scl 16-1 k7", 720, 1, 112, 16, 1},
    {"dw 32-64 k5 s2", 160, 64, 90, 1, 64},
    {"dw 64-64 k5 s2", 320, 64, 45, 1, 128},
    {"dw 16-1 k7", 112, 1, 720, 1, 16},
    {"square 512", 512, 512, 512, 512, 1},
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *noise(size_t n)
{
    float *v = lat_calloc(n, sizeof(*v));

    if (!v)
        exit(1);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return v;
}

/* The best of several rounds, in GFLOP/s: the machine is shared. */
static double rate(void (*product)(const struct lat_product *p),
                   const struct lat_product *p)
{
    double flop = 2.0 * (double)p->m * (double)p->n * (double)p->k, best = 0.0;
    size_t times = 1 + (size_t)(4e7 / flop);

    for (int round = 0; round < 15; round++) {
        double begin = now(), r;

        for (size_t i = 0; i < times; i++)
            product(p);
        r = flop * (double)times / (now() - begin) / 1e9;
        best = r > best ? r : best;
    }
    return best;
}

/* One full tile: all it reads stays in the first cache, and 24 products of
 * registers hide it. */
static double peak(const struct lat_kernel *k, bool bfloat16, float *a,
                   float *b, float *c)
{
    struct lat_product p = {.m = 12,
                            .n = 32,
                            .k = 200,
                            .a = a,
                            .a_row = 1,
                            .a_col = 0,
                            .b = b,
                            .b_row = 32,
                            .c = c,
                            .c_row = 32};

    return bfloat16 ? 2.0 * rate(k->product16, &p) : rate(k->product, &p);
}

/* The same product of bfloat16: half as many terms of two each.  Products whose
 * rows are not whole pairs apart are those of the trainer and of small layers,
 * whose rows are gathered first. */
static double rate16(const struct lat_kernel *k, struct lat_product p)
{
    if (p.a_col != 1)
        return 0.0;
    p.k = (p.k + 1) / 2;
    p.a_row = (p.a_row + 1) / 2;
    return 2.0 * rate(k->product16, &p);
}

static double measure(const struct lat_kernel *k, const struct shape *s,
                      bool bfloat16)
{
    float *a = noise(s->m * s->a_row + s->k * s->a_col);
    float *b = noise(s->k * s->n), *c = noise(s->m * s->n);
    float *bias = noise(s->n);
    struct lat_product p = {.m = s->m,
                            .n = s->n,
                            .k = s->k,
                            .a = a,
                            .a_row = s->a_row,
                            .a_col = s->a_col,
                            .b = b,
                            .b_row = s->n,
                            .c = c,
                            .c_row = s->n,
                            .bias = bias};
    double r;

    if (s->a_row == 1) { /* by weights: added up */
        p.bias = NULL;
        p.add = true;
    }
    r = bfloat16 ? rate16(k, p) : rate(k->product, &p);
    lat_free(bias);
    lat_free(c);
    lat_free(b);
    lat_free(a);
    return r;
}

int main(void)
{
    static const struct {
        const char *name;
        bool bfloat16;
    } columns[] = {
        {"avx512", false}, {"avx2", false}, {"blas", false}, {"avx512", true}};
    static float a[16], b[200 * 32], c[12 * 32];

    lat_blas_single();
    printf("%-20s %10s %10s %10s %10s\n", "GFLOP/s", "avx512", "avx2", "blas",
           "bfloat16");
    for (size_t s = 0; s <= sizeof(shapes) / sizeof(shapes[0]); s++) {
        printf("%-20s", s ? shapes[s - 1].name : "peak");
        for (size_t i = 0; i < 4; i++) {
            const struct lat_kernel *k;

            if (lat_kernel_pick(&k, columns[i].name, NULL))
                printf(" %10s", "-");
            else
                printf(" %10.1f",
                       s ? measure(k, &shapes[s - 1], columns[i].bfloat16)
                         : peak(k, columns[i].bfloat16, a, b, c));
        }
        printf("\n");
    }
    return 0;
}
