/* matrix.c - rows at unit length, in blocks that never move. */
#include "../search.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { BLOCK = LAT_SEARCH_BLOCK };

struct lat_search_shape lat_search_shape(const struct lat_card *card)
{
    struct lat_search_shape s = {.dims = card->dims};

    if (!card->partitioned) {
        s.n_ranges = 1;
        s.ranges[0] = (struct lat_range){0, card->dims};
        return s;
    }
    s.n_ranges = LAT_N_BLOCKS;
    for (int b = 0; b < LAT_N_BLOCKS; b++)
        s.ranges[b] = card->blocks[b];
    return s;
}

size_t lat__search_offset(const struct lat_search_shape *shape, size_t r)
{
    size_t at = 0;

    for (size_t i = 0; i < r; i++)
        at += shape->ranges[i].end - shape->ranges[i].begin;
    return at;
}

/* ---- where things are ---- */

static struct lat__chunk *chunk_of(const struct lat_search *s, size_t row)
{
    return s->chunks[row / LAT_CHUNK_ROWS];
}

static size_t block_of(size_t row)
{
    return row % LAT_CHUNK_ROWS / BLOCK;
}

static float *values(const struct lat_search *s, size_t row)
{
    return chunk_of(s, row)->x + block_of(row) * s->kept * BLOCK + row % BLOCK;
}

static float *lengths_of(const struct lat_search *s, size_t row)
{
    return chunk_of(s, row)->lengths +
           block_of(row) * s->shape.n_ranges * BLOCK + row % BLOCK;
}

/* ---- rows ---- */

enum lat_code lat__search_check(const struct lat_search *s, const float *v,
                                struct lat_err *err)
{
    for (size_t r = 0; r < s->shape.n_ranges; r++) {
        double sum = 0.0;

        for (size_t i = s->shape.ranges[r].begin; i < s->shape.ranges[r].end;
             i++)
            sum += (double)v[i] * (double)v[i];
        if (!(sqrt(sum) <= (double)FLT_MAX))
            return lat_fail(err, LAT_ENONFINITE,
                            "a vector whose length is %g in dimensions %zu to "
                            "%zu, expected a finite float32",
                            sqrt(sum), s->shape.ranges[r].begin,
                            s->shape.ranges[r].end - 1);
    }
    return LAT_OK;
}

void lat__search_put(const struct lat_search_shape *shape, float *x,
                     float *lengths, size_t stride, const float *v)
{
    for (size_t r = 0; r < shape->n_ranges; r++) {
        size_t begin = shape->ranges[r].begin;
        size_t end = shape->ranges[r].end;
        double sum = 0.0, l;

        for (size_t i = begin; i < end; i++)
            sum += (double)v[i] * (double)v[i];
        l = sqrt(sum);
        lengths[r * stride] = (float)l;
        for (size_t i = begin; i < end; i++, x += stride)
            *x = l > 0.0 ? (float)((double)v[i] / l) : 0.0f;
    }
}

void lat__search_take(const struct lat_search_shape *shape, const float *x,
                      const float *lengths, size_t stride, float *v)
{
    memset(v, 0, shape->dims * sizeof(*v));
    for (size_t r = 0; r < shape->n_ranges; r++)
        for (size_t i = shape->ranges[r].begin; i < shape->ranges[r].end;
             i++, x += stride)
            v[i] = *x * lengths[r * stride];
}

static void put(struct lat_search *s, size_t row, const float *v)
{
    lat__search_put(&s->shape, values(s, row), lengths_of(s, row), BLOCK, v);
    chunk_of(s, row)->live[block_of(row)] |= UINT64_C(1) << row % BLOCK;
}

static enum lat_code grow_table(struct lat_search *s, struct lat_err *err)
{
    size_t cap = s->cap ? 2 * s->cap : 16;
    struct lat__chunk **more;

    if (s->n_chunks < s->cap)
        return LAT_OK;
    more = lat_calloc(cap, sizeof(struct lat__chunk *));
    if (!more)
        return lat_fail(err, LAT_ENOMEM, "a table of %zu chunks", cap);
    if (s->n_chunks)
        memcpy(more, s->chunks, s->n_chunks * sizeof(struct lat__chunk *));
    lat_free(s->chunks);
    s->chunks = more;
    s->cap = cap;
    return LAT_OK;
}

/* One allocation: the chunk, padded to a cache line, lengths, values. */
static size_t chunk_floats(const struct lat_search *s)
{
    return (s->shape.n_ranges + s->kept) * LAT_CHUNK_ROWS;
}

static const size_t head =
    (sizeof(struct lat__chunk) + 63) / 64 * 64 / sizeof(float);

static enum lat_code grow(struct lat_search *s, struct lat_err *err)
{
    enum lat_code code = grow_table(s, err);
    struct lat__chunk *c;

    if (code)
        return code;
    c = lat_calloc(head + chunk_floats(s), sizeof(float));
    if (!c)
        return lat_fail(err, LAT_ENOMEM, "%d vectors", (int)LAT_CHUNK_ROWS);
    c->lengths = (float *)c + head;
    c->x = c->lengths + s->shape.n_ranges * LAT_CHUNK_ROWS;
    s->chunks[s->n_chunks++] = c;
    return LAT_OK;
}

enum lat_code lat_search_append(struct lat_search *s, const float *v,
                                struct lat_err *err)
{
    enum lat_code code = lat__search_check(s, v, err);

    if (code == LAT_OK && s->rows == s->n_chunks * LAT_CHUNK_ROWS)
        code = grow(s, err);
    if (code)
        return code;
    put(s, s->rows++, v);
    s->n_live++;
    return LAT_OK;
}

enum lat_code lat_search_replace(struct lat_search *s, size_t row,
                                 const float *v, struct lat_err *err)
{
    enum lat_code code = lat__search_check(s, v, err);

    assert(lat_search_has(s, row));
    if (code)
        return code;
    lat_search_drop_windows(s, row);
    put(s, row, v);
    return LAT_OK;
}

void lat_search_drop(struct lat_search *s, size_t row)
{
    assert(lat_search_has(s, row));
    lat_search_drop_windows(s, row);
    chunk_of(s, row)->live[block_of(row)] &= ~(UINT64_C(1) << row % BLOCK);
    s->n_live--;
}

static void move_row(struct lat_search *s, size_t to, size_t from)
{
    const float *x = values(s, from), *l = lengths_of(s, from);
    float *xt = values(s, to), *lt = lengths_of(s, to);

    for (size_t i = 0; i < s->kept; i++)
        xt[i * BLOCK] = x[i * BLOCK];
    for (size_t r = 0; r < s->shape.n_ranges; r++)
        lt[r * BLOCK] = l[r * BLOCK];
    chunk_of(s, from)->live[block_of(from)] &= ~(UINT64_C(1) << from % BLOCK);
    chunk_of(s, to)->live[block_of(to)] |= UINT64_C(1) << to % BLOCK;
    lat__windows_move(s, to, from);
}

void lat_search_compact(struct lat_search *s,
                        void (*moved)(void *arg, size_t to, size_t from),
                        void *arg)
{
    size_t to = 0, chunks;

    for (size_t from = 0; from < s->rows; from++) {
        if (!lat_search_has(s, from))
            continue;
        if (to != from)
            move_row(s, to, from);
        if (moved)
            moved(arg, to, from);
        to++;
    }
    s->rows = to;
    chunks = (to + LAT_CHUNK_ROWS - 1) / LAT_CHUNK_ROWS;
    while (s->n_chunks > chunks)
        lat_free(s->chunks[--s->n_chunks]);
}

/* ---- looks ---- */

size_t lat_search_rows(const struct lat_search *s)
{
    return s->rows;
}

size_t lat_search_live(const struct lat_search *s)
{
    return s->n_live;
}

bool lat_search_has(const struct lat_search *s, size_t row)
{
    return row < s->rows &&
           (chunk_of(s, row)->live[block_of(row)] >> row % BLOCK & 1);
}

size_t lat_search_bytes(const struct lat_search *s)
{
    return sizeof(*s) + s->cap * sizeof(struct lat__chunk *) +
           s->n_chunks * (head + chunk_floats(s)) * sizeof(float);
}

void lat_search_get(const struct lat_search *s, size_t row, float *v)
{
    lat__search_take(&s->shape, values(s, row), lengths_of(s, row), BLOCK, v);
}

/* ---- a life ---- */

enum lat_code lat_search_new(struct lat_search **out,
                             const struct lat_search_shape *shape,
                             const struct lat_kernel *kernel,
                             struct lat_err *err)
{
    struct lat_search *s = lat_calloc(1, sizeof(*s));

    assert(shape->n_ranges > 0 && shape->n_ranges <= LAT_SEARCH_RANGES);
    if (!s)
        return lat_fail(err, LAT_ENOMEM, "a matrix of vectors");
    s->shape = *shape;
    s->kernel = kernel;
    s->kept = lat__search_offset(shape, shape->n_ranges);
    *out = s;
    return LAT_OK;
}

void lat_search_free(struct lat_search *s)
{
    if (!s)
        return;
    for (size_t row = 0; row < s->rows; row++)
        lat_search_drop_windows(s, row);
    while (s->n_chunks)
        lat_free(s->chunks[--s->n_chunks]);
    lat_free(s->chunks);
    lat_free(s);
}
