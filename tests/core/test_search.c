/* test_search.c - exact search against plain sums in double. */
#include "../../core/base/mem.h"
#include "../../core/base/rng.h"
#include "../../core/search.h"
#include "../check.h"

#include <string.h>

enum { DIMS_MAX = 70, ROWS_MAX = 2200, QUERIES_MAX = 19 };

static float rows[ROWS_MAX * DIMS_MAX], queries[QUERIES_MAX * DIMS_MAX];

/* Three ranges with a gap; one for a single dimension. */
static struct lat_search_shape shape_of(size_t dims)
{
    struct lat_search_shape s = {.dims = dims, .n_ranges = 1};

    s.ranges[0] = (struct lat_range){0, dims};
    if (dims < 8)
        return s;
    s.n_ranges = 3;
    s.ranges[0] = (struct lat_range){0, dims / 2};
    s.ranges[1] = (struct lat_range){dims / 2 + 1, dims - 2};
    s.ranges[2] = (struct lat_range){dims - 2, dims};
    return s;
}

static void fill(float *v, size_t n, uint64_t seed)
{
    struct lat_rng rng;

    lat__rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)lat__rng_normal(&rng);
}

static const struct lat_kernel *kernel_named(const char *name)
{
    const struct lat_kernel *k = NULL;

    return lat_kernel_pick(&k, name, NULL) == LAT_OK ? k : NULL;
}

static struct lat_search *matrix(const struct lat_search_shape *shape, size_t n,
                                 const struct lat_kernel *k)
{
    struct lat_search *s = NULL;

    CHECK(lat_search_new(&s, shape, k, NULL) == LAT_OK);
    for (size_t i = 0; i < n; i++)
        CHECK(lat_search_append(s, rows + i * shape->dims, NULL) == LAT_OK);
    return s;
}

/* ---- the reference ---- */

static double score_of(const struct lat_search_shape *s,
                       const struct lat_search_ask *ask, size_t i, size_t row)
{
    const float *a = ask->v + i * s->dims, *b = rows + row * s->dims;
    double sum = 0.0, total = 0.0;

    for (size_t r = 0; r < s->n_ranges; r++) {
        double ab = 0.0, aa = 0.0, bb = 0.0;

        for (size_t d = s->ranges[r].begin; d < s->ranges[r].end; d++) {
            ab += (double)a[d] * (double)b[d];
            aa += (double)a[d] * (double)a[d];
            bb += (double)b[d] * (double)b[d];
        }
        if (ask->metric == LAT_COSINE)
            ab = aa > 0.0 && bb > 0.0 ? ab / sqrt(aa * bb) : 0.0;
        sum += ask->weights[r] * ab;
        total += fabs(ask->weights[r]);
    }
    return sum / total;
}

/* What is found is near the reference, in order, and nothing better of those
 * that count is missing. */
static void check_found(const struct lat_search *s,
                        const struct lat_search_ask *ask, size_t i,
                        const uint64_t *allow, struct lat_probe *p)
{
    static unsigned char is_found[ROWS_MAX];
    const double tol = ask->metric == LAT_COSINE ? 2e-6 : 2e-4;
    size_t n, n_count = 0;
    const struct lat_hit *hits = lat_probe_best(p, i, &n);

    memset(is_found, 0, sizeof(is_found));
    for (size_t j = 0; j < n; j++) {
        CHECK_NEAR(hits[j].score, score_of(&s->shape, ask, i, hits[j].row),
                   tol);
        CHECK(lat_search_has(s, hits[j].row) && !is_found[hits[j].row]);
        CHECK(!j || hits[j].score < hits[j - 1].score ||
              (hits[j].score == hits[j - 1].score &&
               hits[j].row > hits[j - 1].row));
        is_found[hits[j].row] = 1;
    }
    for (size_t row = 0; row < s->rows; row++) {
        double score = score_of(&s->shape, ask, i, row);

        if (!lat_search_has(s, row) ||
            (allow && !(allow[row / 64] >> row % 64 & 1)) ||
            (ask->has_least && score < (double)ask->least + tol))
            continue;
        n_count++;
        if (!is_found[row] && n == ask->k && n > 0)
            CHECK(score <= (double)hits[n - 1].score + tol);
        else if (!is_found[row])
            CHECK(n == ask->k);
    }
    CHECK(n == ask->k || n >= n_count);
}

static void check_ask(const struct lat_search *s,
                      const struct lat_search_ask *ask, const uint64_t *allow)
{
    struct lat_probe *p = NULL;

    CHECK(lat_probe_new(&p, &s->shape, ask, LAT_PARTS, NULL) == LAT_OK);
    lat__probe_run(p, s, allow, NULL);
    for (size_t i = 0; i < ask->n; i++)
        check_found(s, ask, i, allow, p);
    lat_probe_free(p);
}

TEST(search, finds_what_a_plain_scan_finds_on_every_edge)
{
    static const char *const names[] = {"blas", "avx2", "avx512"};
    const size_t dims[] = {1, 7, 33, 70}, ns[] = {0, 1, 63, 65, 1023, 2200};
    const size_t qs[] = {1, 2, 16, 19};

    UNUSED_STATE;
    for (size_t x = 0; x < 3 * 4 * 6 * 4; x++) {
        const struct lat_kernel *k = kernel_named(names[x / 96]);
        const struct lat_search_shape shape = shape_of(dims[x / 24 % 4]);
        const struct lat_search_ask ask = {
            .v = queries,
            .n = qs[x % 4],
            .k = x % 3 == 0 ? 1 : 10,
            .metric = x % 5 == 0 ? LAT_DOT : LAT_COSINE,
            .weights = {1.0, x % 2 ? -0.5 : 0.0, 0.25},
        };
        struct lat_search *s;

        if (!k)
            continue;
        s = matrix(&shape, ns[x / 4 % 6], k);
        check_ask(s, &ask, NULL);
        lat_search_free(s);
    }
}

TEST(search, counts_only_rows_allowed_that_reach_the_threshold)
{
    static uint64_t allow[ROWS_MAX / 64 + 1];
    const struct lat_search_shape shape = shape_of(16);
    struct lat_search_ask ask = {
        .v = queries, .n = 3, .k = 50, .weights = {1.0, 0.0, 0.0}};
    struct lat_search *s = matrix(&shape, 1500, kernel_named(NULL));

    UNUSED_STATE;
    for (size_t i = 0; i < 1500; i += 7)
        allow[i / 64] |= UINT64_C(1) << i % 64;
    check_ask(s, &ask, allow);
    ask.has_least = true;
    ask.least = 0.6f;
    check_ask(s, &ask, allow);
    check_ask(s, &ask, NULL);
    ask.least = 2.0f;
    check_ask(s, &ask, NULL);
    lat_search_free(s);
}

TEST(search, takes_a_score_that_is_the_threshold)
{
    const struct lat_search_shape shape = shape_of(2);
    const float v[] = {3.0f, 0.0f};
    const struct lat_search_ask ask = {.v = v,
                                       .n = 1,
                                       .k = 5,
                                       .weights = {1.0},
                                       .has_least = true,
                                       .least = 1.0f};
    struct lat_search *s = NULL;
    struct lat_probe *p = NULL;
    size_t n;

    UNUSED_STATE;
    CHECK(lat_search_new(&s, &shape, kernel_named(NULL), NULL) == LAT_OK);
    CHECK(lat_search_append(s, v, NULL) == LAT_OK);
    CHECK(lat_probe_new(&p, &shape, &ask, LAT_PARTS, NULL) == LAT_OK);
    lat__probe_run(p, s, NULL, NULL);
    CHECK(lat_probe_best(p, 0, &n)[0].score == 1.0f && n == 1);
    lat_probe_free(p);
    lat_search_free(s);
}

/* Equal vectors, near and far: the first appended come first. */
TEST(search, breaks_ties_by_the_order_of_insertion)
{
    const struct lat_search_shape shape = shape_of(16);
    const struct lat_search_ask ask = {
        .v = queries, .n = 1, .k = 20, .weights = {1.0, 1.0, 1.0}};
    struct lat_search *s = NULL;
    struct lat_probe *p = NULL;
    const struct lat_hit *hits;
    size_t n;

    UNUSED_STATE;
    CHECK(lat_search_new(&s, &shape, kernel_named(NULL), NULL) == LAT_OK);
    for (size_t i = 0; i < 2000; i++)
        CHECK(lat_search_append(s, i % 37 == 5 ? queries : rows + 16 * i,
                                NULL) == LAT_OK);
    CHECK(lat_probe_new(&p, &shape, &ask, LAT_PARTS, NULL) == LAT_OK);
    lat__probe_run(p, s, NULL, NULL);
    hits = lat_probe_best(p, 0, &n);
    CHECK(n == 20);
    for (size_t i = 0; i < n; i++)
        CHECK(hits[i].row == 5 + 37 * i);
    lat_probe_free(p);
    lat_search_free(s);
}

/* The bytes of what is found by so many threads. */
static void collect(struct lat_hit *to, const struct lat_search *s,
                    const struct lat_search_ask *ask, unsigned n_threads)
{
    struct lat_team *team = NULL;
    struct lat_probe *p = NULL;
    size_t n;

    CHECK(lat__team_new(&team, n_threads, NULL) == LAT_OK);
    CHECK(lat_probe_new(&p, &s->shape, ask, LAT_PARTS, NULL) == LAT_OK);
    lat__probe_run(p, s, NULL, team);
    memset(to, 0, ask->n * ask->k * sizeof(*to));
    for (size_t i = 0; i < ask->n; i++) {
        const struct lat_hit *hits = lat_probe_best(p, i, &n);

        CHECK(n == ask->k);
        for (size_t j = 0; j < n; j++) {
            to[i * ask->k + j].score = hits[j].score;
            to[i * ask->k + j].row = hits[j].row;
        }
    }
    lat_probe_free(p);
    lat__team_free(team);
}

TEST(search, does_not_depend_on_threads_or_on_the_other_queries)
{
    static struct lat_hit one[10 * 19], other[10 * 19];
    const struct lat_search_shape shape = shape_of(64);
    struct lat_search_ask ask = {
        .v = queries, .n = 19, .k = 10, .weights = {1.0, 0.5, -0.25}};
    struct lat_search *s = matrix(&shape, 2200, kernel_named(NULL));

    UNUSED_STATE;
    collect(one, s, &ask, 1);
    for (unsigned n = 2; n <= 5; n++) {
        collect(other, s, &ask, n);
        assert_memory_equal(one, other, sizeof(one));
    }
    for (size_t i = 0; i < 19; i++) {
        ask.v = queries + i * 64;
        ask.n = 1;
        collect(other, s, &ask, 2);
        assert_memory_equal(one + i * 10, other, 10 * sizeof(*one));
    }
    lat_search_free(s);
}

TEST(search, gives_zero_and_huge_vectors_finite_scores)
{
    const struct lat_search_shape shape = shape_of(2);
    const float vs[][2] = {
        {0.0f, 0.0f}, {3e38f, 0.0f}, {1e-42f, 0.0f}, {-3e38f, 1e30f}};
    struct lat_search_ask ask = {.v = vs[0], .n = 4, .k = 4, .weights = {-2.0}};
    struct lat_search *s = NULL;

    UNUSED_STATE;
    CHECK(lat_search_new(&s, &shape, kernel_named(NULL), NULL) == LAT_OK);
    for (size_t i = 0; i < 4; i++)
        CHECK(lat_search_append(s, vs[i], NULL) == LAT_OK);
    for (int metric = 0; metric < 2; metric++) {
        struct lat_probe *p = NULL;
        size_t n;

        ask.metric = (enum lat_metric)metric;
        CHECK(lat_probe_new(&p, &shape, &ask, LAT_PARTS, NULL) == LAT_OK);
        lat__probe_run(p, s, NULL, NULL);
        for (size_t i = 0; i < 4; i++) {
            const struct lat_hit *hits = lat_probe_best(p, i, &n);

            CHECK(n == 4);
            for (size_t j = 0; j < n; j++)
                CHECK(isfinite(hits[j].score));
            CHECK(i != 0 || (hits[0].score == 0.0f && hits[0].row == 0));
        }
        lat_probe_free(p);
    }
    lat_search_free(s);
}

TEST(search, refuses_what_is_not_finite_and_weights_of_nothing)
{
    const struct lat_search_shape shape = shape_of(2);
    const float bad[][2] = {{NAN, 0.0f}, {0.0f, INFINITY}, {3e38f, 3e38f}};
    struct lat_search_ask ask = {.v = bad[0], .n = 1, .k = 1, .weights = {1.0}};
    struct lat_search *s = NULL;
    struct lat_probe *p = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_search_new(&s, &shape, kernel_named(NULL), NULL) == LAT_OK);
    for (size_t i = 0; i < 3; i++)
        CHECK(lat_search_append(s, bad[i], &err) == LAT_ENONFINITE);
    CHECK(lat_search_rows(s) == 0 && lat_search_live(s) == 0);
    CHECK(lat_probe_new(&p, &shape, &ask, 1, &err) == LAT_ENONFINITE);
    ask.v = queries;
    ask.weights[0] = 0.0;
    CHECK(lat_probe_new(&p, &shape, &ask, 1, &err) == LAT_EUNFIT && !p);
    ask.weights[0] = NAN;
    CHECK(lat_probe_new(&p, &shape, &ask, 1, &err) == LAT_EUNFIT && !p);
    lat_search_free(s);
}

/* ---- rows come and go ---- */

struct moves {
    size_t n, from[ROWS_MAX];
};

static void note_move(void *arg, size_t to, size_t from)
{
    struct moves *m = arg;

    CHECK(to == m->n);
    m->from[m->n++] = from;
}

TEST(search, keeps_order_when_rows_are_replaced_dropped_and_compacted)
{
    static struct moves m;
    const struct lat_search_shape shape = shape_of(16);
    const struct lat_search_ask ask = {
        .v = queries, .n = 2, .k = 40, .weights = {1.0, 1.0, 0.0}};
    struct lat_search *s = matrix(&shape, 2100, kernel_named(NULL));
    size_t bytes = lat_search_bytes(s);

    UNUSED_STATE;
    for (size_t i = 0; i < 2100; i++)
        if (i % 3)
            lat_search_drop(s, i);
    CHECK(lat_search_rows(s) == 2100 && lat_search_live(s) == 700);
    check_ask(s, &ask, NULL);
    memcpy(rows + 16 * 9, queries, 16 * sizeof(*rows));
    CHECK(lat_search_replace(s, 9, rows + 16 * 9, NULL) == LAT_OK);
    check_ask(s, &ask, NULL);
    lat_search_compact(s, note_move, &m);
    CHECK(m.n == 700 && lat_search_rows(s) == 700 && lat_search_live(s) == 700);
    CHECK(lat_search_bytes(s) < bytes);
    for (size_t i = 0; i < 700; i++) {
        float v[16];

        CHECK(m.from[i] == 3 * i);
        lat_search_get(s, i, v);
        for (size_t d = 0; d < 16; d++)
            CHECK_NEAR(v[d], d == 8 ? 0.0f : rows[3 * i * 16 + d], 1e-6);
        memmove(rows + i * 16, rows + 3 * i * 16, 16 * sizeof(*rows));
    }
    check_ask(s, &ask, NULL);
    CHECK(lat_search_append(s, queries, NULL) == LAT_OK);
    CHECK(lat_search_has(s, 700) && !lat_search_has(s, 701));
    lat_search_free(s);
}

TEST(search, survives_every_failed_allocation)
{
    const struct lat_search_shape shape = shape_of(16);
    const struct lat_search_ask ask = {
        .v = queries, .n = 2, .k = 4, .weights = {1.0}};

    UNUSED_STATE;
    for (long n = 0; n < 10; n++) {
        struct lat_search *s = NULL;
        struct lat_probe *p = NULL;
        enum lat_code code;

        lat__mem_fail_after = n;
        code = lat_search_new(&s, &shape, kernel_named(NULL), NULL);
        if (code == LAT_OK)
            code = lat_search_append(s, rows, NULL);
        if (code == LAT_OK)
            code = lat_probe_new(&p, &shape, &ask, 2, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == (n < 9 ? LAT_ENOMEM : LAT_OK));
        lat_probe_free(p);
        lat_search_free(s);
    }
}

TEST(pair, scores_as_the_scan_and_its_shares_sum_to_the_score)
{
    const struct lat_search_shape shape = shape_of(70);
    struct lat_search_ask ask = {
        .v = queries, .n = 1, .k = 1, .weights = {1.0, -0.5, 0.0}};
    double share[70], sum;
    struct lat_pair pair;

    UNUSED_STATE;
    for (size_t i = 0; i < 20; i++) {
        ask.metric = i % 2 ? LAT_DOT : LAT_COSINE;
        lat_pair_score(&pair, share, &shape, queries, rows + i * 70, ask.metric,
                       ask.weights);
        CHECK_NEAR(pair.score, score_of(&shape, &ask, 0, i), 1e-12);
        CHECK_NEAR(pair.score,
                   (pair.by_range[0] - 0.5 * pair.by_range[1]) / 1.5, 1e-12);
        sum = 0.0;
        for (size_t d = 0; d < 70; d++)
            sum += share[d];
        CHECK_NEAR(sum, pair.score, 1e-12);
        CHECK(!pair.zero);
    }
    memset(rows, 0, 70 * sizeof(*rows));
    lat_pair_score(&pair, NULL, &shape, queries, rows, LAT_COSINE, ask.weights);
    CHECK(pair.score == 0.0 && pair.zero);
}

/* ---- by windows ---- */

enum { W_ROWS = 300, W_DIMS = 20, W_MAX = 150 };

/* Window w of a row; row 7 k stands alone, row 50 has many. */
static float windows[W_ROWS][W_MAX][W_DIMS];

static size_t windows_of(size_t row)
{
    return row == 50 ? W_MAX : row % 7 ? row % 7 + 1 : 0;
}

static struct lat_search *windowed(const struct lat_search_shape *shape,
                                   const struct lat_kernel *k)
{
    struct lat_search *s = matrix(shape, W_ROWS, k);

    for (size_t i = 0; i < W_ROWS; i++) {
        fill(windows[i][0], sizeof(windows[i]) / sizeof(float), i);
        CHECK(!windows_of(i) ||
              lat_search_set_windows(s, i, windows[i][0], windows_of(i),
                                     NULL) == LAT_OK);
        CHECK(lat_search_windows(s, i) == (windows_of(i) ? windows_of(i) : 1));
    }
    return s;
}

static double pair_of(const struct lat_search_shape *shape,
                      const struct lat_search_ask *ask, size_t query,
                      size_t row, size_t window)
{
    const float *b =
        windows_of(row) ? windows[row][window] : rows + row * shape->dims;
    struct lat_pair pair;

    lat_pair_score(&pair, NULL, shape, ask->v + query * shape->dims, b,
                   ask->metric, ask->weights);
    return pair.score;
}

static double best_of(const struct lat_search_shape *shape,
                      const struct lat_search_ask *ask, size_t group,
                      size_t row)
{
    const size_t begin = group ? ask->ends[group - 1] : 0;
    const struct lat_search_sets sets = {
        .a = ask->v + begin * shape->dims,
        .n_a = ask->ends[group] - begin,
        .b = windows_of(row) ? windows[row][0] : rows + row * shape->dims,
        .n_b = windows_of(row) ? windows_of(row) : 1};
    struct lat_best_pair best;

    lat_pair_best(&best, shape, &sets, ask->metric, ask->weights);
    CHECK_NEAR(best.score, pair_of(shape, ask, begin + best.a, row, best.b),
               1e-12);
    return best.score;
}

/* All rows are asked for: each has the score of its best pair, and says which
 * that is. */
static void check_windows(const struct lat_search *s,
                          const struct lat_search_ask *ask)
{
    const double tol = ask->metric == LAT_COSINE ? 2e-6 : 2e-5;
    struct lat_probe *p = NULL;

    CHECK(lat_probe_new(&p, &s->shape, ask, LAT_PARTS, NULL) == LAT_OK);
    lat__probe_run(p, s, NULL, NULL);
    for (size_t g = 0; g < ask->n_groups; g++) {
        size_t n, begin = g ? ask->ends[g - 1] : 0;
        const struct lat_hit *hits = lat_probe_best(p, g, &n);

        CHECK(n == lat_search_live(s));
        for (size_t i = 0; i < n; i++) {
            CHECK(!i || hits[i].score <= hits[i - 1].score);
            CHECK_NEAR(hits[i].score, best_of(&s->shape, ask, g, hits[i].row),
                       tol);
            CHECK_NEAR(hits[i].score,
                       pair_of(&s->shape, ask, begin + hits[i].query,
                               hits[i].row, hits[i].window),
                       tol);
        }
    }
    lat_probe_free(p);
}

TEST(search, a_row_has_the_score_of_its_best_window)
{
    static const char *const names[] = {"blas", "avx2", "avx512"};
    static const size_t ends[] = {1, 4, 19};
    const struct lat_search_shape shape = shape_of(W_DIMS);
    struct lat_search_ask ask = {.v = queries,
                                 .n = QUERIES_MAX,
                                 .k = W_ROWS,
                                 .ends = ends,
                                 .n_groups = 3,
                                 .weights = {1.0, -0.5, 0.0}};

    UNUSED_STATE;
    fill(rows, W_ROWS * W_DIMS, 3);
    fill(queries, QUERIES_MAX * W_DIMS, 4);
    for (size_t k = 0; k < 3; k++) {
        const struct lat_kernel *kernel = kernel_named(names[k]);
        struct lat_search *s;

        if (!kernel)
            continue;
        s = windowed(&shape, kernel);
        ask.metric = LAT_COSINE;
        check_windows(s, &ask);
        ask.metric = LAT_DOT;
        check_windows(s, &ask);
        lat_search_free(s);
    }
}

/* The row keeps no window of what it was, and takes them along. */
TEST(search, windows_go_with_their_row)
{
    const struct lat_search_shape shape = shape_of(W_DIMS);
    struct lat_search *s = windowed(&shape, kernel_named(NULL));
    size_t before = lat_search_window_bytes(s);
    float v[W_DIMS];

    UNUSED_STATE;
    lat_search_get_window(s, 50, W_MAX - 1, v);
    for (size_t d = 0; d < W_DIMS / 2; d++)
        CHECK_NEAR(v[d], windows[50][W_MAX - 1][d], 1e-6);
    CHECK(lat_search_replace(s, 51, rows, NULL) == LAT_OK);
    CHECK(lat_search_windows(s, 51) == 1);
    CHECK(lat_search_window_bytes(s) < before);
    for (size_t row = 0; row < 50; row++)
        lat_search_drop(s, row);
    lat_search_compact(s, NULL, NULL);
    CHECK(lat_search_windows(s, 0) == W_MAX && lat_search_windows(s, 1) == 1);
    lat_search_get_window(s, 0, W_MAX - 1, v);
    CHECK_NEAR(v[0], windows[50][W_MAX - 1][0], 1e-6);
    windows[50][1][0] = NAN;
    CHECK(lat_search_set_windows(s, 0, windows[50][0], 2, NULL) ==
          LAT_ENONFINITE);
    CHECK(lat_search_windows(s, 0) == 1);
    for (size_t row = 0; row < 250; row++)
        lat_search_drop(s, row);
    CHECK(lat_search_window_bytes(s) == 0);
    lat_search_free(s);
}

static int setup(void **state)
{
    UNUSED_STATE;
    fill(rows, ROWS_MAX * DIMS_MAX, 1);
    fill(queries, QUERIES_MAX * DIMS_MAX, 2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(search, finds_what_a_plain_scan_finds_on_every_edge),
        T(search, counts_only_rows_allowed_that_reach_the_threshold),
        T(search, takes_a_score_that_is_the_threshold),
        T(search, breaks_ties_by_the_order_of_insertion),
        T(search, does_not_depend_on_threads_or_on_the_other_queries),
        T(search, gives_zero_and_huge_vectors_finite_scores),
        T(search, refuses_what_is_not_finite_and_weights_of_nothing),
        T(search, keeps_order_when_rows_are_replaced_dropped_and_compacted),
        T(search, survives_every_failed_allocation),
        T(pair, scores_as_the_scan_and_its_shares_sum_to_the_score),
        T(search, a_row_has_the_score_of_its_best_window),
        T(search, windows_go_with_their_row),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
