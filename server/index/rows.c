/* rows.c - the vectors by one digest: a matrix, and whose each row is. */
#include "table.h"

#include <string.h>

/* Rows that were dropped are taken out once they are half of all. */
enum { COMPACT_LEAST = 4096 };

static void *grown(const void *old, size_t n, size_t cap, size_t size)
{
    void *more = lat_calloc(cap, size);

    if (more && n)
        memcpy(more, old, n * size);
    return more;
}

static bool grow_rows(struct latd_table *t)
{
    size_t cap = t->cap_rows ? 2 * t->cap_rows : 1024;
    uint32_t *more;
    bool *pooled;

    if (lat_search_rows(t->m) < t->cap_rows)
        return true;
    more = grown(t->slots, t->cap_rows, cap, sizeof(*more));
    pooled = grown(t->pooled, t->cap_rows, cap, sizeof(*pooled));
    if (!more || !pooled) {
        lat_free(more);
        lat_free(pooled);
        return false;
    }
    lat_free(t->slots);
    lat_free(t->pooled);
    t->slots = more;
    t->pooled = pooled;
    t->cap_rows = cap;
    return true;
}

/* A failure half way leaves some that are longer, which does no harm: cap is
 * what all have. */
bool latd_rows_room(struct latd_index *idx)
{
    size_t cap = idx->ids.cap;
    struct latd_slot *slots;

    if (cap <= idx->cap_slots)
        return true;
    for (size_t i = 0; i < idx->n_tables; i++) {
        struct latd_table *t = idx->tables[i];
        uint32_t *more = grown(t->rows, idx->cap_slots, cap, sizeof(*more));

        if (!more)
            return false;
        lat_free(t->rows);
        t->rows = more;
    }
    slots = grown(idx->slots, idx->cap_slots, cap, sizeof(*slots));
    if (!slots)
        return false;
    lat_free(idx->slots);
    idx->slots = slots;
    idx->cap_slots = cap;
    return true;
}

void latd_table_free(struct latd_table *t)
{
    if (!t)
        return;
    lat_search_free(t->m);
    lat_free(t->slots);
    lat_free(t->pooled);
    lat_free(t->rows);
    lat_free(t);
}

enum lat_code latd_table_new(struct latd_index *idx, const char *digest,
                             const struct lat_card *card, struct lat_err *err)
{
    struct latd_table *t = lat_calloc(1, sizeof(*t));
    enum lat_code code;

    if (!t)
        return lat_fail(err, LAT_ENOMEM, "a table of vectors");
    t->shape = lat_search_shape(card);
    strncpy(t->digest, digest, sizeof(t->digest) - 1);
    code = lat_search_new(&t->m, &t->shape, idx->kernel, err);
    t->rows = lat_calloc(idx->cap_slots, sizeof(*t->rows));
    if (code == LAT_OK && !t->rows)
        code = lat_fail(err, LAT_ENOMEM, "%zu recordings", idx->cap_slots);
    if (code == LAT_OK && idx->n_tables == LATD_TABLES_MAX)
        code = lat_fail(err, LAT_EFULL, "vectors by %d models, no more",
                        LATD_TABLES_MAX);
    if (code)
        latd_table_free(t);
    else
        idx->tables[idx->n_tables++] = t;
    return code;
}

/* ---- rows ---- */

static void moved(void *arg, size_t to, size_t from)
{
    struct latd_table *t = arg;

    t->slots[to] = t->slots[from];
    t->pooled[to] = t->pooled[from];
    t->rows[t->slots[to]] = (uint32_t)to + 1;
}

void latd_row_drop(struct latd_table *t, uint32_t slot)
{
    size_t rows = lat_search_rows(t->m);

    if (!t->rows[slot])
        return;
    lat_search_drop(t->m, t->rows[slot] - 1);
    t->rows[slot] = 0;
    if (rows > COMPACT_LEAST && rows > 2 * lat_search_live(t->m) &&
        atomic_load(&t->pins) == 0)
        lat_search_compact(t->m, moved, t);
}

enum lat_code latd_row_put(struct latd_table *t, uint32_t slot,
                           const struct latd_embedding *from,
                           struct lat_err *err)
{
    float *mean;
    enum lat_code code;

    if (from->dims != t->shape.dims || from->windows == 0)
        return lat_fail(err, LAT_EUNFIT,
                        "%zu windows of %zu dimensions, expected %zu",
                        from->windows, from->dims, t->shape.dims);
    mean = lat_calloc(from->dims, sizeof(*mean));
    if (!mean || !grow_rows(t)) {
        lat_free(mean);
        return lat_fail(err, LAT_ENOMEM, "a vector");
    }
    code = lat_search_mean(mean, &t->shape, from->v, from->windows, err);
    if (code == LAT_OK && t->rows[slot]) {
        code = lat_search_replace(t->m, t->rows[slot] - 1, mean, err);
    } else if (code == LAT_OK) {
        code = lat_search_append(t->m, mean, err);
        if (code == LAT_OK) {
            t->rows[slot] = (uint32_t)lat_search_rows(t->m);
            t->slots[t->rows[slot] - 1] = slot;
        }
    }
    if (code == LAT_OK)
        t->pooled[t->rows[slot] - 1] = from->pooled > 0;
    lat_free(mean);
    return code;
}
