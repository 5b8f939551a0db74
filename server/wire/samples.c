/* samples.c - little-endian numbers to float32, one rule for all types. */
#include "samples.h"

#include <math.h>
#include <string.h>

const char *const latd_dtype_names[LATD_N_DTYPES + 1] = {
    "i16le", "i32le", "f16le", "f32le", "f64le", NULL};

size_t latd_dtype_size(enum latd_dtype t)
{
    static const size_t sizes[LATD_N_DTYPES] = {2, 4, 2, 4, 8};

    return sizes[t];
}

void latd_scaling_init(struct latd_scaling *s)
{
    for (size_t c = 0; c < LAT_CHANNELS_MAX; c++) {
        s->scale[c] = 1.0;
        s->offset[c] = 0.0;
    }
}

static uint64_t little(const char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half(uint16_t h)
{
    int exponent = h >> 10 & 31;
    double fraction = h & 1023, v;

    if (exponent == 31)
        v = fraction > 0.0 ? NAN : INFINITY;
    else if (exponent == 0)
        v = ldexp(fraction, -24);
    else
        v = ldexp(fraction + 1024.0, exponent - 25);
    return h & 0x8000 ? -v : v;
}

static double raw(const char *p, enum latd_dtype t)
{
    union {
        uint32_t u;
        float f;
    } f32;
    union {
        uint64_t u;
        double f;
    } f64;

    switch (t) {
    case LATD_I16LE:
        return (int16_t)little(p, 2);
    case LATD_I32LE:
        return (int32_t)little(p, 4);
    case LATD_F16LE:
        return half((uint16_t)little(p, 2));
    case LATD_F32LE:
        f32.u = (uint32_t)little(p, 4);
        return (double)f32.f;
    case LATD_F64LE:
        f64.u = little(p, 8);
        return f64.f;
    case LATD_N_DTYPES:
        break;
    }
    return NAN;
}

static enum lat_code fail_infinite(size_t c, size_t i, struct lat_err *err)
{
    enum lat_code code = lat_fail_word(
        err, LAT_EUNFIT, "nonfinite_input",
        "sample %zu of channel %zu is infinite or beyond float32", i, c);

    code = lat_at(err, code, "[%zu]", i);
    return lat_at(err, code, "[%zu]", c);
}

enum lat_code latd_samples_decode(struct lat_signal *sig, const char *bytes,
                                  enum latd_dtype t,
                                  const struct latd_scaling *scaling,
                                  struct lat_err *err)
{
    size_t size = latd_dtype_size(t), n = sig->n_samples;

    for (size_t c = 0; c < sig->n_channels; c++) {
        for (size_t i = 0; i < n; i++) {
            double x = raw(bytes + (c * n + i) * size, t);
            float v = (float)(x * scaling->scale[c] + scaling->offset[c]);

            if (isinf(v))
                return fail_infinite(c, i, err);
            sig->v[c * n + i] = v;
        }
    }
    return LAT_OK;
}

enum lat_code latd_samples_scale(struct lat_signal *sig, const float *v,
                                 const struct latd_scaling *scaling,
                                 struct lat_err *err)
{
    size_t n = sig->n_samples;

    for (size_t c = 0; c < sig->n_channels; c++) {
        double scale = scaling->scale[c], offset = scaling->offset[c];

        for (size_t i = 0; i < n; i++) {
            float x = (float)((double)v[c * n + i] * scale + offset);

            if (isinf(x))
                return fail_infinite(c, i, err);
            sig->v[c * n + i] = x;
        }
    }
    return LAT_OK;
}
