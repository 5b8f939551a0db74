/*
 * search.h - how the matrix lies in memory, for the files of search/.
 *
 * Rows come in blocks of 64.  A block is (kept dims, 64): a dimension's values
 * stand side by side, so the product of queries with a block reads memory from
 * front to back, a range of dimensions is one piece of it, and the sums of 64
 * rows stay in registers.  A chunk is 16 blocks; chunks never move, so growing
 * copies nothing.
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

struct lat__chunk {
    uint64_t live[LAT_CHUNK_BLOCKS]; /* bit of row % 64 */
    float *lengths;                  /* (blocks, n_ranges, 64) */
    float *x;                        /* (blocks, kept, 64) */
};

struct lat_search {
    struct lat_search_shape shape;
    const struct lat_kernel *kernel;
    size_t kept; /* dimensions in ranges */
    size_t rows, n_live;
    size_t n_chunks, cap;
    struct lat__chunk **chunks; /* (cap) */
};

/* The part of a block that range r has begins at this dimension of it. */
size_t lat__search_offset(const struct lat_search_shape *shape, size_t r);

/* The k best of all rows by all threads of team, which may be NULL: scan in
 * LAT_PARTS places. */
void lat__probe_run(struct lat_probe *p, const struct lat_search *s,
                    const uint64_t *allow, struct lat_team *team);

#endif
