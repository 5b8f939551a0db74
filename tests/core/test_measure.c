/* test_measure.c - curves, retrieval and spectra, by hand where it can be. */
#include "../../core/base/mem.h"
#include "../../core/measure.h"
#include "../../core/train.h"
#include "../check.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static const struct lat_kernel *kernel(void)
{
    const struct lat_kernel *k = NULL;

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    return k;
}

TEST(alike, cosines_by_hand)
{
    const float v[4] = {3, 4, 0, -2}, w[4] = {4, 3, 0, 0};
    float u[4], x[4], mean[2];

    UNUSED_STATE;
    lat__unit_rows(u, v, NULL, 2, 2);
    lat__unit_rows(x, w, NULL, 2, 2);
    CHECK_NEAR(u[0], 0.6, 1e-6);
    CHECK(x[2] == 0.0f && x[3] == 0.0f);
    CHECK_NEAR(lat__mean_cosine(u, x, 2, 2), (24.0 / 25.0 + 0.0) / 2.0, 1e-6);
    lat__mean_row(mean, v, 2, 2);
    CHECK_NEAR(mean[0], 1.5, 1e-6);
    lat__unit_rows(u, v, mean, 2, 2);
    CHECK_NEAR(u[0], 1.5 / sqrt(1.5 * 1.5 + 9.0), 1e-6);
}

TEST(alike, similarities_and_the_mean_between_subjects)
{
    const float q[6] = {1, 0, 0, 1, 0.6f, 0.8f};
    const size_t subject[3] = {4, 4, 9};
    const struct lat_ctx ctx = {.kernel = kernel()};
    float s[9], turned[6];

    UNUSED_STATE;
    lat__similarities(s, q, q, turned, 3, 2, &ctx);
    CHECK_NEAR(s[1], 0.0, 1e-6);
    CHECK_NEAR(s[2], 0.6, 1e-6);
    CHECK_NEAR(s[7], 0.8, 1e-6);
    CHECK_NEAR(lat__mean_between(s, subject, 3), 0.7, 1e-6);
}

TEST(retrieve, recall_by_hand_and_ties_count_against)
{
    const float s[9] = {0.9f, 0.1f, 0.2f, 0.8f, 0.7f, 0.1f, 0.5f, 0.5f, 0.5f};

    UNUSED_STATE;
    CHECK_NEAR(lat__recall(s, 3, 1), 1.0 / 3.0, 1e-12);
    CHECK_NEAR(lat__recall(s, 3, 2), 2.0 / 3.0, 1e-12);
    CHECK_NEAR(lat__recall(s, 3, 3), 1.0, 1e-12);
}

/* Query 0: its own is left out, then hit, miss, hit: (1/1 + 2/3) / 2. */
TEST(retrieve, precision_by_hand_and_ties_count_against)
{
    const size_t subject[4] = {1, 1, 2, 1};
    const float s[16] = {1.0f, 0.9f, 0.5f, 0.4f, /* */
                         0.3f, 1.0f, 0.3f, 0.3f, /* */
                         0.9f, 0.9f, 1.0f, 0.9f, /* no one else: 0 */
                         0.9f, 0.8f, 0.1f, 1.0f};
    const double want[4] = {(1.0 + 2.0 / 3.0) / 2.0,
                            (1.0 / 2.0 + 2.0 / 3.0) / 2.0, 0.0, 1.0};
    struct lat__hit order[4];

    UNUSED_STATE;
    CHECK_NEAR(lat__mean_precision(s, subject, 4, order),
               (want[0] + want[1] + want[2] + want[3]) / 4.0, 1e-9);
}

static void spectra(float *plain, float *hann, const float *x, size_t n)
{
    size_t bins = lat__spectrum_bins(n);
    float *m = lat_calloc(n * 2 * bins, sizeof(*m));
    float *f = lat_calloc(2 * bins, sizeof(*f));

    assert_non_null(m);
    assert_non_null(f);
    lat__spectrum_matrix(m, n);
    for (size_t t = 0; t < n; t++)
        for (size_t k = 0; k < 2 * bins; k++)
            f[k] += x[t] * m[t * 2 * bins + k];
    lat__spectrum(plain, f, bins);
    lat__spectrum_hann(hann, f, n);
    lat_free(m);
    lat_free(f);
}

TEST(spectrum, has_a_peak_where_the_wave_is_and_no_phase)
{
    float a[12], b[12], ya[7], yb[7], h[7];

    UNUSED_STATE;
    for (size_t t = 0; t < 12; t++) {
        a[t] = (float)sin(6.283185307179586 * 3.0 * (double)t / 12.0);
        b[t] = (float)cos(6.283185307179586 * 3.0 * (double)t / 12.0 + 0.7);
    }
    spectra(ya, h, a, 12);
    CHECK_NEAR(h[3], 3.0, 1e-5);
    CHECK_NEAR(h[2], 1.5, 1e-5);
    spectra(yb, h, b, 12);
    for (size_t k = 0; k < 7; k++) {
        CHECK_NEAR(ya[k], k == 3 ? 6.0 : 0.0, 1e-5);
        CHECK_NEAR(yb[k], ya[k], 1e-5);
    }
}

/* The window taken off in bins is the window put on in time, odd or even. */
TEST(spectrum, hann_is_the_same_in_time)
{
    UNUSED_STATE;
    for (size_t n = 11; n <= 12; n++) {
        float x[12], w[12], y[7], in_bins[7], in_time[7];

        for (size_t t = 0; t < n; t++) {
            x[t] = (float)sin(1.3 * (double)(t * t));
            w[t] = x[t] * (float)(0.5 - 0.5 * cos(6.283185307179586 *
                                                  (double)t / (double)n));
        }
        spectra(y, in_bins, x, n);
        spectra(in_time, y, w, n);
        for (size_t k = 0; k < lat__spectrum_bins(n); k++)
            CHECK_NEAR(in_bins[k], in_time[k], 1e-5);
    }
}

/* ---- a whole evaluation of a small model ---- */

enum { SUBJECTS = 3, SAMPLES = 1500, WINDOWS = 8 };

static struct lat_recipe *recipe(void)
{
    static const char *const lines[][2] = {
        {"window", "64"},
        {"rate", "100"},
        {"high", "30"},
        {"group", "1"},
        {"batch", "8"},
        {"invariant", "4"},
        {"variant", "2"},
        {"free", "2"},
        {"steps", "20"},
        {"warm_up", "0"},
        {"validate_every", "0"},
        {"encoder", "conv1d 4 k5 s2 p2, relu, flatten, linear 8"},
        {"task", "linear 64, unflatten w64 c1"},
    };
    struct lat_recipe *r = NULL;

    CHECK(lat__recipe_new(&r, NULL) == LAT_OK);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK(lat_recipe_set(r, lines[i][0], lines[i][1], NULL) == LAT_OK);
    return r;
}

static struct lat_dataset *dataset(const struct lat_recipe *r)
{
    struct lat_dataset *d = NULL;

    CHECK(lat__dataset_new(&d, SUBJECTS, NULL) == LAT_OK);
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct lat__record *rec = &d->records[i];

        rec->subject = i;
        rec->n = SAMPLES;
        rec->v = lat_calloc(SAMPLES, sizeof(float));
        assert_non_null(rec->v);
        for (size_t t = 0; t < SAMPLES; t++)
            rec->v[t] = (float)(sin((0.3 + 0.1 * (double)i) * (double)t) +
                                sin(1e-4 * (double)(t * t)));
        d->subjects[i].n_records = 1;
    }
    d->n_records = d->n_subjects = SUBJECTS;
    d->first[LAT_VALID] = d->first[LAT_TEST] = d->first[LAT_N_SPLITS] =
        SUBJECTS;
    lat__dataset_seal(d, r);
    return d;
}

static struct lat_model *model(const struct lat_recipe *r,
                               const struct lat_dataset *d)
{
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_trainer *t = NULL;
    struct lat_model *m = NULL;
    struct lat_err err = {0};
    int fd = mkstemp(path);

    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_trainer_new(&t, r, d, kernel(), 1, NULL) == LAT_OK);
    while (!lat_train_finished(t))
        CHECK(lat_train_step(t, NULL) == LAT_OK);
    CHECK(lat_train_publish(t, path, "{\"said\":1}", NULL) == LAT_OK);
    if (lat_model_read(&m, path, &err))
        print_error("%s\n", err.msg);
    assert_non_null(m);
    CHECK(unlink(path) == 0);
    lat_trainer_free(t);
    return m;
}

static void check_eval(const struct lat_eval *e)
{
    CHECK(e->n_patients == SUBJECTS && e->n_windows == SUBJECTS * WINDOWS);
    CHECK(e->n_shifts == 53 && e->shift_ms[e->n_shifts - 1] == 500.0);
    CHECK(e->has_reconstruction && e->reconstruction > 0.0 && e->power > 0.0);
    for (size_t r = 0; r < LAT_N_ROWS; r++) {
        const struct lat_row_eval *v = &e->rows[r];

        CHECK(v->present);
        CHECK_NEAR(v->curve[0], 1.0, 1e-6);
        CHECK_NEAR(v->curve_centered[0], 1.0, 1e-6);
        CHECK(v->curve_recall[0] > 0.99);
        CHECK(v->recall_1 <= v->recall_5 && v->recall_5 <= 1.0);
        for (size_t k = 0; k < e->n_shifts; k++)
            CHECK(fabs(v->curve[k]) < 1.0 + 1e-6);
    }
    /* what is known of waves: a spectrum forgets phase, samples do not */
    CHECK(e->rows[LAT_ROW_HANN].at_75 > 0.9);
    CHECK(e->rows[LAT_ROW_RAW].at_75 < 0.5);
}

TEST(eval, measures_a_model_the_same_on_any_number_of_threads)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);
    struct lat_eval *one = lat_calloc(2, sizeof(*one)), *two = one + 1;
    struct lat_buf b = {0};
    json_t *json;

    UNUSED_STATE;
    assert_non_null(one);
    CHECK(lat_eval_phase(one, m, kernel(), d, LAT_TRAIN, WINDOWS, 1, NULL) ==
          LAT_OK);
    check_eval(one);
    CHECK(lat_eval_phase(two, m, kernel(), d, LAT_TRAIN, WINDOWS, 2, NULL) ==
          LAT_OK);
    CHECK(memcmp(one, two, sizeof(*one)) == 0);
    lat_eval_print(&b, one);
    json = json_loads(b.v, 0, NULL);
    CHECK(json_object_size(json_object_get(json, "rows")) == LAT_N_ROWS);
    json_decref(json);
    lat_buf_fini(&b);
    CHECK(lat_eval_phase(one, m, kernel(), d, LAT_TEST, WINDOWS, 1, NULL) ==
          LAT_EINVAL);
    lat_free(one);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(eval, survives_any_failed_allocation)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);
    struct lat_eval *e = lat_calloc(1, sizeof(*e));
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    assert_non_null(e);
    do {
        lat__mem_fail_after = n++;
        code = lat_eval_phase(e, m, kernel(), d, LAT_TRAIN, 2, 1, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 30);
    lat_free(e);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(precision, costs_little_and_float32_is_what_was_evaluated)
{
    const struct lat_turn_ask ask = {LAT_TRAIN, WINDOWS, 2};
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);
    struct lat_eval *e = lat_calloc(1, sizeof(*e));
    struct lat_precision_cost c, alone;
    const struct lat_turn_ask one = {LAT_TRAIN, WINDOWS, 1};
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    assert_non_null(e);
    CHECK(lat_eval_precision(&c, m, kernel(), d, &ask, NULL) == LAT_OK);
    CHECK(lat_eval_precision(&alone, m, kernel(), d, &one, NULL) == LAT_OK);
    CHECK(c.n_windows == SUBJECTS * WINDOWS);
    CHECK(c.mean_error > 0.0 && c.mean_error < 1e-3);
    CHECK(c.largest_error >= c.mean_error && c.largest_error < 1e-2);
    CHECK(c.largest_error == alone.largest_error);
    CHECK(lat_eval_phase(e, m, kernel(), d, LAT_TRAIN, WINDOWS, 1, NULL) ==
          LAT_OK);
    CHECK(c.recall[LAT_FLOAT32] == e->rows[LAT_ROW_INV].recall_1);
    CHECK_NEAR(c.recall[LAT_BFLOAT16], c.recall[LAT_FLOAT32], 0.1);
    CHECK(isnan(c.accuracy[LAT_FLOAT32]));
    do {
        lat__mem_fail_after = n++;
        code = lat_eval_precision(&c, m, kernel(), d, &one, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 30);
    lat_free(e);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(alike, cosines_by_hand),
        T(alike, similarities_and_the_mean_between_subjects),
        T(retrieve, recall_by_hand_and_ties_count_against),
        T(retrieve, precision_by_hand_and_ties_count_against),
        T(spectrum, has_a_peak_where_the_wave_is_and_no_phase),
        T(spectrum, hann_is_the_same_in_time),
        T(eval, measures_a_model_the_same_on_any_number_of_threads),
        T(eval, survives_any_failed_allocation),
        T(precision, costs_little_and_float32_is_what_was_evaluated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
