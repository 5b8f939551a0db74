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

/* What each section remembers of an input that was always v: with the gain
 * g = sum b / (1 + sum a), y = g v, z2 = b2 v - a2 y, z1 = b1 v - a1 y + z2. */
static void settle(const struct lat__filter *f, double (*z)[2], double v)
{
    for (size_t k = 0; k < f->n; k++) {
        const double *b = f->s[k].b, *a = f->s[k].a;
        double y = v * (b[0] + b[1] + b[2]) / (1.0 + a[0] + a[1]);

        z[k][1] = b[2] * v - a[1] * y;
        z[k][0] = b[1] * v - a[0] * y + z[k][1];
        v = y;
    }
}

/* One sample through the cascade, direct form II transposed. */
static double pass(const struct lat__filter *f, double (*z)[2], double v)
{
    for (size_t k = 0; k < f->n; k++) {
        const double *b = f->s[k].b, *a = f->s[k].a;
        double y = b[0] * v + z[k][0];

        z[k][0] = b[1] * v - a[0] * y + z[k][1];
        z[k][1] = b[2] * v - a[1] * y;
        v = y;
    }
    return v;
}

void lat__filter_run(const struct lat__filter *f, double *v, size_t n)
{
    double z[LAT_SECTIONS_MAX][2];

    settle(f, z, v[0]);
    for (size_t i = 0; i < n; i++)
        v[i] = pass(f, z, v[i]);
}

void lat__filter_run_back(const struct lat__filter *f, double *v, size_t n)
{
    double z[LAT_SECTIONS_MAX][2];

    settle(f, z, v[n - 1]);
    for (size_t i = n; i-- > 0;)
        v[i] = pass(f, z, v[i]);
}
