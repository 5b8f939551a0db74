/* probe.h - what probe.c and scan.c share. */
#ifndef LAT_PROBE_H
#define LAT_PROBE_H

#include "../search.h"

/* The best of one query in one place. */
struct lat__top {
    struct lat_hit *hits; /* (k), a heap with the worst on top */
    size_t n;
    float above; /* what a score must exceed to be taken */
};

struct lat_probe {
    struct lat_search_shape shape;
    struct lat_search_ask ask; /* weights divided by their magnitudes' sum */
    size_t kept, n_places;
    size_t n_lists;        /* of what is found: queries, or groups of them */
    size_t *ends;          /* (n_lists), by windows; NULL: by rows */
    float *q;              /* (n, kept), see load in probe.c */
    double *lengths;       /* (n, n_ranges), of the queries */
    struct lat__top *tops; /* (n_places, n_lists) */
    struct lat_hit *hits;  /* (n_places, n_lists, k) */
    struct lat_hit *best;  /* (n_places * k), of one query */
};

/* score > t->above, and row comes after all rows offered before. */
void lat__top_offer(struct lat__top *t, size_t k, struct lat_hit hit);

/* ---- scan.c: scores of queries and vectors that stand in one block */

enum { LAT__GROUP = 16 };

struct lat__block {
    const float *x, *lengths; /* rows of them stand stride apart */
    size_t stride, n;         /* n vectors, at most LAT_SEARCH_BLOCK */
    size_t row;               /* the first's */
    uint64_t take;            /* bits of the rows that count */
};

/* (n, n of the block), rows LAT_SEARCH_BLOCK apart: the sums stay in the first
 * cache. */
struct lat__scores {
    size_t first, n; /* of the queries, at most LAT__GROUP */
    float v[LAT__GROUP * LAT_SEARCH_BLOCK];
};

void lat__block_scores(struct lat__scores *c, const struct lat_probe *p,
                       const struct lat_search *s, const struct lat__block *b);

/* ---- best.c: a row's score is that of its best window */

void lat__best_scan(struct lat_probe *p, size_t place,
                    const struct lat_search *s, const struct lat__block *b);

#endif
