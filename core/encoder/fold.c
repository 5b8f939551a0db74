/*
 * fold.c - neighbours that go in one pass over their activations.
 *
 * A ReLU after a batch normalisation, and a repetition before a convolution,
 * are done by these where nobody else reads what lies between: the product and
 * the sums then wait less for memory.  The values are the same.
 */
#include "../encoder.h"

#include <string.h>

/* Whether the layer is the only one to read what the one before it makes. */
static bool only_reader(const struct lat__stack *s, size_t layer)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_layers; i++) {
        n += s->layers[i].x == layer;
        n += s->layers[i].spec.with && s->layers[i].z == layer;
    }
    return n == 1 && s->layers[layer].x == layer;
}

static void fold_relu(struct lat__layer *norm, struct lat__layer *relu)
{
    norm->relu = true;
    norm->y = relu->y;
    relu->folded = true;
}

static void fold_upsample(struct lat__layer *up, struct lat__layer *conv)
{
    conv->up = up->spec.factor;
    conv->x = up->x;
    conv->x_shared = up->x_shared;
    up->folded = true;
}

void lat__stack_fold(struct lat__stack *s)
{
    for (size_t i = 0; i < s->n_layers; i++) {
        s->layers[i].y = i + 1;
        s->layers[i].up = 1;
    }
    for (size_t i = 1; i < s->n_layers; i++) {
        struct lat__layer *first = &s->layers[i - 1], *l = &s->layers[i];

        if (!only_reader(s, i))
            continue;
        if (lat__layer_is(first, "batchnorm") && lat__layer_is(l, "relu"))
            fold_relu(first, l);
        if (lat__layer_is(first, "upsample") && lat__layer_is(l, "conv1d") &&
            l->spec.stride == 1)
            fold_upsample(first, l);
    }
}
