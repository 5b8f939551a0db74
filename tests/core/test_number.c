/* test_number.c - decimal text and floats, against the C library. */
#include "../../core/base/number.h"
#include "../../core/base/rng.h"
#include "../check.h"

#include <float.h>
#include <string.h>

static uint32_t bits_of(float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* Scans from a block without a NUL, so that a sanitizer sees what is read
 * beyond the end. */
static void scans_as_strtof(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len);
    const char *end;
    float got = -1.0f, want = strtof(text, NULL);

    assert_non_null(copy);
    memcpy(copy, text, len);
    end = lat_number_scan(&got, copy, copy + len);
    if (end != copy + len || bits_of(got) != bits_of(want)) {
        print_error("%s: %.9g, expected %.9g\n", text, (double)got,
                    (double)want);
        fail();
    }
    free(copy);
}

TEST(scan, agrees_with_strtof_on_hard_cases)
{
    static const char *const cases[] = {
        "0", "-0", "-0.0", "0e99", "1", "-1", "0.1", "3.14159265358979323846",
        "1e999", "-1e999", "1e-999", "1e38", "3.4028235e38",
        "3.4028235677973366e38", "3.4028235677973365e38", "3.5e38",
        "1.17549435e-38", "1.1754942e-38", "1e-45", "7e-46", "7.1e-46",
        "7.0064923216240853546186479164495e-46",
        "7.0064923216240853546186479164496e-46", "1.4e-45", "5e-324",
        /* exactly between two floats, and just beside it */
        "16777217", "16777219", "33554434", "16777217.0000000000001",
        "16777216.9999999999999", "9007199791611905", "9007199791611904.9",
        "1.00000005960464477539062", "1.000000059604644775390625",
        "1.0000000596046447753906250000000000000000001",
        "1.00000005960464477539062499999999999999999",
        "0.000000000000000000000000000000000000000000001",
        "123456789012345678901234567890", "1e-1", "1E+2", "1e0000000000001",
        "1e99999999999999999999", "1e-99999999999999999999",
        "0.014999999664723873", "12345678.9", "00000000", "8888888888888888888",
        "18446744073709551616", "99999999999999999999", "0.30000001192092896",
        "1.7976931348623157e308"};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (cases[i][0] != '0' || cases[i][1] != '0')
            scans_as_strtof(cases[i]);
}

TEST(scan, agrees_with_strtof_on_random_numbers)
{
    struct lat_rng r;
    char text[64];

    UNUSED_STATE;
    lat__rng_seed(&r, 1);
    for (int i = 0; i < 200000; i++) {
        float v = float_of((uint32_t)lat__rng_next(&r));
        int digits = (int)lat__rng_below(&r, 21);

        if (!isfinite(v))
            continue;
        snprintf(text, sizeof(text), "%.*e", digits, (double)v);
        scans_as_strtof(text);
        snprintf(text, sizeof(text), "%.*f", digits,
                 lat__rng_normal(&r) * pow(10.0, (double)(i % 9) - 4.0));
        scans_as_strtof(text);
        snprintf(text, sizeof(text), "%llu",
                 (unsigned long long)(lat__rng_next(&r) >> (i % 64)));
        scans_as_strtof(text);
    }
}

/* Middles between neighbouring floats, in full, and moved by their last digit:
 * the hardest there are. */
TEST(scan, rounds_middles_to_even)
{
    struct lat_rng r;
    char text[256];

    UNUSED_STATE;
    lat__rng_seed(&r, 2);
    for (int i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)lat__rng_next(&r) % 0x7f7fffffu;
        double middle =
            ((double)float_of(bits) + (double)float_of(bits + 1)) / 2.0;
        size_t len;

        snprintf(text, sizeof(text), "%.120e", middle);
        scans_as_strtof(text);
        snprintf(text, sizeof(text), "%.20e", middle);
        scans_as_strtof(text);
        snprintf(text, sizeof(text), "%.16e", middle);
        scans_as_strtof(text);
        len = (size_t)snprintf(text, sizeof(text), "%.170f", middle);
        if (len < sizeof(text)) {
            scans_as_strtof(text);
            text[len - 1] = '1';
            scans_as_strtof(text);
        }
    }
}

TEST(scan, takes_very_long_numbers)
{
    enum { LEN = 100000 };
    char *text = malloc(LEN + 32);

    UNUSED_STATE;
    assert_non_null(text);
    memset(text, '7', LEN);
    text[LEN] = '\0';
    scans_as_strtof(text);
    strcpy(text + LEN, "e-99990");
    scans_as_strtof(text);
    memset(text, '0', LEN);
    text[1] = '.';
    strcpy(text + LEN, "25e99998");
    scans_as_strtof(text);
    memcpy(text, "16777217.", 9);
    strcpy(text + LEN, "1");
    scans_as_strtof(text);
    free(text);
}

TEST(scan, keeps_to_the_grammar_of_json)
{
    static const char *const bad[] = {
        "",    "-",        "+1",   ".5",  "1.",  "1.e5", "01",
        "-01", "00",       "1e",   "1e+", "1e-", "e5",   "NaN",
        "nan", "Infinity", "-inf", "x",   " 1",  "-.5",  "--1"};
    static const char *const part[] = {"1,2",  "1]",  "0 ",  "1.5x",
                                       "1e5e", "-0}", "1-2", "0x10"};
    static const size_t len[] = {1, 1, 1, 3, 3, 2, 1, 1};
    float v = 7.0f;

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK(!lat_number_scan(&v, bad[i], bad[i] + strlen(bad[i])));
    CHECK(v == 7.0f);
    for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
        CHECK(lat_number_scan(&v, part[i], part[i] + strlen(part[i])) ==
              part[i] + len[i]);
}

TEST(scan, is_lenient_inside)
{
    static const char *const ok[] = {"+1.5", ".5", "5.", "007", "-.5e1"};
    static const double want[] = {1.5, 0.5, 5.0, 7.0, -5.0};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(ok) / sizeof(*ok); i++) {
        const char *end = ok[i] + strlen(ok[i]);
        double d = 0.0;
        float f = 0.0f;

        CHECK(lat__double_scan(&d, ok[i], end) == end && d == want[i]);
        CHECK(lat__float_scan(&f, ok[i], end) == end && (double)f == want[i]);
    }
    for (int i = 0; i < 2; i++) {
        const char *none = i ? "." : "+";

        CHECK(!lat__double_scan(&(double){0}, none, none + 1));
    }
}

TEST(scan, agrees_with_strtod_inside)
{
    struct lat_rng r;
    char text[64];

    UNUSED_STATE;
    lat__rng_seed(&r, 3);
    for (int i = 0; i < 50000; i++) {
        double got,
            v = lat__rng_normal(&r) * pow(10.0, (double)(i % 600) - 300);

        snprintf(text, sizeof(text), "%.*g", 1 + i % 19, v);
        CHECK(lat__double_scan(&got, text, text + strlen(text)));
        CHECK(got == strtod(text, NULL));
    }
}

/* Reads back as the same float, with no more digits than the shortest %g that
 * does. */
static void prints_shortest(float v)
{
    char text[LAT_NUMBER_MAX + 1], other[64];
    float back;
    int digits = 0, want = 1;
    const char *p;

    *lat_number_print(text, v) = '\0';
    CHECK(strlen(text) <= LAT_NUMBER_MAX);
    for (p = text; *p && *p != 'e'; p++)
        digits += *p >= '0' && *p <= '9';
    for (; want < 9; want++) {
        snprintf(other, sizeof(other), "%.*e", want - 1, (double)v);
        if (bits_of(strtof(other, NULL)) == bits_of(v))
            break;
    }
    /* not counted: zeros that hold the place of the point */
    for (p = text; *p == '0' || *p == '-' || *p == '.'; p++)
        digits -= *p == '0';
    if (!strchr(text, '.') && !strchr(text, 'e'))
        for (p = text + strlen(text) - 1; p > text && *p == '0'; p--)
            digits--;
    if (bits_of(strtof(text, NULL)) != bits_of(v) ||
        (v != 0.0f && digits > want)) {
        print_error("%.9g printed as %s, %d digits would do\n", (double)v, text,
                    want);
        fail();
    }
    CHECK(lat_number_scan(&back, text, text + strlen(text)));
    CHECK(bits_of(back) == bits_of(v));
}

TEST(print, is_shortest_and_reads_back)
{
    struct lat_rng r;

    UNUSED_STATE;
    lat__rng_seed(&r, 4);
    for (uint32_t e = 0; e < 255; e++)
        for (uint32_t f = 0; f < 12; f++) {
            prints_shortest(float_of(e << 23 | f));
            prints_shortest(float_of((e << 23 | 0x7fffff) - f));
        }
    for (int i = 0; i < 150000; i++) {
        float v = float_of((uint32_t)lat__rng_next(&r));

        if (isfinite(v))
            prints_shortest(v);
        prints_shortest((float)lat__rng_normal(&r));
        prints_shortest((float)(i - 75000) / 1000.0f);
    }
}

TEST(print, looks_as_people_expect)
{
    static const struct {
        float v;
        const char *text;
    } cases[] = {
        {0.0f, "0"},
        {-0.0f, "-0"},
        {1.0f, "1"},
        {0.001f, "0.001"},
        {1e-7f, "1e-7"},
        {1.5e-7f, "1.5e-7"},
        {0.000001f, "0.000001"},
        {12345678.0f, "12345678"},
        {16777216.0f, "16777216"},
        {1e20f, "100000000000000000000"},
        {1e21f, "1e21"},
        {-2.5f, "-2.5"},
        {FLT_MAX, "3.4028235e38"},
        {FLT_MIN, "1.1754944e-38"},
        {1e-45f, "1e-45"},
        {-1.17549421e-38f, "-1.1754942e-38"},
        {0.1f, "0.1"},
        {33554432.0f, "33554432"},
        {9.5367431640625e-7f, "9.536743e-7"},
    };
    char text[LAT_NUMBER_MAX + 1];

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        *lat_number_print(text, cases[i].v) = '\0';
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(scan, agrees_with_strtof_on_hard_cases),
        T(scan, agrees_with_strtof_on_random_numbers),
        T(scan, rounds_middles_to_even),
        T(scan, takes_very_long_numbers),
        T(scan, keeps_to_the_grammar_of_json),
        T(scan, is_lenient_inside),
        T(scan, agrees_with_strtod_inside),
        T(print, is_shortest_and_reads_back),
        T(print, looks_as_people_expect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
