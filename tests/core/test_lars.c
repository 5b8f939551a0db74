/* test_lars.c - two steps and the schedules, as known. */
#include "../../core/train.h"
#include "golden.h"

enum { N_W = 6, N_B = 2, STEPS = 2 };

struct lars_run {
    float w[N_W], b[N_B], buf_w[N_W], buf_b[N_B];
    float gw[STEPS * N_W], gb[STEPS * N_B];
};

static void check_run(const json_t *in, const json_t *want, double rate)
{
    const struct lat__lars o = {.weight_decay =
                                    golden_number(in, "weight_decay"),
                                .eta = golden_number(in, "eta"),
                                .momentum = golden_number(in, "momentum")};
    struct lars_run r = {0};
    const struct lat__lars_tensor w = {r.w, r.buf_w, N_W, false};
    const struct lat__lars_tensor b = {r.b, r.buf_b, N_B, true};

    golden_floats(r.w, N_W, in, "W");
    golden_floats(r.b, N_B, in, "b");
    golden_floats(r.gw, STEPS * N_W, in, "gW");
    golden_floats(r.gb, STEPS * N_B, in, "gb");
    CHECK(json_array_size(want) == STEPS);
    for (size_t i = 0; i < STEPS; i++) {
        const json_t *step = json_array_get(want, i);

        lat__lars_step(&o, &w, r.gw + i * N_W, rate);
        lat__lars_step(&o, &b, r.gb + i * N_B, rate);
        golden_check(r.w, N_W, step, "W", 1e-6);
        golden_check(r.buf_w, N_W, step, "bufW", 1e-6);
        golden_check(r.b, N_B, step, "b", 1e-6);
        golden_check(r.buf_b, N_B, step, "bufb", 1e-6);
    }
}

TEST(lars, takes_the_known_steps)
{
    json_t *root = golden_load();
    const json_t *in = golden_at(root, "G_lars/inputs");
    const json_t *want = golden_at(root, "G_lars/expected");

    UNUSED_STATE;
    check_run(in, golden_at(want, "lr0p4"), 0.4);
    check_run(in, golden_at(want, "lr0p05_trust_clipped"), 0.05);
    json_decref(root);
}

/* p = 1, g = 0.5, decay 0.1: buf 0.6, then 0.9 0.6 + 0.5 + 0.1 0.94. */
TEST(lars, without_trust_is_momentum)
{
    const struct lat__lars o = {.weight_decay = 0.1, .momentum = 0.9};
    float p = 1.0f, buf = 0.0f, g = 0.5f;
    const struct lat__lars_tensor t = {&p, &buf, 1, true};

    UNUSED_STATE;
    lat__lars_step(&o, &t, &g, 0.1);
    CHECK_NEAR(p, 0.94, 1e-6);
    lat__lars_step(&o, &t, &g, 0.1);
    CHECK_NEAR(buf, 0.54 + 0.5 + 0.094, 1e-6);
}

/* A tensor of zeros has no length to trust, and must not stay zero. */
TEST(lars, moves_a_tensor_of_zeros)
{
    const struct lat__lars o = {
        .weight_decay = 0.1, .eta = 0.02, .momentum = 0.9};
    float p = 0.0f, buf = 0.0f, g = 0.5f;
    const struct lat__lars_tensor t = {&p, &buf, 1, false};

    UNUSED_STATE;
    lat__lars_step(&o, &t, &g, 0.1);
    CHECK_NEAR(p, -0.05, 1e-7);
}

TEST(warm_rate, follows_the_known_schedules)
{
    json_t *root = golden_load(), *schedule, *rate;
    const char *name, *step;
    size_t n = 0;

    UNUSED_STATE;
    json_object_foreach(json_object_get(root, "H_lr_schedule"), name, schedule)
    {
        size_t warm_up = (size_t)golden_number(schedule, "warmup_steps");
        size_t steps = (size_t)golden_number(schedule, "total_steps");
        double base = golden_number(schedule, "base");

        json_object_foreach(json_object_get(schedule, "lr"), step, rate)
        {
            double want = json_number_value(rate);
            size_t t = strtoul(step, NULL, 10);

            CHECK_NEAR(lat__warm_rate(base, t, warm_up, steps) / want, 1.0,
                       1e-6);
            n++;
        }
    }
    CHECK(n == 32);
    CHECK(lat__warm_rate(0.3, 0, 1, 10) == 0.3);
    CHECK(lat__warm_rate(0.3, 0, 0, 10) == 0.3);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(lars, takes_the_known_steps),
        T(lars, without_trust_is_momentum),
        T(lars, moves_a_tensor_of_zeros),
        T(warm_rate, follows_the_known_schedules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
