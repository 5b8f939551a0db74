/* tile.c - blocks of k, panels of columns, tiles of rows. */
#include "tile.h"

/* Rows of b that a panel has: 256 rows of 32 columns are 32 KB. */
enum { K_BLOCK = 256 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Few rows need many columns, to have enough sums in flight. */
static const struct lat_tile_shape *shape_for(const struct lat_tiles *tiles,
                                              size_t m, size_t n)
{
    if (m <= tiles->wide.rows && n > tiles->mid.cols)
        return &tiles->wide;
    return n > tiles->narrow.cols ? &tiles->mid : &tiles->narrow;
}

/* One panel of one group, in tiles of about as many rows each. */
static void panel(const struct lat_tile_shape *shape, struct lat_product t)
{
    size_t m = t.m, n_tiles = (m + shape->rows - 1) / shape->rows;
    const float *a = t.a;
    float *c = t.c;

    for (size_t i = 0; i < n_tiles; i++) {
        size_t begin = m * i / n_tiles;

        t.m = m * (i + 1) / n_tiles - begin;
        t.a = a + begin * t.a_row;
        t.c = c + begin * t.c_row;
        shape->fn[t.m - 1](&t);
    }
}

static void panels(const struct lat_tiles *tiles, const struct lat_product *p)
{
    for (size_t j = 0; j < p->n;) {
        const struct lat_tile_shape *shape = shape_for(tiles, p->m, p->n - j);
        struct lat_product t = *p;

        t.n = least(p->n - j, shape->cols);
        t.b += j;
        t.c += j;
        t.bias = p->bias ? p->bias + j : NULL;
        for (size_t g = 0; g < lat__groups(p); g++) {
            panel(shape, t);
            t.a += p->a_group;
            t.c += p->c_group;
        }
        j += t.n;
    }
}

static void k_blocks(const struct lat_tiles *tiles, const struct lat_product *p)
{
    size_t k = 0;

    do {
        struct lat_product t = *p;

        t.k = least(p->k - k, K_BLOCK);
        t.a += k * p->a_col;
        t.b += k * p->b_row;
        t.bias = k == 0 ? p->bias : NULL;
        t.add = k > 0 || p->add;
        k += t.k;
        t.relu = k == p->k && p->relu;
        panels(tiles, &t);
    } while (k < p->k);
}

/* One column along which rows of a lie: c' = b' a'. */
static struct lat_product turned(const struct lat_product *p)
{
    return (struct lat_product){
        .m = 1,
        .n = p->m,
        .k = p->k,
        .a = p->b,
        .a_col = p->b_row,
        .b = p->a,
        .b_row = p->a_col,
        .c = p->c,
        .add = p->add,
        .relu = p->relu,
    };
}

/* One column, along the rows of a or across them. */
static void column(const struct lat_tiles *tiles, const struct lat_product *p)
{
    if (p->a_row == 1 && p->c_row == 1 && !p->bias) {
        struct lat_product t = turned(p);

        k_blocks(tiles, &t);
    } else if (p->a_col == 1 && p->b_row == 1) {
        tiles->dot(p);
    } else {
        k_blocks(tiles, p);
    }
}

void lat__tile_product(const struct lat_tiles *tiles,
                       const struct lat_product *p)
{
    struct lat_product t = *p;

    if (p->m == 0 || p->n == 0)
        return;
    if (p->n > 1) {
        k_blocks(tiles, p);
        return;
    }
    t.groups = 1;
    for (size_t g = 0; g < lat__groups(p); g++) {
        column(tiles, &t);
        t.a += p->a_group;
        t.c += p->c_group;
    }
}
