/*
 * search.h - how the matrix lies in memory, for the files of search/.
 *
 * Rows come in blocks of 64.  A block is (kept dims, 64): a dimension's values
 * stand side by side, so the product of queries with a block reads memory from
 * front to back, a range of dimensions is one piece of it, and the sums of 64
 * rows stay in registers.  A chunk is 16 blocks; chunks never move, so growing
 * copies nothing.
 *
 * The windows of a row are such a block of their own, as wide as they are many.
 */
#ifndef LAT_SEARCH_H
#define LAT_SEARCH_H

#include "base/team.h"
#include "kernel/kernel.h"
#include "latent/search.h"

enum {
    LAT_CHUNK_BLOCKS = 16,
    LAT_CHUNK_ROWS = LAT_CHUNK_BLOCKS * LAT_SEARCH_BLOCK
};

/* The windows of one row. */
struct lat__windows {
    size_t n;
    float *lengths; /* (n_ranges, n) */
    float *x;       /* (kept, n) */
};

struct lat__chunk {
    uint64_t live[LAT_CHUNK_BLOCKS];              /* bit of row % 64 */
    uint64_t many[LAT_CHUNK_BLOCKS];              /* the same: it has windows */
    float *lengths;                               /* (blocks, n_ranges, 64) */
    float *x;                                     /* (blocks, kept, 64) */
    struct lat__windows *windows[LAT_CHUNK_ROWS]; /* NULL: itself alone */
};

struct lat_search {
    struct lat_search_shape shape;
    const struct lat_kernel *kernel;
    size_t kept; /* dimensions in ranges */
    size_t rows, n_live;
    size_t n_chunks, cap;
    size_t window_bytes;
    struct lat__chunk **chunks; /* (cap) */
};

/* The part of a block that range r has begins at this dimension of it. */
size_t lat__search_offset(const struct lat_search_shape *shape, size_t r);

/* v is finite, and so is each range's length. */
LAT_MUST_CHECK enum lat_code lat__search_check(const struct lat_search *s,
                                               const float *v,
                                               struct lat_err *err);
/* v at unit length in each range, and the lengths, every stride floats. */
void lat__search_put(const struct lat_search_shape *shape, float *x,
                     float *lengths, size_t stride, const float *v);
void lat__search_take(const struct lat_search_shape *shape, const float *x,
                      const float *lengths, size_t stride, float *v);
/* Those of one row become another's, which has none. */
void lat__windows_move(struct lat_search *s, size_t to, size_t from);

/* The k best of all rows by all threads of team, which may be NULL: scan in
 * LAT_PARTS places. */
void lat__probe_run(struct lat_probe *p, const struct lat_search *s,
                    const uint64_t *allow, struct lat_team *team);

#endif
