/* test_hearts.c - patient, beat and position are read out of latents that have
 * them, and swapped blocks bring what they hold. */
#include "../../core/base/mem.h"
#include "../../core/measure/beats.h"
#include "../../core/train.h"
#include "../check.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { SUBJECTS = 8, TRAIN = 4, SAMPLES = 6000, BEAT = 80, WIDE = 64 };

static char dir[] = "/tmp/latentd-test-XXXXXX";

static const char *const lines[][2] = {{"window", "64"},
                                       {"rate", "100"},
                                       {"low", "0"},
                                       {"high", "0"},
                                       {"center", "no"},
                                       {"scale", "none"},
                                       {"floor", "0"},
                                       {"encoder", "flatten, linear 64"},
                                       {"task", "linear 64, unflatten w64 c1"},
                                       {"batch", "8"},
                                       {"validate_every", "0"}};

/* Blocks of those widths; the latent is the window itself. */
static struct lat_recipe *recipe(const char *inv, const char *var,
                                 const char *free_)
{
    struct lat_recipe *r = NULL;

    CHECK(lat__recipe_new(&r, NULL) == LAT_OK);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK(lat_recipe_set(r, lines[i][0], lines[i][1], NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "invariant", inv, NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "variant", var, NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "free", free_, NULL) == LAT_OK);
    return r;
}

/* A peak at each beat, every third higher (a V), and a wave of the person's
 * own frequency between. */
static float sample(size_t subject, size_t t)
{
    double near = ((double)(t % BEAT) - BEAT / 2.0) / 4.0;
    double high = t / BEAT % 3 == 2 ? 3.0 : 1.5;

    return (float)(high * exp(-near * near) +
                   0.3 * sin(0.1 * (double)(subject + 2) * (double)t));
}

static struct lat_dataset *dataset(const struct lat_recipe *r)
{
    struct lat_dataset *d = NULL;

    CHECK(lat__dataset_new(&d, SUBJECTS, NULL) == LAT_OK);
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct lat__record *rec = &d->records[i];

        rec->subject = i;
        snprintf(rec->name, sizeof(rec->name), "r%zu", i);
        rec->n = SAMPLES;
        rec->v = lat_calloc(SAMPLES, sizeof(float));
        assert_non_null(rec->v);
        for (size_t t = 0; t < SAMPLES; t++)
            rec->v[t] = sample(i, t);
        d->subjects[i].split = i < TRAIN ? LAT_TRAIN : LAT_TEST;
        d->subjects[i].n_records = 1;
    }
    d->n_records = d->n_subjects = SUBJECTS;
    d->first[LAT_VALID] = d->first[LAT_TEST] = TRAIN;
    d->first[LAT_N_SPLITS] = SUBJECTS;
    lat__dataset_seal(d, r);
    return d;
}

/* One code (N is 1, V is 5) and the samples since the one before. */
static void write_beats(size_t record)
{
    struct lat_buf b = {0};
    char path[128];
    size_t before = 0;

    for (size_t k = 0, t = BEAT / 2; t < SAMPLES; k++, t += BEAT) {
        unsigned v = (k % 3 == 2 ? 5u : 1u) << 10 | (unsigned)(t - before);

        lat_buf_put(&b, &(char){(char)(v & 0xff)}, 1);
        lat_buf_put(&b, &(char){(char)(v >> 8)}, 1);
        before = t;
    }
    lat_buf_put(&b, "\0\0", 2);
    snprintf(path, sizeof(path), "%s/r%zu.atr", dir, record);
    CHECK(lat_file_write(path, b.v, b.len, NULL) == LAT_OK);
    lat_buf_fini(&b);
}

static const struct lat_kernel *kernel(void)
{
    const struct lat_kernel *k = NULL;

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    return k;
}

static void make_identity(struct lat_trainer *t, const struct lat__layer *l)
{
    for (size_t i = 0; i < WIDE; i++) {
        t->params[l->params[1].offset + i] = 0.0f;
        for (size_t j = 0; j < WIDE; j++)
            t->params[l->params[0].offset + i * WIDE + j] = i == j;
    }
}

static struct lat_model *model(const struct lat_recipe *r,
                               const struct lat_dataset *d)
{
    char path[128];
    struct lat_trainer *t = NULL;
    struct lat_model *m = NULL;

    CHECK(lat_trainer_new(&t, r, d, kernel(), 1, NULL) == LAT_OK);
    make_identity(t, &t->net->encoder.layers[1]);
    make_identity(t, &t->net->task.layers[0]);
    snprintf(path, sizeof(path), "%s/m.safetensors", dir);
    CHECK(lat_train_publish(t, path, NULL, NULL) == LAT_OK);
    CHECK(lat_model_read(&m, path, NULL) == LAT_OK);
    CHECK(unlink(path) == 0);
    lat_trainer_free(t);
    return m;
}

TEST(beats, stand_between_each_other)
{
    size_t at[] = {100, 200, 1000};
    char kind[] = "NNV";
    const struct lat__beats b = {3, at, kind};

    UNUSED_STATE;
    CHECK_NEAR(lat__beats_phase(&b, 100, 100), 0.0, 1e-12);
    CHECK_NEAR(lat__beats_phase(&b, 125, 100), 0.25, 1e-12);
    CHECK(isnan(lat__beats_phase(&b, 99, 100)));
    CHECK(isnan(lat__beats_phase(&b, 500, 100))); /* 8 s apart */
    CHECK(isnan(lat__beats_phase(&b, 1000, 100)));
}

TEST(hearts, are_read_out_of_the_windows_themselves)
{
    const struct lat_heart_ask ask = {LAT_TEST, 60, 1, dir};
    struct lat_heart_probe p[LAT_N_BLOCKS + 1];
    struct lat_recipe *r = recipe("32", "16", "16");
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);

    UNUSED_STATE;
    CHECK(lat_probe_heart(p, m, kernel(), d, &ask, NULL) == LAT_OK);
    CHECK(p[LAT_N_BLOCKS].present && isnan(p[LAT_N_BLOCKS].beat));
    CHECK(isnan(p[LAT_INV].position_mlp) && p[LAT_INV].patient >= 0.25);
    for (size_t i = 0; i < SUBJECTS; i++)
        write_beats(i);
    CHECK(lat_probe_heart(p, m, kernel(), d, &ask, NULL) == LAT_OK);
    CHECK(p[LAT_N_BLOCKS].beat > 0.9); /* the peak is in the middle … */
    CHECK(p[LAT_FREE].beat < p[LAT_INV].beat); /* … and not at the end */
    CHECK(p[LAT_N_BLOCKS].position_mlp > 0.8);
    CHECK(p[LAT_N_BLOCKS].patient <= 1.0);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* Latents that are the windows: a block brings the samples that it has. */
static struct lat_swap swap_of(const char *inv, const char *rest)
{
    const struct lat_turn_ask ask = {LAT_TEST, 20, 1};
    struct lat_recipe *r = recipe(inv, rest, rest);
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);
    struct lat_swap s = {0};

    CHECK(lat_eval_swap(&s, m, kernel(), d, &ask, NULL) == LAT_OK);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
    return s;
}

TEST(swap, brings_what_the_blocks_hold)
{
    struct lat_swap all = swap_of("60", "2"), none = swap_of("4", "30");

    UNUSED_STATE;
    CHECK(all.phase < 0.1 && all.form > 0.9 && all.beat > 0.9);
    CHECK(none.phase > 0.9 && none.form < 0.1 && none.beat < 0.1);
}

TEST(swap, wants_blocks_and_a_decoder)
{
    const struct lat_turn_ask ask = {LAT_TEST, 20, 1};
    struct lat_recipe *r = recipe("32", "16", "16");
    struct lat_dataset *d = dataset(r);
    struct lat_swap s = {0};
    struct lat_err err = {0};
    struct lat_model *m;

    UNUSED_STATE;
    CHECK(lat_recipe_set(r, "objective", "plain", NULL) == LAT_OK);
    m = model(r, d);
    CHECK(lat_eval_swap(&s, m, kernel(), d, &ask, &err) == LAT_EUNFIT);
    assert_non_null(strstr(err.msg, "with partitions and a decoder"));
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(hearts, survive_any_failed_allocation)
{
    const struct lat_heart_ask ask = {LAT_TEST, 6, 1, dir};
    struct lat_heart_probe p[LAT_N_BLOCKS + 1];
    struct lat_recipe *r = recipe("32", "16", "16");
    struct lat_dataset *d = dataset(r);
    struct lat_model *m = model(r, d);
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat_probe_heart(p, m, kernel(), d, &ask, NULL);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 20);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

static int make_dir(void **state)
{
    UNUSED_STATE;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[128];

    UNUSED_STATE;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(beats, stand_between_each_other),
        T(hearts, are_read_out_of_the_windows_themselves),
        T(swap, brings_what_the_blocks_hold),
        T(swap, wants_blocks_and_a_decoder),
        T(hearts, survive_any_failed_allocation),
    };

    lat_blas_single();
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
