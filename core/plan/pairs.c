/*
 * pairs.c - the inputs of products as lines of bfloat16 pairs.
 *
 * Where positions are a whole number of pairs apart, a line is narrowed as it
 * lies, and rows of the product overlap in it as they do in float32.  Else
 * each position gets pairs of its own: that is the first layer, of one or
 * three channels.
 *
 * Behind each line are zeros, as far as a kernel may read: what is multiplied
 * by the zeros behind the weights must be finite.
 */
#include "../plan.h"

#include "../kernel/pairs.h"

#include <string.h>

void lat__plan_lines(struct lat__step *st)
{
    struct lat__lines *l = &st->lines;

    l->n = (st->rows - 1) * (st->x.row ? st->down / st->x.row : 0) + st->taps;
    l->depth = lat__pairs(st->k);
    if (st->stride % 2 == 0) {
        l->stride = st->stride / 2;
        l->floats = (st->m - 1) * st->stride + st->k;
        l->pitch = lat__pairs(l->floats) + LAT_LINE;
    } else {
        l->gathered = st->m;
        l->stride = l->depth;
        l->pitch = st->m * l->depth + LAT_LINE;
    }
}

void lat__plan_narrow(const struct lat_plan *p, const struct lat__step *st,
                      float *room)
{
    const struct lat__lines *l = &st->lines;
    void (*narrow)(float *to, const float *from, size_t n) = p->kernel->narrow;

    for (size_t i = 0; i < l->n; i++) {
        const float *from = room + st->from + i * st->x.row;
        float *to = room + p->pairs + i * l->pitch;

        if (l->floats)
            narrow(to, from, l->floats);
        for (size_t v = 0; v < l->gathered; v++)
            narrow(to + v * l->stride, from + v * st->stride, st->k);
        memset(to + l->pitch - LAT_LINE, 0, LAT_LINE * sizeof(*to));
    }
}
