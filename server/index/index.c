/* index.c - recordings come and go; see index.h. */
#include "table.h"

#include "../wire/similar.h"

#include <string.h>

struct latd_table *latd_index_table(struct latd_index *idx, const char *digest)
{
    for (size_t i = 0; i < idx->n_tables; i++)
        if (strcmp(idx->tables[i]->digest, digest) == 0)
            return idx->tables[i];
    return NULL;
}

static uint64_t bytes_of(const struct latd_index *idx)
{
    uint64_t n = idx->ids.bytes + idx->words.bytes + idx->fact_bytes +
                 idx->cap_slots * sizeof(*idx->slots);

    for (size_t i = 0; i < idx->n_tables; i++)
        n += lat_search_bytes(idx->tables[i]->m) +
             (idx->tables[i]->cap_rows + idx->cap_slots) * sizeof(uint32_t) +
             idx->tables[i]->cap_rows * sizeof(bool);
    return n;
}

static enum lat_code fail_room(const struct latd_index *idx, uint64_t bytes,
                               struct lat_err *err)
{
    return lat_fail(err, LAT_ENOSPACE,
                    "the vectors of all recordings take %llu bytes of memory, "
                    "at most %llu are allowed (index-bytes)",
                    (unsigned long long)bytes,
                    (unsigned long long)idx->max_bytes);
}

enum lat_code latd_index_check(const struct latd_index *idx,
                               struct lat_err *err)
{
    if (!idx->lacking)
        return LAT_OK;
    if (idx->why.code == LAT_ENOSPACE)
        return lat_fail_word(err, LAT_ENOSPACE, "index_incomplete",
                             "not all recordings fit into memory, and a search "
                             "would miss some: at most %llu bytes are allowed "
                             "(index-bytes); start again with more",
                             (unsigned long long)idx->max_bytes);
    return lat_fail_word(err, LAT_ENOSPACE, "index_incomplete",
                         "not all recordings are in memory, and a search would "
                         "miss some: %.120s; start again, and all are read "
                         "anew",
                         idx->why.msg);
}

/* The first reason stays. */
static void lack(struct latd_index *idx, const struct lat_err *why)
{
    if (!idx->lacking)
        idx->why = *why;
    idx->lacking = true;
}

/* ---- tables ---- */

enum lat_code latd_index_learn(struct latd_index *idx, const char *digest,
                               const struct lat_card *card, bool *fresh,
                               struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    latd_gate_write(&idx->gate);
    *fresh = !latd_index_table(idx, digest);
    if (*fresh)
        code = latd_table_new(idx, digest, card, err);
    latd_gate_leave(&idx->gate);
    return code;
}

void latd_index_complete(struct latd_index *idx, const char *digest)
{
    struct latd_table *t;

    latd_gate_write(&idx->gate);
    t = latd_index_table(idx, digest);
    if (t)
        t->complete = true;
    latd_gate_leave(&idx->gate);
}

bool latd_index_has(struct latd_index *idx, const char *digest)
{
    const struct latd_table *t;
    bool has;

    latd_gate_read(&idx->gate);
    t = latd_index_table(idx, digest);
    has = t && t->complete;
    latd_gate_leave(&idx->gate);
    return has;
}

/* ---- recordings, under the gate ---- */

static void drop(struct latd_index *idx, uint32_t slot)
{
    for (size_t i = 0; i < idx->n_tables; i++)
        latd_row_drop(idx->tables[i], slot);
    latd_facts_clear(idx, &idx->slots[slot]);
    latd_names_drop(&idx->ids, slot);
}

static const struct latd_embedding *find(const struct latd_recording *r,
                                         const char *digest)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->embeddings[i].digest, digest) == 0)
            return &r->embeddings[i];
    return NULL;
}

static enum lat_code put_rows(struct latd_index *idx, uint32_t slot,
                              const struct latd_recording *r,
                              struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < idx->n_tables && code == LAT_OK; i++) {
        struct latd_table *t = idx->tables[i];
        const struct latd_embedding *v = find(r, t->digest);

        if (v)
            code = latd_row_put(t, slot, v, err);
        else
            latd_row_drop(t, slot);
        if (v && code == LAT_OK)
            latd_windows_put(idx, t, slot, v);
    }
    return code;
}

static enum lat_code put(struct latd_index *idx, const struct latd_recording *r,
                         const struct latd_attributes *facts,
                         struct lat_err *err)
{
    uint32_t slot = latd_names_find(&idx->ids, r->id);
    enum lat_code code;

    if (slot == LATD_NO_NAME)
        slot = latd_names_take(&idx->ids, r->id);
    if (slot == LATD_NO_NAME)
        return lat_fail(err, LAT_ENOMEM, "a recording");
    if (!latd_rows_room(idx)) {
        latd_names_drop(&idx->ids, slot);
        return lat_fail(err, LAT_ENOMEM, "%u recordings", idx->ids.n);
    }
    code = latd_facts_set(idx, &idx->slots[slot], facts->v, facts->n, err);
    if (code == LAT_OK)
        code = put_rows(idx, slot, r, err);
    if (code == LAT_OK && bytes_of(idx) > idx->max_bytes)
        code = fail_room(idx, bytes_of(idx), err);
    if (code)
        drop(idx, slot);
    return code;
}

enum lat_code latd_index_put(struct latd_index *idx,
                             const struct latd_recording *r,
                             struct lat_err *err)
{
    struct latd_attributes facts = {0};
    struct lat_err why = {0};
    enum lat_code code = latd_wire_attributes(
        &facts, r->metadata, r->subject[0] ? r->subject : NULL, &why);

    latd_gate_write(&idx->gate);
    if (code == LAT_OK)
        code = put(idx, r, &facts, &why);
    if (code)
        lat_wrap(&why, code, "recording %.80s", r->id);
    if (code)
        lack(idx, &why);
    latd_gate_leave(&idx->gate);
    latd_attributes_fini(&facts);
    if (code && err)
        *err = why;
    return code;
}

void latd_index_drop(struct latd_index *idx, const char *id)
{
    uint32_t slot;

    latd_gate_write(&idx->gate);
    slot = latd_names_find(&idx->ids, id);
    if (slot != LATD_NO_NAME)
        drop(idx, slot);
    latd_gate_leave(&idx->gate);
}

/* ---- looks ---- */

/* Many are accepted in one transaction before the first of them is here; and
 * tables double.  So room is asked for a bulk of the like, and for the tables
 * that it would need; of a small index, for as many as an eighth of it holds.
 */
enum { BULK = 2048, BESIDE = 512, CHUNK = 1024 };

static uint64_t doubled(size_t cap, size_t n, size_t each)
{
    size_t more = cap ? cap : 64;

    while (more < n)
        more *= 2;
    return (uint64_t)(more - cap) * each;
}

static uint64_t needed(const struct latd_index *idx, size_t bytes)
{
    size_t each = bytes + BESIDE, n = (size_t)(idx->max_bytes / 8 / each);
    uint64_t need = bytes_of(idx);

    n = n < BULK ? n : (size_t)BULK;
    need += n * each + bytes;
    need += doubled(idx->ids.cap, idx->ids.n_used + n,
                    sizeof(struct latd_name) + sizeof(struct latd_slot) +
                        (1 + idx->n_tables) * sizeof(uint32_t));
    for (size_t i = 0; i < idx->n_tables; i++) {
        const struct latd_table *t = idx->tables[i];
        size_t rows = lat_search_rows(t->m);

        if (rows == 0)
            continue;
        need += doubled(t->cap_rows, rows + n, sizeof(uint32_t) + sizeof(bool));
        need += (t->shape.dims + t->shape.n_ranges) * CHUNK * sizeof(float);
    }
    return need;
}

enum lat_code latd_index_room(struct latd_index *idx, size_t bytes,
                              struct lat_err *err)
{
    enum lat_code code;
    uint64_t need;

    latd_gate_read(&idx->gate);
    need = needed(idx, bytes);
    code = latd_index_check(idx, err);
    if (code == LAT_OK && need > idx->max_bytes)
        code = fail_room(idx, need, err);
    latd_gate_leave(&idx->gate);
    return code;
}

struct latd_index_counts latd_index_counts(struct latd_index *idx)
{
    struct latd_index_counts c = {.max_bytes = idx->max_bytes};

    latd_gate_read(&idx->gate);
    c.recordings = idx->ids.n_used;
    for (size_t i = 0; i < idx->n_tables; i++)
        c.vectors += lat_search_live(idx->tables[i]->m);
    c.bytes = bytes_of(idx);
    c.window_bytes = latd_windows_bytes(idx);
    latd_gate_leave(&idx->gate);
    return c;
}

/* ---- a life ---- */

enum lat_code latd_index_new(struct latd_index **out,
                             const struct latd_index_options *opt,
                             struct lat_err *err)
{
    struct latd_index *idx = lat_calloc(1, sizeof(*idx));

    if (!idx)
        return lat_fail(err, LAT_ENOMEM, "the index of recordings");
    idx->max_bytes = opt->max_bytes;
    idx->max_window_bytes = opt->max_window_bytes;
    idx->kernel = opt->kernel;
    latd_gate_init(&idx->gate);
    *out = idx;
    return LAT_OK;
}

void latd_index_free(struct latd_index *idx)
{
    if (!idx)
        return;
    for (size_t i = 0; i < idx->n_tables; i++)
        latd_table_free(idx->tables[i]);
    for (size_t i = 0; i < idx->cap_slots; i++)
        lat_free(idx->slots[i].facts);
    lat_free(idx->slots);
    latd_names_fini(&idx->ids);
    latd_names_fini(&idx->words);
    latd_gate_fini(&idx->gate);
    lat_free(idx);
}
