/*
 * blas.c - the product through CBLAS, on any processor.
 *
 * BLAS changes low bits with the number of rows, and refuses rows that
 * overlap.  So each call gets a tile of always the same number of rows, copied
 * from a and filled up with zeros.
 */
#include "pairs.h"

#include <cblas.h>
#include <string.h>

enum { ROWS = 16, K = 256, COLS = 128 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of all groups are counted on. */
static size_t n_rows(const struct lat_product *p)
{
    return p->m * lat__groups(p);
}

static const float *a_at(const struct lat_product *p, size_t i)
{
    return p->a + i / p->m * p->a_group + i % p->m * p->a_row;
}

static float *c_at(const struct lat_product *p, size_t i)
{
    return p->c + i / p->m * p->c_group + i % p->m * p->c_row;
}

/* Rows i …, columns k … of a; whatever is beyond the last is zero. */
static void load_a(float a[ROWS * K], const struct lat_product *p, size_t i,
                   size_t k)
{
    size_t rows = least(n_rows(p) - i, ROWS), cols = least(p->k - k, K);

    memset(a, 0, ROWS * cols * sizeof(*a));
    for (size_t r = 0; r < rows; r++) {
        const float *from = a_at(p, i + r) + k * p->a_col;

        for (size_t q = 0; q < cols; q++)
            a[r * cols + q] = from[q * p->a_col];
    }
}

static void start(float c[ROWS * COLS], const struct lat_product *p, size_t i,
                  size_t j)
{
    size_t rows = least(n_rows(p) - i, ROWS), cols = least(p->n - j, COLS);

    memset(c, 0, ROWS * cols * sizeof(*c));
    for (size_t r = 0; r < rows; r++) {
        if (p->add)
            memcpy(c + r * cols, c_at(p, i + r) + j, cols * sizeof(*c));
        else if (p->bias)
            memcpy(c + r * cols, p->bias + j, cols * sizeof(*c));
    }
}

static void finish(const struct lat_product *p, const float c[ROWS * COLS],
                   size_t i, size_t j)
{
    size_t rows = least(n_rows(p) - i, ROWS), cols = least(p->n - j, COLS);

    for (size_t r = 0; r < rows; r++) {
        const float *from = c + r * cols;
        float *to = c_at(p, i + r) + j;

        for (size_t q = 0; q < cols; q++)
            to[q] = p->relu && from[q] < 0.0f ? 0.0f : from[q];
    }
}

static void tile(const struct lat_product *p, size_t i, size_t j)
{
    float a[ROWS * K], c[ROWS * COLS];
    size_t cols = least(p->n - j, COLS);

    start(c, p, i, j);
    for (size_t k = 0; k < p->k; k += K) {
        size_t depth = least(p->k - k, K);

        load_a(a, p, i, k);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, ROWS, (int)cols,
                    (int)depth, 1.0f, a, (int)depth, p->b + k * p->b_row + j,
                    (int)p->b_row, 1.0f, c, (int)cols);
    }
    finish(p, c, i, j);
}

static void product(const struct lat_product *p)
{
    for (size_t j = 0; j < p->n; j += COLS)
        for (size_t i = 0; i < n_rows(p); i += ROWS)
            tile(p, i, j);
}

const struct lat_kernel lat__kernel_blas = {
    .name = "blas",
    .product = product,
    .name16 = "plain",
    .product16 = lat__pairs_product,
    .narrow = lat__pairs_narrow,
    .weave = lat__pairs_weave,
};
