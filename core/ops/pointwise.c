/*
 * pointwise.c - one number at a time: y = max(0, x), y = x + z
 *
 * All of one shape; y may be x, dx may be dy.
 */
#include "../ops.h"

#include <string.h>

struct pointwise {
    float *y; /* what is written */
    const float *x, *z;
    size_t item, n;
};

/* The floats begin … end - 1 of a part. */
static size_t floats(const struct pointwise *k, size_t part, size_t *begin)
{
    *begin = lat__part_begin(k->n, part) * k->item;
    return lat__part_begin(k->n, part + 1) * k->item;
}

static void run(const struct lat_ctx *ctx, void (*fn)(void *, size_t),
                struct lat_tensor y, const float *x, const float *z)
{
    struct pointwise k = {y.v, x, z, lat__item(y), y.n};

    lat__team_run(ctx->team, fn, &k);
}

static void check(struct lat_tensor y, struct lat_tensor x)
{
    assert(y.n == x.n && lat__item(y) == lat__item(x));
}

/* What is no number stays none. */
static void relu_part(void *arg, size_t part)
{
    const struct pointwise *k = arg;
    size_t i, end = floats(k, part, &i);

    for (; i < end; i++)
        k->y[i] = k->x[i] < 0.0f ? 0.0f : k->x[i];
}

void lat__relu_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                       struct lat_tensor x)
{
    check(y, x);
    run(ctx, relu_part, y, x.v, NULL);
}

static void relu_back_part(void *arg, size_t part)
{
    const struct pointwise *k = arg;
    size_t i, end = floats(k, part, &i);

    for (; i < end; i++) {
        float dy = k->x[i]; /* read in any case, so that nothing branches */

        k->y[i] = k->z[i] > 0.0f ? dy : 0.0f;
    }
}

void lat__relu_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                        struct lat_tensor dy, struct lat_tensor y)
{
    if (!dx.v)
        return;
    check(dx, dy);
    check(dy, y);
    run(ctx, relu_back_part, dx, dy.v, y.v);
}

static void add_part(void *arg, size_t part)
{
    const struct pointwise *k = arg;
    size_t i, end = floats(k, part, &i);

    for (; i < end; i++)
        k->y[i] = k->x[i] + k->z[i];
}

void lat__add_forward(const struct lat_ctx *ctx, struct lat_tensor y,
                      struct lat_tensor x, struct lat_tensor z)
{
    check(y, x);
    check(y, z);
    run(ctx, add_part, y, x.v, z.v);
}

/* y was x + z: dx = dy, dz = dy. */
void lat__add_backward(const struct lat_ctx *ctx, struct lat_tensor dx,
                       struct lat_tensor dz, struct lat_tensor dy)
{
    size_t size = lat__count(dy) * sizeof(*dy.v);

    (void)ctx;
    if (dx.v && dx.v != dy.v)
        memcpy(dx.v, dy.v, size);
    if (dz.v && dz.v != dy.v)
        memcpy(dz.v, dy.v, size);
}
