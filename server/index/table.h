/* table.h - what the files of the index share. */
#ifndef LATD_INDEX_TABLE_H
#define LATD_INDEX_TABLE_H

#include <stdatomic.h>

#include "../index.h"
#include "gate.h"
#include "names.h"

enum { LATD_TABLES_MAX = 256 };

/* A value of a recording's metadata. */
struct latd_fact {
    uint32_t key; /* of words */
    enum latd_value_kind kind;
    union {
        double number;
        uint32_t word;
    } of;
};

/* A recording; its number is its id's. */
struct latd_slot {
    struct latd_fact *facts;
    size_t n;
};

/* The vectors by one digest. */
struct latd_table {
    char digest[LAT_DIGEST_HEX];
    struct lat_search_shape shape;
    struct lat_search *m;
    uint32_t *slots; /* (cap_rows), of each row */
    bool *pooled;    /* (cap_rows): its windows were not kept */
    size_t cap_rows;
    uint32_t *rows; /* (cap_slots), a row + 1, or 0 */
    /* Searches that are open: rows keep their numbers. */
    _Atomic unsigned pins;
    bool complete;        /* it has all that the database has */
    _Atomic bool loading; /* somebody sees to that */
};

struct latd_index {
    uint64_t max_bytes, max_window_bytes;
    const struct lat_kernel *kernel;
    struct latd_gate gate; /* guards all that follows */
    struct latd_names ids, words;
    struct latd_slot *slots; /* (cap_slots), by number of the id */
    size_t cap_slots;
    size_t fact_bytes;
    size_t n_tables;
    struct latd_table *tables[LATD_TABLES_MAX];
    bool lacking;       /* something is missing */
    struct lat_err why; /* the first that did not come in, when lacking */
    bool no_windows;    /* those of all did not fit: none are kept */
    _Atomic bool gave_up_windows; /* that was not told yet */
};

/* NULL when nobody learned it. */
struct latd_table *latd_index_table(struct latd_index *idx, const char *digest);
/* Searches are refused when something is missing. */
LAT_MUST_CHECK enum lat_code latd_index_check(const struct latd_index *idx,
                                              struct lat_err *err);
/* The same of windows. */
LAT_MUST_CHECK enum lat_code latd_index_check_windows(
    const struct latd_index *idx, struct lat_err *err);

/* ---- rows.c; under the gate, for writing */

void latd_table_free(struct latd_table *t); /* NULL: nothing */
LAT_MUST_CHECK enum lat_code latd_table_new(struct latd_index *idx,
                                            const char *digest,
                                            const struct lat_card *card,
                                            struct lat_err *err);
/* Every table and the slots have room for what ids numbers; or no memory. */
LAT_MUST_CHECK bool latd_rows_room(struct latd_index *idx);
/* The mean of the windows, in the place of what there is. */
LAT_MUST_CHECK enum lat_code latd_row_put(struct latd_table *t, uint32_t slot,
                                          const struct latd_embedding *from,
                                          struct lat_err *err);
void latd_row_drop(struct latd_table *t, uint32_t slot); /* if there is one */

/* ---- windows.c; under the gate, for writing */

/* Beside the row of slot, when they are several.  When they do not fit, or
 * there is no memory, none are kept any more. */
void latd_windows_put(struct latd_index *idx, struct latd_table *t,
                      uint32_t slot, const struct latd_embedding *from);
uint64_t latd_windows_bytes(const struct latd_index *idx);

/* ---- facts.c: metadata as numbers; under the gate, for writing */

/* On failure slot has none. */
LAT_MUST_CHECK enum lat_code latd_facts_set(struct latd_index *idx,
                                            struct latd_slot *slot,
                                            const struct latd_attribute *v,
                                            size_t n, struct lat_err *err);
void latd_facts_clear(struct latd_index *idx, struct latd_slot *slot);

/* ---- match.c: a filter, asked of facts; under the gate */

/* The filter's words as they are numbered now: room for latd_match_size(). */
size_t latd_match_size(const struct latd_filter *f);
void latd_match_prepare(uint32_t *words, const struct latd_index *idx,
                        const struct latd_filter *f);
bool latd_match(const uint32_t *words, const struct latd_filter *f,
                const struct latd_slot *slot);

#endif
