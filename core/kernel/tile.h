/*
 * tile.h - cuts a product into tiles whose sums stay in registers.
 *
 * A tile is a product with few rows and columns.  Each element of c is one sum
 * in one register lane, over p from 0 upwards, wherever the cuts fall: so its
 * bytes depend neither on m nor on the shape of the tile.
 */
#ifndef LAT_TILE_H
#define LAT_TILE_H

#include "kernel.h"

enum { LAT_TILE_ROWS = 12 };

typedef void lat__tile_fn(const struct lat_product *t);

/* Tiles of 1 … rows rows and up to cols columns. */
struct lat_tile_shape {
    size_t rows, cols;
    lat__tile_fn *fn[LAT_TILE_ROWS]; /* by rows - 1 */
};

struct lat_tiles {
    struct lat_tile_shape wide, mid, narrow; /* by falling cols */
    lat__tile_fn *dot; /* n = 1, a_col = 1, b_row = 1: along k, not n */
};

void lat__tile_product(const struct lat_tiles *tiles,
                       const struct lat_product *p);

#endif
