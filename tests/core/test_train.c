/* test_train.c - runs that learn, repeat themselves and go on. */
#include "../../core/base/mem.h"
#include "tiny.h"

#include <string.h>
#include <unistd.h>

static const struct lat_kernel *kernel(void)
{
    const struct lat_kernel *k = NULL;

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    return k;
}

static struct lat_trainer *trainer(const struct lat_recipe *r,
                                   const struct lat_dataset *d, unsigned n)
{
    struct lat_trainer *t = NULL;
    struct lat_err err = {0};

    if (lat_trainer_new(&t, r, d, kernel(), n, &err))
        print_error("%s\n", err.msg);
    assert_non_null(t);
    return t;
}

static void step(struct lat_trainer *t)
{
    struct lat_err err = {0};

    if (lat_train_step(t, &err))
        print_error("%s\n", err.msg);
    CHECK(err.code == LAT_OK);
}

/* The state as the checkpoint would have it. */
static char *state_of(const struct lat_trainer *t, size_t *len)
{
    char path[] = "/tmp/latentd-test-XXXXXX", *v = NULL;
    int fd = mkstemp(path);

    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_train_save(t, path, NULL) == LAT_OK);
    CHECK(lat_file_read(&v, len, path, 1 << 30, NULL) == LAT_OK);
    CHECK(unlink(path) == 0);
    return v;
}

static void check_same_state(const struct lat_trainer *a,
                             const struct lat_trainer *b)
{
    size_t na, nb;
    char *va = state_of(a, &na), *vb = state_of(b, &nb);

    CHECK(na == nb && memcmp(va, vb, na) == 0);
    lat_free(va);
    lat_free(vb);
}

/* Losses fall on what can be learned, for each objective. */
TEST(train, learns_with_every_objective)
{
    UNUSED_STATE;
    for (size_t i = 0; lat__objective_row(i); i++) {
        struct lat_recipe *r = recipe(lat__objective_row(i)->name);
        struct lat_dataset *d = dataset(r);
        struct lat_trainer *t;
        double first;

        set(r, "steps", "60");
        set(r, "noise", "0");
        set(r, "stretch", "0");
        set(r, "lead_mix", "0");
        set(r, "lr", "0.01");
        t = trainer(r, d, 1);
        step(t);
        first = lat_train_progress(t).loss;
        for (int k = 0; k < 49; k++)
            step(t);
        lat_train_progress(t);
        for (int k = 0; k < 10; k++)
            step(t);
        CHECK(lat_train_progress(t).loss < 0.8 * first);
        CHECK(lat_train_finished(t));
        CHECK(lat_train_step(t, NULL) == LAT_EBUSY);
        lat_trainer_free(t);
        lat_dataset_free(d);
        lat_recipe_free(r);
    }
}

/* The mean cosine between sources after a run with this push. */
static double alike_after(const char *w_neg)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *t;
    double neg;

    set(r, "w_task", "0");
    set(r, "w_var", "0");
    set(r, "w_neg", w_neg);
    set(r, "steps", "80");
    set(r, "lr", "0.01");
    set(r, "group", "1");
    set(r, "negatives", "other-subject");
    set(r, "stretch", "0");
    set(r, "lead_mix", "0");
    t = trainer(r, d, 1);
    for (int k = 0; k < 70; k++)
        step(t);
    lat_train_progress(t);
    while (!lat_train_finished(t))
        step(t);
    neg = lat_train_progress(t).neg;
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
    return neg;
}

/* Pulling alone makes everything the same; pushing prevents it. */
TEST(train, pull_alone_collapses_and_push_prevents_it)
{
    UNUSED_STATE;
    CHECK(alike_after("0") > 0.9);
    CHECK(alike_after("5") < 0.4);
}

/* The gradient of the whole: task, both contrastive losses, both stacks. */
struct whole {
    struct lat_trainer *t;
};

static double whole_loss(void *arg)
{
    struct whole *w = arg;

    memset(w->t->grads, 0, w->t->net->n_trained * sizeof(float));
    return lat__train_losses(w->t, true).loss;
}

static void check_whole(const char *task_noise)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct whole w;
    float *grads;
    size_t n;

    /* smooth, so that differences are true: no relu, no hinge */
    set(r, "encoder", "conv1d 2 k5 s4 p2, batchnorm, flatten, linear 12");
    set(r, "task", "linear 64, unflatten w64 c1");
    set(r, "w_nce", "0.7");
    set(r, "kappa", "0.5");
    set(r, "tau", "0.5");
    set(r, "lambda", "0.6");
    set(r, "m_neg", "-1");
    set(r, "m_var", "-1");
    set(r, "task_noise", task_noise);
    w.t = trainer(r, d, 1);
    n = w.t->net->n_trained;
    lat__batch_draw(w.t->batch, LAT_TRAIN, &w.t->rng);
    lat__batch_fill(w.t->batch, NULL);
    whole_loss(&w);
    grads = lat_calloc(n, sizeof(*grads));
    assert_non_null(grads);
    memcpy(grads, w.t->grads, n * sizeof(*grads));
    check_grad(whole_loss, &w, w.t->params, grads, n, 5e-3);
    lat_free(grads);
    lat_trainer_free(w.t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, gradient_of_the_whole_matches_differences)
{
    UNUSED_STATE;
    check_whole("0");
    check_whole("0.5");
}

/* The task's latents are disturbed where they are not invariant, and only in
 * training. */
TEST(train, task_noise_falls_on_variant_and_free_in_training_alone)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *t;
    const float *z, *given;

    UNUSED_STATE;
    set(r, "task_noise", "1");
    t = trainer(r, d, 1);
    z = t->encoder->act[t->net->encoder.n_layers].v;
    given = t->task->act[0].v;
    lat__batch_draw(t->batch, LAT_TRAIN, &t->rng);
    lat__batch_fill(t->batch, NULL);
    lat__train_losses(t, true);
    for (size_t i = 0; i < t->net->dims; i++)
        CHECK((given[i] == z[i]) == (i < r->block[LAT_INV]));
    lat__train_losses(t, false);
    assert_memory_equal(given, z, t->net->dims * sizeof(float));
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* Constant signals of either sign: a pooled row answers with its channels'
 * sum; what it is at t and at n - 1 - t is the same. */
TEST(train, pooled_rows_begin_symmetric_in_time_and_as_long)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    const struct lat__param *p;
    struct lat_trainer *a = trainer(r, d, 1), *b;
    double la = 0.0, lb = 0.0;
    size_t n;

    UNUSED_STATE;
    set(r, "pooled", "yes");
    b = trainer(r, d, 1);
    p = &b->net->encoder.layers[b->net->encoder.n_layers - 1].params[0];
    n = p->in / p->in_spread;
    CHECK(p->out == 12 && p->in_spread == 4 && n == 32);
    for (size_t i = 0; i < p->in; i++)
        for (size_t o = 0; o < 12; o++) {
            size_t t = i / 4, j = (n - 1 - t) * 4 + i % 4;
            float wa = a->params[p->offset + i * 12 + o];
            float wb = b->params[p->offset + i * 12 + o];

            if (o >= 6) {
                CHECK(wa == wb);
                continue;
            }
            la += (double)wa * (double)wa;
            lb += (double)wb * (double)wb;
            CHECK_NEAR(wb, b->params[p->offset + j * 12 + o], 1e-6);
        }
    CHECK_NEAR(la / lb, 1.0, 1e-5);
    lat_trainer_free(a);
    lat_trainer_free(b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, same_bytes_on_any_number_of_threads)
{
    struct lat_recipe *r = recipe("scl-nce");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *one = trainer(r, d, 1);

    UNUSED_STATE;
    while (!lat_train_finished(one))
        step(one);
    for (unsigned n = 2; n <= 3; n++) {
        struct lat_trainer *more = trainer(r, d, n);

        while (!lat_train_finished(more))
            step(more);
        check_same_state(one, more);
        lat_trainer_free(more);
    }
    lat_trainer_free(one);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* Killed after any step and resumed, the run ends in the same bytes. */
TEST(train, resumed_after_any_step_ends_in_the_same_bytes)
{
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *whole = trainer(r, d, 1), *half = trainer(r, d, 1);
    int fd = mkstemp(path);

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    while (!lat_train_finished(whole))
        step(whole);
    for (bool done = false; !done;) {
        struct lat_trainer *rest = trainer(r, d, 2);

        CHECK(lat_train_save(half, path, NULL) == LAT_OK);
        CHECK(lat_train_load(rest, path, NULL) == LAT_OK);
        while (!lat_train_finished(rest))
            step(rest);
        check_same_state(whole, rest);
        lat_trainer_free(rest);
        done = lat_train_finished(half);
        if (!done)
            step(half);
    }
    CHECK(unlink(path) == 0);
    lat_trainer_free(whole);
    lat_trainer_free(half);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* ---- in bfloat16 */

static struct lat_recipe *recipe16(const char *objective)
{
    struct lat_recipe *r = recipe(objective);

    set(r, "precision", "bfloat16");
    return r;
}

/* The mean loss of the last ten of so many steps. */
static double loss_after(struct lat_recipe *r, const char *steps)
{
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *t;
    double loss;

    set(r, "steps", steps);
    set(r, "lr", "0.01");
    t = trainer(r, d, 1);
    while (t->step + 10 < t->recipe->steps)
        step(t);
    lat_train_progress(t);
    while (!lat_train_finished(t))
        step(t);
    loss = lat_train_progress(t).loss;
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
    return loss;
}

TEST(train, in_bfloat16_reaches_the_loss_of_float32)
{
    const double first = loss_after(recipe("scl"), "10");
    const double wide = loss_after(recipe("scl"), "120");
    const double narrow = loss_after(recipe16("scl"), "120");

    UNUSED_STATE;
    CHECK(wide < 0.8 * first);
    CHECK(narrow != wide);
    CHECK_NEAR(narrow, wide, 0.1 * first);
}

/* Parameters, moments and statistics have the places below a bfloat16's. */
TEST(train, in_bfloat16_keeps_its_weights_in_float32)
{
    struct lat_recipe *r = recipe16("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *t = trainer(r, d, 1);
    size_t n = 0;

    UNUSED_STATE;
    while (!lat_train_finished(t))
        step(t);
    for (size_t i = 0; i < t->net->n_params; i++) {
        uint32_t bits;

        memcpy(&bits, &t->params[i], sizeof(bits));
        n += (bits & 0xffff) != 0;
    }
    CHECK(n > t->net->n_params * 9 / 10);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, in_bfloat16_resumes_to_the_same_bytes_on_any_threads)
{
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_recipe *r = recipe16("scl-nce"), *wide = recipe("scl-nce");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *whole = trainer(r, d, 1), *half = trainer(r, d, 3);
    struct lat_trainer *rest = trainer(r, d, 2), *other = trainer(wide, d, 1);
    int fd = mkstemp(path);

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    while (!lat_train_finished(whole))
        step(whole);
    for (int i = 0; i < 3; i++)
        step(half);
    CHECK(lat_train_save(half, path, NULL) == LAT_OK);
    CHECK(lat_train_load(other, path, NULL) == LAT_EINVAL);
    CHECK(lat_train_load(rest, path, NULL) == LAT_OK);
    while (!lat_train_finished(rest))
        step(rest);
    check_same_state(whole, rest);
    CHECK(unlink(path) == 0);
    lat_trainer_free(whole);
    lat_trainer_free(half);
    lat_trainer_free(rest);
    lat_trainer_free(other);
    lat_dataset_free(d);
    lat_recipe_free(r);
    lat_recipe_free(wide);
}

TEST(checkpoint, of_another_recipe_or_damaged_is_refused)
{
    char path[] = "/tmp/latentd-test-XXXXXX", *file;
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *a = trainer(r, d, 1), *b;
    int fd = mkstemp(path);
    size_t len;

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    set(r, "lr", "0.5");
    b = trainer(r, d, 1);
    CHECK(lat_train_save(a, path, NULL) == LAT_OK);
    CHECK(lat_train_load(b, path, NULL) == LAT_EINVAL);
    CHECK(lat_train_load(a, path, NULL) == LAT_OK);
    CHECK(lat_file_read(&file, &len, path, 1 << 30, NULL) == LAT_OK);
    file[len / 2] ^= 1;
    CHECK(lat_file_write(path, file, len, NULL) == LAT_OK);
    CHECK(lat_train_load(a, path, NULL) == LAT_EFORMAT);
    CHECK(lat_file_write(path, file, len / 2, NULL) == LAT_OK);
    CHECK(lat_train_load(a, path, NULL) == LAT_EFORMAT);
    CHECK(lat_file_write(path, file, 3, NULL) == LAT_OK);
    CHECK(lat_train_load(a, path, NULL) == LAT_EFORMAT);
    CHECK(unlink(path) == 0);
    CHECK(lat_train_load(a, path, NULL) == LAT_ENOENT);
    lat_free(file);
    lat_trainer_free(a);
    lat_trainer_free(b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, divergence_keeps_the_last_good_state)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *t = trainer(r, d, 1), *good;
    char path[] = "/tmp/latentd-test-XXXXXX";
    int fd = mkstemp(path);
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    step(t);
    CHECK(lat_train_save(t, path, NULL) == LAT_OK);
    for (size_t i = 0; i < SUBJECTS; i++)
        d->records[i].v[SAMPLES / 2] = NAN;
    for (size_t i = 0; i < SUBJECTS; i++)
        for (size_t k = 0; k < SAMPLES; k++)
            d->records[i].v[k] = NAN;
    CHECK(lat_train_step(t, &err) == LAT_EDIVERGE);
    assert_string_equal(err.msg, "step 2: the loss is not finite");
    good = trainer(r, d, 1);
    CHECK(lat_train_load(good, path, NULL) == LAT_OK);
    check_same_state(good, t);
    CHECK(unlink(path) == 0);
    lat_trainer_free(t);
    lat_trainer_free(good);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, refuses_data_that_do_not_fit)
{
    static const char *const bad[][3] = {
        {"window", "1990", "record r0 has 2000 samples, 2901 are needed"},
        {"rate", "50", "the data have 100 Hz, the recipe 50"},
        {"invariant", "7", "are 13 wide together, the encoder's latent 12"},
        {"task", "linear 64, unflatten w32 c2", "the task gives 32 samples"},
        {"encoder", "conv1d 4 k5 s2 p2, relu", "encoder"},
        {"group", "3", "batch is 8, not a multiple of group, 3"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_recipe *r = recipe("scl");
        struct lat_dataset *d = dataset(r);
        struct lat_trainer *t = NULL;
        struct lat_err err = {0};

        set(r, bad[i][0], bad[i][1]);
        CHECK(lat_trainer_new(&t, r, d, kernel(), 1, &err) != LAT_OK && !t);
        if (!strstr(err.msg, bad[i][2]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][2]);
        CHECK(strstr(err.msg, bad[i][2]));
        lat_dataset_free(d);
        lat_recipe_free(r);
    }
}

TEST(train, new_survives_any_failed_allocation)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat_trainer *t = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    set(r, "task_noise", "1");
    do {
        lat__mem_fail_after = n++;
        code = lat_trainer_new(&t, r, d, kernel(), 2, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !t));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 20);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(train, learns_with_every_objective),
        T(train, pull_alone_collapses_and_push_prevents_it),
        T(train, gradient_of_the_whole_matches_differences),
        T(train, task_noise_falls_on_variant_and_free_in_training_alone),
        T(train, pooled_rows_begin_symmetric_in_time_and_as_long),
        T(train, same_bytes_on_any_number_of_threads),
        T(train, resumed_after_any_step_ends_in_the_same_bytes),
        T(train, in_bfloat16_reaches_the_loss_of_float32),
        T(train, in_bfloat16_keeps_its_weights_in_float32),
        T(train, in_bfloat16_resumes_to_the_same_bytes_on_any_threads),
        T(checkpoint, of_another_recipe_or_damaged_is_refused),
        T(train, divergence_keeps_the_last_good_state),
        T(train, refuses_data_that_do_not_fit),
        T(train, new_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
