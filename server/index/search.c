/* search.c - a scan in parts, each in slices under the gate. */
#include "table.h"

#include <string.h>

/* SLICE rows are scanned without letting a writer in; PART is about a thread's
 * turn, between which other work may come. */
enum { SLICE = 4096, PART = 16384, PARTS_MAX = 64, HITS_MAX = 1 << 21 };

/* The same by windows, of which a recording may have a thousand. */
enum { WINDOWED_SLICE = 64, WINDOWED_PART = 256 };

struct latd_search {
    struct latd_index *idx;
    struct latd_table *table;
    const struct latd_filter *filter; /* NULL: none */
    struct lat_probe *probe;
    size_t rows, live, n_parts;
    bool windowed;
    uint64_t *allow; /* (rows / 64), with a filter */
    uint32_t *words; /* (n_parts, n_words) */
    size_t n_words;
    _Atomic size_t count; /* rows that the filter let through */
    _Atomic size_t left_out;
};

static size_t parts_for(size_t rows, const struct lat_search_ask *ask)
{
    size_t part = ask->ends ? WINDOWED_PART : PART;
    size_t n = (rows + part - 1) / part;
    size_t places = (ask->ends ? ask->n_groups : ask->n) * ask->k;

    places = places ? HITS_MAX / places : PARTS_MAX;
    n = n > PARTS_MAX ? PARTS_MAX : n;
    n = n > places ? places : n;
    return n ? n : 1;
}

static enum lat_code allocate(struct latd_search *s, struct lat_err *err)
{
    if (!s->filter && !s->windowed)
        return LAT_OK;
    s->n_words = s->filter ? latd_match_size(s->filter) : 0;
    s->allow = lat_calloc(s->rows / 64 + 1, sizeof(*s->allow));
    s->words = lat_calloc(s->n_parts * s->n_words, sizeof(*s->words));
    if (!s->allow || !s->words)
        return lat_fail(err, LAT_ENOMEM, "a filter of %zu recordings", s->rows);
    return LAT_OK;
}

/* Under the gate: from here on rows keep their numbers. */
static enum lat_code pin(struct latd_search *s, const char *digest,
                         struct lat_err *err)
{
    struct latd_table *t = latd_index_table(s->idx, digest);
    enum lat_code code = s->windowed ? latd_index_check_windows(s->idx, err)
                                     : latd_index_check(s->idx, err);

    if (code)
        return code;
    if (!t || !t->complete)
        return lat_fail_word(err, LAT_EAWAY, "model_loading",
                             "recordings are being read for this model");
    s->table = t;
    s->rows = lat_search_rows(t->m);
    s->live = lat_search_live(t->m);
    atomic_fetch_add(&t->pins, 1);
    return LAT_OK;
}

enum lat_code latd_search_open(struct latd_search **out, size_t *n_parts,
                               struct latd_index *idx,
                               const struct latd_search_ask *ask,
                               struct lat_err *err)
{
    struct latd_search *s = lat_calloc(1, sizeof(*s));
    enum lat_code code;

    if (!s)
        return lat_fail(err, LAT_ENOMEM, "a search");
    s->idx = idx;
    s->filter = ask->filter && ask->filter->n ? ask->filter : NULL;
    s->windowed = ask->scan.ends != NULL;
    latd_gate_read(&idx->gate);
    code = pin(s, ask->digest, err);
    latd_gate_leave(&idx->gate);
    if (code == LAT_OK) {
        s->n_parts = parts_for(s->rows, &ask->scan);
        code = allocate(s, err);
    }
    if (code == LAT_OK)
        code = lat_probe_new(&s->probe, &s->table->shape, &ask->scan,
                             s->n_parts, err);
    if (code) {
        latd_search_close(s);
        return code;
    }
    *n_parts = s->n_parts;
    *out = s;
    return LAT_OK;
}

void latd_search_close(struct latd_search *s)
{
    if (!s)
        return;
    if (s->table)
        atomic_fetch_sub(&s->table->pins, 1);
    lat_probe_free(s->probe);
    lat_free(s->allow);
    lat_free(s->words);
    lat_free(s);
}

/* Under the gate: the bits of rows that the filter lets through and that have
 * what is compared. */
static void filter(struct latd_search *s, uint32_t *words, struct lat_range in)
{
    const struct latd_table *t = s->table;
    size_t count = 0, left_out = 0;

    if (s->filter)
        latd_match_prepare(words, s->idx, s->filter);
    for (size_t row = in.begin; row < in.end; row++) {
        if (!lat_search_has(t->m, row) ||
            (s->filter &&
             !latd_match(words, s->filter, &s->idx->slots[t->slots[row]])))
            continue;
        if (s->windowed && t->pooled[row]) {
            left_out++;
            continue;
        }
        s->allow[row / 64] |= UINT64_C(1) << row % 64;
        count++;
    }
    atomic_fetch_add(&s->count, count);
    atomic_fetch_add(&s->left_out, left_out);
}

void latd_search_run(struct latd_search *s, size_t part)
{
    size_t slice = s->windowed ? WINDOWED_SLICE : SLICE;
    size_t n = (s->rows + slice - 1) / slice;
    size_t end = n * (part + 1) / s->n_parts;

    for (size_t i = n * part / s->n_parts; i < end; i++) {
        struct lat_range in = {i * slice, (i + 1) * slice};

        in.end = in.end < s->rows ? in.end : s->rows;
        latd_gate_read(&s->idx->gate);
        if (s->allow)
            filter(s, s->words + part * s->n_words, in);
        lat_probe_scan(s->probe, part, s->table->m, in, s->allow);
        latd_gate_leave(&s->idx->gate);
    }
}

/* ---- what was found ---- */

/* Under the gate. */
static enum lat_code name(struct latd_found *to, size_t *n,
                          const struct latd_search *s,
                          const struct lat_hit *hits, size_t n_hits,
                          struct lat_err *err)
{
    const struct latd_table *t = s->table;

    for (size_t i = 0; i < n_hits; i++) {
        if (!lat_search_has(t->m, hits[i].row))
            continue;
        to[*n].id = lat_strdup(s->idx->ids.v[t->slots[hits[i].row]].text);
        if (!to[*n].id)
            return lat_fail(err, LAT_ENOMEM, "%zu results", n_hits);
        to[*n].query = hits[i].query;
        to[*n].window = hits[i].window;
        to[(*n)++].score = hits[i].score;
    }
    return LAT_OK;
}

enum lat_code latd_search_best(struct latd_search *s, size_t i,
                               struct latd_found **out, size_t *n,
                               struct lat_err *err)
{
    size_t n_hits = 0, found = 0;
    const struct lat_hit *hits = lat_probe_best(s->probe, i, &n_hits);
    struct latd_found *list = lat_calloc(n_hits, sizeof(*list));
    enum lat_code code;

    if (!list)
        return lat_fail(err, LAT_ENOMEM, "%zu results", n_hits);
    latd_gate_read(&s->idx->gate);
    /* Without their windows rows were compared by their means. */
    code = s->windowed ? latd_index_check_windows(s->idx, err) : LAT_OK;
    if (code == LAT_OK)
        code = name(list, &found, s, hits, n_hits, err);
    latd_gate_leave(&s->idx->gate);
    if (code) {
        latd_found_free(list, found);
        return code;
    }
    *out = list;
    *n = found;
    return LAT_OK;
}

void latd_found_free(struct latd_found *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        lat_free(f[i].id);
    lat_free(f);
}

size_t latd_search_rows(const struct latd_search *s)
{
    return s->allow ? atomic_load(&s->count) : s->live;
}

size_t latd_search_left_out(const struct latd_search *s)
{
    return atomic_load(&s->left_out);
}
