/* test_classes.c - which activities are which class; activities as a data set
 * of users. */
#include "activities.h"

/* ---- classes ---- */

static const char *const activities[] = {"WALK", "RUN", "SIT", "STAND"};

static enum lat_code parse(struct lat__classes *c, const char *text,
                           struct lat_err *err)
{
    return lat__classes_parse(c, text, activities, 4, err);
}

TEST(classes, are_activities_or_lists_of_them)
{
    struct lat__classes c;

    UNUSED_STATE;
    CHECK(parse(&c, "RUN, STILL: SIT  STAND", NULL) == LAT_OK);
    CHECK(c.n == 2 && c.of[0] == LAT_NO_LABEL && c.of[1] == 0);
    CHECK(c.of[2] == 1 && c.of[3] == 1);
    assert_string_equal(c.names[1], "STILL");
    CHECK(parse(&c, "*", NULL) == LAT_OK);
    CHECK(c.n == 4 && c.of[3] == 3);
    assert_string_equal(c.names[2], "SIT");
    CHECK(parse(&c, "", NULL) == LAT_OK && c.n == 0);
}

TEST(classes, that_do_not_fit_are_refused)
{
    static const char *const bad[][2] = {
        {"RUN, FLY", "classes: unknown activity FLY"},
        {"STILL: SIT LIE", "unknown activity LIE"},
        {"SIT, STILL: SIT STAND", "activity SIT is of two classes"},
        {"A: SIT, A: RUN", "two classes are called A"},
        {"SIT,, RUN", "a class without a name"},
        {"SIT RUN", "RUN follows the name of a class: is a comma missing?"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat__classes c;
        struct lat_err err = {0};

        CHECK(parse(&c, bad[i][0], &err) == LAT_EINVAL);
        if (!strstr(err.msg, bad[i][1]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][1]);
        CHECK(strstr(err.msg, bad[i][1]));
    }
}

/* ---- the data set ---- */

TEST(activities, become_records_of_users)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = open_data(r);
    struct lat_dataset_info info = lat_dataset_info(d);

    UNUSED_STATE;
    CHECK(info.subjects[LAT_TRAIN] == 3 && info.records[LAT_TRAIN] == 9);
    CHECK(info.subjects[LAT_TEST] == 1 && info.records[LAT_TEST] == 2);
    CHECK(d->n_channels == 3 && d->n_classes == 2);
    CHECK(d->records[0].label == 0 && d->records[1].label == 1);
    CHECK(d->records[2].label == 1 && d->records[0].n == PIECE);
    for (size_t k = 0; k < 3; k++)
        CHECK_NEAR(d->records[1].v[3 * 7 + k], sample(PIECE + 7, k) / 720.0,
                   1e-6);
    CHECK(info.n_warnings == 1);
    assert_string_equal(info.warnings[0],
                        "1 stretches are left out: shorter than 37 samples");
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* 100 samples of each of two users, every 40th of them without its z. */
TEST(activities, of_wisdm_say_what_was_left_out)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d;
    struct lat_buf b = {0};

    UNUSED_STATE;
    for (int i = 0; i < 400; i++)
        lat_buf_printf(&b,
                       i % 40 == 39 ? "%d,%s,%d,%d,%d.5,;\n"
                                    : "%d,%s,%d,%d,%d.5,%d.25;\n",
                       i / 200 + 1, i / 100 % 2 ? "Sitting" : "Walking",
                       1000 + 5000000 * i, i % 7, i % 3, i % 5);
    write_file("WISDM_ar_v1.1_raw.txt", &b);
    set(r, "dataset", "wisdm");
    set(r, "classes", "Walking, Sitting");
    set(r, "train", "1");
    set(r, "valid", "2");
    set(r, "test", "");
    set(r, "rate", "20");
    set(r, "window", "16");
    set(r, "leads", "accx accy accz");
    d = open_data(r);
    CHECK(d->n_channels == 3 && d->n_records == 8);
    CHECK_NEAR(d->records[0].v[1], 0.5 / 9.80665, 1e-6);
    CHECK(d->n_warnings == 4);
    assert_string_equal(d->warnings[3], "10 records are left out: an empty "
                                        "field, the first on line 40");
    assert_string_equal(d->warnings[2],
                        "4 stretches are left out: shorter than 21 samples");
    CHECK(unlink(in_dir("WISDM_ar_v1.1_raw.txt")) == 0);
    lat_buf_fini(&b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(activities, that_do_not_fit_are_refused_by_name)
{
    static const char *const bad[][3] = {
        {"test", "5 2", "record 2 stands in train and in test"},
        {"test", "5 9", "user 9 is not in the data"},
        {"test", "5x", "user 5x is not in the data"},
        {"classes", "WALKING, FLYING", "unknown activity FLYING"},
        {"classes", "WALKING, SITTING, LAYING",
         "class LAYING has no user to train on"},
        {"labelled", "4", "user 4 is not among those to train on"},
        {"leads", "acc_x acc_y", "2 channels, must be all three axes"},
        {"leads", "acc_x acc_y mag_z", "the data have no channel mag_z"},
        {"leads", "acc_x acc_y gyro_z",
         "channel gyro_z: unit rad/s cannot be turned into g"},
        {"rate", "12801", "50 Hz cannot be brought to the recipe's 12801"},
        {"window", "100", "has nothing that can be used"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_recipe *r = recipe("scl");
        struct lat_dataset *d = NULL;
        struct lat_err err = {0};

        set(r, bad[i][0], bad[i][1]);
        CHECK(lat_dataset_open(&d, r, dir, &err) != LAT_OK && !d);
        if (!strstr(err.msg, bad[i][2]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][2]);
        CHECK(strstr(err.msg, bad[i][2]));
        lat_recipe_free(r);
    }
}

/* 50 Hz to 20: as long as before, and what stands still stands where it stood.
 */
TEST(activities, at_another_rate_are_brought_to_the_recipe_s)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = NULL, *as_recorded = NULL;
    struct lat_dataset_info info;
    bool said = false;

    UNUSED_STATE;
    CHECK(lat_dataset_open(&as_recorded, r, dir, NULL) == LAT_OK);
    set(r, "rate", "20");
    set(r, "window", "8");
    CHECK(lat_dataset_open(&d, r, dir, NULL) == LAT_OK);
    info = lat_dataset_info(d);
    CHECK(d->n_records == as_recorded->n_records && d->rate_hz == 20.0);
    CHECK(strcmp(info.digest, lat_dataset_info(as_recorded).digest) != 0);
    for (size_t i = 0; i < d->n_records; i++) {
        const struct lat__record *a = &d->records[i];
        const struct lat__record *b = &as_recorded->records[i];
        double mean[2] = {0.0, 0.0};

        CHECK(a->n == PIECE * 2 / 5 && b->n == PIECE && a->label == b->label);
        for (size_t t = 2; t < a->n - 2; t++)
            mean[0] += (double)a->v[t * d->n_channels] / (double)(a->n - 4);
        for (size_t t = 5; t < b->n - 5; t++)
            mean[1] += (double)b->v[t * d->n_channels] / (double)(b->n - 10);
        if (a->label == 1)
            CHECK_NEAR(mean[0], mean[1], 0.05);
    }
    for (size_t i = 0; i < info.n_warnings; i++)
        said = said || strstr(info.warnings[i], "50 Hz is brought to 20 Hz");
    CHECK(said);
    lat_dataset_free(as_recorded);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(activities, of_one_user_to_train_on_are_warned_of)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d;

    UNUSED_STATE;
    set(r, "labelled", "2");
    d = open_data(r);
    assert_string_equal(d->warnings[0],
                        "class WALKING has one user to train on");
    CHECK(d->subjects[0].unlabelled && !d->subjects[1].unlabelled);
    CHECK(!d->subjects[3].unlabelled); /* of the validation split */
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(activities, open_survives_any_failed_allocation)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat_dataset_open(&d, r, dir, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !d));
        /* the last to fail are warnings, which are not worth the run */
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 10);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(classes, are_activities_or_lists_of_them),
        T(classes, that_do_not_fit_are_refused),
        T(activities, become_records_of_users),
        T(activities, of_wisdm_say_what_was_left_out),
        T(activities, that_do_not_fit_are_refused_by_name),
        T(activities, at_another_rate_are_brought_to_the_recipe_s),
        T(activities, of_one_user_to_train_on_are_warned_of),
        T(activities, open_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, make_data, remove_data);
}
