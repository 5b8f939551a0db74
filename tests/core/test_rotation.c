/* test_rotation.c - rotations are uniform, and turn everything alike. */
#include "../../core/views.h"
#include "../check.h"

#include <string.h>

enum { DRAWS = 40000 };

/* R' R = 1 and det R = 1 */
static void check_proper(const struct lat__rotation *r)
{
    const double *m = r->m;

    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            double sum = 0.0;

            for (size_t k = 0; k < 3; k++)
                sum += m[3 * k + i] * m[3 * k + j];
            CHECK_NEAR(sum, i == j ? 1.0 : 0.0, 1e-12);
        }
    CHECK_NEAR(m[0] * (m[4] * m[8] - m[5] * m[7]) -
                   m[1] * (m[3] * m[8] - m[5] * m[6]) +
                   m[2] * (m[3] * m[7] - m[4] * m[6]),
               1.0, 1e-12);
}

struct sums {
    double trace, degrees, most, m[9];
};

static struct sums draw_many(double max_degrees)
{
    struct sums s = {0};
    struct lat_rng rng;

    lat__rng_seed(&rng, 11);
    for (int i = 0; i < DRAWS; i++) {
        struct lat__rotation r;
        double a;

        lat__rotation_draw(&r, &rng, max_degrees);
        check_proper(&r);
        a = lat__rotation_degrees(&r);
        s.trace += (r.m[0] + r.m[4] + r.m[8]) / DRAWS;
        s.degrees += a / DRAWS;
        s.most = fmax(s.most, a);
        for (size_t k = 0; k < 9; k++)
            s.m[k] += r.m[k] / DRAWS;
    }
    return s;
}

/* The mean angle is 90 + 360 / pi^2 = 126.48 degrees; a uniform angle about a
 * random axis would have 90. */
TEST(rotation, is_uniform_over_all)
{
    struct sums s = draw_many(180.0);

    UNUSED_STATE;
    CHECK(fabs(s.trace) < 0.03);
    CHECK(fabs(s.degrees - 126.476) < 0.6);
    CHECK(s.most > 179.0);
    for (size_t k = 0; k < 9; k++)
        CHECK(fabs(s.m[k]) < 0.015);
}

/* Uniform up to A: the mean angle is the mean of (1 - cos a) a over 0 … A,
 * (A^2/2 - A sin A - cos A + 1) / (A - sin A). */
TEST(rotation, is_uniform_up_to_an_angle)
{
    static const double most[] = {45.0, 120.0};

    UNUSED_STATE;
    for (size_t i = 0; i < 2; i++) {
        double a = most[i] * 3.14159265358979 / 180.0;
        double want = (a * a / 2.0 - a * sin(a) - cos(a) + 1.0) / (a - sin(a));
        struct sums s = draw_many(most[i]);

        CHECK(fabs(s.degrees - want * 180.0 / 3.14159265358979) <
              0.01 * most[i]);
        CHECK(s.most <= most[i] + 1e-6 && s.most > 0.99 * most[i]);
        /* no axis is preferred: the mean is a multiple of 1 */
        CHECK(fabs(s.m[0] - s.m[4]) < 0.015 && fabs(s.m[0] - s.m[8]) < 0.015);
        CHECK(fabs(s.m[1]) < 0.015 && fabs(s.m[5]) < 0.015);
    }
}

TEST(rotation, by_hand)
{
    const double z[3] = {0, 0, 1}, q[4] = {0.5, 0.5, 0.5, 0.5};
    const float x[6] = {1, 2, 3, 4, 5, 6};
    struct lat__rotation r;
    float y[6];

    UNUSED_STATE;
    /* a quarter turn about z: x goes to y */
    lat__rotation_about(&r, z, 90.0);
    lat__rotate(y, x, 1, 6, &r);
    CHECK_NEAR(y[0], -2.0, 1e-6);
    CHECK_NEAR(y[1], 1.0, 1e-6);
    CHECK_NEAR(y[2], 3.0, 1e-6);
    CHECK_NEAR(y[3], -5.0, 1e-6); /* the second sensor too */
    /* a third of a turn about (1, 1, 1): x to y to z */
    lat__rotation_of(&r, q);
    memcpy(y, x, sizeof(y));
    lat__rotate(y, y, 2, 3, &r);
    CHECK_NEAR(y[0], 3.0, 1e-6);
    CHECK_NEAR(y[1], 1.0, 1e-6);
    CHECK_NEAR(y[5], 5.0, 1e-6);
    CHECK_NEAR(lat__rotation_degrees(&r), 120.0, 1e-9);
}

TEST(rotation, between_two_is_what_is_left_to_do)
{
    const double z[3] = {0, 0, 1};
    struct lat__rotation a, b, c;
    struct lat_rng rng;

    UNUSED_STATE;
    lat__rotation_about(&a, z, 20.0);
    lat__rotation_about(&b, z, 65.0);
    lat__rotation_between(&c, &a, &b);
    CHECK_NEAR(lat__rotation_degrees(&c), 45.0, 1e-9);
    lat__rng_seed(&rng, 5);
    lat__rotation_draw_by(&a, &rng, 77.0);
    CHECK_NEAR(lat__rotation_degrees(&a), 77.0, 1e-9);
    lat__rotation_between(&c, &a, &a);
    CHECK(lat__rotation_degrees(&c) < 1e-5);
}

/* Lengths stay, so one divisor for all axes commutes with every rotation. */
TEST(rotation, keeps_lengths)
{
    float x[9] = {0.1f, -0.9f, 0.4f, 1, 2, 3, 0, 0, 0}, y[9];
    struct lat__rotation r;
    struct lat_rng rng;

    UNUSED_STATE;
    lat__rng_seed(&rng, 6);
    lat__rotation_draw(&r, &rng, 180.0);
    lat__rotate(y, x, 3, 3, &r);
    for (size_t i = 0; i < 9; i += 3)
        CHECK_NEAR(y[i] * y[i] + y[i + 1] * y[i + 1] + y[i + 2] * y[i + 2],
                   x[i] * x[i] + x[i + 1] * x[i + 1] + x[i + 2] * x[i + 2],
                   1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rotation, is_uniform_over_all),
        T(rotation, is_uniform_up_to_an_angle),
        T(rotation, by_hand),
        T(rotation, between_two_is_what_is_left_to_do),
        T(rotation, keeps_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
