/* test_names.c - leads, axes and units by their many names. */
#include "../../core/latent/signal.h"
#include "../check.h"

TEST(names, mean_the_same_lead)
{
    static const char *const same[][2] = {{"MLII", "II"},
                                          {"ii", "II"},
                                          {"ECG Lead II", "MLII"},
                                          {"MDC_ECG_LEAD_V1", "V1"},
                                          {"aVR", "AVR"},
                                          {"accX", "acc_x"},
                                          {"ax", "acc_x"},
                                          {"gyro_z", "gz"},
                                          {"V-1", "v1"}};
    static const char *const other[][2] = {
        {"I", "II"}, {"V1", "V2"}, {"", ""}, {"acc_x", "gyro_x"}, {"V", "V5"}};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        CHECK(lat_channel_same(same[i][0], same[i][1]));
    for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
        CHECK(!lat_channel_same(other[i][0], other[i][1]));
}

TEST(units, convert_both_ways)
{
    double f = 0.0;

    UNUSED_STATE;
    CHECK(lat_unit_factor(&f, "V", "mV", NULL) == LAT_OK && f == 1000.0);
    CHECK(lat_unit_factor(&f, "mV", "uV", NULL) == LAT_OK && f == 1000.0);
    CHECK(lat_unit_factor(&f, "uV", "V", NULL) == LAT_OK && f == 1e-6);
    CHECK(lat_unit_factor(&f, "g", "m/s2", NULL) == LAT_OK && f == 9.80665);
    CHECK(lat_unit_factor(&f, "deg/s", "rad/s", NULL) == LAT_OK);
    CHECK_NEAR(f, 0.017453292519943295, 1e-15);
    CHECK(lat_unit_factor(&f, "a.u.", "a.u.", NULL) == LAT_OK && f == 1.0);
    CHECK(lat_unit_factor(&f, "V", "g", NULL) == LAT_EUNFIT && f == 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(names, mean_the_same_lead),
        T(units, convert_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
