/* windows.c - the vectors for which a row stands, each row's in a block of its
 * own. */
#include "../search.h"

#include <assert.h>

static struct lat__windows **place_of(const struct lat_search *s, size_t row)
{
    return &s->chunks[row / LAT_CHUNK_ROWS]->windows[row % LAT_CHUNK_ROWS];
}

static uint64_t *bits_of(const struct lat_search *s, size_t row)
{
    return &s->chunks[row / LAT_CHUNK_ROWS]
                ->many[row % LAT_CHUNK_ROWS / LAT_SEARCH_BLOCK];
}

static uint64_t bit_of(size_t row)
{
    return UINT64_C(1) << row % LAT_SEARCH_BLOCK;
}

/* One allocation: the head, padded to a cache line, lengths, values. */
static const size_t head =
    (sizeof(struct lat__windows) + 63) / 64 * 64 / sizeof(float);

static size_t floats_of(const struct lat_search *s, size_t n)
{
    return head + (s->shape.n_ranges + s->kept) * n;
}

/* ---- they come and go ---- */

void lat_search_drop_windows(struct lat_search *s, size_t row)
{
    struct lat__windows **w = place_of(s, row);

    if (!*w)
        return;
    s->window_bytes -= floats_of(s, (*w)->n) * sizeof(float);
    lat_free(*w);
    *w = NULL;
    *bits_of(s, row) &= ~bit_of(row);
}

void lat__windows_move(struct lat_search *s, size_t to, size_t from)
{
    struct lat__windows **was = place_of(s, from);

    if (!*was)
        return;
    *place_of(s, to) = *was;
    *was = NULL;
    *bits_of(s, from) &= ~bit_of(from);
    *bits_of(s, to) |= bit_of(to);
}

enum lat_code lat_search_set_windows(struct lat_search *s, size_t row,
                                     const float *v, size_t n,
                                     struct lat_err *err)
{
    struct lat__windows *w;

    assert(lat_search_has(s, row));
    lat_search_drop_windows(s, row);
    for (size_t i = 0; i < n; i++) {
        enum lat_code code = lat__search_check(s, v + i * s->shape.dims, err);

        if (code)
            return lat_wrap(err, code, "window %zu", i);
    }
    w = lat_calloc(floats_of(s, n), sizeof(float));
    if (!w)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    w->n = n;
    w->lengths = (float *)(void *)w + head;
    w->x = w->lengths + s->shape.n_ranges * n;
    for (size_t i = 0; i < n; i++)
        lat__search_put(&s->shape, w->x + i, w->lengths + i, n,
                        v + i * s->shape.dims);
    *place_of(s, row) = w;
    *bits_of(s, row) |= bit_of(row);
    s->window_bytes += floats_of(s, n) * sizeof(float);
    return LAT_OK;
}

/* ---- looks ---- */

size_t lat_search_windows(const struct lat_search *s, size_t row)
{
    const struct lat__windows *w = *place_of(s, row);

    return w ? w->n : 1;
}

void lat_search_get_window(const struct lat_search *s, size_t row, size_t i,
                           float *v)
{
    const struct lat__windows *w = *place_of(s, row);

    assert(i < lat_search_windows(s, row));
    if (w)
        lat__search_take(&s->shape, w->x + i, w->lengths + i, w->n, v);
    else
        lat_search_get(s, row, v);
}

size_t lat_search_window_bytes(const struct lat_search *s)
{
    return s->window_bytes;
}
