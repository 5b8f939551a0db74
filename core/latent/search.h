/*
 * search.h - which of many vectors are most alike a given one, exactly.
 *
 * A latent is cut into ranges of dimensions, its partitions.  Of every vector
 * and range the direction is kept at unit length, and the length beside it; so
 * a cosine is a product, and
 *
 *     score  =  sum over r of w_r s_r  /  sum over r of |w_r|
 *
 * with s_r the cosine, or the dot product, of range r.  Weights may be
 * negative: alike in one range, unlike in another.  A vector that is zero in a
 * range has cosine 0 there.  A score is always finite.
 *
 * A row may have windows beside it: the vectors for which it stands.  A scan by
 * windows gives a row the score of its best window; one that has none is its
 * own only window.
 *
 * Rows keep the order in which they were appended, and equal scores stand in
 * that order.  What is found depends neither on the number of threads nor on
 * which queries are asked together.
 *
 * Any number of threads may scan at the same time; append, replace, drop and
 * compact want the matrix for themselves.
 */
#ifndef LATENT_SEARCH_H
#define LATENT_SEARCH_H

#include "base.h"
#include "model.h"

enum { LAT_SEARCH_RANGES = 8, LAT_SEARCH_BLOCK = 64 };

enum lat_metric { LAT_COSINE, LAT_DOT };

/* Ranges rise and do not overlap; what is in none of them is not kept. */
struct lat_search_shape {
    size_t dims, n_ranges;
    struct lat_range ranges[LAT_SEARCH_RANGES];
};

/* One range for each partition of the card, else one for the whole latent. */
struct lat_search_shape lat_search_shape(const struct lat_card *card);

/* ---- the matrix ---------------------------------------- search/matrix.c */

struct lat_search;

LAT_MUST_CHECK enum lat_code lat_search_new(
    struct lat_search **out, const struct lat_search_shape *shape,
    const struct lat_kernel *kernel, struct lat_err *err);
void lat_search_free(struct lat_search *s);

/* v (dims) becomes row lat_search_rows() - 1.  LAT_ENONFINITE for a value, or
 * a length, beyond float32.  No row moves. */
LAT_MUST_CHECK enum lat_code lat_search_append(struct lat_search *s,
                                               const float *v,
                                               struct lat_err *err);
/* In place: the row keeps its rank among equals. */
LAT_MUST_CHECK enum lat_code lat_search_replace(struct lat_search *s,
                                                size_t row, const float *v,
                                                struct lat_err *err);
/* The row is never found again; its number is not given to another. */
void lat_search_drop(struct lat_search *s, size_t row);
/* Takes out what was dropped; moved(arg, to, from) is told of every row that
 * goes on, from the first to the last.  Both may be NULL. */
void lat_search_compact(struct lat_search *s,
                        void (*moved)(void *arg, size_t to, size_t from),
                        void *arg);

/* ---- windows of rows ----------------------------------- search/windows.c */

/* Of a row, v (n, dims), in the place of what it had.  Replace and drop take
 * them away.  LAT_ENONFINITE as append; on failure it has none. */
LAT_MUST_CHECK enum lat_code lat_search_set_windows(struct lat_search *s,
                                                    size_t row, const float *v,
                                                    size_t n,
                                                    struct lat_err *err);
void lat_search_drop_windows(struct lat_search *s, size_t row); /* if any */
/* How many it has; at least 1, itself. */
size_t lat_search_windows(const struct lat_search *s, size_t row);
/* Window i < lat_search_windows, as lat_search_get gives a row. */
void lat_search_get_window(const struct lat_search *s, size_t row, size_t i,
                           float *v);
/* Of all rows; not among lat_search_bytes. */
size_t lat_search_window_bytes(const struct lat_search *s);

/* ---- looks --------------------------------------------- search/matrix.c */

size_t lat_search_rows(const struct lat_search *s); /* dropped ones too */
size_t lat_search_live(const struct lat_search *s);
bool lat_search_has(const struct lat_search *s, size_t row); /* not dropped */
size_t lat_search_bytes(const struct lat_search *s);
/* What a row was appended as, but for a rounding; 0 outside the ranges. */
void lat_search_get(const struct lat_search *s, size_t row, float *v);

/* ---- scans --------------------------------- search/probe.c, search/scan.c */

struct lat_search_ask {
    const float *v; /* (n, dims), the queries */
    size_t n, k;    /* the k best of each */
    /* By windows: (n_groups), rising to n.  Queries ends[i - 1] … ends[i] - 1
     * are the windows of one, and the k best are its.  NULL: by rows. */
    const size_t *ends;
    size_t n_groups;
    enum lat_metric metric;
    double weights[LAT_SEARCH_RANGES]; /* one of them is not 0 */
    bool has_least;
    float least; /* no score below it */
};

struct lat_hit {
    float score;
    size_t row;
    uint32_t query, window; /* by windows: which two; query within its group */
};

/* Several queries made ready: one product with each block of rows.  Its
 * places hold what was found; each is one thread's at a time. */
struct lat_probe;

/* Copies *ask.  LAT_EUNFIT for weights that are all 0 or not finite. */
LAT_MUST_CHECK enum lat_code lat_probe_new(struct lat_probe **out,
                                           const struct lat_search_shape *shape,
                                           const struct lat_search_ask *ask,
                                           size_t n_places,
                                           struct lat_err *err);
void lat_probe_free(struct lat_probe *p);
/* Rows begin … end - 1, of those whose bit is set in allow (bit row % 64 of
 * word row / 64; NULL: all).  Within a place rows come in rising order.
 * Neither allocates nor locks. */
void lat_probe_scan(struct lat_probe *p, size_t place,
                    const struct lat_search *s, struct lat_range rows,
                    const uint64_t *allow);
/* Once all is scanned: the best hits of query i, or of group i, of all places,
 * best first; lent.  Once per query. */
const struct lat_hit *lat_probe_best(struct lat_probe *p, size_t i, size_t *n);

/* ---- few vectors ------------------------------------------ search/pair.c */

/* One vector for n of them, v (n, dims): their mean, each at unit length in
 * each range.  A single one is itself. */
LAT_MUST_CHECK enum lat_code lat_search_mean(
    float *mean, const struct lat_search_shape *shape, const float *v, size_t n,
    struct lat_err *err);

struct lat_pair {
    double score;
    double by_range[LAT_SEARCH_RANGES];
    bool zero; /* one of the two is zero in a range that counts */
};

/* The score of two vectors, in double; share (dims), when not NULL, becomes
 * what each dimension gives to it: its sum is the score. */
void lat_pair_score(struct lat_pair *out, double *share,
                    const struct lat_search_shape *shape, const float *a,
                    const float *b, enum lat_metric metric,
                    const double *weights);

/* The windows of two. */
struct lat_search_sets {
    const float *a, *b; /* (n_a, dims), (n_b, dims) */
    size_t n_a, n_b;    /* at least 1 */
};

/* The two whose score is the best, of equals the first. */
struct lat_best_pair {
    size_t a, b;
    double score;
};

void lat_pair_best(struct lat_best_pair *out,
                   const struct lat_search_shape *shape,
                   const struct lat_search_sets *sets, enum lat_metric metric,
                   const double *weights);

#endif
