/* test_pictures.c - recipes of pictures, from the text to the model file. */
#include "../../core/base/mem.h"
#include "../../core/measure.h"
#include "../../core/train/gated.h"
#include "../check.h"
#include "recipes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 40, RECORD = 3073, DIMS = 10 };

static char dir[] = "/tmp/test_pictures.XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
    return path[turn];
}

/* CIFAR's: bright and dark ones, with noise. */
static int set_up(void **state)
{
    static uint8_t v[IMAGES * RECORD];
    struct lat_rng rng;

    (void)state;
    lat__rng_seed(&rng, 4);
    for (size_t i = 0; i < IMAGES * RECORD; i++)
        v[i] = (uint8_t)(60 + 90 * (i / RECORD % 2) + lat__rng_below(&rng, 60));
    for (size_t i = 0; i < IMAGES; i++)
        v[i * RECORD] = (uint8_t)(i % 2);
    if (!mkdtemp(dir))
        return -1;
    return lat_file_write(in_dir("some.bin"), v, sizeof(v), NULL) ||
                   lat_file_write(in_dir("few.bin"), v, 6 * RECORD, NULL)
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

static const struct line lines[] = {
    {"dataset", "images"},   {"name", "tiny"},
    {"train", "some.bin"},   {"test", "few.bin"},
    {"hold_out", "4"},       {"licence", "none"},
    {"size", "12"},          {"width", "3"},
    {"blocks", "1 1"},       {"hidden", "9"},
    {"dims", "10"},          {"nonnegativity", "rep_relu"},
    {"gate", "ste"},         {"batch", "8"},
    {"steps", "6"},          {"warm_up", "2"},
    {"validate_every", "2"}, {"lr", "0.01"},
};

static struct lat_recipe *recipe(void)
{
    return recipe_of(lines, sizeof(lines) / sizeof(lines[0]), "scl");
}

struct run {
    struct lat_recipe *r;
    struct lat_dataset *d;
    struct lat_trainer *t;
    const struct lat_kernel *kernel;
};

static void run_init(struct run *run, struct lat_recipe *r, unsigned threads)
{
    struct lat_err err = {0};

    *run = (struct run){.r = r};
    if (lat_kernel_pick(&run->kernel, NULL, &err) ||
        lat_dataset_open(&run->d, r, dir, &err) ||
        lat_trainer_new(&run->t, r, run->d, run->kernel, threads, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
}

static void run_steps(struct run *run, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(lat_train_step(run->t, NULL) == LAT_OK);
}

static void run_fini(struct run *run)
{
    lat_trainer_free(run->t);
    lat_dataset_free(run->d);
    lat_recipe_free(run->r);
}

static struct lat_model *published(struct run *run, const char *results)
{
    struct lat_model *m = NULL;
    struct lat_err err = {0};

    if (lat_train_publish(run->t, in_dir("m.safetensors"), results, &err) ||
        lat_model_read(&m, in_dir("m.safetensors"), &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return m;
}

TEST(pictures, are_split_as_the_recipe_says)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = NULL;
    struct lat_dataset_info info;

    UNUSED_STATE;
    CHECK(lat_dataset_open(&d, r, dir, NULL) == LAT_OK);
    info = lat_dataset_info(d);
    CHECK(info.images && info.records[LAT_TRAIN] == 30);
    CHECK(info.records[LAT_VALID] == 10 && info.records[LAT_TEST] == 6);
    CHECK(info.subjects[LAT_TEST] == 10); /* as all of CIFAR-10 */
    CHECK(lat_gallery_count(lat_dataset_gallery(d, LAT_VALID)) == 10);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

static uint64_t digest(const struct lat_model *m)
{
    const struct lat__net *net = lat__model_net(m);
    const uint8_t *v = (const uint8_t *)lat__model_params(m);
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < net->n_params * sizeof(float); i++)
        h = (h ^ v[i]) * 1099511628211u;
    return h;
}

static struct lat_recipe *recipe_in(const char *precision)
{
    struct lat_recipe *r = recipe();

    set(r, "precision", precision);
    return r;
}

static uint64_t learned(const char *precision, unsigned threads, size_t stop_at)
{
    struct lat_model *m;
    struct run run;
    uint64_t h;

    run_init(&run, recipe_in(precision), threads);
    run_steps(&run, stop_at);
    if (stop_at < 6) {
        CHECK(lat_train_save(run.t, in_dir("state"), NULL) == LAT_OK);
        run_fini(&run);
        run_init(&run, recipe_in(precision), threads);
        CHECK(lat_train_load(run.t, in_dir("state"), NULL) == LAT_OK);
        run_steps(&run, 6 - stop_at);
    }
    CHECK(lat_train_finished(run.t));
    CHECK(lat_train_step(run.t, NULL) == LAT_EBUSY);
    m = published(&run, NULL);
    h = digest(m);
    lat_model_unref(m);
    run_fini(&run);
    return h;
}

TEST(pictures, runs_end_alike_stopped_or_not_on_any_threads)
{
    uint64_t whole = learned("float32", 1, 6);

    UNUSED_STATE;
    CHECK(learned("float32", 3, 6) == whole);
    CHECK(learned("float32", 2, 3) == whole);
}

TEST(pictures, so_they_do_in_bfloat16)
{
    uint64_t whole = learned("bfloat16", 1, 6);

    UNUSED_STATE;
    CHECK(whole != learned("float32", 1, 6));
    CHECK(learned("bfloat16", 3, 6) == whole);
    CHECK(learned("bfloat16", 2, 3) == whole);
}

TEST(pictures, of_another_precision_are_not_gone_on_with)
{
    struct run a, b;

    UNUSED_STATE;
    run_init(&a, recipe_in("bfloat16"), 1);
    run_init(&b, recipe_in("float32"), 1);
    run_steps(&a, 1);
    CHECK(lat_train_save(a.t, in_dir("state"), NULL) == LAT_OK);
    CHECK(lat_train_load(b.t, in_dir("state"), NULL) == LAT_EINVAL);
    CHECK(lat_train_load(a.t, in_dir("state"), NULL) == LAT_OK);
    run_fini(&a);
    run_fini(&b);
}

TEST(pictures, validation_keeps_the_best_step)
{
    struct lat_progress p;
    struct run run;

    UNUSED_STATE;
    run_init(&run, recipe(), 2);
    run_steps(&run, 5);
    p = lat_train_progress(run.t);
    CHECK(p.step == 5 && p.n_steps == 6 && p.valid_step == 4);
    CHECK(p.best_step > 0 && p.best_step <= 4 && p.best <= p.valid);
    CHECK(p.nce > 0.0 && p.kl > 0.0 && p.task > 0.0 && p.rate > 0.0);
    CHECK(isfinite(p.valid) && p.loss >= p.nce);
    run_fini(&run);
}

/* The file's model serves what the trainer says of the same images. */
static void check_published(const char *gate, const char *nonneg)
{
    float u[6 * DIMS], y[DIMS];
    struct lat_recipe *r = recipe();
    struct lat_plan *p = NULL;
    struct lat_workspace *ws = NULL;
    struct lat_model *m;
    struct run run;

    set(r, "gate", gate);
    set(r, "nonnegativity", nonneg);
    set(r, "validate_every", "0");
    set(r, "size", "32"); /* then nothing is resized nor cut out */
    run_init(&run, r, 1);
    run_steps(&run, 6);
    m = published(&run, "{\"test\":1}");
    CHECK(strstr(lat_model_card(m)->json, "\"results\":{\"test\":1}"));
    CHECK(strstr(lat_model_card(m)->json, "\"train\":30"));
    CHECK(
        lat__gated_embed(run.t->gated, NULL, u,
                         &(struct lat__gated_ask){
                             lat_dataset_gallery(run.d, LAT_TEST), 0, 6, false},
                         NULL) == LAT_OK);
    CHECK(lat_plan_new(&p, m, run.kernel, LAT_FLOAT32, NULL) == LAT_OK);
    CHECK(lat_workspace_new(&ws, p, NULL) == LAT_OK);
    for (size_t i = 0; i < 6; i++) {
        struct lat_image *image = NULL;
        struct lat_image_prepared *x = NULL;

        CHECK(lat_gallery_image(&image, lat_dataset_gallery(run.d, LAT_TEST), i,
                                0, NULL) == LAT_OK);
        CHECK(lat_prepare_image(&x, lat_model_card(m), image, NULL) == LAT_OK);
        CHECK(lat_embed(p, ws, x->x, y, NULL) == LAT_OK);
        for (size_t k = 0; k < DIMS; k++)
            CHECK_NEAR(y[k], u[i * DIMS + k], 1e-4);
        lat_image_prepared_free(x);
        lat_image_free(image);
    }
    lat_workspace_free(ws);
    lat_plan_unref(p);
    lat_model_unref(m);
    run_fini(&run);
}

TEST(pictures, what_is_published_serves_what_was_learned)
{
    UNUSED_STATE;
    check_published("ste", "rep_relu");
    check_published("soft", "relu");
    check_published("off", "none");
    check_published("fixed", "rep_relu");
}

TEST(pictures, of_every_gate_and_optimiser_are_learned_from)
{
    static const char *const ways[][2] = {
        {"gate", "gumbel1"},   {"gate", "concrete"},     {"optimiser", "sgd"},
        {"optimiser", "lars"}, {"isolated", "no"},       {"gate_layers", "3"},
        {"gate_layers", "1"},  {"price", "0"},           {"top_k", "4"},
        {"cool", "0.1"},       {"prior_by", "activity"}, {"best", "contrast"},
        {"stem", "large"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct lat_recipe *r = recipe();
        struct run run;

        set(r, ways[i][0], ways[i][1]);
        run_init(&run, r, 1);
        run_steps(&run, 6);
        lat_model_unref(published(&run, NULL));
        run_fini(&run);
    }
}

static void check_refused(const char *key, const char *value,
                          const char *message)
{
    struct lat_recipe *r = recipe();
    struct lat_dataset *d = NULL;
    struct lat_err err = {0};

    set(r, key, value);
    if (!lat__recipe_check(r, &err) && !lat_dataset_open(&d, r, dir, &err))
        fail();
    if (!strstr(err.msg, message)) {
        print_error("`%s`, expected `%s`\n", err.msg, message);
        fail();
    }
    lat_recipe_free(r);
}

TEST(pictures, says_what_does_not_fit)
{
    UNUSED_STATE;
    check_refused("window", "100", "window is not for dataset = images");
    check_refused("dataset", "hapt", "size is not for dataset = hapt");
    check_refused("blocks", "1 0", "blocks is \"1 0\"");
    check_refused("blocks", "1 1 1 1 1", "must be 1 to 4 numbers");
    check_refused("mean", "0.5 0.5", "mean is \"0.5 0.5\", must be 3 numbers");
    check_refused("mean", "0.5 0.5 2", "must be 3 numbers from 0 to 1");
    check_refused("deviation", "0.5 0 0.2", "deviation is 0, must be 0.001");
    check_refused("top_k", "11", "top_k is 11 of 10 dimensions");
    check_refused("best", "task", "best is task, must be loss");
    check_refused("hold_out", "1", "hold_out is 1, must be 2 or more");
    check_refused("valid", "few.bin", "hold_out and valid both say");
    check_refused("train", "absent.bin", "absent.bin");
    check_refused("train", "some.txt", "must be a folder of classes");
}

TEST(pictures, fixed_masks_are_published_where_zero_stays_zero)
{
    struct lat_recipe *r = recipe();
    struct lat_err err = {0};
    struct run run;

    UNUSED_STATE;
    set(r, "gate", "fixed");
    set(r, "nonnegativity", "exp");
    run_init(&run, r, 1);
    CHECK(lat_train_publish(run.t, in_dir("x"), NULL, &err) == LAT_EUNFIT);
    CHECK(strstr(err.msg, "a fixed mask behind exp has no place"));
    run_fini(&run);
}

static const uint32_t apart[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint32_t as_one[10];
static const struct lat_merge merges[] = {
    {apart, 10}, {as_one, 10}, {apart, 3}};

static struct lat_image_eval *measured(struct lat_model *m, struct run *run,
                                       unsigned threads)
{
    const struct lat_image_ask ask = {lat_dataset_gallery(run->d, LAT_TRAIN),
                                      lat_dataset_gallery(run->d, LAT_VALID),
                                      threads,
                                      60,
                                      merges,
                                      2};
    struct lat_image_eval *e = NULL;
    struct lat_err err = {0};

    if (lat_eval_images(&e, m, run->kernel, &ask, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return e;
}

static void check_measures(const struct lat_image_eval *e,
                           const struct lat_image_measures *m)
{
    double sum = 0.0, n = 0.0, gates = 0.0, right = 0.0, active = 0.0;

    CHECK(m->n_active > 0 && m->n_active <= DIMS && m->not_negative == 1.0);
    CHECK(m->sparsity >= 0.0 && m->sparsity < 1.0);
    CHECK(m->overlap >= 0.0 && m->overlap <= 1.0);
    CHECK(m->entropy_count >= 0.0 && m->entropy_sum >= 0.0);
    CHECK(m->n_cuts == 1 && m->cut[0] == DIMS);
    CHECK(m->precision[0][0] >= 0.0 && m->precision[0][9] <= 1.0);
    for (size_t k = 0; k < DIMS; k++) {
        double support = (double)m->support[k];

        CHECK(m->support[k] <= e->n_test);
        sum += m->support[k] ? m->by_dim[k] : 0.0;
        right += m->support[k] ? m->by_dim[k] * support : 0.0;
        active += support;
        n += m->support[k] > 0;
    }
    CHECK_NEAR(m->consistency, sum / n, 1e-9);
    CHECK_NEAR(m->consistency_weighted, right / active, 1e-9);
    CHECK(m->consistency_merged[0] == m->consistency);
    CHECK(m->consistency_merged[1] == 1.0);
    for (size_t i = 0; i < LAT_GATE_BINS; i++)
        gates += m->gates[i];
    CHECK_NEAR(gates, 1.0, 1e-9);
    CHECK(m->open >= 0.0 && m->open <= 1.0);
}

/* Bright from dark is easily told. */
TEST(pictures, are_measured)
{
    struct lat_buf one = {0}, two = {0};
    struct lat_image_eval *e;
    struct lat_model *m;
    struct run run;

    UNUSED_STATE;
    run_init(&run, recipe(), 1);
    run_steps(&run, 6);
    m = published(&run, NULL);
    e = measured(m, &run, 1);
    CHECK(e->n_train == 30 && e->n_test == 10 && e->dims == DIMS && e->gated);
    CHECK(e->probe_first >= 0.5 && e->probe_five >= e->probe_first);
    check_measures(e, &e->running);
    check_measures(e, &e->batch);
    lat_image_eval_print(&one, e);
    lat_image_eval_free(e);
    e = measured(m, &run, 3);
    lat_image_eval_print(&two, e);
    assert_string_equal(one.v, two.v);
    CHECK(strstr(one.v, "\"batch_statistics\":{\"active_dimensions\""));
    CHECK(strstr(one.v, "\"gate_histogram\":["));
    lat_image_eval_free(e);
    lat_buf_fini(&one);
    lat_buf_fini(&two);
    lat_model_unref(m);
    run_fini(&run);
}

TEST(pictures, are_not_measured_by_classes_that_are_not_theirs)
{
    struct lat_image_ask ask = {.n_threads = 1, .merges = merges};
    struct lat_image_eval *e = NULL;
    struct lat_err err = {0};
    struct lat_model *m;
    struct run run;

    UNUSED_STATE;
    run_init(&run, recipe(), 1);
    m = published(&run, NULL);
    ask.test = lat_dataset_gallery(run.d, LAT_TEST);
    ask.n_merges = 3;
    CHECK(lat_eval_images(&e, m, run.kernel, &ask, &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "3 classes to be merged, the images are of 10"));
    ask.n_merges = LAT_MERGES + 1;
    CHECK(lat_eval_images(&e, m, run.kernel, &ask, &err) == LAT_EINVAL && !e);
    lat_model_unref(m);
    run_fini(&run);
}

TEST(pictures, evaluation_survives_any_failed_allocation)
{
    struct lat_image_eval *e = NULL;
    struct lat_image_ask ask = {
        .n_threads = 1, .epochs = 1, .merges = merges, .n_merges = 1};
    struct lat_model *m;
    enum lat_code code;
    struct run run;
    long n = 0;

    UNUSED_STATE;
    run_init(&run, recipe(), 1);
    m = published(&run, NULL);
    ask.train = ask.test = lat_dataset_gallery(run.d, LAT_TEST);
    do {
        lat__mem_fail_after = n;
        n += 1 + n / 8;
        code = lat_eval_images(&e, m, run.kernel, &ask, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !e));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 40);
    lat_image_eval_free(e);
    lat_model_unref(m);
    run_fini(&run);
}

TEST(pictures, survive_any_failed_allocation)
{
    const struct lat_kernel *kernel = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    do {
        struct lat_recipe *r = recipe();
        struct lat_dataset *d = NULL;
        struct lat_trainer *t = NULL;

        lat__mem_fail_after = n++;
        code = lat_dataset_open(&d, r, dir, NULL);
        if (!code)
            code = lat_trainer_new(&t, r, d, kernel, 1, NULL);
        if (!code)
            code = lat_train_publish(t, in_dir("y"), NULL, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
        lat_trainer_free(t);
        lat_dataset_free(d);
        lat_recipe_free(r);
    } while (code);
    CHECK(n > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pictures, are_split_as_the_recipe_says),
        T(pictures, runs_end_alike_stopped_or_not_on_any_threads),
        T(pictures, so_they_do_in_bfloat16),
        T(pictures, of_another_precision_are_not_gone_on_with),
        T(pictures, validation_keeps_the_best_step),
        T(pictures, what_is_published_serves_what_was_learned),
        T(pictures, of_every_gate_and_optimiser_are_learned_from),
        T(pictures, says_what_does_not_fit),
        T(pictures, fixed_masks_are_published_where_zero_stays_zero),
        T(pictures, are_measured),
        T(pictures, are_not_measured_by_classes_that_are_not_theirs),
        T(pictures, evaluation_survives_any_failed_allocation),
        T(pictures, survive_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
