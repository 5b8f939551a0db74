/*
 * amx.c - products of bfloat16 on the matrix unit.
 *
 * A block of c is 32 x 32 in four tiles of 16 x 16; 16 pairs of k are one
 * instruction for each.  Rows of a are read where they lie, overlapping or
 * not.  The last block of rows begins early enough to be whole, so only a
 * product of fewer than 16 rows has tiles that are not; rows that were there
 * before are computed again, to the same bytes, and not written.  Where k lies
 * across the rows of a (a_col is not 1), blocks of a are turned beforehand.
 */
#include "pairs.h"

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define AMX __attribute__((target("amx-tile,amx-bf16,avx512f")))

enum { SIDE = 16, BLOCK = 2 * SIDE, DEPTH = 8 * SIDE };

/* What the processor reads: bytes of a row and rows of each tile. */
struct config {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
};

/* Tiles 0 1 2 3: c, row after row; 4 5: a; 6 7: b. */
AMX static void configure(size_t rows)
{
    struct config c = {.palette = 1};

    for (int t = 0; t < 8; t++) {
        c.bytes[t] = SIDE * sizeof(float);
        c.rows[t] = (uint8_t)(t < 6 ? rows : SIDE);
    }
    _tile_loadconfig(&c);
}

/* A block of c: 1 or 2 tiles high, 1 or 2 tiles wide. */
struct block {
    const struct lat_product *p;
    size_t row[2]; /* where its tiles begin */
    size_t col;
    bool high, wide;
};

/* sum (BLOCK, BLOCK) becomes a times b. */
AMX static void multiply(const struct block *k, float *sum)
{
    const struct lat_product *p = k->p;
    const size_t a_bytes = p->a_row * sizeof(float);
    const size_t b_bytes = p->b_row * sizeof(float);
    const float *a0 = p->a + k->row[0] * p->a_row;
    const float *a1 = p->a + k->row[1] * p->a_row, *b = p->b + k->col;

    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t q = 0; q < p->k; q += SIDE) {
        _tile_loadd(4, a0 + q, a_bytes);
        _tile_loadd(6, b + q * p->b_row, b_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if (k->wide) {
            _tile_loadd(7, b + q * p->b_row + SIDE, b_bytes);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (!k->high)
            continue;
        _tile_loadd(5, a1 + q, a_bytes);
        _tile_dpbf16ps(2, 5, 6);
        if (k->wide)
            _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sum, BLOCK * sizeof(float));
    _tile_stored(1, sum + SIDE, BLOCK * sizeof(float));
    _tile_stored(2, sum + SIDE * BLOCK, BLOCK * sizeof(float));
    _tile_stored(3, sum + SIDE * BLOCK + SIDE, BLOCK * sizeof(float));
}

/* One row of n values from sum to c. */
AMX static void finish_row(const struct lat_product *p, float *c,
                           const float *sum, size_t col, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        float v = sum[j] + (p->add ? c[j] : p->bias ? p->bias[col + j] : 0.0f);

        c[j] = p->relu && v < 0.0f ? 0.0f : v;
    }
}

/* The rows of the block from begin on that nobody has written yet. */
AMX static void finish(const struct block *k, const float *sum, size_t begin)
{
    const struct lat_product *p = k->p;
    const size_t left = p->n - k->col, n = left < BLOCK ? left : BLOCK;

    for (size_t t = 0; t < (k->high ? 2u : 1u); t++)
        for (size_t r = 0; r < SIDE && k->row[t] + r < p->m; r++) {
            const size_t i = k->row[t] + r;

            if (i < begin)
                continue;
            finish_row(p, p->c + i * p->c_row + k->col,
                       sum + (t * SIDE + r) * BLOCK, k->col, n);
            begin = i + 1;
        }
}

/* Row blocks outside: their a stays near while b goes by. */
AMX static void group(const struct lat_product *p)
{
    float sum[BLOCK * BLOCK] __attribute__((aligned(64)));
    const size_t last = p->m > SIDE ? p->m - SIDE : 0;

    for (size_t i = 0; i < p->m; i += BLOCK)
        for (size_t j = 0; j < p->n; j += BLOCK) {
            struct block k = {
                .p = p,
                .row = {i < last ? i : last, i + SIDE < last ? i + SIDE : last},
                .col = j,
                .high = i + SIDE<p->m, .wide = p->n - j> SIDE};

            multiply(&k, sum);
            finish(&k, sum, i);
        }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The rows of p and DEPTH of k from k on, as rows of DEPTH; zeros behind. */
static void turn(float a[BLOCK * DEPTH], const struct lat_product *p, size_t k)
{
    const size_t depth = least(p->k - k, DEPTH);

    memset(a, 0, BLOCK * DEPTH * sizeof(*a));
    for (size_t q = 0; q < depth; q++)
        for (size_t r = 0; r < p->m; r++)
            a[r * DEPTH + q] = p->a[r * p->a_row + (k + q) * p->a_col];
}

/* BLOCK rows or fewer. */
AMX static void across(const struct lat_product *p)
{
    float a[BLOCK * DEPTH] __attribute__((aligned(64)));
    size_t k = 0;

    configure(least(p->m, SIDE));
    do {
        struct lat_product t = *p;

        turn(a, p, k);
        t.a = a;
        t.a_row = DEPTH;
        t.k = least(p->k - k, DEPTH);
        t.b += k * p->b_row;
        t.bias = k == 0 ? p->bias : NULL;
        t.add = k > 0 || p->add;
        k += t.k;
        t.relu = k == p->k && p->relu;
        group(&t);
    } while (k < p->k);
}

AMX static void group_across(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i += BLOCK) {
        struct lat_product t = *p;

        t.m = least(p->m - i, BLOCK);
        t.a += i * p->a_row;
        t.c += i * p->c_row;
        across(&t);
    }
}

AMX static void product(const struct lat_product *p)
{
    struct lat_product t = *p;

    if (p->m == 0 || p->n == 0)
        return;
    configure(least(p->m, SIDE));
    for (size_t g = 0; g < lat__groups(p); g++) {
        if (p->a_col == 1)
            group(&t);
        else
            group_across(&t);
        t.a += p->a_group;
        t.c += p->c_group;
    }
    _tile_release();
}

const struct lat_kernel lat__kernel_amx = {
    .name = "avx512",
    .product = lat__avx512_product,
    .name16 = "amx",
    .product16 = product,
    .narrow = lat__avx512_narrow,
    .weave = lat__avx512_weave,
};
