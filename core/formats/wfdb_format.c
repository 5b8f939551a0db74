/* wfdb_format.c - how WFDB packs samples into bytes. */
#include "wfdb.h"

/* The lower bits of v as a number in two's complement. */
static int32_t extend(uint32_t v, unsigned bits)
{
    uint32_t sign = (uint32_t)1 << (bits - 1);

    v &= sign | (sign - 1);
    return (int32_t)((int64_t)(v ^ sign) - (int64_t)sign);
}

static uint32_t pair(const uint8_t *d)
{
    return d[0] | (uint32_t)d[1] << 8;
}

static int32_t get_16(const uint8_t *d, size_t i)
{
    return extend(pair(d + 2 * i), 16);
}

static int32_t get_24(const uint8_t *d, size_t i)
{
    return extend(pair(d + 3 * i) | (uint32_t)d[3 * i + 2] << 16, 24);
}

static int32_t get_32(const uint8_t *d, size_t i)
{
    return extend(pair(d + 4 * i) | pair(d + 4 * i + 2) << 16, 32);
}

static int32_t get_61(const uint8_t *d, size_t i)
{
    return extend((uint32_t)d[2 * i] << 8 | d[2 * i + 1], 16);
}

static int32_t get_80(const uint8_t *d, size_t i)
{
    return (int32_t)d[i] - 128;
}

static int32_t get_160(const uint8_t *d, size_t i)
{
    return (int32_t)pair(d + 2 * i) - 32768;
}

/* Two of 12 bits in three bytes, the upper fours together in the second. */
static int32_t get_212(const uint8_t *d, size_t i)
{
    d += i / 2 * 3;
    if (i % 2 == 0)
        return extend(d[0] | (uint32_t)d[1] << 8, 12);
    return extend(d[2] | (uint32_t)(d[1] >> 4) << 8, 12);
}

/* Three of 10 bits in two pairs: one in each above its lowest bit, the third
 * in the upper fives of both. */
static int32_t get_310(const uint8_t *d, size_t i)
{
    d += i / 3 * 4;
    if (i % 3 < 2)
        return extend(pair(d + i % 3 * 2) >> 1, 10);
    return extend(pair(d) >> 11 | pair(d + 2) >> 11 << 5, 10);
}

/* Three of 10 bits one after the other in four bytes. */
static int32_t get_311(const uint8_t *d, size_t i)
{
    d += i / 3 * 4;
    if (i % 3 == 0)
        return extend(pair(d), 10);
    if (i % 3 == 1)
        return extend(pair(d + 1) >> 2, 10);
    return extend(pair(d + 2) >> 4, 10);
}

static const struct lat__wfdb_format formats[] = {
    {16, 1, {0, 2}, -32768, get_16},
    {24, 1, {0, 3}, -8388608, get_24},
    {32, 1, {0, 4}, INT32_MIN, get_32},
    {61, 1, {0, 2}, -32768, get_61},
    {80, 1, {0, 1}, -128, get_80},
    {160, 1, {0, 2}, -32768, get_160},
    {212, 2, {0, 2, 3}, -2048, get_212},
    {310, 3, {0, 2, 4, 4}, -512, get_310},
    {311, 3, {0, 2, 3, 4}, -512, get_311},
};

const struct lat__wfdb_format *lat__wfdb_format(int64_t number)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (formats[i].number == number)
            return &formats[i];
    return NULL;
}

size_t lat__wfdb_samples(const struct lat__wfdb_format *f, size_t len)
{
    size_t block = f->bytes[f->pack], rest = 0;

    while (rest + 1 < f->pack && len % block >= f->bytes[rest + 1])
        rest++;
    return len / block * f->pack + rest;
}
