/* test_turned.c - probes and counts by hand; a whole evaluation under
 * rotation of a small model. */
#include "../../core/measure.h"
#include "activities.h"

/* ---- counts ---- */

/* Three of four right; the third class neither is nor is said. */
TEST(confusion, accuracy_and_f1_by_hand)
{
    const size_t counts[9] = {2, 1, 0, 0, 1, 0, 0, 0, 0};
    const size_t constant[4] = {3, 0, 1, 0}, none[4] = {0};

    UNUSED_STATE;
    CHECK_NEAR(lat__accuracy(counts, 3), 0.75, 1e-12);
    /* 2 2 / (3 + 2) and 2 1 / (1 + 2) */
    CHECK_NEAR(lat__macro_f1(counts, 3), (0.8 + 2.0 / 3.0) / 2.0, 1e-12);
    CHECK_NEAR(lat__accuracy(constant, 2), 0.75, 1e-12);
    CHECK_NEAR(lat__macro_f1(constant, 2), 6.0 / 7.0 / 2.0, 1e-12);
    CHECK(lat__macro_f1(none, 2) == 0.0 && lat__accuracy(none, 2) == 0.0);
}

/* ---- probes ---- */

enum { N = 400, DIMS = 3 };

struct probe {
    float x[2 * N * DIMS], y[2 * N];
    struct lat__probe p;
};

/* y is filled by the caller, from x: normals. */
static struct probe *probe(void)
{
    struct probe *t = lat_calloc(1, sizeof(*t));
    struct lat_rng rng;

    assert_non_null(t);
    lat__rng_seed(&rng, 9);
    for (size_t i = 0; i < 2 * N * DIMS; i++)
        t->x[i] = (float)lat__rng_normal(&rng);
    t->p = (struct lat__probe){
        .dims = DIMS,
        .outs = 1,
        .fit = {t->x, t->y, N},
        .test = {t->x + N * DIMS, t->y + N, N},
        .seed = 4,
    };
    return t;
}

TEST(probe, linear_reads_what_is_linear)
{
    struct probe *t = probe();
    double r2 = 0.0;

    UNUSED_STATE;
    for (size_t i = 0; i < 2 * N; i++) {
        t->x[i * DIMS + 1] = t->x[i * DIMS + 1] * 100.0f + 5.0f;
        t->y[i] = 2.0f * t->x[i * DIMS] - 0.03f * t->x[i * DIMS + 1] + 7.0f;
    }
    CHECK(lat__probe_linear(&r2, &t->p, NULL) == LAT_OK);
    CHECK(r2 > 0.9999 && r2 <= 1.0);
    lat_free(t);
}

TEST(probe, network_reads_what_is_not_linear)
{
    struct probe *t = probe();
    double linear = 0.0, mlp = 0.0;

    UNUSED_STATE;
    for (size_t i = 0; i < 2 * N; i++)
        t->y[i] = fabsf(t->x[i * DIMS]) + fabsf(t->x[i * DIMS + 2]);
    CHECK(lat__probe_linear(&linear, &t->p, NULL) == LAT_OK);
    CHECK(lat__probe_mlp(&mlp, &t->p, NULL) == LAT_OK);
    CHECK(linear < 0.1 && mlp > 0.9);
    lat_free(t);
}

TEST(probe, reads_nothing_out_of_noise)
{
    struct probe *t = probe();
    double r2 = 1.0;

    UNUSED_STATE;
    for (size_t i = 0; i < 2 * N; i++)
        t->y[i] = (float)((i * 7919) % 97);
    CHECK(lat__probe_linear(&r2, &t->p, NULL) == LAT_OK);
    CHECK(r2 < 0.05);
    /* a constant feature, and an answer that never changes */
    for (size_t i = 0; i < 2 * N; i++) {
        t->x[i * DIMS] = 3.0f;
        t->y[i] = 2.0f;
    }
    CHECK(lat__probe_linear(&r2, &t->p, NULL) == LAT_OK);
    CHECK(r2 == 0.0);
    lat_free(t);
}

TEST(probe, classes_by_the_largest)
{
    struct probe *t = probe();
    float y[2 * N * 2];
    double share = 0.0;

    UNUSED_STATE;
    for (size_t i = 0; i < 2 * N; i++) {
        y[2 * i] = t->x[i * DIMS] > 0.0f;
        y[2 * i + 1] = 1.0f - y[2 * i];
    }
    t->p.outs = 2;
    t->p.fit.y = y;
    t->p.test.y = y + 2 * N;
    CHECK(lat__probe_classes(&share, &t->p, NULL) == LAT_OK);
    CHECK(share > 0.97);
    lat_free(t);
}

/* (3, 4) and (0, 2): their cosine is the sum of the products. */
TEST(probe, of_a_pair_has_both_and_their_product)
{
    const float a[2] = {3, 4}, b[2] = {0, 2}, zero[2] = {0, 0};
    float row[6];

    UNUSED_STATE;
    lat__probe_pair(row, a, b, 2);
    CHECK_NEAR(row[0], 0.6, 1e-6);
    CHECK_NEAR(row[3], 1.0, 1e-6);
    CHECK_NEAR(row[4] + row[5], 0.8, 1e-6);
    lat__probe_pair(row, a, zero, 2);
    CHECK(row[2] == 0.0f && row[5] == 0.0f);
}

TEST(probe, survives_any_failed_allocation)
{
    struct probe *t = probe();
    enum lat_code code;
    double r2;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat__probe_linear(&r2, &t->p, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 5);
    lat_free(t);
}

/* ---- a whole evaluation ---- */

static const struct lat_kernel *kernel(void)
{
    const struct lat_kernel *k = NULL;

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    return k;
}

/* A model after its recipe's steps, by way of its file. */
static struct lat_model *model(const struct lat_recipe *r,
                               const struct lat_dataset *d)
{
    struct lat_trainer *t = NULL;
    struct lat_model *m = NULL;
    struct lat_err err = {0};
    const char *path = in_dir("m.safetensors");

    CHECK(lat_trainer_new(&t, r, d, kernel(), 1, &err) == LAT_OK);
    while (!lat_train_finished(t))
        CHECK(lat_train_step(t, &err) == LAT_OK);
    CHECK(lat_train_publish(t, path, NULL, &err) == LAT_OK);
    CHECK(lat_model_read(&m, path, &err) == LAT_OK);
    CHECK(unlink(path) == 0);
    lat_trainer_free(t);
    return m;
}

static const struct lat_turn_ask ask = {LAT_TEST, 20, 1};

static struct lat_turn_eval eval(struct lat_model *m,
                                 const struct lat_dataset *d)
{
    struct lat_turn_eval e;
    struct lat_err err = {0};

    if (lat_eval_rotation(&e, m, kernel(), d, &ask, &err))
        print_error("%s\n", err.msg);
    CHECK(err.code == LAT_OK);
    return e;
}

static struct lat_recipe *tested_recipe(const char *objective)
{
    struct lat_recipe *r = recipe(objective);

    set(r, "train", "1 2");
    set(r, "valid", "3");
    set(r, "test", "4 5");
    set(r, "classes", "SITTING, STANDING");
    set(r, "steps", "40");
    return r;
}

static void check_shares(const struct lat_turn_eval *e)
{
    for (size_t k = 0; k < LAT_ANGLES; k++) {
        CHECK_NEAR(e->degrees[k], 15.0 * (double)k, 1e-9);
        CHECK(e->accuracy_by_angle[k] >= 0.0 && e->accuracy_by_angle[k] <= 1.0);
    }
    /* not turned at all */
    CHECK(e->accuracy_by_angle[0] == e->accuracy);
    CHECK(e->consistency_by_angle[0] == 1.0);
    CHECK_NEAR(e->rows[LAT_TURN_ALL].curve[0], 1.0, 1e-6);
}

/* Sitting and standing differ by the direction of gravity alone: as recorded
 * they are told apart, turned they are not. */
TEST(rotation, takes_direction_away)
{
    struct lat_recipe *r = tested_recipe("plain");
    struct lat_dataset *d = open_data(r);
    struct lat_model *m = model(r, d);
    struct lat_turn_eval e = eval(m, d);

    UNUSED_STATE;
    CHECK(e.n_users == 2 && e.n_windows == 40 && e.n_classes == 2);
    CHECK(e.has_head && e.accuracy == 1.0 && e.f1 == 1.0);
    CHECK(e.accuracy_turned > 0.2 && e.accuracy_turned < 0.8);
    CHECK(e.f1_turned < 0.8 && e.consistency < 0.8);
    check_shares(&e);
    CHECK(!e.rows[LAT_TURN_INV].present && e.rows[LAT_TURN_ALL].present);
    /* no learning: the samples turn, their lengths do not */
    CHECK(e.rows[LAT_TURN_RAW].class_linear == 1.0);
    CHECK(e.rows[LAT_TURN_RAW].class_linear_turned < 0.9);
    CHECK(fabs(e.rows[LAT_TURN_RAW].similarity) < 0.3);
    CHECK_NEAR(e.rows[LAT_TURN_NORM].similarity, 1.0, 1e-5);
    CHECK_NEAR(e.rows[LAT_TURN_SPECTRUM].similarity, 1.0, 1e-5);
    CHECK(e.rows[LAT_TURN_NORM].class_linear ==
          e.rows[LAT_TURN_NORM].class_linear_turned);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(rotation, has_a_row_for_each_block_and_prints_it)
{
    struct lat_recipe *r = tested_recipe("scl");
    struct lat_dataset *d = open_data(r);
    struct lat_model *m = model(r, d);
    struct lat_turn_eval e = eval(m, d), again = eval(m, d);
    struct lat_buf b = {0};

    UNUSED_STATE;
    check_shares(&e);
    CHECK(memcmp(&e, &again, sizeof(e)) == 0);
    for (size_t i = 0; i < LAT_N_TURN_ROWS; i++) {
        CHECK(e.rows[i].present && isfinite(e.rows[i].angle_mlp));
        CHECK(fabs(e.rows[i].similarity) <= 1.0 + 1e-6);
        CHECK(fabs(e.rows[i].between) <= 1.0 + 1e-6);
    }
    CHECK(e.rows[LAT_TURN_INV].similarity > e.rows[LAT_TURN_VAR].similarity);
    lat_turn_eval_print(&b, &e);
    CHECK(!b.failed && strstr(b.v, "\"variant\":{\"similarity\":"));
    CHECK(strstr(b.v, "\"degrees\":[0,15,30,45,60,75,90,"));
    CHECK(strstr(b.v, "\"consistency_by_angle\":[1,"));
    lat_buf_fini(&b);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(rotation, of_a_model_that_does_not_fit_is_refused)
{
    static const char *const bad[][3] = {
        {"classes", "STANDING, SITTING",
         "class 0 is SITTING to the model, STANDING to the data"},
        {"classes", "SITTING", "the model has 2 classes, the data 1"},
        {"leads", "acc_x acc_y acc_z acc_x acc_y acc_z",
         "the model reads 3 channels, the data have 6"},
    };
    struct lat_recipe *r = tested_recipe("augment");
    struct lat_dataset *d = open_data(r);
    struct lat_model *m;

    UNUSED_STATE;
    set(r, "steps", "1");
    m = model(r, d);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_recipe *other = tested_recipe("augment");
        struct lat_dataset *data = NULL;
        struct lat_turn_eval e;
        struct lat_err err = {0};

        set(other, bad[i][0], bad[i][1]);
        data = open_data(other);
        CHECK(lat_eval_rotation(&e, m, kernel(), data, &ask, &err) ==
              LAT_EUNFIT);
        if (!strstr(err.msg, bad[i][2]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][2]);
        CHECK(strstr(err.msg, bad[i][2]));
        lat_dataset_free(data);
        lat_recipe_free(other);
    }
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(rotation, survives_any_failed_allocation)
{
    struct lat_recipe *r = tested_recipe("scl");
    struct lat_dataset *d = open_data(r);
    struct lat_turn_eval e;
    struct lat_model *m;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    set(r, "steps", "1");
    m = model(r, d);
    do { /* the first sixty, then every seventh: each costs an evaluation */
        lat__mem_fail_after = n;
        n += n < 60 ? 1 : 7;
        code = lat_eval_rotation(&e, m, kernel(), d,
                                 &(struct lat_turn_ask){LAT_TEST, 2, 1}, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 30);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(confusion, accuracy_and_f1_by_hand),
        T(probe, linear_reads_what_is_linear),
        T(probe, network_reads_what_is_not_linear),
        T(probe, reads_nothing_out_of_noise),
        T(probe, classes_by_the_largest),
        T(probe, of_a_pair_has_both_and_their_product),
        T(probe, survives_any_failed_allocation),
        T(rotation, takes_direction_away),
        T(rotation, has_a_row_for_each_block_and_prints_it),
        T(rotation, of_a_model_that_does_not_fit_is_refused),
        T(rotation, survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, make_data, remove_data);
}
