/*
 * names.h - texts by number: each is kept once, as long as somebody uses it.
 *
 * Numbers are small and given again once nobody uses them.  One thread.
 */
#ifndef LATD_INDEX_NAMES_H
#define LATD_INDEX_NAMES_H

#include "../../core/latent.h"

#define LATD_NO_NAME UINT32_MAX

struct latd_name {
    char *text; /* NULL: free */
    uint32_t hash, refs, next;
};

/* Zeroed: empty. */
struct latd_names {
    struct latd_name *v; /* (cap); n were ever in use */
    uint32_t n, cap, n_used, free;
    uint32_t *buckets; /* (cap), each a number + 1 */
    size_t bytes;
};

void latd_names_fini(struct latd_names *t);
/* LATD_NO_NAME when it is not there. */
uint32_t latd_names_find(const struct latd_names *t, const char *text);
/* One more user of it; LATD_NO_NAME when there is no memory. */
uint32_t latd_names_take(struct latd_names *t, const char *text);
/* One less. */
void latd_names_drop(struct latd_names *t, uint32_t number);

#endif
