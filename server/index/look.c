/* look.c - the vectors of one recording. */
#include "table.h"

/* Under the gate: where the vectors of a recording are. */
struct spot {
    const struct latd_table *table;
    size_t row;
};

static enum lat_code find(struct spot *at, struct latd_index *idx,
                          const char *digest, const char *id,
                          struct lat_err *err)
{
    uint32_t slot = latd_names_find(&idx->ids, id);

    at->table = latd_index_table(idx, digest);
    if (slot == LATD_NO_NAME)
        return lat_fail_word(err, LAT_ENOENT, "recording_not_found",
                             "no recording is called %.80s", id);
    if (!at->table || !at->table->rows[slot])
        return lat_fail_word(err, LAT_EUNFIT, "model_mismatch",
                             "recording %.80s has vectors of other models, and "
                             "vectors of different models are never compared",
                             id);
    at->row = at->table->rows[slot] - 1;
    return LAT_OK;
}

enum lat_code latd_index_vector(struct latd_index *idx, const char *digest,
                                const char *id, float *v, struct lat_err *err)
{
    struct spot at = {0};
    enum lat_code code;

    latd_gate_read(&idx->gate);
    code = find(&at, idx, digest, id, err);
    if (code == LAT_OK)
        lat_search_get(at.table->m, at.row, v);
    latd_gate_leave(&idx->gate);
    return code;
}

/* ---- windows ---- */

static enum lat_code copy_windows(struct latd_windows *out,
                                  const struct spot *at, const char *id,
                                  struct lat_err *err)
{
    size_t n = lat_search_windows(at->table->m, at->row);
    size_t dims = at->table->shape.dims;
    float *v;

    if (at->table->pooled[at->row])
        return lat_fail_word(err, LAT_EUNFIT, "windows_not_kept",
                             "recording %.80s keeps the mean of its windows "
                             "alone, and match best_window compares windows: "
                             "put it without pool, or with keep.windows true",
                             id);
    v = lat_calloc(n * dims, sizeof(*v));
    if (!v)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    for (size_t i = 0; i < n; i++)
        lat_search_get_window(at->table->m, at->row, i, v + i * dims);
    *out = (struct latd_windows){v, n};
    return LAT_OK;
}

enum lat_code latd_index_windows(struct latd_index *idx, const char *digest,
                                 const char *id, struct latd_windows *out,
                                 struct lat_err *err)
{
    struct spot at = {0};
    enum lat_code code;

    latd_gate_read(&idx->gate);
    code = find(&at, idx, digest, id, err);
    if (code == LAT_OK)
        code = latd_index_check_windows(idx, err);
    if (code == LAT_OK)
        code = copy_windows(out, &at, id, err);
    latd_gate_leave(&idx->gate);
    return code;
}

enum lat_code latd_index_window(struct latd_index *idx, const char *digest,
                                const char *id, size_t window, float *v,
                                struct lat_err *err)
{
    struct spot at = {0};
    enum lat_code code;

    latd_gate_read(&idx->gate);
    code = find(&at, idx, digest, id, err);
    if (code == LAT_OK && window >= lat_search_windows(at.table->m, at.row))
        code = lat_fail(err, LAT_ENOENT, "recording %.80s has no window %zu",
                        id, window);
    if (code == LAT_OK)
        lat_search_get_window(at.table->m, at.row, window, v);
    latd_gate_leave(&idx->gate);
    return code;
}
