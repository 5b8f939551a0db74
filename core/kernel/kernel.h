/*
 * kernel.h - the one product that everything is made of, per processor.
 *
 *     c[i][j]  =  sum over p of a[i][p] b[p][j]   (+ c, + bias, max 0)
 *
 * with a[i][p] at a[i * a_row + p * a_col].  Rows of a may overlap, so a
 * convolution over channels-last samples is this product without a copy
 * (a_row = stride * channels, a_col = 1, k = taps * channels); its derivative
 * by the weights is the same with rows and columns of a exchanged.
 *
 * There may be several groups of m rows, each as far from the one before as
 * a_group and c_group say: rows of an image whose map is narrow, so that the
 * weights are read once for all of them.
 *
 * Within one kernel a row of c has the same bytes whatever m is.
 *
 * product16 multiplies bfloat16 numbers and adds in float32.  Its a and b hold
 * pairs of them, see pairs.h: k, a_row, a_col and b_row count pairs.  It may
 * read as if k and n were multiples of LAT_LINE: in a, where a_col is 1, there
 * is something finite, in b columns of anything finite and rows of zeros.
 */
#ifndef LAT_KERNEL_H
#define LAT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

enum { LAT_LINE = 16 };

struct lat_product {
    size_t m, n, k;
    const float *a;
    size_t a_row, a_col;
    const float *b; /* rows of n, b_row apart */
    size_t b_row;
    float *c; /* rows of n, c_row apart */
    size_t c_row;
    const float *bias; /* (n), or NULL; not together with add */
    bool add;          /* c += instead of c = */
    bool relu;         /* max(0, …) of the result; NaN stays NaN */
    size_t groups;     /* 0 is 1 */
    size_t a_group, c_group;
};

static inline size_t lat__groups(const struct lat_product *p)
{
    return p->groups ? p->groups : 1;
}

struct lat_kernel {
    const char *name;
    void (*product)(const struct lat_product *p);
    const char *name16;
    void (*product16)(const struct lat_product *p);
    /* Floats to pairs: to (lat__pairs(n)) from from (n). */
    void (*narrow)(float *to, const float *from, size_t n);
    /* to (n): a pair of first[i] and second[i]; second NULL is zeros. */
    void (*weave)(float *to, const float *first, const float *second, size_t n);
};

extern const struct lat_kernel lat__kernel_blas;
extern const struct lat_kernel lat__kernel_avx2;
extern const struct lat_kernel lat__kernel_avx512;
extern const struct lat_kernel lat__kernel_avx512_bf16;
extern const struct lat_kernel lat__kernel_amx;

/* What these have in common. */
void lat__avx512_product(const struct lat_product *p);
void lat__avx512_narrow(float *to, const float *from, size_t n);
void lat__avx512_weave(float *to, const float *first, const float *second,
                       size_t n);

#endif
