/*
 * scan.h - takes the long values out of a JSON text before jansson sees it.
 *
 * Arrays of samples go straight into an aligned float buffer, long texts
 * (base64, data URIs) stay where they are; what is left is the envelope, in
 * which a small integer stands for each piece taken out.  Which places are
 * taken out is a table in scan.c; a number that the client wrote there itself
 * is refused, so nothing can be mistaken for a piece.
 *
 * The pass checks what it takes out, jansson the rest.  Any thread.
 */
#ifndef LATD_WIRE_SCAN_H
#define LATD_WIRE_SCAN_H

#include "../../core/latent.h"

enum {
    LATD_JSON_DEPTH = 32,       /* of arrays and objects in each other */
    LATD_JSON_VALUES = 1 << 18, /* of all, but those in arrays of samples:
                                   jansson wants hundreds of bytes for each */
};

/* One value taken out: numbers, or a text without escapes. */
struct latd_piece {
    float *v;         /* (n_rows, n), row after row; NULL for a text */
    size_t n_rows, n; /* a flat array is one row */
    bool nested;      /* an array of arrays */
    const char *text; /* in the body; NULL for numbers */
    size_t len;
    struct lat_err *bad; /* first element that cannot be used, with its path
                            below the array; NULL: all can */
    size_t at, saved;    /* offset in the envelope; bytes less than before */
};

struct latd_scan {
    struct lat_buf envelope;
    struct latd_piece *pieces;
    size_t n_pieces, cap;
};

/* The body must outlive the scan.  What is not JSON where it was looked at is
 * LAT_EFORMAT with the path of the value in err->param.  Whatever happened,
 * fini frees. */
LAT_MUST_CHECK enum lat_code latd_scan_run(struct latd_scan *s,
                                           const char *body, size_t len,
                                           struct lat_err *err);
void latd_scan_fini(struct latd_scan *s);

#endif
