/* limits.c - see limits.h. */
#include "limits.h"

#include <math.h>

/* spent falls by rate a second, to nothing; there is a token while
 * spent <= size - 1. */
uint64_t latd_bucket_wait(struct latd_bucket *b, double rate, double size,
                          uint64_t now_ns)
{
    double over;

    if (now_ns > b->at_ns)
        b->spent -= rate * (double)(now_ns - b->at_ns) * 1e-9;
    if (b->spent < 0.0)
        b->spent = 0.0;
    b->at_ns = now_ns;
    over = b->spent - (size - 1.0);
    /* a millionth of a token is rounding */
    return over > 1e-6 ? (uint64_t)ceil(over / rate * 1e3) : 0;
}

void latd_bucket_take(struct latd_bucket *b, double n)
{
    b->spent += n;
}
