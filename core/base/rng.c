/* rng.c - xoshiro256**, public domain reference by Blackman and Vigna. */
#include "rng.h"

#include <math.h>

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void lat__rng_seed(struct lat_rng *r, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

uint64_t lat__rng_next(struct lat_rng *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double lat__rng_uniform(struct lat_rng *r)
{
    return (double)(lat__rng_next(r) >> 11) * 0x1p-53;
}

/* Box and Muller; the second value is thrown away, so that the state is all
 * there is to save. */
double lat__rng_normal(struct lat_rng *r)
{
    double u = 1.0 - lat__rng_uniform(r), v = lat__rng_uniform(r);

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* The bias of the product is below n / 2^64. */
size_t lat__rng_below(struct lat_rng *r, size_t n)
{
    return (size_t)(lat__rng_uniform(r) * (double)n);
}
