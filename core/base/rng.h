/*
 * rng.h - one seeded generator per owner.
 *
 * xoshiro256** (Blackman and Vigna), seeded through splitmix64.  The state is
 * plain data: saved with a checkpoint, it goes on where it was.
 */
#ifndef LAT_RNG_H
#define LAT_RNG_H

#include <stddef.h>
#include <stdint.h>

struct lat_rng {
    uint64_t s[4];
};

void lat__rng_seed(struct lat_rng *r, uint64_t seed);
uint64_t lat__rng_next(struct lat_rng *r);
double lat__rng_uniform(struct lat_rng *r);         /* [0, 1) */
double lat__rng_normal(struct lat_rng *r);          /* mean 0, variance 1 */
size_t lat__rng_below(struct lat_rng *r, size_t n); /* 0 … n - 1 */

#endif
