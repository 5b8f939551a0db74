/*
 * operand.h - what products read, in the precision of the context: for the ops
 * that are made of products.
 *
 * In float32 it lies where it is.  In bfloat16 it becomes pairs of neighbours
 * along k, in room that the op lends:
 *
 *   along    positions of c channels, k over the channels: each becomes a
 *            width of pairs, and an odd c ends with a zero
 *   weights  taps of c rows, to go with these
 *   across   positions, k over the positions
 *   beside   rows, to go with these
 *
 * Each returns what the product is to read: from, or to.  Behind to are zeros,
 * as far as a kernel may read.  Sizes are in floats; room is 0 in float32.
 */
#ifndef LAT_OPERAND_H
#define LAT_OPERAND_H

#include "../ops.h"

/* The product in that precision, its operands as they are given below. */
void lat__multiply(const struct lat_ctx *ctx, const struct lat_product *p);
/* A product over positions, k and a_col as in float32. */
void lat__multiply_across(const struct lat_ctx *ctx, struct lat_product p);

/* Of a position with c channels. */
size_t lat__width(enum lat_precision p, size_t c);
size_t lat__along_room(enum lat_precision p, size_t n, size_t c);
const float *lat__along(const struct lat_ctx *ctx, float *to, const float *from,
                        size_t n, size_t c);

/* From row to row of n columns. */
size_t lat__b_row(enum lat_precision p, size_t n);
/* Of all of them, in float32 too. */
size_t lat__weights_size(enum lat_precision p, size_t taps, size_t c, size_t n);
const float *lat__weights(const struct lat_ctx *ctx, float *to,
                          const float *from, size_t taps, size_t c, size_t n);

/* from (n), each position step floats after the one before. */
size_t lat__across_room(enum lat_precision p, size_t n);
const float *lat__across(const struct lat_ctx *ctx, float *to,
                         const float *from, size_t n, size_t step);

/* from: rows of n, from_row apart. */
struct lat__rows {
    const float *from;
    size_t rows, n, from_row;
};

size_t lat__beside_room(enum lat_precision p, size_t rows, size_t n);
const float *lat__beside(const struct lat_ctx *ctx, float *to,
                         const struct lat__rows *r);

#endif
