/*
 * search.c - exact search: queries a second and latencies at several sizes,
 * beside the memory bandwidth of the same minutes and sqlite-vec.
 *
 *     tests/bench/search [--vec vec0.so] [--quick] [--threads N]
 *
 * Vectors are normal, 64 dimensions, k = 10, cosine.  Each cell is measured a
 * little at a time, all cells in turn, so that a neighbour on the machine
 * disturbs all of them alike.  Both engines have the same vectors in memory;
 * sqlite-vec takes its queries one by one.
 */
#include "../../core/search.h"
#include "../../core/base/rng.h"

#include <sqlite3.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIMS = 64, K = 10, BATCH = 16, CELLS = 7, LATENCIES = 4096 };

enum cell { READ_1, READ_N, ONE_1, ONE_N, MANY_1, MANY_N, VEC };

static const char *const names[CELLS] = {
    "read memory, 1 thread", "read memory, N",
    "1 query, 1 thread",     "1 query, N",
    "16 queries, 1",         "16 queries, N",
    "sqlite-vec, 1 query"};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *must(void *p)
{
    if (!p) {
        fprintf(stderr, "search: no memory\n");
        exit(1);
    }
    return p;
}

static void must_ok(enum lat_code code, const struct lat_err *err)
{
    if (code) {
        fprintf(stderr, "search: %s\n", err->msg);
        exit(1);
    }
}

struct bench {
    size_t n;
    float *rows, *queries; /* (n, DIMS), (BATCH, DIMS) */
    struct lat_search *s;
    struct lat_team *team;
    sqlite3 *db;
    sqlite3_stmt *st;
    double spent[CELLS], latency[CELLS][LATENCIES];
    size_t times[CELLS];
    volatile uint64_t sum;
};

/* ---- memory ---- */

struct reading {
    const uint64_t *v;
    size_t n;
    uint64_t sum[LAT_PARTS * 8];
};

static void read_part(void *arg, size_t part)
{
    struct reading *r = arg;
    const uint64_t *v = r->v + lat__part_begin(r->n, part);
    size_t n = lat__part_begin(r->n, part + 1) - lat__part_begin(r->n, part);
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum ^= v[i];
    r->sum[part * 8] = sum;
}

static void read_all(struct bench *b, struct lat_team *team)
{
    struct reading r = {
        (const uint64_t *)(const void *)b->rows, b->n * DIMS / 2, {0}};

    lat__team_run(team, read_part, &r);
    for (size_t i = 0; i < LAT_PARTS; i++)
        b->sum ^= r.sum[i * 8];
}

/* ---- ours ---- */

static void search(struct bench *b, size_t n, struct lat_team *team,
                   struct lat_hit *hits)
{
    const struct lat_search_ask ask = {
        .v = b->queries, .n = n, .k = K, .weights = {1.0}};
    struct lat_probe *p = NULL;
    struct lat_err err = {0};
    size_t found;

    must_ok(lat_probe_new(&p, &b->s->shape, &ask, LAT_PARTS, &err), &err);
    lat__probe_run(p, b->s, NULL, team);
    for (size_t i = 0; i < n; i++)
        memcpy(hits + i * K, lat_probe_best(p, i, &found), K * sizeof(*hits));
    lat_probe_free(p);
}

/* ---- theirs ---- */

static void sql(sqlite3 *db, const char *text)
{
    char *msg = NULL;

    if (sqlite3_exec(db, text, NULL, NULL, &msg)) {
        fprintf(stderr, "search: %s: %s\n", text, msg);
        exit(1);
    }
}

static bool open_vec(struct bench *b, const char *path)
{
    char *msg = NULL;
    sqlite3_stmt *st;

    if (!path || sqlite3_open(":memory:", &b->db))
        return false;
    sqlite3_enable_load_extension(b->db, 1);
    if (sqlite3_load_extension(b->db, path, "sqlite3_vec_init", &msg)) {
        fprintf(stderr, "search: %s: %s\n", path, msg);
        exit(1);
    }
    sql(b->db, "CREATE VIRTUAL TABLE t USING vec0(v float[64] "
               "distance_metric=cosine)");
    sql(b->db, "BEGIN");
    sqlite3_prepare_v2(b->db, "INSERT INTO t (rowid, v) VALUES (?, ?)", -1, &st,
                       NULL);
    for (size_t i = 0; i < b->n; i++) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64)i + 1);
        sqlite3_bind_blob(st, 2, b->rows + i * DIMS, DIMS * 4, SQLITE_STATIC);
        if (sqlite3_step(st) != SQLITE_DONE)
            exit(1);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    sql(b->db, "COMMIT");
    sqlite3_prepare_v2(b->db,
                       "SELECT rowid, distance FROM t WHERE v MATCH ? AND k = "
                       "10 ORDER BY distance",
                       -1, &b->st, NULL);
    return true;
}

static void search_vec(struct bench *b, size_t query, struct lat_hit *hits)
{
    size_t n = 0;

    sqlite3_bind_blob(b->st, 1, b->queries + query * DIMS, DIMS * 4,
                      SQLITE_STATIC);
    while (sqlite3_step(b->st) == SQLITE_ROW && n < K)
        hits[n++].row = (size_t)sqlite3_column_int64(b->st, 0) - 1;
    sqlite3_reset(b->st);
}

/* Of the ten best of 16 queries, how many both say. */
static size_t agreement(struct bench *b)
{
    struct lat_hit ours[BATCH * K], theirs[K];
    size_t same = 0;

    search(b, BATCH, b->team, ours);
    for (size_t i = 0; i < BATCH; i++) {
        search_vec(b, i, theirs);
        for (size_t k = 0; k < K; k++)
            same += ours[i * K + k].row == theirs[k].row;
    }
    return same;
}

/* ---- cells ---- */

static void run_cell(struct bench *b, enum cell c)
{
    struct lat_hit hits[BATCH * K];
    double begin = now(), took;

    switch (c) {
    case READ_1:
        read_all(b, NULL);
        break;
    case READ_N:
        read_all(b, b->team);
        break;
    case ONE_1:
        search(b, 1, NULL, hits);
        break;
    case ONE_N:
        search(b, 1, b->team, hits);
        break;
    case MANY_1:
        search(b, BATCH, NULL, hits);
        break;
    case MANY_N:
        search(b, BATCH, b->team, hits);
        break;
    case VEC:
        search_vec(b, b->times[VEC] % BATCH, hits);
        break;
    }
    took = now() - begin;
    b->spent[c] += took;
    b->latency[c][b->times[c]++ % LATENCIES] = took;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double at(struct bench *b, enum cell c, double share)
{
    size_t n = b->times[c] < LATENCIES ? b->times[c] : LATENCIES;

    qsort(b->latency[c], n, sizeof(double), by_value);
    return b->latency[c][(size_t)(share * (double)(n - 1))];
}

static void print_cell(struct bench *b, enum cell c)
{
    size_t queries = c == MANY_1 || c == MANY_N ? BATCH : 1;
    double bytes = (double)b->n * DIMS * 4.0, median = at(b, c, 0.5);
    enum cell read = c == ONE_N || c == MANY_N ? READ_N : READ_1;
    double most = bytes / at(b, read, 0.5);

    printf("%8zu  %-22s", b->n, names[c]);
    if (c == READ_1 || c == READ_N) {
        printf(" %33s %7.1f GB/s\n", "", bytes / median / 1e9);
        return;
    }
    printf(" %10.0f %9.3f %9.3f   %7.1f GB/s %4.0f %%",
           (double)(queries * b->times[c]) / b->spent[c], 1e3 * median,
           1e3 * at(b, c, 0.99), bytes / median / 1e9,
           100.0 * bytes / median / most);
    if (b->db && c != VEC)
        printf(" %7.1fx", at(b, VEC, 0.5) / median * (double)queries);
    printf("\n");
}

static void measure(struct bench *b, double seconds)
{
    double begin = now();

    for (size_t i = 0; i < 3 || now() - begin < seconds; i++)
        for (int c = 0; c < CELLS; c++)
            if (c != VEC || b->db)
                run_cell(b, (enum cell)c);
    for (int c = 0; c < CELLS; c++)
        if (c != VEC || b->db)
            print_cell(b, (enum cell)c);
    if (b->db)
        printf("%8zu  both find the same: %zu of %d\n", b->n, agreement(b),
               BATCH * K);
}

static void fill(float *v, size_t n, uint64_t seed)
{
    struct lat_rng rng;

    lat__rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)lat__rng_normal(&rng);
}

static void run(size_t n, const char *vec, unsigned threads, double seconds)
{
    struct bench *b = must(calloc(1, sizeof(*b)));
    const struct lat_search_shape shape = {
        .dims = DIMS, .n_ranges = 1, .ranges = {{0, DIMS}}};
    const struct lat_kernel *kernel = NULL;
    struct lat_err err = {0};
    double begin;

    b->n = n;
    b->rows = must(lat_calloc(n * DIMS, sizeof(float)));
    b->queries = must(lat_calloc(BATCH * DIMS, sizeof(float)));
    fill(b->rows, n * DIMS, 1);
    fill(b->queries, BATCH * DIMS, 2);
    must_ok(lat_kernel_pick(&kernel, NULL, &err), &err);
    must_ok(lat__team_new(&b->team, threads, &err), &err);
    must_ok(lat_search_new(&b->s, &shape, kernel, &err), &err);
    begin = now();
    for (size_t i = 0; i < n; i++)
        must_ok(lat_search_append(b->s, b->rows + i * DIMS, &err), &err);
    printf("%8zu  %.2f s to append", n, now() - begin);
    begin = now();
    if (open_vec(b, vec))
        printf(", %.2f s to insert into sqlite-vec", now() - begin);
    printf("\n");
    measure(b, seconds);
    sqlite3_finalize(b->st);
    sqlite3_close(b->db);
    lat_search_free(b->s);
    lat__team_free(b->team);
    lat_free(b->rows);
    lat_free(b->queries);
    free(b);
}

int main(int argc, char **argv)
{
    const char *vec = NULL;
    unsigned threads = 2;
    bool quick = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            quick = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--vec") == 0) {
            vec = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0) {
            threads = (unsigned)strtoul(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "usage: search [--vec vec0.so] [--quick] "
                            "[--threads N]\n");
            return 2;
        }
    }
    if (!vec)
        printf("without sqlite-vec: tests/bench/peers/install-vec puts it in "
               "place, --vec names its vec0.so\n");
    printf("N = %u threads; p50 and p99 in ms of a call, the speed at which "
           "vectors pass,\nof that of reading memory, and queries to "
           "sqlite-vec's\n\n%8s  %-22s %10s %9s %9s\n",
           threads, "vectors", "", "queries/s", "p50", "p99");
    for (size_t n = 10000; n <= (quick ? 100000u : 1000000u); n *= 10)
        run(n, vec, threads, quick ? 2.0 : 20.0);
    return 0;
}
