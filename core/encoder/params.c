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

enum { LINE = 16 }; /* outputs that go together: a line of the block */

/* Where the taps of output o and input i begin in a file. */
static size_t file_place(const struct lat__param *p, size_t o, size_t i)
{
    o = channel_major(o, p->out, p->out_spread);
    i = channel_major(i, p->in, p->in_spread);
    return (o * p->in + i) * p->taps;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
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

    for (size_t o = 0; o < p->out; o++)
        for (size_t i = 0; i < p->in; i++) {
            float *to = file + file_place(p, o, i);

            for (size_t tap = 0; tap < p->taps; tap++)
                to[tap] = v[(tap * p->in + i) * p->out + o];
        }
}

/* Outputs o … of input i, of all taps. */
static void import_line(float *v, const float *file, const struct lat__param *p,
                        size_t o, size_t i)
{
    const size_t n = least(p->out - o, LINE);
    const float *from[LINE];

    for (size_t j = 0; j < n; j++)
        from[j] = file + file_place(p, o + j, i);
    for (size_t tap = 0; tap < p->taps; tap++)
        for (size_t j = 0; j < n; j++)
            v[(tap * p->in + i) * p->out + o + j] = from[j][tap];
}

void lat__param_import(float *block, const float *file,
                       const struct lat__param *p)
{
    for (size_t o = 0; o < p->out; o += LINE)
        for (size_t i = 0; i < p->in; i++)
            import_line(block + p->offset, file, p, o, i);
}
