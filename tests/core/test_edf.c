/* test_edf.c - EDF files of signals of different rates. */
#include "../../core/latent/signal.h"
#include "../check.h"

/* Text in fields of fixed width, those of two signals. */
static void put_fields(struct lat_buf *b, int width, const char *one,
                       const char *two)
{
    lat_buf_printf(b, "%-*s%-*s", width, one, width, two);
}

/* Two waves of 1 Hz for 8 s: 400 Hz and 50 Hz. */
static void two_rates(struct lat_buf *b)
{
    lat_buf_printf(b, "%-8s%-80s%-80s%-8s%-8s%-8d%-44s%-8d%-8s%-4d", "0", "X",
                   "X", "01.01.01", "00.00.00", 768, "", 8, "1", 2);
    put_fields(b, 16, "II", "accX");
    put_fields(b, 80, "", "");
    put_fields(b, 8, "mV", "g");
    put_fields(b, 8, "-2", "-2");
    put_fields(b, 8, "2", "2");
    put_fields(b, 8, "-20000", "-20000");
    put_fields(b, 8, "20000", "20000");
    put_fields(b, 80, "", "");
    put_fields(b, 8, "400", "50");
    put_fields(b, 32, "", "");
    for (size_t i = 0; i < 8 * 450; i++) {
        double t = i % 450 < 400 ? (double)(i % 450) / 400.0
                                 : (double)(i % 450 - 400) / 50.0;
        int v = (int)lrint(10000.0 * sin(6.283185307179586 * t));
        const unsigned char bytes[2] = {(unsigned char)(v & 255),
                                        (unsigned char)(v >> 8 & 255)};

        lat_buf_put(b, bytes, 2);
    }
}

TEST(edf, brings_signals_to_the_highest_rate)
{
    struct lat_buf b = {0};
    struct lat_blob blob = {.name = "x.edf"};
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    two_rates(&b);
    blob.data = b.v;
    blob.len = b.len;
    CHECK(lat_edf_decode(&sig, &blob, &err) == LAT_OK);
    CHECK(sig->n_channels == 2 && sig->n_samples == 3200);
    CHECK(sig->rate_hz == 400.0);
    for (size_t i = 0; i < 3200; i++) {
        double want = sin(6.283185307179586 * (double)i / 400.0);

        CHECK_NEAR(sig->v[i], want, 1e-4);
        CHECK_NEAR(sig->v[3200 + i], want, i < 400 || i > 2800 ? 0.05 : 2e-3);
    }
    lat_signal_free(sig);
    lat_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(edf, brings_signals_to_the_highest_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
