/*
 * conv_room.h - the geometry of a convolution and where its things lie in a
 * part's scratch, for conv.c alone.
 */
#ifndef LAT_CONV_ROOM_H
#define LAT_CONV_ROOM_H

#include "../ops.h"

struct lat__conv {
    struct lat_tensor y, x;        /* their shapes, or dy and dx */
    size_t kh, kw, sh, sw, ph, pw; /* both axes: kernel, stride, padding */
    size_t taps_h, taps_w;         /* most taps of one phase, see backward */
    size_t over_h, over_w;         /* of dy, zeros behind it */
    struct lat_tensor x_padded;    /* one thing each, without v */
    struct lat_tensor dy_padded;
    size_t dy_at, dw_at, db_at, turned_at, scratch; /* floats */

    /* As products read them; in bfloat16 behind all that float32 has. */
    enum lat_precision precision;
    size_t xw, yw;      /* of a position of x and of y */
    size_t kernel_row;  /* the weights of one row of the kernel … */
    size_t turned_row;  /* … and these turned, phase after phase */
    size_t rows;        /* a row of dy, over positions */
    size_t x_along_at;  /* the padded thing, over channels or positions */
    size_t dy_along_at; /* dy padded, over channels … */
    size_t rows_at;     /* … and its rows, over positions */
    size_t w_at;        /* of part 0: the weights, as they are or turned */
};

struct lat__conv lat__conv(struct lat_tensor y, struct lat_tensor x,
                           struct lat_window_geom g,
                           enum lat_precision precision);
/* A thing in the midst of zeros. */
struct lat__margin {
    struct lat_tensor padded; /* without v */
    size_t top, left;         /* rows and columns of zeros before it */
};

/* Thing i of t; t itself where there is nothing to add. */
struct lat_tensor lat__conv_pad(float *to, const struct lat__margin *m,
                                struct lat_tensor t, size_t i);
/* The same as products over channels read it. */
const float *lat__conv_along(const struct lat_ctx *ctx, float *to,
                             const struct lat__margin *m, struct lat_tensor t,
                             size_t i);

/* The taps that positions of phase r meet, and their weights, turned. */
size_t lat__conv_taps(const struct lat__conv *c, size_t r);
size_t lat__conv_turned(const struct lat__conv *c, size_t r);

#endif
