/* test_filter.c - filters and the conditioning of windows, against scipy. */
#include "../../core/base/mem.h"
#include "../../core/signal.h"
#include "../check.h"

#include <string.h>

enum { MAX = 512 };

struct golden {
    struct lat_prep prep;
    double rate;
    size_t n, channels;
    float x[MAX], y[MAX];
};

static bool read_case(struct golden *g, FILE *f)
{
    char ends[16], scale[16];
    int center;

    memset(g, 0, sizeof(*g));
    if (fscanf(f, "%lf %lf %u %lf %15s %zu %d %15s %zu %zu", &g->prep.low_hz,
               &g->prep.high_hz, &g->prep.order, &g->rate, ends, &g->prep.pad,
               &center, scale, &g->n, &g->channels) != 10)
        return false;
    g->prep.ends = lat__ends_of(ends);
    g->prep.scale = lat__scale_of(scale);
    g->prep.center = center != 0;
    CHECK(g->n * g->channels <= MAX);
    for (size_t i = 0; i < g->n * g->channels; i++)
        CHECK(fscanf(f, "%f", &g->x[i]) == 1);
    for (size_t i = 0; i < g->n * g->channels; i++)
        CHECK(fscanf(f, "%f", &g->y[i]) == 1);
    return true;
}

static void condition(float *y, const struct golden *g)
{
    struct lat__conditioner *c = NULL;
    double *scratch;

    CHECK(lat__conditioner_new(&c, &g->prep, g->rate, g->n, g->channels,
                               NULL) == LAT_OK);
    scratch = lat_calloc(lat__conditioner_scratch(c), sizeof(*scratch));
    CHECK(scratch);
    lat__condition(c, y, g->x, scratch);
    lat_free(scratch);
    lat__conditioner_free(c);
}

TEST(condition, matches_scipy)
{
    FILE *f = fopen(src_path("tests/golden/filter.txt"), "r");
    static struct golden g;
    float y[MAX];
    int n = 0;

    UNUSED_STATE;
    CHECK(f);
    for (; read_case(&g, f); n++) {
        condition(y, &g);
        for (size_t i = 0; i < g.n * g.channels; i++)
            CHECK_NEAR(y[i], g.y[i], 2e-6);
    }
    fclose(f);
    CHECK(n == 10);
}

/* The order of zero phase: a symmetric pulse stays where it was, and symmetric.
 */
TEST(condition, shifts_nothing)
{
    struct golden g = {.prep = {.low_hz = 8, .high_hz = 40, .order = 2},
                       .rate = 360,
                       .n = 361,
                       .channels = 1};
    float y[MAX];

    UNUSED_STATE;
    g.x[180] = 1.0f;
    condition(y, &g);
    for (size_t i = 1; i <= 180; i++) {
        CHECK(y[180] > y[180 - i]);
        CHECK_NEAR(y[180 - i], y[180 + i], 1e-4);
    }
}

TEST(condition, divides_by_the_floor_and_the_divisor)
{
    struct golden g = {
        .prep = {.scale = LAT_SCALE_MAD, .floor = 0.5, .divisor = 4.0},
        .rate = 50,
        .n = 4,
        .channels = 1,
        .x = {0.1f, -0.1f, 0.1f, 0.0f}};
    float y[4];

    UNUSED_STATE;
    condition(y, &g);
    CHECK_NEAR(y[0], 0.05, 1e-7);
    memset(g.x, 0, sizeof(g.x));
    g.prep.floor = 0.0;
    condition(y, &g);
    CHECK(y[0] == 0.0f); /* not 0 / 0 */
}

TEST(condition, gives_the_same_bytes_in_place_and_again)
{
    struct golden g = {.prep = {.low_hz = 1,
                                .high_hz = 20,
                                .order = 2,
                                .center = true,
                                .scale = LAT_SCALE_IQR},
                       .rate = 100,
                       .n = 128,
                       .channels = 3};
    float y[MAX];

    UNUSED_STATE;
    for (size_t i = 0; i < 384; i++)
        g.x[i] = (float)sin(0.37 * (double)(i * i % 97));
    condition(y, &g);
    condition(g.x, &g);
    CHECK(memcmp(y, g.x, 384 * sizeof(*y)) == 0);
}

/* The quantile of every rank, with many equal samples among them. */
TEST(spread, finds_the_median_of_anything)
{
    double v[41], sorted[41];

    UNUSED_STATE;
    for (size_t n = 1; n <= 41; n++)
        for (size_t m = 1; m < 12; m++) {
            for (size_t i = 0; i < n; i++)
                v[i] = (double)((i * i * 7 + 3 * i) % m);
            memcpy(sorted, v, sizeof(v));
            for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                    if (sorted[j] < sorted[i]) {
                        double t = sorted[i];

                        sorted[i] = sorted[j];
                        sorted[j] = t;
                    }
            CHECK_NEAR(lat__spread(LAT_SCALE_MAD, v, n),
                       1.4826022185056018 *
                           (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
                       1e-12);
        }
}

TEST(filter, refuses_what_cannot_be)
{
    struct lat__conditioner *c = NULL;
    struct lat_prep prep = {.low_hz = 0.5, .high_hz = 40, .order = 2};
    struct lat__filter f;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat__filter_design(&f, 2, 0.5, 200, 360, &err) == LAT_EFORMAT);
    assert_string_equal(err.msg, "band 0.5 to 200 Hz, must rise and end below "
                                 "half the rate of 360 Hz");
    CHECK(lat__filter_design(&f, 2, 40, 0.5, 360, &err) == LAT_EFORMAT);
    CHECK(lat__filter_design(&f, 2, NAN, 5, 360, &err) == LAT_EFORMAT);
    CHECK(lat__filter_design(&f, 9, 1, 5, 360, &err) == LAT_EFORMAT);
    CHECK(lat__filter_design(&f, 0, 1, 5, 360, &err) == LAT_EFORMAT);
    CHECK(lat__conditioner_new(&c, &prep, 360, 15, 1, &err) == LAT_EFORMAT);
    assert_string_equal(err.msg, "15 samples beyond the ends of a window of "
                                 "15, must be fewer");
    prep.floor = -1;
    CHECK(lat__conditioner_new(&c, &prep, 360, 100, 1, &err) == LAT_EFORMAT);
    CHECK(!c);
}

TEST(conditioner, new_survives_a_failed_allocation)
{
    struct lat__conditioner *c = NULL;
    struct lat_prep prep = {.scale = LAT_SCALE_HANN};

    UNUSED_STATE;
    for (long n = 0; n < 2; n++) {
        lat__mem_fail_after = n;
        CHECK(lat__conditioner_new(&c, &prep, 360, 15, 1, NULL) == LAT_ENOMEM);
        lat__mem_fail_after = -1;
        CHECK(!c);
    }
    lat__conditioner_free(c);
}

TEST(conditioner, knows_its_words)
{
    UNUSED_STATE;
    for (int i = 0; i < LAT_N_SCALES; i++)
        CHECK(lat__scale_of(lat__scale_name((enum lat_scale)i)) ==
              (enum lat_scale)i);
    for (int i = 0; i < LAT_N_ENDS; i++)
        CHECK(lat__ends_of(lat__ends_name((enum lat_ends)i)) ==
              (enum lat_ends)i);
    CHECK(lat__scale_of("") == LAT_N_SCALES && lat__ends_of("x") == LAT_N_ENDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(condition, matches_scipy),
        T(condition, shifts_nothing),
        T(condition, divides_by_the_floor_and_the_divisor),
        T(condition, gives_the_same_bytes_in_place_and_again),
        T(spread, finds_the_median_of_anything),
        T(filter, refuses_what_cannot_be),
        T(conditioner, new_survives_a_failed_allocation),
        T(conditioner, knows_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
