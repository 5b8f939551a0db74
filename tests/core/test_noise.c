/* test_noise.c - noise as large as what it falls on. */
#include "ops.h"

enum { N = 5, D = 7, FROM = 3, TO = 6 };

struct noisy_run {
    struct lat_tensor y, x, dy, dx;
    float *e;
    struct lat__noise k;
};

static void run_init(struct noisy_run *r)
{
    *r = (struct noisy_run){
        .y = tensor(N, 1, 1, D, 1),
        .x = tensor(N, 1, 1, D, 2),
        .dy = tensor(N, 1, 1, D, 3),
        .dx = tensor(N, 1, 1, D, 4),
        .e = noisy(N * (TO - FROM), 5),
    };
    r->k = (struct lat__noise){{FROM, TO}, 0.7, r->e};
}

static void run_fini(struct noisy_run *r)
{
    lat_free(r->y.v);
    lat_free(r->x.v);
    lat_free(r->dy.v);
    lat_free(r->dx.v);
    lat_free(r->e);
}

static double loss(void *arg)
{
    struct noisy_run *r = arg;

    lat__noise_forward(r->y, r->x, &r->k);
    return times(r->y.v, r->dy.v, N * D);
}

/* The root mean square of 3 and 4 is sqrt(12.5). */
TEST(noise, finds_values_worked_by_hand)
{
    float x[] = {9, 3, 4, 8}, y[4], e[] = {1, -2};
    const struct lat__noise k = {{1, 3}, 0.5, e};

    UNUSED_STATE;
    lat__noise_forward((struct lat_tensor){y, 1, 1, 1, 4},
                       (struct lat_tensor){x, 1, 1, 1, 4}, &k);
    CHECK(y[0] == 9.0f && y[3] == 8.0f);
    CHECK_NEAR(y[1], 3.0 + 0.5 * sqrt(12.5), 1e-6);
    CHECK_NEAR(y[2], 4.0 - 1.0 * sqrt(12.5), 1e-6);
}

TEST(noise, gradient_matches_differences)
{
    struct noisy_run r;

    UNUSED_STATE;
    run_init(&r);
    lat__noise_backward(r.dx, r.dy, r.x, &r.k);
    check_grad(loss, &r, r.x.v, r.dx.v, N * D, 1e-3);
    run_fini(&r);
}

/* No columns and columns of zeros: what comes in goes out. */
TEST(noise, leaves_alone_what_it_does_not_fall_on)
{
    struct noisy_run r;

    UNUSED_STATE;
    run_init(&r);
    r.k.at.end = r.k.at.begin;
    lat__noise_forward(r.y, r.x, &r.k);
    lat__noise_backward(r.dx, r.dy, r.x, &r.k);
    CHECK(memcmp(r.y.v, r.x.v, N * D * sizeof(float)) == 0);
    CHECK(memcmp(r.dx.v, r.dy.v, N * D * sizeof(float)) == 0);
    r.k.at.end = D;
    memset(r.x.v, 0, N * D * sizeof(float));
    r.k.e = r.x.v; /* enough of them */
    lat__noise_forward(r.y, r.x, &r.k);
    lat__noise_backward(r.dx, r.dy, r.x, &r.k);
    for (size_t i = 0; i < N * D; i++)
        CHECK(r.y.v[i] == 0.0f && r.dx.v[i] == r.dy.v[i]);
    run_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(noise, finds_values_worked_by_hand),
        T(noise, gradient_matches_differences),
        T(noise, leaves_alone_what_it_does_not_fall_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
