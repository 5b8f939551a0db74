/* tensor.c - the values of a tensor in a file, little-endian, as float32. */
#include "safetensors.h"

#include <math.h>
#include <string.h>

uint64_t lat__read_u64(const unsigned char *p)
{
    uint64_t v = 0;

    for (size_t i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static float float_of_bits(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* Sign, 5 bits of exponent, 10 of fraction. */
static float half(uint32_t h)
{
    int exponent = (int)(h >> 10 & 31);
    float fraction = (float)(h & 1023), v;

    if (exponent == 31)
        v = INFINITY;
    else if (exponent == 0)
        v = ldexpf(fraction, -24);
    else
        v = ldexpf(1024.0f + fraction, exponent - 25);
    return h & 0x8000 ? -v : v;
}

static float read_value(const unsigned char *p, enum lat__dtype dtype)
{
    uint32_t low = (uint32_t)p[0] | (uint32_t)p[1] << 8;
    uint64_t bits;
    double v;

    switch (dtype) {
    case LAT_F32:
        return float_of_bits(low | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    case LAT_F16:
        return half(low);
    case LAT_BF16:
        return float_of_bits(low << 16);
    case LAT_F64:
        bits = lat__read_u64(p);
        memcpy(&v, &bits, sizeof(v));
        return (float)v;
    case LAT_I64:
    case LAT_N_DTYPES:
        break;
    }
    return NAN;
}

enum lat_code lat__tensor_floats(float *out, const struct lat__safetensors *st,
                                 const struct lat__tensor *t,
                                 struct lat_err *err)
{
    const unsigned char *p = st->data + t->begin;
    size_t n = lat__tensor_count(t), size = (t->end - t->begin) / n;

    if (t->dtype == LAT_I64)
        return lat_fail(err, LAT_EFORMAT,
                        "tensor %s: dtype is I64, must be F32, F16, BF16 or "
                        "F64",
                        t->name);
    for (size_t i = 0; i < n; i++) {
        out[i] = read_value(p + i * size, t->dtype);
        if (!isfinite(out[i]))
            return lat_fail(err, LAT_EFORMAT,
                            "tensor %s: value %zu is not a finite float32",
                            t->name, i);
    }
    return LAT_OK;
}
