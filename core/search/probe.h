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
    float *q;              /* (n, kept), see load in probe.c */
    double *lengths;       /* (n, n_ranges), of the queries */
    struct lat__top *tops; /* (n_places, n) */
    struct lat_hit *hits;  /* (n_places, n, k) */
    struct lat_hit *best;  /* (n_places * k), of one query */
};

/* score > t->above, and row comes after all rows offered before. */
void lat__top_offer(struct lat__top *t, size_t k, float score, size_t row);

#endif
