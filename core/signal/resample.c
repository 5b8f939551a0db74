/*
 * resample.c - the door to libsamplerate: a whole channel to another rate.
 *
 * Its sinc converters take what is not there for zero, so the ends are first
 * continued by their mirror image through the end (2 x[0] - x[i]), for as many
 * samples as the filter is long.  The number of these is chosen so that it is
 * a whole number at both rates: sample k of the output is then at time k/rate.
 */
#include "../signal.h"

#include <math.h>
#include <samplerate.h>

/* Zero crossings on each side of the filter, rounded up; at the lower of both
 * rates.  The shortest sinc has errors below 97 dB, less than 16 bits. */
enum { REACH = 20, SEARCH = 4096 };

/* Samples of the input before the first, a whole number of samples of the
 * output too, or as near to it as can be found. */
static size_t choose_pad(double ratio)
{
    size_t least = (size_t)ceil(REACH / fmin(1.0, ratio)), best = least;
    double error = 1.0;

    for (size_t pad = least; pad < least + SEARCH && error > 1e-9; pad++) {
        double at = (double)pad * ratio, e = fabs(at - round(at));

        if (e < error - 1e-9) {
            error = e;
            best = pad;
        }
    }
    return best;
}

static void extend(float *ext, size_t pad, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ext[pad + i] = x[i];
    for (size_t i = 1; i <= pad; i++) {
        size_t k = i < n ? i : n - 1;

        ext[pad - i] = 2.0f * x[0] - x[k];
        ext[pad + n - 1 + i] = 2.0f * x[n - 1] - x[n - 1 - k];
    }
}

size_t lat__resampled(size_t n, double from_hz, double to_hz)
{
    return (size_t)floor((double)n * (to_hz / from_hz) + 0.5);
}

/* y (lat__resampled) of x (n), one channel. */
enum lat_code lat__resample(float *y, const float *x, size_t n, double from_hz,
                            double to_hz, struct lat_err *err)
{
    const double ratio = to_hz / from_hz;
    const size_t pad = choose_pad(ratio), total = n + 2 * pad;
    const size_t n_out = lat__resampled(n, from_hz, to_hz);
    const size_t skip = (size_t)round((double)pad * ratio);
    const size_t room = lat__resampled(total, from_hz, to_hz) + 2;
    float *ext = lat_calloc(total, sizeof(*ext));
    float *all = lat_calloc(room, sizeof(*all));
    SRC_DATA d = {.data_in = ext,
                  .data_out = all,
                  .input_frames = (long)total,
                  .output_frames = (long)room,
                  .src_ratio = ratio};
    enum lat_code code = LAT_OK;
    int failed;

    if (!ext || !all) {
        code = lat_fail(err, LAT_ENOMEM, "resampling %zu samples", n);
        goto out;
    }
    extend(ext, pad, x, n);
    failed = src_simple(&d, SRC_SINC_FASTEST, 1);
    if (failed || (size_t)d.output_frames_gen < skip + n_out) {
        code = lat_fail(err, LAT_ENOMEM, "resampling from %g to %g Hz: %s",
                        from_hz, to_hz,
                        failed ? src_strerror(failed) : "too few samples");
        goto out;
    }
    for (size_t i = 0; i < n_out; i++)
        y[i] = all[skip + i];
out:
    lat_free(all);
    lat_free(ext);
    return code;
}
