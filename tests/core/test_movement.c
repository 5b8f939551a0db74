/* test_movement.c - windows of activities, turned; a head of classes. */
#include "../../core/encoder.h"
#include "activities.h"

static struct lat_trainer *trainer(const struct lat_recipe *r,
                                   const struct lat_dataset *d)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_trainer *t = NULL;
    struct lat_err err = {0};

    CHECK(lat_kernel_pick(&kernel, "blas", NULL) == LAT_OK);
    if (lat_trainer_new(&t, r, d, kernel, 1, &err))
        print_error("%s\n", err.msg);
    assert_non_null(t);
    return t;
}

/* ---- batches ---- */

static double length(const float *x)
{
    return sqrt((double)x[0] * (double)x[0] + (double)x[1] * (double)x[1] +
                (double)x[2] * (double)x[2]);
}

TEST(batch, turns_each_view_by_a_rotation_of_its_own)
{
    struct lat_recipe *r = recipe("scl-graded");
    struct lat_dataset *d = open_data(r);
    struct lat__batch *b = NULL;
    struct lat__rotation between;
    struct lat_rng rng;

    UNUSED_STATE;
    set(r, "divisor", "2");
    CHECK(lat__batch_new(&b, r, d, NULL) == LAT_OK);
    lat__rng_seed(&rng, 3);
    lat__batch_draw(b, LAT_TRAIN, &rng);
    lat__batch_fill(b, NULL);
    for (size_t i = 0; i < b->n; i++) {
        const struct lat__view_at *g = &b->at[i], *h = &b->at[b->n + i];
        const float *x = b->x + i * 96, *y = b->x + (b->n + i) * 96;
        const float *raw = g->record->v + 3 * g->begin;
        float turned[96];

        CHECK(g->record == h->record && g->begin == h->begin);
        lat__rotate(turned, raw, 32, 3, &g->rotation);
        for (size_t t = 0; t < 96; t++)
            CHECK_NEAR(x[t], turned[t] / 2.0f, 1e-6);
        for (size_t t = 0; t < 96; t += 3)
            CHECK_NEAR(length(x + t), length(y + t), 1e-6);
        lat__rotation_between(&between, &g->rotation, &h->rotation);
        CHECK(lat__rotation_degrees(&between) > 1.0);
        CHECK_NEAR(b->graded[i], 1.0 - lat__rotation_degrees(&between) / 180.0,
                   1e-6);
        CHECK(b->label[i] == g->record->label && b->alone[i] == b->label[i]);
    }
    lat__batch_free(b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(batch, hides_labels_of_users_who_are_not_labelled)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d;
    struct lat__batch *b = NULL;
    struct lat_rng rng;
    size_t known = 0;

    UNUSED_STATE;
    set(r, "labelled", "1 3");
    d = open_data(r);
    CHECK(lat__batch_new(&b, r, d, NULL) == LAT_OK);
    lat__rng_seed(&rng, 3);
    lat__batch_draw(b, LAT_TRAIN, &rng);
    for (size_t i = 0; i < b->n; i++) {
        bool hidden = d->subjects[b->subject[i]].unlabelled;

        CHECK(hidden == (b->label[i] == LAT_NO_LABEL));
        CHECK(b->label[b->n + i] == b->label[i]);
        for (size_t j = 0; hidden && j < i; j++)
            CHECK(b->alone[i] != b->alone[j]);
        known += !hidden;
    }
    CHECK(known == 8);
    lat__batch_free(b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* ---- training ---- */

TEST(train, learns_classes_with_every_objective)
{
    UNUSED_STATE;
    for (size_t i = 0; lat__objective_row(i); i++) {
        struct lat_recipe *r = recipe(lat__objective_row(i)->name);
        struct lat_dataset *d = open_data(r);
        struct lat_trainer *t = trainer(r, d);
        double first, last;

        CHECK(lat_train_step(t, NULL) == LAT_OK);
        first = lat_train_progress(t).task;
        for (int k = 1; k < 50; k++)
            CHECK(lat_train_step(t, NULL) == LAT_OK);
        lat_train_progress(t);
        while (!lat_train_finished(t))
            CHECK(lat_train_step(t, NULL) == LAT_OK);
        last = lat_train_progress(t).task;
        CHECK(last < 0.8 * first);
        lat_trainer_free(t);
        lat_dataset_free(d);
        lat_recipe_free(r);
    }
}

static double whole_loss(void *arg)
{
    struct lat_trainer *t = arg;

    memset(t->grads, 0, t->net->n_trained * sizeof(float));
    return lat__train_losses(t, true).loss;
}

static void check_whole(const char *objective, const char *labelled)
{
    struct lat_recipe *r = recipe(objective);
    struct lat_dataset *d;
    struct lat_trainer *t;
    float *grads;
    size_t n;

    set(r, "labelled", labelled);
    set(r, "encoder", "conv1d 2 k5 s4 p2, flatten, linear 12");
    set(r, "tau", "0.5");
    set(r, "lambda", "0.6");
    set(r, "m_neg", "-1");
    d = open_data(r);
    t = trainer(r, d);
    n = t->net->n_trained;
    lat__batch_draw(t->batch, LAT_TRAIN, &t->rng);
    lat__batch_fill(t->batch, NULL);
    whole_loss(t);
    grads = lat_calloc(n, sizeof(*grads));
    assert_non_null(grads);
    memcpy(grads, t->grads, n * sizeof(*grads));
    check_grad(whole_loss, t, t->params, grads, n, 5e-3);
    lat_free(grads);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, gradient_of_the_whole_matches_differences)
{
    UNUSED_STATE;
    check_whole("scl-graded", "2");
    check_whole("supcon", "1 3");
    check_whole("consistency", "");
}

TEST(train, publishes_a_head_of_classes)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = open_data(r);
    struct lat_trainer *t = trainer(r, d);
    struct lat_model *m = NULL;
    struct lat_err err = {0};
    const struct lat_card *card;
    const char *path = in_dir("m.safetensors");

    UNUSED_STATE;
    CHECK(lat_train_step(t, &err) == LAT_OK);
    if (lat_train_publish(t, path, NULL, &err) ||
        lat_model_read(&m, path, &err))
        print_error("%s\n", err.msg);
    assert_non_null(m);
    card = lat_model_card(m);
    CHECK(card->task == LAT_TASK_CLASSES && card->n_labels == 2);
    assert_string_equal(card->labels[1], "STILL");
    CHECK(card->input.n_channels == 3 && card->input.window == 32);
    assert_string_equal(card->input.unit, "g");
    assert_string_equal(card->input.names[2], "acc_z");
    CHECK(card->partitioned && card->prep.divisor == 1.0);
    CHECK(strstr(card->json, "\"max_rotation_degrees\":180"));
    CHECK(unlink(path) == 0);
    lat_model_unref(m);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(train, refuses_what_does_not_fit_activities)
{
    static const char *const bad[][3] = {
        {"task", "linear 3", "the task gives 3 numbers, there are 2 classes"},
        {"classes", "", "negatives of another class, but there are no classes"},
        {"max_shift", "10", "max_shift, stretch and lead_mix must be 0"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_recipe *r = recipe("scl");
        struct lat_dataset *d = open_data(r);
        struct lat_trainer *t = NULL;
        struct lat_err err = {0};

        set(r, bad[i][0], bad[i][1]);
        CHECK(lat_trainer_new(&t, r, d, NULL, 1, &err) == LAT_EINVAL && !t);
        if (!strstr(err.msg, bad[i][2]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][2]);
        CHECK(strstr(err.msg, bad[i][2]));
        lat_dataset_free(d);
        lat_recipe_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(batch, turns_each_view_by_a_rotation_of_its_own),
        T(batch, hides_labels_of_users_who_are_not_labelled),
        T(train, learns_classes_with_every_objective),
        T(train, gradient_of_the_whole_matches_differences),
        T(train, publishes_a_head_of_classes),
        T(train, refuses_what_does_not_fit_activities),
    };

    return cmocka_run_group_tests(tests, make_data, remove_data);
}
