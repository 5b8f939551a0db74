/* test_codes.c - what dimensions mean, how full and how apart they are, what
 * they find: as known, and by hand. */
#include "../../core/base/mem.h"
#include "../../core/measure.h"
#include "golden.h"
#include "ops.h"

enum { N = 9, D = 6, MANY = 12 };

struct codes_run {
    float x[MANY * D];
    uint32_t label[MANY];
    struct lat__codes c;
};

static void run_init(struct codes_run *r, const json_t *in, const char *name,
                     size_t n)
{
    golden_floats(r->x, n * D, in, name);
    golden_ids(r->label, n, in, "labels");
    r->c = (struct lat__codes){r->x, n, D, r->label, 3};
}

static void check_entropy(const struct lat__dim_meaning *dims, const json_t *w,
                          const char *name, enum lat__entropy e)
{
    double want[4];
    size_t n = 0;

    golden_doubles(want, 4, golden_at(w, "entropy_per_dim"), name);
    for (size_t k = 0; k < D; k++)
        if (!isnan(dims[k].entropy[e])) {
            CHECK(n < 4);
            CHECK_NEAR(dims[k].entropy[e], want[n++], 1e-6);
        }
    CHECK(n == 4);
}

TEST(meaning, has_the_known_values)
{
    json_t *root = golden_load();
    const json_t *w = golden_at(root, "E_metrics/expected");
    struct lat__dim_meaning dims[D];
    struct lat__meaning m = {.dims = dims};
    struct codes_run r;

    UNUSED_STATE;
    run_init(&r, golden_at(root, "E_metrics/inputs"), "features_raw", N);
    lat__unit_rows(r.x, r.x, NULL, N, D);
    golden_check(r.x, N * D, w, "features", 1e-6);
    CHECK(lat__meaning(&m, &r.c, NULL) == LAT_OK);
    for (size_t k = 0; k < 4; k++) {
        char name[64];

        snprintf(name, sizeof(name), "semantic_consistency_per_dim/%zu", k);
        CHECK_NEAR(dims[k].consistency, golden_number(w, name), 1e-12);
    }
    CHECK(m.n_dims == 4 && dims[4].support == 0 && dims[5].support == 0);
    CHECK(isnan(dims[4].consistency) && isnan(dims[5].consistency));
    CHECK(dims[0].support == 4 && dims[0].majority == 0);
    CHECK_NEAR(m.consistency, golden_number(w, "semantic_consistency"), 1e-12);
    CHECK_NEAR(m.entropy[LAT_BY_SUM],
               golden_number(w, "entropy_sum_activation"), 1e-6);
    CHECK_NEAR(m.entropy[LAT_BY_MEAN],
               golden_number(w, "entropy_mean_activation"), 1e-6);
    CHECK_NEAR(m.entropy[LAT_BY_COUNT], golden_number(w, "entropy_frequency"),
               1e-6);
    check_entropy(dims, w, "sum", LAT_BY_SUM);
    check_entropy(dims, w, "mean", LAT_BY_MEAN);
    check_entropy(dims, w, "freq", LAT_BY_COUNT);
    json_decref(root);
}

TEST(density, has_the_known_values)
{
    json_t *root = golden_load();
    const json_t *w = golden_at(root, "E_metrics/expected");
    struct lat__density d;
    struct codes_run r;

    UNUSED_STATE;
    run_init(&r, golden_at(root, "E_metrics/inputs"), "features_raw", N);
    lat__unit_rows(r.x, r.x, NULL, N, D);
    CHECK(lat__density(&d, &r.c, NULL) == LAT_OK);
    CHECK((double)d.n_active == golden_number(w, "act_dim"));
    CHECK_NEAR((double)d.n_active / D, golden_number(w, "act_dim_fraction"),
               1e-12);
    CHECK_NEAR(d.sparsity, golden_number(w, "sparsity"), 1e-12);
    CHECK_NEAR(d.not_negative, golden_number(w, "non_negative_ratio"), 1e-12);
    CHECK_NEAR(d.overlap, golden_number(w, "orthogonality_mean_abs_offdiag"),
               1e-6);
    CHECK_NEAR(d.overlap_published,
               golden_number(w, "orthogonality_author_matrix_mean"), 1e-6);
    CHECK_NEAR(d.overlap_median,
               golden_number(w, "orthogonality_author_matrix_median_lower"),
               1e-6);
    CHECK_NEAR(d.overlap_all,
               golden_number(w, "orthogonality_ncl_mean_over_d2"), 1e-6);
    CHECK_NEAR(d.rank, golden_number(w, "effective_rank_entropy"), 1e-6);
    json_decref(root);
}

/* More dimensions than a tile, more than things: the rank is that of the
 * things, all of one length and apart from each other. */
TEST(density, of_things_apart_is_the_log_of_their_number)
{
    enum { WIDE = 150, FEW = 40 };
    static float x[FEW * WIDE];
    const struct lat__codes c = {x, FEW, WIDE, NULL, 0};
    struct lat__density d;

    UNUSED_STATE;
    for (size_t i = 0; i < FEW; i++) {
        x[i * WIDE + i] = 0.6f;
        x[i * WIDE + 110 + i % 40] = i < 20 ? 0.8f : -0.8f;
    }
    CHECK(lat__density(&d, &c, NULL) == LAT_OK);
    CHECK(d.n_active == 80);
    CHECK_NEAR(d.rank, log(FEW), 1e-4);
    CHECK_NEAR(d.sparsity, 1.0 - 2.0 / WIDE, 1e-12);
    CHECK_NEAR(d.overlap, 1.0 / 79.0, 1e-9);
}

TEST(density, survives_nothing_at_all)
{
    const float x[4] = {0};
    const struct lat__codes c = {x, 2, 2, NULL, 0};
    struct lat__density d;

    UNUSED_STATE;
    CHECK(lat__density(&d, &c, NULL) == LAT_OK);
    CHECK(d.n_active == 0 && d.overlap == 0.0 && d.rank == 0.0);
    lat__mem_fail_after = 0;
    CHECK(lat__density(&d, &c, NULL) == LAT_ENOMEM);
    lat__mem_fail_after = -1;
}

/* Trace and sum of squares stay; [[2, 1], [1, 2]] has 1 and 3. */
TEST(eigen, keeps_what_must_stay)
{
    enum { E = 33 };
    static double a[E * E], v[E], room[E];
    double small[] = {2, 1, 1, 2}, trace = 0, squares = 0, sum = 0, power = 0;
    struct lat_rng rng;

    UNUSED_STATE;
    CHECK(lat__eigenvalues(v, small, room, 2));
    CHECK_NEAR(fmin(v[0], v[1]), 1.0, 1e-14);
    CHECK_NEAR(fmax(v[0], v[1]), 3.0, 1e-14);
    lat__rng_seed(&rng, 2);
    for (size_t i = 0; i < E; i++)
        for (size_t j = 0; j <= i; j++)
            a[i * E + j] = a[j * E + i] = lat__rng_normal(&rng);
    for (size_t i = 0; i < E * E; i++) {
        trace += i % (E + 1) ? 0.0 : a[i];
        squares += a[i] * a[i];
    }
    CHECK(lat__eigenvalues(v, a, room, E));
    for (size_t i = 0; i < E; i++) {
        sum += v[i];
        power += v[i] * v[i];
    }
    CHECK_NEAR(sum, trace, 1e-12);
    CHECK_NEAR(power, squares, 1e-12);
}

static void check_precision(const struct codes_run *r,
                            const struct lat__dim_rank *order, size_t dims,
                            const json_t *want)
{
    static const size_t k[] = {1, 3, 5, 10};
    float y[MANY * D], turned[MANY * D], s[MANY * MANY];
    double precision[LAT_NEAREST];
    struct lat_ctx ctx = ctx_new(1, 0);
    char name[16];

    lat__take_dims(y, &r->c, order, dims);
    lat__unit_rows(y, y, NULL, MANY, dims);
    lat__similarities(s, y, y, turned, MANY, dims, &ctx);
    lat__precision_at(precision, s, r->label, MANY);
    snprintf(name, sizeof(name), "%zu", dims);
    want = golden_at(want, name);
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "P@%zu", k[i]);
        CHECK_NEAR(precision[k[i] - 1], golden_number(want, name), 1e-12);
    }
    ctx_free(&ctx);
}

TEST(pick, finds_what_is_known)
{
    json_t *root = golden_load();
    const json_t *want = golden_at(root, "F_retrieval/expected");
    struct lat__dim_rank order[D];
    double score[D], wanted[D];
    struct codes_run r;
    float unit[MANY * D];

    UNUSED_STATE;
    run_init(&r, golden_at(root, "F_retrieval/inputs"), "features", MANY);
    lat__dim_scores(score, &r.c, unit);
    lat__dim_order(order, score, D);
    golden_doubles(wanted, D, want, "dim_score");
    for (size_t k = 0; k < D; k++)
        CHECK_NEAR(score[k], wanted[k], 1e-6);
    golden_doubles(wanted, D, want,
                   "dim_order_by_summed_normalised_activation");
    for (size_t k = 0; k < D; k++)
        CHECK((double)order[k].dim == wanted[k]);
    want = golden_at(want, "precision");
    check_precision(&r, order, 2, want);
    check_precision(&r, order, 4, want);
    check_precision(&r, order, 6, want);
    json_decref(root);
}

/* All alike: the first others are found, and never the query itself. */
TEST(pick, leaves_the_query_out_by_index)
{
    const float s[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const uint32_t label[3] = {5, 6, 5};
    double precision[LAT_NEAREST];

    UNUSED_STATE;
    lat__precision_at(precision, s, label, 3);
    CHECK_NEAR(precision[0], 1.0 / 3.0, 1e-12);
    CHECK_NEAR(precision[1], (0.5 + 0.0 + 0.5) / 3.0, 1e-12);
    CHECK_NEAR(precision[9], (0.1 + 0.0 + 0.1) / 3.0, 1e-12);
}

/* Two things in two views, told apart by dimension 0 alone; dimension 1 is the
 * same in all, dimension 2 nothing: without 0 all rows are equal. */
TEST(sepin, is_what_a_dimension_tells)
{
    const float a = 0.6f, b = 0.8f;
    const float u[12] = {a, b, 0, a, b, 0, -a, b, 0, -a, b, 0};
    const uint32_t id[4] = {1, 1, 2, 2};
    const struct lat__codes c = {u, 4, 3, id, 0};
    double rise[3], whole, with_0;
    struct lat__dim_rank order[3];
    float s[16];

    UNUSED_STATE;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            s[i * 4 + j] = (float)times(u + i * 3, u + j * 3, 3);
    lat__sepin_rises(rise, &c, s, 0.5, NULL);
    whole = log1p(2.0 * exp((0.64 - 0.36 - 1.0) / 0.5));
    with_0 = log1p(2.0 * exp(-2.0 / 0.5)); /* without 1 they are opposites */
    CHECK_NEAR(rise[0], log(3.0) - whole, 1e-6);
    CHECK_NEAR(rise[1], with_0 - whole, 1e-6);
    CHECK_NEAR(rise[2], 0.0, 1e-6);
    CHECK_NEAR(lat__sepin(order, rise, 3, 2), (rise[0] + rise[2]) / 2.0, 1e-12);
    CHECK(order[0].dim == 0 && order[2].dim == 1);
}

/* Three classes around three corners of a cube. */
enum { CLOUD = 90, WIDE = 5 };

struct clouds {
    float x[CLOUD * WIDE];
    uint32_t label[CLOUD];
    struct lat__codes c;
};

static void clouds_init(struct clouds *k, uint64_t seed)
{
    noise(k->x, CLOUD * WIDE, seed);
    for (size_t i = 0; i < CLOUD * WIDE; i++)
        k->x[i] *= 0.15f;
    for (size_t i = 0; i < CLOUD; i++) {
        k->label[i] = (uint32_t)(i % 3);
        k->x[i * WIDE + i % 3] += 1.0f;
    }
    lat__unit_rows(k->x, k->x, NULL, CLOUD, WIDE);
    k->c = (struct lat__codes){k->x, CLOUD, WIDE, k->label, 3};
}

static const struct lat__classify_spec classify_spec = {.epochs = 30,
                                                        .batch = 16,
                                                        .warm_up = 1,
                                                        .rate = 0.5,
                                                        .momentum = 0.9,
                                                        .seed = 1};

TEST(classify, tells_clouds_apart_and_nothing_else)
{
    struct lat_ctx ctx = ctx_new(2, 0);
    struct clouds train, test;
    struct lat__right right;

    UNUSED_STATE;
    clouds_init(&train, 1);
    clouds_init(&test, 2);
    CHECK(lat__classify(&right, &train.c, &test.c, &classify_spec, &ctx,
                        NULL) == LAT_OK);
    CHECK(right.first > 0.95 && right.five == 1.0);
    noise(test.x, CLOUD * WIDE, 3); /* labels that mean nothing */
    CHECK(lat__classify(&right, &train.c, &test.c, &classify_spec, &ctx,
                        NULL) == LAT_OK);
    CHECK(right.first > 0.15 && right.first < 0.55);
    ctx_free(&ctx);
}

TEST(classify, survives_any_failed_allocation)
{
    struct lat_ctx ctx = ctx_new(1, 0);
    struct clouds k;
    struct lat__right right;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    clouds_init(&k, 1);
    do {
        lat__mem_fail_after = n++;
        code = lat__classify(&right, &k.c, &k.c, &classify_spec, &ctx, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n == 4);
    ctx_free(&ctx);
}

/* Of one dimension: +1 is class 0 once and class 1 twice; -1 is class 2. */
TEST(knn, votes_are_counted_by_hand)
{
    const float x[4] = {1, 1, 1, -1}, q[2] = {1, -1};
    const uint32_t label[4] = {0, 1, 1, 2}, want[2] = {1, 2};
    const struct lat__codes train = {x, 4, 1, label, 3};
    const struct lat__codes test = {q, 2, 1, want, 3};
    double right;

    UNUSED_STATE;
    CHECK(lat__knn(&right, &train, &test, &(struct lat__knn_spec){3, 0.1}, NULL,
                   NULL) == LAT_OK);
    CHECK(right == 1.0);
    /* of equals the first neighbour: thing 0 of class 0 */
    CHECK(lat__knn(&right, &train, &test, &(struct lat__knn_spec){1, 0.1}, NULL,
                   NULL) == LAT_OK);
    CHECK(right == 0.5);
    /* hot votes: three of one, however unlike, beat one */
    CHECK(lat__knn(&right, &train, &test, &(struct lat__knn_spec){9, 1e6}, NULL,
                   NULL) == LAT_OK);
    CHECK(right == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(meaning, has_the_known_values),
        T(density, has_the_known_values),
        T(density, of_things_apart_is_the_log_of_their_number),
        T(density, survives_nothing_at_all),
        T(eigen, keeps_what_must_stay),
        T(pick, finds_what_is_known),
        T(pick, leaves_the_query_out_by_index),
        T(sepin, is_what_a_dimension_tells),
        T(classify, tells_clouds_apart_and_nothing_else),
        T(classify, survives_any_failed_allocation),
        T(knn, votes_are_counted_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
