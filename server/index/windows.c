/* windows.c - the windows of recordings beside their rows, as long as all of
 * them fit: a search that would miss some is refused. */
#include "table.h"

enum lat_code latd_index_check_windows(const struct latd_index *idx,
                                       struct lat_err *err)
{
    enum lat_code code = latd_index_check(idx, err);

    if (code || !idx->no_windows)
        return code;
    return lat_fail_word(err, LAT_ENOSPACE, "windows_incomplete",
                         "the windows of all recordings do not fit into "
                         "memory, and match best_window would miss some: at "
                         "most %llu bytes are allowed (window-bytes); start "
                         "again with more, or leave match to mean",
                         (unsigned long long)idx->max_window_bytes);
}

uint64_t latd_windows_bytes(const struct latd_index *idx)
{
    uint64_t n = 0;

    for (size_t i = 0; i < idx->n_tables; i++)
        n += lat_search_window_bytes(idx->tables[i]->m);
    return n;
}

static void give_up(struct latd_index *idx)
{
    idx->no_windows = true;
    atomic_store(&idx->gave_up_windows, true);
    for (size_t i = 0; i < idx->n_tables; i++) {
        struct lat_search *m = idx->tables[i]->m;

        for (size_t row = 0; row < lat_search_rows(m); row++)
            lat_search_drop_windows(m, row);
    }
}

void latd_windows_put(struct latd_index *idx, struct latd_table *t,
                      uint32_t slot, const struct latd_embedding *from)
{
    if (idx->no_windows || from->windows < 2)
        return;
    if (lat_search_set_windows(t->m, t->rows[slot] - 1, from->v, from->windows,
                               NULL) ||
        latd_windows_bytes(idx) > idx->max_window_bytes)
        give_up(idx);
}

bool latd_index_gave_up_windows(struct latd_index *idx)
{
    return atomic_exchange(&idx->gave_up_windows, false);
}
