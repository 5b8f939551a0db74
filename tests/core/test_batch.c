/* test_batch.c - views, batches of them, Adam. */
#include "../../core/views.h"
#include "tiny.h"

TEST(views, shift_is_a_later_piece_of_the_record)
{
    float record[100], x[4];

    UNUSED_STATE;
    for (size_t i = 0; i < 100; i++)
        record[i] = (float)i;
    lat__phase_cut(x, 4, record, 100, 50, lat__phase_samples(75, 360));
    CHECK(x[0] == 77.0f && x[3] == 80.0f);
    lat__phase_cut(x, 4, record, 100, 50, -50);
    CHECK(x[0] == 0.0f);
    lat__stretch_cut(x, 4, record, 100, 50, 2, 1.5);
    CHECK(x[0] == 53.0f && x[1] == 54.5f && x[3] == 57.5f);
}

TEST(views, shifts_are_even_in_both_directions)
{
    struct lat_rng rng;
    double sum = 0.0, least = 0.0, most = 0.0;

    UNUSED_STATE;
    lat__rng_seed(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        double s = (double)lat__phase_draw(&rng, 150.0, 360.0);

        sum += s;
        least = fmin(least, s);
        most = fmax(most, s);
    }
    CHECK(fabs(sum / 20000.0) < 1.0);
    CHECK(least == -54.0 && most == 54.0);
}

TEST(views, mix_turns_one_lead_into_the_other)
{
    float x[2] = {1, 2}, y[2] = {3, 4};

    UNUSED_STATE;
    lat__view_mix(x, y, 2, 3.14159265358979 / 2);
    CHECK_NEAR(x[0], 3.0, 1e-6);
    CHECK_NEAR(x[1], 4.0, 1e-6);
}

TEST(batch, has_every_subject_as_often_and_views_of_one_source)
{
    struct lat_recipe *r = recipe("scl");
    struct lat_dataset *d = dataset(r);
    struct lat__batch *b = NULL;
    struct lat_rng rng;
    size_t seen[SUBJECTS] = {0};

    UNUSED_STATE;
    CHECK(lat__batch_new(&b, r, d, NULL) == LAT_OK);
    lat__rng_seed(&rng, 1);
    lat__batch_draw(b, LAT_TRAIN, &rng);
    for (size_t i = 0; i < b->n; i++) {
        CHECK(b->at[i].begin == b->at[b->n + i].begin);
        CHECK(b->at[i].record == b->at[b->n + i].record);
        CHECK(b->at[i].angle == b->at[b->n + i].angle);
        CHECK(b->at[i].seed != b->at[b->n + i].seed);
        CHECK(b->subject[i] == b->subject[i - i % 2]);
        seen[b->subject[i]]++;
    }
    for (size_t s = 0; s < SUBJECTS; s++)
        CHECK(seen[s] == (s < 4 ? 2 : 0));
    lat__batch_free(b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

TEST(batch, of_plain_is_as_many_windows_unchanged)
{
    struct lat_recipe *r = recipe("plain");
    struct lat_dataset *d = dataset(r);
    struct lat__batch *b = NULL;
    struct lat_rng rng;

    UNUSED_STATE;
    set(r, "hop", "64");
    CHECK(lat__batch_new(&b, r, d, NULL) == LAT_OK);
    CHECK(b->n == 16 && b->n_views == 1);
    lat__rng_seed(&rng, 1);
    lat__batch_draw(b, LAT_TRAIN, &rng);
    for (size_t i = 0; i < b->n; i++)
        CHECK(b->at[i].shift == 0 && b->at[i].stretch == 1.0 &&
              (b->at[i].begin - b->at[0].begin) % 64 == 0);
    lat__batch_free(b);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

/* Two steps worked out with torch.optim.Adam(lr=0.1, weight_decay=0.01) from
 * p = 1, -2 and g = 0.5, 3, then -1, 0.25. */
TEST(adam, does_as_pytorch_does)
{
    float p[2] = {1, -2}, m[2] = {0}, v[2] = {0};
    const float g[2][2] = {{0.5f, 3.0f}, {-1.0f, 0.25f}};
    const struct lat__adam a = {p, m, v, 2, NULL};
    struct lat_recipe *r = recipe("scl");

    UNUSED_STATE;
    set(r, "lr", "0.1");
    set(r, "weight_decay", "0.01");
    set(r, "warm_up", "0");
    set(r, "decay", "constant");
    lat__adam_step(&a, g[0], 1.0, r, 0, NULL);
    lat__adam_step(&a, g[1], 1.0, r, 1, NULL);
    CHECK_NEAR(p[0], 0.9355236415321513, 1e-6);
    CHECK_NEAR(p[1], -2.172513050476132, 1e-6);
    lat_recipe_free(r);
}

TEST(adam, rate_rises_and_falls)
{
    struct lat_recipe *r = recipe("scl");

    UNUSED_STATE;
    set(r, "steps", "100");
    set(r, "warm_up", "10");
    set(r, "lr", "1");
    CHECK_NEAR(lat__rate_at(r, 0), 0.1, 1e-12);
    CHECK_NEAR(lat__rate_at(r, 50), 0.5, 1e-12);
    CHECK(lat__rate_at(r, 99) < 0.001);
    set(r, "final_rate", "0.2");
    CHECK_NEAR(lat__rate_at(r, 100), 0.2, 1e-12);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(views, shift_is_a_later_piece_of_the_record),
        T(views, shifts_are_even_in_both_directions),
        T(views, mix_turns_one_lead_into_the_other),
        T(batch, has_every_subject_as_often_and_views_of_one_source),
        T(batch, of_plain_is_as_many_windows_unchanged),
        T(adam, does_as_pytorch_does),
        T(adam, rate_rises_and_falls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
