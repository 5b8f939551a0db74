/*
 * topk.c - the k largest numbers of each row stay, the others become zero
 *
 * Of equals the first stay.  x, y, kept (n, c); y may be x, dx may be dy.
 */
#include "../ops.h"

#include <string.h>

struct top_k {
    float *y, *kept; /* kept is 1 or 0 */
    const float *x;
    size_t k, n, c;
};

/* A number whose order is the float's. */
static uint32_t key(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static size_t count_from(const float *x, size_t c, uint32_t least)
{
    size_t n = 0;

    for (size_t j = 0; j < c; j++)
        n += key(x[j]) >= least;
    return n;
}

/* The largest key that k or more numbers reach, bit by bit. */
static uint32_t threshold(const float *x, size_t c, size_t k)
{
    uint32_t t = 0;

    for (unsigned bit = 32; bit-- > 0;)
        if (count_from(x, c, t | UINT32_C(1) << bit) >= k)
            t |= UINT32_C(1) << bit;
    return t;
}

static void forward_row(const struct top_k *a, size_t i)
{
    const float *x = a->x + i * a->c;
    uint32_t t = threshold(x, a->c, a->k);
    size_t above = t == UINT32_MAX ? 0 : count_from(x, a->c, t + 1);
    size_t equals = a->k - above;

    for (size_t j = 0; j < a->c; j++) {
        uint32_t own = key(x[j]);
        bool stays = own > t || (own == t && equals > 0);

        equals -= own == t && equals > 0;
        if (a->kept)
            a->kept[i * a->c + j] = stays ? 1.0f : 0.0f;
        a->y[i * a->c + j] = stays ? x[j] : 0.0f;
    }
}

static void forward_part(void *arg, size_t part)
{
    const struct top_k *a = arg;

    for (size_t i = lat__part_begin(a->n, part);
         i < lat__part_begin(a->n, part + 1); i++)
        forward_row(a, i);
}

void lat__top_k_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                        float *kept, struct lat_tensor x, size_t k)
{
    struct top_k a = {y.v, kept, x.v, k, x.n, lat__item(x)};

    assert(k > 0 && k <= lat__item(x));
    lat__team_run(ctx->team, forward_part, &a);
}

void lat__top_k_backward(struct lat_tensor dx, struct lat_tensor dy,
                         const float *kept)
{
    for (size_t i = 0; i < lat__count(dx); i++)
        dx.v[i] = dy.v[i] * kept[i];
}
