/* test_feed.c - data sets that are filled recording by recording. */
#include "../../core/base/mem.h"
#include "tiny.h"

#include <string.h>

/* A made-up heart, in one lead or two. */
static struct lat_signal *heart(uint64_t who, double rate, const char *leads)
{
    struct lat_synth spec = lat_synth_defaults();
    struct lat_signal *sig = NULL;

    spec.rate_hz = rate;
    spec.seconds = 12.0;
    spec.seed = who;
    spec.leads = leads;
    CHECK(lat_synth_ecg(&sig, &spec, NULL) == LAT_OK);
    return sig;
}

/* Waves on three axes, of a period of its own. */
static struct lat_signal *movement(size_t who)
{
    const char *names[] = {"acc_x", "acc_y", "acc_z"};
    struct lat_signal *sig = NULL;

    CHECK(lat_signal_new(&sig, 3, 2000, NULL) == LAT_OK);
    sig->rate_hz = 100.0;
    for (size_t k = 0; k < 3; k++) {
        snprintf(sig->channels[k].name, LAT_NAME_MAX, "%s", names[k]);
        snprintf(sig->channels[k].unit, LAT_UNIT_MAX, "g");
        for (size_t i = 0; i < 2000; i++)
            sig->v[k * 2000 + i] =
                (float)sin((0.1 + 0.02 * (double)(who + k)) * (double)i);
    }
    return sig;
}

static struct lat_dataset *empty(const struct lat_recipe *r)
{
    struct lat_dataset *d = NULL;

    CHECK(lat_dataset_new(&d, r, NULL) == LAT_OK);
    return d;
}

static struct lat_recipe *hearts(void)
{
    struct lat_recipe *r = recipe("scl");

    set(r, "leads", "II I");
    return r;
}

static struct lat_recipe *movements(const char *classes)
{
    struct lat_recipe *r = recipe("supcon");

    set(r, "dataset", "hapt");
    set(r, "leads", "acc_x acc_y acc_z");
    set(r, "unit", "g");
    set(r, "max_shift", "0");
    set(r, "stretch", "0");
    set(r, "lead_mix", "0");
    set(r, "classes", classes);
    return r;
}

static enum lat_code add(struct lat_dataset *d, struct lat_signal *sig,
                         const char *subject, enum lat_split split,
                         struct lat_err *err)
{
    const struct lat_recording rec = {
        .name = subject, .subject = subject, .split = split, .signal = sig};

    return lat_dataset_add(d, &rec, err);
}

static void add_hearts(struct lat_dataset *d, size_t n, enum lat_split split)
{
    for (size_t i = 0; i < n; i++) {
        struct lat_signal *sig = heart(i + 10 * split, 100.0, "II,V1");
        char name[40];

        snprintf(name, sizeof(name), "p%d-%zu", (int)split, i);
        CHECK(add(d, sig, name, split, NULL) == LAT_OK);
        lat_signal_free(sig);
    }
}

static struct lat_trainer *trainer(const struct lat_recipe *r,
                                   const struct lat_dataset *d)
{
    const struct lat_kernel *k = NULL;
    struct lat_trainer *t = NULL;
    struct lat_err err = {0};

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    if (lat_trainer_new(&t, r, d, k, 1, &err))
        print_error("%s\n", err.msg);
    assert_non_null(t);
    return t;
}

TEST(feed, what_was_added_can_be_trained_on)
{
    struct lat_recipe *r = hearts();
    struct lat_dataset *d = empty(r);
    struct lat_dataset_info info;
    struct lat_trainer *t;

    UNUSED_STATE;
    /* more than the first room, and the splits mixed */
    add_hearts(d, 40, LAT_VALID);
    add_hearts(d, 60, LAT_TRAIN);
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    info = lat_dataset_info(d);
    CHECK(info.records[LAT_TRAIN] == 60 && info.subjects[LAT_TRAIN] == 60);
    CHECK(info.records[LAT_VALID] == 40 && info.records[LAT_TEST] == 0);
    CHECK_NEAR(info.seconds[LAT_TRAIN], 720.0, 1e-9);
    CHECK(info.n_warnings == 0);
    CHECK(d->records[0].other != NULL);
    t = trainer(r, d);
    while (!lat_train_finished(t))
        CHECK(lat_train_step(t, NULL) == LAT_OK);
    CHECK(lat_train_progress(t).valid_step == 6);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(feed, another_rate_and_unit_become_the_recipes)
{
    struct lat_recipe *r = hearts();
    struct lat_dataset *d = empty(r);
    struct lat_signal *sig = heart(3, 360.0, "II"),
                      *fast = heart(3, 360.0, "II");

    UNUSED_STATE;
    for (size_t i = 0; i < fast->n_samples; i++)
        fast->v[i] *= 1000.0f;
    strcpy(fast->channels[0].unit, "uV");
    CHECK(add(d, sig, "a", LAT_TRAIN, NULL) == LAT_OK);
    CHECK(add(d, fast, "b", LAT_TRAIN, NULL) == LAT_OK);
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    CHECK(d->records[0].n == 1200);
    for (size_t i = 0; i < 1200; i++)
        CHECK_NEAR(d->records[1].v[i], d->records[0].v[i], 1e-4);
    lat_signal_free(sig);
    lat_signal_free(fast);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* Each is refused, named, and the others go on. */
TEST(feed, what_cannot_be_used_is_left_out_by_name)
{
    struct lat_recipe *r = hearts();
    struct lat_dataset *d = empty(r);
    struct lat_signal *sig[8];
    struct lat_err err = {0};
    char longer[LAT_SUBJECT_MAX + 1];
    const char *said[] = {"never changes",        "are missing from 600",
                          "not finite",           "is not said",
                          "none of its channels", "unit",
                          "cannot be brought"};

    UNUSED_STATE;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    for (size_t i = 0; i < 8; i++)
        sig[i] = heart(i, 100.0, "II");
    for (size_t i = 0; i < sig[0]->n_samples; i++)
        sig[0]->v[i] = 1.5f;
    for (size_t i = 600; i < 700; i++)
        sig[1]->v[i] = NAN;
    sig[2]->v[5] = INFINITY;
    sig[3]->rate_hz = 0.0;
    strcpy(sig[4]->channels[0].name, "aVF");
    strcpy(sig[5]->channels[0].unit, "g");
    sig[6]->rate_hz = 99999.0;
    for (size_t i = 0; i < 7; i++) {
        memset(&err, 0, sizeof(err));
        CHECK(add(d, sig[i], "p", LAT_TRAIN, &err) == LAT_EUNFIT);
        if (!strstr(err.msg, said[i]))
            print_error("%zu: %s\n", i, err.msg);
        CHECK(strstr(err.msg, said[i]) && strstr(err.msg, "recording p: "));
    }
    CHECK(add(d, sig[7], longer, LAT_TRAIN, &err) == LAT_EUNFIT);
    CHECK(add(d, sig[7], "", LAT_TRAIN, &err) == LAT_EUNFIT);
    CHECK(strstr(err.msg, "no subject"));
    CHECK(lat_dataset_seal(d, &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "no recording that can be trained on"));
    CHECK(add(d, sig[7], "p", LAT_TRAIN, &err) == LAT_OK);
    CHECK(lat_dataset_seal(d, &err) == LAT_OK);
    CHECK(lat_dataset_info(d).n_warnings == 9);
    for (size_t i = 0; i < 8; i++)
        lat_signal_free(sig[i]);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(feed, segments_are_cut_and_checked)
{
    struct lat_recipe *r = hearts();
    struct lat_dataset *d = empty(r);
    struct lat_signal *sig = heart(1, 100.0, "II");
    struct lat_recording rec = {.subject = "a", .signal = sig};
    const size_t bad[][2] = {{0, 1201}, {500, 500}, {1200, 0}, {0, 50}};
    struct lat_err err;

    UNUSED_STATE;
    for (size_t i = 0; i < 4; i++) {
        rec.begin = bad[i][0];
        rec.end = bad[i][1];
        CHECK(lat_dataset_add(d, &rec, &err) == LAT_EUNFIT);
    }
    CHECK(strstr(err.msg, "50 samples"));
    rec.begin = 200;
    rec.end = 900;
    CHECK(lat_dataset_add(d, &rec, &err) == LAT_OK);
    CHECK(d->records[0].n == 700);
    CHECK(d->records[0].v[0] == sig->v[200]);
    lat_signal_free(sig);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(feed, a_subject_on_two_sides_is_refused_by_name)
{
    struct lat_recipe *r = hearts();
    struct lat_dataset *d = empty(r);
    struct lat_signal *sig = heart(1, 100.0, "II");
    struct lat_err err;

    UNUSED_STATE;
    CHECK(add(d, sig, "ann", LAT_TRAIN, NULL) == LAT_OK);
    CHECK(add(d, sig, "ann", LAT_TRAIN, NULL) == LAT_OK);
    CHECK(add(d, sig, "ann", LAT_VALID, &err) == LAT_EINVAL);
    CHECK(
        strstr(err.msg, "subject ann is on two sides: in train and in valid"));
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    CHECK(d->n_subjects == 1 && d->subjects[0].n_records == 2);
    lat_signal_free(sig);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(feed, a_share_of_subjects_is_drawn_to_validate_with)
{
    struct lat_recipe *r = hearts();
    struct lat_dataset *d[3];
    struct lat_dataset_info info;

    UNUSED_STATE;
    for (size_t i = 0; i < 3; i++) {
        d[i] = empty(r);
        add_hearts(d[i], 10, LAT_TRAIN);
        CHECK(lat_dataset_split(d[i], 1.0, 1, NULL) == LAT_EINVAL);
        CHECK(lat_dataset_split(d[i], 0.3, i < 2 ? 7 : 8, NULL) == LAT_OK);
        CHECK(lat_dataset_seal(d[i], NULL) == LAT_OK);
        info = lat_dataset_info(d[i]);
        CHECK(info.subjects[LAT_TRAIN] == 7 && info.subjects[LAT_VALID] == 3);
    }
    CHECK(memcmp(d[0]->digest, d[1]->digest, LAT_DIGEST) == 0);
    for (size_t i = 0; i < 10; i++)
        CHECK(strcmp(d[0]->subjects[i].name, d[1]->subjects[i].name) == 0);
    CHECK(strcmp(d[0]->subjects[7].name, d[2]->subjects[7].name) != 0 ||
          strcmp(d[0]->subjects[8].name, d[2]->subjects[8].name) != 0 ||
          strcmp(d[0]->subjects[9].name, d[2]->subjects[9].name) != 0);
    for (size_t i = 0; i < 3; i++)
        lat_dataset_free(d[i]);
    lat_recipe_free(r);
}

static void add_movement(struct lat_dataset *d, size_t who, const char *label,
                         enum lat_split split)
{
    struct lat_signal *sig = movement(who);
    char name[16];
    const struct lat_recording rec = {
        .subject = name, .label = label, .split = split, .signal = sig};

    snprintf(name, sizeof(name), "u%zu", who);
    CHECK(lat_dataset_add(d, &rec, NULL) == LAT_OK);
    lat_signal_free(sig);
}

static bool warned(const struct lat_dataset *d, const char *what)
{
    for (size_t i = 0; i < d->n_warnings; i++)
        if (strstr(d->warnings[i], what))
            return true;
    return false;
}

TEST(feed, labels_become_classes)
{
    struct lat_recipe *r = movements("still: sit lie, walk");
    struct lat_dataset *d = empty(r);

    UNUSED_STATE;
    add_movement(d, 1, "walk", LAT_TRAIN);
    add_movement(d, 1, "sit", LAT_TRAIN);
    add_movement(d, 2, "lie", LAT_TRAIN);
    add_movement(d, 3, "fly", LAT_TRAIN); /* of no class */
    add_movement(d, 4, NULL, LAT_TRAIN);
    add_movement(d, 5, "walk", LAT_VALID);
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    CHECK(d->n_channels == 3 && d->n_classes == 2);
    CHECK(strcmp(d->classes[0], "still") == 0);
    CHECK(d->n_records == 5 && d->n_subjects == 4);
    CHECK(d->records[0].label == 1 && d->records[1].label == 0 &&
          d->records[2].label == 0 && d->records[3].label == LAT_NO_LABEL);
    CHECK(warned(d, "1 recordings with the label fly"));
    CHECK(warned(d, "1 recordings have no label"));
    CHECK(warned(d, "class walk has one subject to train on, u1"));
    CHECK(!warned(d, "class still"));
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(feed, every_label_a_class_in_the_order_of_their_names)
{
    struct lat_recipe *r = movements("*");
    struct lat_dataset *d = empty(r);

    UNUSED_STATE;
    add_movement(d, 1, "walk", LAT_TRAIN);
    add_movement(d, 2, "lie", LAT_TRAIN);
    add_movement(d, 3, "sit", LAT_TRAIN);
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    CHECK(d->n_classes == 3 && strcmp(d->classes[0], "lie") == 0 &&
          strcmp(d->classes[2], "walk") == 0);
    CHECK(d->records[0].label == 2 && d->records[1].label == 0 &&
          d->records[2].label == 1);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(feed, a_class_without_anybody_is_refused)
{
    const char *classes[] = {"walk, sit", "walk, hover", "walk", "*"};
    const char *said[] = {"class sit has no subject", "unknown activity hover",
                          "of one class, walk", "but no recording a label"};

    UNUSED_STATE;
    for (size_t i = 0; i < 4; i++) {
        struct lat_recipe *r = movements(classes[i]);
        struct lat_dataset *d = empty(r);
        struct lat_err err = {0};

        add_movement(d, 1, i < 3 ? "walk" : NULL, LAT_TRAIN);
        add_movement(d, 2, i < 3 ? "sit" : NULL, LAT_VALID);
        CHECK(lat_dataset_seal(d, &err) == LAT_EINVAL);
        if (!strstr(err.msg, said[i]))
            print_error("%s\n", err.msg);
        CHECK(strstr(err.msg, said[i]));
        lat_dataset_free(d);
        lat_recipe_free(r);
    }
}

TEST(feed, axes_that_are_no_sensor_are_refused)
{
    struct lat_recipe *r = movements("");
    struct lat_dataset *d = NULL;
    struct lat_err err;

    UNUSED_STATE;
    set(r, "leads", "acc_x acc_y");
    CHECK(lat_dataset_new(&d, r, &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "2 channels"));
    lat_recipe_free(r);
}

/* Any allocation may fail; nothing leaks, and the set stays usable. */
TEST(feed, survives_every_failed_allocation)
{
    struct lat_recipe *r = movements("*");
    struct lat_signal *sig = movement(1);
    const struct lat_recording a = {.subject = "a",
                                    .label = "x",
                                    .signal = sig},
                               b = {
                                   .subject = "b", .label = "y", .signal = sig};
    enum lat_code code = LAT_ENOMEM;

    UNUSED_STATE;
    for (long n = 0; code == LAT_ENOMEM && n < 200; n++) {
        struct lat_dataset *d = NULL;

        lat__mem_fail_after = n;
        code = lat_dataset_new(&d, r, NULL);
        if (!code)
            code = lat_dataset_add(d, &a, NULL);
        if (!code)
            code = lat_dataset_add(d, &b, NULL);
        if (!code)
            code = lat_dataset_seal(d, NULL);
        lat__mem_fail_after = -1;
        lat_dataset_free(d);
    }
    CHECK(code == LAT_OK);
    lat_signal_free(sig);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(feed, what_was_added_can_be_trained_on),
        T(feed, another_rate_and_unit_become_the_recipes),
        T(feed, what_cannot_be_used_is_left_out_by_name),
        T(feed, segments_are_cut_and_checked),
        T(feed, a_subject_on_two_sides_is_refused_by_name),
        T(feed, a_share_of_subjects_is_drawn_to_validate_with),
        T(feed, labels_become_classes),
        T(feed, every_label_a_class_in_the_order_of_their_names),
        T(feed, a_class_without_anybody_is_refused),
        T(feed, axes_that_are_no_sensor_are_refused),
        T(feed, survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
