/* test_synth.c - the made-up ECG has the beats that were asked for. */
#include "../../core/base/mem.h"
#include "../../core/latent/signal.h"
#include "../check.h"

#include <string.h>

static struct lat_signal *make(struct lat_synth s)
{
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    if (lat_synth_ecg(&sig, &s, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return sig;
}

static struct lat_synth clean(double bpm)
{
    struct lat_synth s = lat_synth_defaults();

    s.bpm = bpm;
    s.bpm_sd = s.noise_mv = s.wander_mv = 0.0;
    return s;
}

/* R peaks: the highest sample of each stretch above half the maximum. */
static size_t find_peaks(const struct lat_signal *sig, double *at, size_t max)
{
    float top = 0.0f;
    size_t n = 0;

    for (size_t i = 0; i < sig->n_samples; i++)
        top = sig->v[i] > top ? sig->v[i] : top;
    for (size_t i = 1; i + 1 < sig->n_samples && n < max; i++)
        if (sig->v[i] > 0.6f * top && sig->v[i] >= sig->v[i - 1] &&
            sig->v[i] > sig->v[i + 1])
            at[n++] = (double)i / sig->rate_hz;
    return n;
}

TEST(synth, beats_at_the_rate_that_was_asked_for)
{
    double at[400];

    UNUSED_STATE;
    for (double bpm = 45; bpm <= 150; bpm += 35) {
        struct lat_signal *sig = make(clean(bpm));
        size_t n = find_peaks(sig, at, 400);

        CHECK(sig->n_samples == 21600);
        CHECK_NEAR(60.0 * (double)(n - 1) / (at[n - 1] - at[0]), bpm, 0.005);
        lat_signal_free(sig);
    }
}

/* Mean and standard deviation of the intervals, and their slow swing. */
TEST(synth, varies_the_intervals)
{
    struct lat_synth s = clean(70);
    struct lat_signal *sig;
    static double at[1000];
    double sum = 0.0, sum2 = 0.0;
    size_t n;

    UNUSED_STATE;
    s.seconds = 600;
    s.bpm_sd = 4.0;
    sig = make(s);
    n = find_peaks(sig, at, 1000) - 1;
    CHECK(n > 600);
    for (size_t i = 0; i < n; i++) {
        sum += at[i + 1] - at[i];
        sum2 += (at[i + 1] - at[i]) * (at[i + 1] - at[i]);
    }
    sum /= (double)n;
    CHECK_NEAR(sum, 60.0 / 70.0, 0.01);
    /* a beat averages over the fast part of what RR(t) does */
    CHECK_NEAR(sqrt(sum2 / (double)n - sum * sum) / (60.0 * 4.0 / 4900.0), 0.85,
               0.2);
    lat_signal_free(sig);
}

TEST(synth, has_the_shape_of_a_beat)
{
    struct lat_signal *sig = make(clean(60));
    double at[100];
    float top = 0.0f, bottom = 0.0f;
    size_t n = find_peaks(sig, at, 100), r;

    UNUSED_STATE;
    CHECK(n > 50);
    r = (size_t)(at[10] * 360.0);
    for (size_t i = r - 144; i < r + 216; i++) {
        top = sig->v[i] > top ? sig->v[i] : top;
        bottom = sig->v[i] < bottom ? sig->v[i] : bottom;
    }
    CHECK(top > 0.5f && top < 2.5f && bottom < -0.05f && bottom > -1.0f);
    /* a T wave follows, and nothing is steep there */
    CHECK(sig->v[r + 100] > 0.08f);
    lat_signal_free(sig);
}

TEST(synth, keeps_the_triangle_of_einthoven)
{
    struct lat_synth s = clean(80);
    struct lat_signal *sig;

    UNUSED_STATE;
    s.leads = "I,II,III,V1";
    s.seconds = 5;
    sig = make(s);
    CHECK(sig->n_channels == 4);
    assert_string_equal(sig->channels[3].name, "V1");
    for (size_t i = 0; i < sig->n_samples; i++)
        CHECK_NEAR(sig->v[i] + sig->v[2 * sig->n_samples + i],
                   sig->v[sig->n_samples + i], 1e-6);
    lat_signal_free(sig);
}

TEST(synth, repeats_itself_and_differs_between_persons)
{
    struct lat_synth s = lat_synth_defaults();
    struct lat_signal *a, *b, *c;
    double distance = 0.0;

    UNUSED_STATE;
    s.seconds = 4;
    a = make(s);
    b = make(s);
    CHECK(memcmp(a->v, b->v, a->n_samples * sizeof(float)) == 0);
    s.seed = 2;
    c = make(s);
    for (size_t i = 0; i < a->n_samples; i++)
        distance += fabs((double)(a->v[i] - c->v[i]));
    CHECK(distance / (double)a->n_samples > 0.02);
    lat_signal_free(a);
    lat_signal_free(b);
    lat_signal_free(c);
}

/* What was measured of a person does not change the person. */
TEST(synth, keeps_the_person_when_noise_is_added)
{
    struct lat_synth s = clean(60);
    struct lat_signal *a = make(s), *b;
    double sum2 = 0.0;

    UNUSED_STATE;
    s.noise_mv = 0.05;
    b = make(s);
    for (size_t i = 0; i < a->n_samples; i++)
        sum2 += pow((double)b->v[i] - (double)a->v[i], 2.0);
    CHECK_NEAR(sqrt(sum2 / (double)a->n_samples), 0.05, 0.001);
    lat_signal_free(a);
    lat_signal_free(b);
}

TEST(synth, refuses_what_no_heart_does)
{
    struct lat_synth s = lat_synth_defaults();
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    s.bpm = 900;
    CHECK(lat_synth_ecg(&sig, &s, &err) == LAT_EINVAL && !sig);
    assert_string_equal(err.msg, "bpm is 900, must be 20 to 250");
    s = lat_synth_defaults();
    s.leads = "II,aVX";
    CHECK(lat_synth_ecg(&sig, &s, &err) == LAT_EINVAL);
    assert_string_equal(err.msg,
                        "lead `aVX`, must be one of I, II, III, V1, V2, V5");
    s.leads = "";
    CHECK(lat_synth_ecg(&sig, &s, &err) == LAT_EINVAL);
    s.leads = "I,I,I,I,I,I,I";
    CHECK(lat_synth_ecg(&sig, &s, &err) == LAT_EINVAL);
    s = lat_synth_defaults();
    s.seconds = NAN;
    CHECK(lat_synth_ecg(&sig, &s, &err) == LAT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(synth, beats_at_the_rate_that_was_asked_for),
        T(synth, varies_the_intervals),
        T(synth, has_the_shape_of_a_beat),
        T(synth, keeps_the_triangle_of_einthoven),
        T(synth, repeats_itself_and_differs_between_persons),
        T(synth, keeps_the_person_when_noise_is_added),
        T(synth, refuses_what_no_heart_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
