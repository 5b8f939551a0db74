/*
 * index.h - what is searched: vectors and attributes of all recordings, in
 * memory, beside the database that is the truth.
 *
 * A table for each digest of a model (latd_recordings_digest): a row for each
 * recording that has vectors by it.  A recording of many windows is the mean
 * of their vectors, each at unit length in each partition; the windows stand
 * beside it, for searches by windows, as long as all of them fit.  Rows are in
 * the order in which recordings came; one that is put again keeps its place.
 *
 * Told of what was committed, in that order, by the store thread.  A search
 * holds a shared lock for some thousand rows at a time, and a writer waits for
 * those alone: readers queue behind it (index/gate.h), so neither waits long.
 * Each row that a search sees is as some commit left it; what comes after it
 * was opened is not in it.
 *
 * Any thread, but new and free.
 */
#ifndef LATD_INDEX_H
#define LATD_INDEX_H

#include "filter.h"
#include "store/recordings.h"

struct latd_index;

struct latd_index_options {
    uint64_t max_bytes;        /* index-bytes */
    uint64_t max_window_bytes; /* window-bytes */
    const struct lat_kernel *kernel;
};

LAT_MUST_CHECK enum lat_code latd_index_new(
    struct latd_index **out, const struct latd_index_options *opt,
    struct lat_err *err);
void latd_index_free(struct latd_index *idx);

/* ---- what there is ---------------------- index/index.c, index/rows.c */

/* Vectors of this digest are kept from now on, cut as the card says.  *fresh:
 * they were not before, so what the database has of them is to be put, and then
 * said so with complete. */
LAT_MUST_CHECK enum lat_code latd_index_learn(struct latd_index *idx,
                                              const char *digest,
                                              const struct lat_card *card,
                                              bool *fresh, struct lat_err *err);
void latd_index_complete(struct latd_index *idx, const char *digest);
bool latd_index_has(struct latd_index *idx, const char *digest); /* complete */

/* In place of what there was of it.  Vectors of a digest that nobody learned
 * are left out.  On failure (no memory, over index-bytes) the index lacks the
 * recording, and searches are refused from then on with what stood in the way,
 * for they would not tell the truth. */
LAT_MUST_CHECK enum lat_code latd_index_put(struct latd_index *idx,
                                            const struct latd_recording *r,
                                            struct lat_err *err);
void latd_index_drop(struct latd_index *idx, const char *id);
/* True once, when windows did not fit: from then on none are kept, and searches
 * by windows are refused. */
bool latd_index_gave_up_windows(struct latd_index *idx);

/* Room for one more recording of so many bytes of vectors, and for a bulk of
 * the like that is accepted with it; LAT_ENOSPACE names index-bytes.  Asked
 * before a recording is accepted: one that was is not lacking afterwards,
 * unless its metadata are far longer than most. */
LAT_MUST_CHECK enum lat_code latd_index_room(struct latd_index *idx,
                                             size_t bytes, struct lat_err *err);

struct latd_index_counts {
    size_t recordings, vectors; /* vectors: rows of all tables */
    uint64_t bytes, max_bytes;
    uint64_t window_bytes; /* not among bytes */
};

struct latd_index_counts latd_index_counts(struct latd_index *idx);

/* ---- from the database --------------------------------- index/load.c */

struct latd_models;

struct latd_index_load {
    struct latd_database *db;
    struct latd_models *models;
    /* As in latd_recordings_scan; may be NULL. */
    bool (*progress)(void *arg, uint64_t visited, uint64_t all);
    void *arg;
};

/* Once, at the start: everything by the models that there are; and from then on
 * what is committed. */
LAT_MUST_CHECK enum lat_code latd_index_load(struct latd_index *idx,
                                             const struct latd_index_load *load,
                                             struct lat_err *err);
/* Whether all by this digest is here.  When a model is asked for the first time
 * since the start, its vectors are read by the store thread, and meanwhile the
 * answer is LAT_EAWAY, "model_loading". */
LAT_MUST_CHECK enum lat_code latd_index_ready(struct latd_index *idx,
                                              struct latd_database *db,
                                              const char *digest,
                                              const struct lat_card *card,
                                              struct lat_err *err);

/* ---- one recording ------------------------------------- index/index.c */

/* Its vector (card.dims).  LAT_ENOENT, "recording_not_found"; LAT_EUNFIT,
 * "model_mismatch", when it has none by this digest. */
LAT_MUST_CHECK enum lat_code latd_index_vector(struct latd_index *idx,
                                               const char *digest,
                                               const char *id, float *v,
                                               struct lat_err *err);

/* The windows of one recording. */
struct latd_windows {
    float *v; /* (n, dims) */
    size_t n; /* at least 1 */
};

/* out->v is the caller's to lat_free.  As latd_index_vector; and LAT_EUNFIT,
 * "windows_not_kept", when only their mean is there; LAT_ENOSPACE,
 * "windows_incomplete", when not all of all recordings are in memory. */
LAT_MUST_CHECK enum lat_code latd_index_windows(struct latd_index *idx,
                                                const char *digest,
                                                const char *id,
                                                struct latd_windows *out,
                                                struct lat_err *err);
/* One of them; LAT_ENOENT when it has fewer by now. */
LAT_MUST_CHECK enum lat_code latd_index_window(struct latd_index *idx,
                                               const char *digest,
                                               const char *id, size_t window,
                                               float *v, struct lat_err *err);

/* ---- searches ----------------------------------------- index/search.c */

struct latd_search;

struct latd_search_ask {
    const char *digest;
    /* k: of each query.  With ends by windows: recordings of which only a mean
     * is there are left out. */
    struct lat_search_ask scan;
    const struct latd_filter *filter; /* lent until close; or NULL */
};

/* *n_parts: run is to be called for 0 … *n_parts - 1, each once, by any
 * threads; then best, for each query, or group of queries, once. */
LAT_MUST_CHECK enum lat_code latd_search_open(struct latd_search **out,
                                              size_t *n_parts,
                                              struct latd_index *idx,
                                              const struct latd_search_ask *ask,
                                              struct lat_err *err);
/* Its parts are not run any more; NULL: nothing. */
void latd_search_close(struct latd_search *s);

/* No allocation; a lock as said above. */
void latd_search_run(struct latd_search *s, size_t part);

struct latd_found {
    char *id;
    float score;
    size_t query, window; /* by windows: which two */
};

/* The best of query i, best first, the caller's to free with found_free.  What
 * was deleted meanwhile is left out. */
LAT_MUST_CHECK enum lat_code latd_search_best(struct latd_search *s, size_t i,
                                              struct latd_found **out,
                                              size_t *n, struct lat_err *err);
void latd_found_free(struct latd_found *f, size_t n);
/* Rows that were looked at: those that the filter let through. */
size_t latd_search_rows(const struct latd_search *s);
/* Those of them that have no windows, and were left out of the rows above. */
size_t latd_search_left_out(const struct latd_search *s);

#endif
