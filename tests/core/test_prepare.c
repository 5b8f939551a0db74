/* test_prepare.c - from a recording to windows: gaps, rates, refusals. */
#include "../../core/base/mem.h"
#include "../../core/signal.h"
#include "../check.h"

#include <string.h>

static struct lat_card make_card(void)
{
    struct lat_card card = {.name = "m"};

    card.input = (struct lat_input){.n_channels = 1,
                                    .n_names = 2,
                                    .names = {"MLII", "V5"},
                                    .unit = "mV",
                                    .rate_hz = 360,
                                    .window = 720};
    return card;
}

static struct lat_signal *make_signal(size_t n, double rate, const char *name)
{
    struct lat_signal *sig = NULL;

    CHECK(lat_signal_new(&sig, 1, n, NULL) == LAT_OK);
    sig->rate_hz = rate;
    strcpy(sig->channels[0].name, name);
    strcpy(sig->channels[0].unit, "mV");
    for (size_t i = 0; i < n; i++)
        sig->v[i] = (float)(sin(0.05 * (double)i) + 0.3 * sin((double)i));
    return sig;
}

static struct lat_windows *prepare(const struct lat_card *card,
                                   const struct lat_signal *sig,
                                   struct lat_cut cut)
{
    struct lat_windows *w = NULL;
    struct lat_err err = {0};

    if (lat_prepare(&w, card, sig, &cut, &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
    return w;
}

/* Prepares what must be refused, and frees it. */
static void refuse(const struct lat_card *card, struct lat_signal *sig,
                   struct lat_cut cut, const char *word, const char *param,
                   const char *msg)
{
    struct lat_windows *w = NULL;
    struct lat_err err = {0};

    CHECK(lat_prepare(&w, card, sig, &cut, &err) == LAT_EUNFIT && !w);
    assert_string_equal(err.word, word);
    assert_string_equal(err.param, param);
    assert_string_equal(err.msg, msg);
    lat_signal_free(sig);
}

static const struct lat_cut reject = {LAT_REJECT, 0, false};
static const struct lat_cut tile = {LAT_TILE, 0, false};

TEST(prepare, cuts_the_same_bytes_in_every_mode)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(2600, 360, "II");
    struct lat_signal *part = make_signal(720, 360, "lead II");
    struct lat_windows *t =
        prepare(&card, sig, (struct lat_cut){LAT_TILE, 470, false});
    struct lat_windows *c =
        prepare(&card, sig, (struct lat_cut){LAT_CENTER, 0, false});
    struct lat_windows *r;

    UNUSED_STATE;
    CHECK(t->n == 5 && c->n == 1);
    CHECK(t->w[2].begin == 940 && t->w[2].end == 1660);
    CHECK(c->w[0].begin == 940 && c->w[0].end == 1660);
    CHECK(t->n_dropped == 0);
    memcpy(part->v, sig->v + 940, 720 * sizeof(float));
    r = prepare(&card, part, reject);
    CHECK(r->n == 1 && r->w[0].begin == 0 && r->w[0].end == 720);
    CHECK(memcmp(r->w[0].x, t->w[2].x, 720 * sizeof(float)) == 0);
    CHECK(memcmp(r->w[0].x, c->w[0].x, 720 * sizeof(float)) == 0);
    CHECK(memcmp(r->w[0].digest, t->w[2].digest, LAT_DIGEST) == 0);
    CHECK(memcmp(r->w[0].digest, t->w[1].digest, LAT_DIGEST) != 0);
    assert_string_equal(t->used[0], "II");
    lat_windows_free(t);
    lat_windows_free(c);
    lat_windows_free(r);
    lat_signal_free(sig);
    lat_signal_free(part);
}

/* sha256sum of the samples as little-endian float32, made with numpy. */
TEST(prepare, digests_the_samples)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(720, 360, "V5");
    struct lat_windows *w;
    char hex[LAT_DIGEST_HEX];

    UNUSED_STATE;
    for (size_t i = 0; i < 720; i++)
        sig->v[i] = (float)i / 8.0f;
    w = prepare(&card, sig, reject);
    lat_digest_hex(hex, w->w[0].digest);
    assert_string_equal(hex, "759df89a6ea10e8337c7827ae4c01d530467135c"
                             "41c584f79fb729a045ade113");
    lat_windows_free(w);
    lat_signal_free(sig);
}

TEST(prepare, puts_channels_last_in_the_card_s_order)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = NULL;
    struct lat_windows *w;

    UNUSED_STATE;
    card.input = (struct lat_input){.n_channels = 3,
                                    .n_names = 3,
                                    .names = {"acc_x", "acc_y", "acc_z"},
                                    .unit = "m/s2",
                                    .rate_hz = 50,
                                    .window = 4};
    CHECK(lat_signal_new(&sig, 4, 4, NULL) == LAT_OK);
    sig->rate_hz = 50;
    for (size_t k = 0; k < 4; k++) {
        static const char *const names[] = {"accZ", "gyro_x", "AX", "accel-y"};

        strcpy(sig->channels[k].name, names[k]);
        strcpy(sig->channels[k].unit, k == 1 ? "dps" : "g");
        for (size_t i = 0; i < 4; i++)
            sig->v[k * 4 + i] = (float)(10 * k + i);
    }
    w = prepare(&card, sig, reject);
    CHECK_NEAR(w->w[0].x[0], 20 * 9.80665, 1e-6);
    CHECK_NEAR(w->w[0].x[1], 30 * 9.80665, 1e-6);
    CHECK_NEAR(w->w[0].x[2], 0, 1e-6);
    CHECK_NEAR(w->w[0].x[3], 21 * 9.80665, 1e-6);
    CHECK(w->warned[LAT_WARN_IGNORED] && w->n_used == 3);
    assert_string_equal(w->warnings[LAT_WARN_IGNORED],
                        "channels not used: gyro_x");
    assert_string_equal(w->used[2], "accZ");
    lat_windows_free(w);
    lat_signal_free(sig);
}

/* A sine stays a sine at its time, at any ratio; near the ends, where the
 * mirror image bends the other way, less exactly. */
static void check_sine(double from, double to, double hz, double tol)
{
    size_t n = (size_t)(from * 4), n_out = lat__resampled(n, from, to);
    float *x = lat_calloc(n, sizeof(*x)), *y = lat_calloc(n_out, sizeof(*y));

    CHECK(x && y && n_out == (size_t)(to * 4));
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(0.7 + sin(6.283185307179586 * hz * (double)i / from));
    CHECK(lat__resample(y, x, n, from, to, NULL) == LAT_OK);
    for (size_t i = 0; i < n_out; i++) {
        double t = (double)i / to;
        double want = 0.7 + sin(6.283185307179586 * hz * t);
        bool edge = t < 0.15 || t > 4.0 - 0.15;

        CHECK_NEAR(y[i], want, edge ? 0.02 : tol);
    }
    lat_free(x);
    lat_free(y);
}

TEST(resample, keeps_a_sine_at_its_time)
{
    UNUSED_STATE;
    check_sine(500, 360, 9, 2e-4);
    check_sine(128, 360, 7, 2e-4);
    check_sine(250, 360, 9, 2e-4);
    check_sine(1000, 50, 3, 2e-4);
    check_sine(360.25, 360, 9, 2e-4);
    check_sine(100, 25600, 3, 2e-4);
}

TEST(resample, counts_by_duration)
{
    UNUSED_STATE;
    CHECK(lat__resampled(1000, 500, 360) == 720);
    CHECK(lat__resampled(500, 250, 360) == 720);
    CHECK(lat__resampled(1001, 500, 360) == 721);
    CHECK(lat__resampled(0, 500, 360) == 0);
}

TEST(prepare, resamples_to_the_model_s_rate)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(2600, 500, "mlii");
    struct lat_windows *w = prepare(&card, sig, tile);

    UNUSED_STATE;
    CHECK(w->n == 2 && w->from_hz == 500.0 && w->to_hz == 360.0);
    CHECK(w->w[1].begin == 1000 && w->w[1].end == 2000);
    CHECK(w->n_dropped == 600 && w->warned[LAT_WARN_DROPPED]);
    assert_string_equal(w->warnings[LAT_WARN_DROPPED],
                        "the last 600 samples are less than a window");
    lat_windows_free(w);
    lat_signal_free(sig);
}

TEST(prepare, fills_in_a_few_missing_samples)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(1440, 360, "V5");
    struct lat_windows *w;

    UNUSED_STATE;
    sig->v[0] = sig->v[1439] = NAN;
    sig->v[10] = 1.0f;
    sig->v[11] = sig->v[12] = sig->v[13] = NAN;
    sig->v[14] = 3.0f;
    w = prepare(&card, sig, tile);
    CHECK(w->w[0].x[0] == sig->v[1] && w->w[1].x[719] == sig->v[1438]);
    CHECK(w->w[0].x[11] == 1.5f && w->w[0].x[13] == 2.5f);
    CHECK(w->n_missing == 5 && w->w[0].n_missing == 4);
    CHECK(w->w[1].n_missing == 1 && w->warned[LAT_WARN_MISSING]);
    assert_string_equal(w->warnings[LAT_WARN_MISSING],
                        "5 missing samples were interpolated");
    lat_windows_free(w);
    for (size_t i = 800; i < 836; i++)
        sig->v[i] = NAN; /* with the one at the end 37 of 720 */
    refuse(&card, sig, tile, "too_many_missing", "data",
           "37 of samples 720 to 1440 are missing, at most 5 % of a window can "
           "be filled in");
}

TEST(prepare, warns_of_flat_and_clipped_channels)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(720, 360, "V5");
    struct lat_windows *w;

    UNUSED_STATE;
    w = prepare(&card, sig, reject);
    for (int i = 0; i < LAT_N_WARNINGS; i++)
        CHECK(!w->warned[i]);
    lat_windows_free(w);
    for (size_t i = 0; i < 720; i++)
        sig->v[i] = sig->v[i] > 0.9f ? 0.9f : sig->v[i];
    w = prepare(&card, sig, reject);
    CHECK(w->warned[LAT_WARN_CLIPPED] && !w->warned[LAT_WARN_FLAT]);
    CHECK(strstr(w->warnings[LAT_WARN_CLIPPED], "of 720 samples are at 0.9"));
    lat_windows_free(w);
    for (size_t i = 0; i < 720; i++)
        sig->v[i] = 2.0f;
    w = prepare(&card, sig, reject);
    CHECK(w->warned[LAT_WARN_FLAT] && !w->warned[LAT_WARN_CLIPPED]);
    lat_windows_free(w);
    lat_signal_free(sig);
}

TEST(prepare, converts_within_a_family)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(720, 360, "V5");
    struct lat_windows *w;

    UNUSED_STATE;
    strcpy(sig->channels[0].unit, "uV");
    sig->v[5] = 1234.0f;
    w = prepare(&card, sig, reject);
    CHECK(w->w[0].x[5] == 1.234f);
    lat_windows_free(w);
    lat_signal_free(sig);
}

TEST(prepare, takes_the_first_of_the_card_s_names)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = NULL;
    struct lat_windows *w;

    UNUSED_STATE;
    CHECK(lat_signal_new(&sig, 2, 720, NULL) == LAT_OK);
    sig->rate_hz = 360;
    strcpy(sig->channels[0].name, "V5");
    strcpy(sig->channels[0].unit, "??"); /* not used, so not looked at */
    strcpy(sig->channels[1].name, "ECG Lead II");
    strcpy(sig->channels[1].unit, "mV");
    w = prepare(&card, sig, reject);
    assert_string_equal(w->used[0], "ECG Lead II");
    lat_windows_free(w);
    strcpy(sig->channels[0].unit, "mV");
    w = prepare(&card, sig, (struct lat_cut){LAT_REJECT, 0, true});
    assert_string_equal(w->used[0], "V5");
    lat_windows_free(w);
    strcpy(sig->channels[0].name, "ecg lead ii");
    refuse(&card, sig, reject, "duplicate_channel", "channels[1].name",
           "channels 0 and 1 are both ecg lead ii");
}

TEST(prepare, says_what_does_not_fit)
{
    struct lat_card card = make_card();

    UNUSED_STATE;
    refuse(&card, make_signal(720, 360, "V1"), reject, "missing_channel",
           "channels", "model m wants channel MLII or V5, the signal has [V1]");
    refuse(&card, make_signal(720, 0, "V5"), reject, "sampling_rate_required",
           "sampling_rate_hz",
           "the sampling rate is not said; it is never guessed");
    refuse(&card, make_signal(720, 1e6, "V5"), reject, "invalid_rate",
           "sampling_rate_hz", "sampling rate 1e+06 Hz, must be 1 to 100000");
    refuse(&card, make_signal(720, -360, "V5"), reject, "invalid_rate",
           "sampling_rate_hz", "sampling rate -360 Hz, must be 1 to 100000");
    refuse(&card, make_signal(720, NAN, "V5"), reject, "invalid_rate",
           "sampling_rate_hz", "sampling rate nan Hz, must be 1 to 100000");
    refuse(&card, make_signal(720, 100000, "V5"), reject, "invalid_rate",
           "sampling_rate_hz",
           "sampling rate 100000 Hz cannot be brought to 360 Hz: a ratio of "
           "more than 256");
    refuse(&card, make_signal(719, 360, "V5"), reject, "too_short", "data",
           "719 samples at 360 Hz, a window of model m has "
           "720: send 720");
    refuse(&card, make_signal(0, 360, "V5"), tile, "too_short", "data",
           "0 samples at 360 Hz, a window of model m has 720: "
           "send at least 720");
    refuse(&card, make_signal(1002, 500, "V5"), reject, "too_long", "data",
           "1002 samples at 500 Hz are 721 at 360 Hz, a window of model m has "
           "720: send 1000, or ask for the windowing center or tile");
}

TEST(prepare, says_which_channel_does_not_fit)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(720, 360, "V5");

    UNUSED_STATE;
    sig->v[77] = -INFINITY;
    refuse(&card, sig, reject, "nonfinite_input", "data[0][77]",
           "sample 77 of channel V5 is not finite");
    sig = make_signal(720, 360, "V5");
    strcpy(sig->channels[0].unit, "mmHg");
    refuse(&card, sig, reject, "unknown_unit", "channels[0].unit",
           "channel V5: unit `mmHg` is not known, mV is wanted");
    sig = make_signal(720, 360, "V5");
    sig->channels[0].unit[0] = '\0';
    refuse(&card, sig, reject, "unknown_unit", "channels[0].unit",
           "channel V5: the unit is not said, mV is wanted");
    sig = make_signal(720, 360, "V5");
    strcpy(sig->channels[0].unit, "g");
    refuse(&card, sig, reject, "unknown_unit", "channels[0].unit",
           "channel V5: unit g cannot be turned into mV");
}

TEST(prepare, survives_any_failed_allocation)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = make_signal(3000, 500, "V5");
    struct lat_windows *w = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat_prepare(&w, &card, sig, &tile, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !w));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 6);
    lat_windows_free(w);
    lat_signal_free(sig);
}

/* An accelerometer and a gyroscope, each in its own unit. */
TEST(prepare, gives_each_channel_the_unit_of_its_own)
{
    struct lat_card card = make_card();
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};
    struct lat_windows *w = NULL;

    UNUSED_STATE;
    card.input = (struct lat_input){.n_channels = 2,
                                    .n_names = 2,
                                    .names = {"acc_x", "gyro_x"},
                                    .units = {"g", "rad/s"},
                                    .rate_hz = 50,
                                    .window = 4};
    CHECK(lat_signal_new(&sig, 2, 4, NULL) == LAT_OK);
    sig->rate_hz = 50;
    strcpy(sig->channels[0].name, "gx");
    strcpy(sig->channels[0].unit, "deg/s");
    strcpy(sig->channels[1].name, "ax");
    strcpy(sig->channels[1].unit, "m/s2");
    for (size_t i = 0; i < 8; i++)
        sig->v[i] = i < 4 ? 180.0f : 9.80665f;
    w = prepare(&card, sig, reject);
    CHECK_NEAR(w->w[0].x[0], 1.0, 1e-6);
    CHECK_NEAR(w->w[0].x[1], 3.14159265, 1e-6);
    lat_windows_free(w);
    strcpy(sig->channels[0].unit, "g");
    CHECK(lat_prepare(&w, &card, sig, &reject, &err) == LAT_EUNFIT);
    assert_string_equal(err.word, "unknown_unit");
    assert_string_equal(err.param, "channels[0].unit");
    assert_non_null(strstr(err.msg, "unit g cannot be turned into rad/s"));
    lat_signal_free(sig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(prepare, cuts_the_same_bytes_in_every_mode),
        T(prepare, digests_the_samples),
        T(prepare, puts_channels_last_in_the_card_s_order),
        T(resample, keeps_a_sine_at_its_time),
        T(resample, counts_by_duration),
        T(prepare, resamples_to_the_model_s_rate),
        T(prepare, fills_in_a_few_missing_samples),
        T(prepare, warns_of_flat_and_clipped_channels),
        T(prepare, converts_within_a_family),
        T(prepare, gives_each_channel_the_unit_of_its_own),
        T(prepare, takes_the_first_of_the_card_s_names),
        T(prepare, says_what_does_not_fit),
        T(prepare, says_which_channel_does_not_fit),
        T(prepare, survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
