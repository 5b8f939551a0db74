/* test_shift_probe.c - a shift is read out of latents that have it. */
#include "../../core/base/mem.h"
#include "../../core/measure.h"
#include "../../core/train.h"
#include "../check.h"

#include <unistd.h>

enum { SUBJECTS = 4, SAMPLES = 2400 };

static const char *const lines[][2] = {{"window", "64"},
                                       {"rate", "100"},
                                       {"low", "0"},
                                       {"high", "0"},
                                       {"center", "no"},
                                       {"scale", "none"},
                                       {"floor", "0"},
                                       {"encoder", "flatten, linear 12"},
                                       {"task", "linear 64, unflatten w64 c1"},
                                       {"invariant", "4"},
                                       {"variant", "4"},
                                       {"free", "4"},
                                       {"batch", "8"},
                                       {"steps", "1"},
                                       {"warm_up", "0"},
                                       {"validate_every", "0"}};

static struct lat_recipe *recipe(const char *objective)
{
    struct lat_recipe *r = NULL;

    CHECK(lat__recipe_new(&r, NULL) == LAT_OK);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK(lat_recipe_set(r, lines[i][0], lines[i][1], NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "objective", objective, NULL) == LAT_OK);
    return r;
}

/* Waves of 1.25 Hz, the same of all: three to fit on, one to test. */
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
            rec->v[t] =
                (float)sin(6.2831853 * 1.25 * (double)t / 100.0 + (double)i);
        d->subjects[i].split = i < 3 ? LAT_TRAIN : LAT_TEST;
        d->subjects[i].n_records = 1;
    }
    d->n_records = d->n_subjects = SUBJECTS;
    d->first[LAT_VALID] = d->first[LAT_TEST] = 3;
    d->first[LAT_N_SPLITS] = 4;
    lat__dataset_seal(d, r);
    return d;
}

static const struct lat_kernel *kernel(void)
{
    const struct lat_kernel *k = NULL;

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    return k;
}

static struct lat_model *model(const struct lat_recipe *r,
                               const struct lat_dataset *d)
{
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_trainer *t = NULL;
    struct lat_model *m = NULL;
    int fd = mkstemp(path);

    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_trainer_new(&t, r, d, kernel(), 1, NULL) == LAT_OK);
    CHECK(lat_train_step(t, NULL) == LAT_OK);
    CHECK(lat_train_publish(t, path, NULL, NULL) == LAT_OK);
    CHECK(lat_model_read(&m, path, NULL) == LAT_OK);
    CHECK(unlink(path) == 0);
    lat_trainer_free(t);
    return m;
}

/* Of a wave the shift is in the product of both phases: no line reads it. */
TEST(shift, is_read_by_a_network_and_not_by_a_line)
{
    const struct lat_turn_ask ask = {LAT_TEST, 150, 1};
    struct lat_shift_probe p[LAT_N_BLOCKS + 1], again[LAT_N_BLOCKS + 1];
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);

    UNUSED_STATE;
    CHECK(lat_probe_shift(p, m, kernel(), d, &ask, NULL) == LAT_OK);
    for (size_t i = 0; i <= LAT_N_BLOCKS; i++)
        CHECK(p[i].present && p[i].linear < 0.3 && p[i].mlp > 0.6);
    CHECK(lat_probe_shift(again, m, kernel(), d, &ask, NULL) == LAT_OK);
    for (size_t i = 0; i <= LAT_N_BLOCKS; i++)
        CHECK(again[i].linear == p[i].linear && again[i].mlp == p[i].mlp);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(shift, is_probed_of_models_and_data_that_fit)
{
    const struct lat_turn_ask ask = {LAT_VALID, 9, 1};
    struct lat_shift_probe p[LAT_N_BLOCKS + 1];
    struct lat_recipe *r = recipe("plain");
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);
    struct lat_turn_ask test = ask;
    struct lat_err err = {0};
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(lat_probe_shift(p, m, kernel(), d, &ask, &err) == LAT_EINVAL);
    assert_string_equal(err.msg, "probe of the shift: no patient in the split, "
                                 "or none to fit probes on");
    test.split = LAT_TEST;
    do {
        lat__mem_fail_after = n++;
        code = lat_probe_shift(p, m, kernel(), d, &test, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 20 && !p[LAT_INV].present && p[LAT_N_BLOCKS].present);
    d->n_channels = 3;
    CHECK(lat_probe_shift(p, m, kernel(), d, &test, &err) == LAT_EUNFIT);
    d->n_channels = 1;
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(shift, is_read_by_a_network_and_not_by_a_line),
        T(shift, is_probed_of_models_and_data_that_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
