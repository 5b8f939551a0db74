/*
 * filter.c - Butterworth filters as cascades of second-order sections.
 *
 * The prototype's poles are moved to the band (p -> p b/2 +- sqrt((p b/2)^2 -
 * w^2) for edges w1, w2 with b = w2 - w1 and w^2 = w1 w2) and from there by
 * z = (2 + s) / (2 - s) onto the unit disc.  Each section takes a pair of
 * poles; its zeros are at 1 and -1 for a band, so that every section forgets
 * a constant by itself.
 */
#include "../signal.h"

#include <complex.h>
#include <math.h>

static const double PI = 3.14159265358979323846;

/* A pair of poles, the zeros' polynomial, and a gain of 1 at angle w. */
static struct lat__section section(double complex p, double complex q,
                                   const double b[3], double w)
{
    struct lat__section s = {{b[0], b[1], b[2]}, {-creal(p + q), creal(p * q)}};
    double complex z = cexp(-I * w);
    double gain = cabs((1.0 + s.a[0] * z + s.a[1] * z * z) /
                       (b[0] + b[1] * z + b[2] * z * z));

    for (size_t i = 0; i < 3; i++)
        s.b[i] *= gain;
    return s;
}

static double complex bilinear(double complex s)
{
    return (2.0 + s) / (2.0 - s);
}

/* k-th of the n poles of the prototype, on the left half of the circle. */
static double complex prototype(unsigned k, unsigned n)
{
    return cexp(I * PI * (2.0 * k + n + 1.0) / (2.0 * n));
}

static void design_band(struct lat__filter *f, unsigned n, double w1, double w2)
{
    static const double zeros[3] = {1.0, 0.0, -1.0};
    double w = sqrt(w1 * w2), middle = 2.0 * atan(w / 2.0);

    for (unsigned k = 0; k < (n + 1) / 2; k++) {
        double complex p = prototype(k, n) * (w2 - w1) / 2.0, r, up, down;

        if (2 * k + 1 == n)
            p = creal(p); /* the one real pole of an odd order */
        r = csqrt(p * p - w * w);
        up = bilinear(p + r);
        down = bilinear(p - r);
        if (2 * k + 1 == n) {
            f->s[f->n++] = section(up, down, zeros, middle);
            continue;
        }
        f->s[f->n++] = section(up, conj(up), zeros, middle);
        f->s[f->n++] = section(down, conj(down), zeros, middle);
    }
}

/* A low-pass (zeros at -1, gain 1 at angle 0) or a high-pass (the mirror). */
static void design_side(struct lat__filter *f, unsigned n, double w, bool low)
{
    const double sign = low ? 1.0 : -1.0, at = low ? 0.0 : PI;
    const double two[3] = {1.0, 2.0 * sign, 1.0}, one[3] = {1.0, sign, 0.0};

    for (unsigned k = 0; k < (n + 1) / 2; k++) {
        double complex p = prototype(k, n), z;

        z = bilinear(low ? p * w : w / p);
        if (2 * k + 1 == n)
            f->s[f->n++] = section(creal(z), 0.0, one, at);
        else
            f->s[f->n++] = section(z, conj(z), two, at);
    }
}

enum lat_code lat__filter_design(struct lat__filter *f, unsigned order,
                                 double low_hz, double high_hz, double rate_hz,
                                 struct lat_err *err)
{
    double w1 = 2.0 * tan(PI * low_hz / rate_hz);
    double w2 = 2.0 * tan(PI * high_hz / rate_hz);

    if (order < 1 || order > LAT_SECTIONS_MAX)
        return lat_fail(err, LAT_EFORMAT, "filter order %u, must be 1 to %d",
                        order, LAT_SECTIONS_MAX);
    if (!(low_hz >= 0.0 && high_hz >= 0.0 && low_hz < rate_hz / 2.0 &&
          high_hz < rate_hz / 2.0 && (high_hz == 0.0 || low_hz < high_hz)))
        return lat_fail(err, LAT_EFORMAT,
                        "band %g to %g Hz, must rise and end below half the "
                        "rate of %g Hz",
                        low_hz, high_hz, rate_hz);
    f->n = 0;
    if (low_hz > 0.0 && high_hz > 0.0)
        design_band(f, order, w1, w2);
    else if (high_hz > 0.0)
        design_side(f, order, w2, true);
    else if (low_hz > 0.0)
        design_side(f, order, w1, false);
    return LAT_OK;
}

/* Output of a section whose input has always been v. */
static double settled(struct lat__section s, double v)
{
    return v * (s.b[0] + s.b[1] + s.b[2]) / (1.0 + s.a[0] + s.a[1]);
}

/* Two sections in direct form I, x -> y -> z: of each sum, only the last
 * product waits for the sample before, and the second section works beside
 * the first.  Passed by value, so that they stay in registers. */
static void run_pair(struct lat__section s, struct lat__section t, double *v,
                     size_t n, ptrdiff_t step)
{
    double x1 = *v, y1 = settled(s, x1), z1 = settled(t, y1);
    double x2 = x1, y2 = y1, z2 = z1;
    ptrdiff_t at = 0;

    for (; n > 0; n--, at += step) {
        double x = v[at], y, z;

        y = (s.b[0] * x + s.b[1] * x1) + (s.b[2] * x2 - s.a[1] * y2);
        y -= s.a[0] * y1;
        z = (t.b[0] * y + t.b[1] * y1) + (t.b[2] * y2 - t.a[1] * z2);
        z -= t.a[0] * z1;
        v[at] = z;
        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = y;
        z2 = z1;
        z1 = z;
    }
}

static void run(const struct lat__filter *f, double *v, size_t n,
                ptrdiff_t step)
{
    static const struct lat__section nothing = {{1.0, 0.0, 0.0}, {0.0, 0.0}};

    for (size_t k = 0; k < f->n; k += 2)
        run_pair(f->s[k], k + 1 < f->n ? f->s[k + 1] : nothing, v, n, step);
}

void lat__filter_run(const struct lat__filter *f, double *v, size_t n)
{
    run(f, v, n, 1);
}

void lat__filter_run_back(const struct lat__filter *f, double *v, size_t n)
{
    run(f, v + n - 1, n, -1);
}
