/*
 * params.c - tensors of the block, by name and in PyTorch's order.
 *
 *     block[(tap in_ + i) out_ + o]  =  file[(o' in_ + i') taps + tap]
 *
 * where o' and i' are o and i, or, where the axis is a flattened map, what
 * PyTorch counts there: channel after channel instead of sample after sample.
 */
#include "../encoder.h"

#include <stdio.h>

/* Place i of n, channels last, among channels first. */
static size_t channel_major(size_t i, size_t n, size_t spread)
{
    return spread ? i % spread * (n / spread) + i / spread : i;
}

static size_t file_place(const struct lat__param *p, size_t at)
{
    size_t o = at % p->out, i = at / p->out % p->in, tap = at / p->out / p->in;

    o = channel_major(o, p->out, p->out_spread);
    i = channel_major(i, p->in, p->in_spread);
    return (o * p->in + i) * p->taps + tap;
}

size_t lat__param_count(const struct lat__param *p)
{
    return p->out * p->in * p->taps;
}

void lat__param_name(char name[LAT_TENSOR_NAME_MAX], const struct lat__stack *s,
                     size_t layer, const struct lat__param *p)
{
    snprintf(name, LAT_TENSOR_NAME_MAX, "%s.%zu.%s", s->name, layer, p->name);
}

void lat__param_export(float *file, const float *block,
                       const struct lat__param *p)
{
    const float *v = block + p->offset;

    for (size_t i = 0; i < lat__param_count(p); i++)
        file[file_place(p, i)] = v[i];
}

void lat__param_import(float *block, const float *file,
                       const struct lat__param *p)
{
    float *v = block + p->offset;

    for (size_t i = 0; i < lat__param_count(p); i++)
        v[i] = file[file_place(p, i)];
}
