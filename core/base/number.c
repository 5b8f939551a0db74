/*
 * number.c - decimal text to the nearest float32 or double.
 *
 * The digits are read into an integer w and a power of ten.  Their product in
 * double is off by a few units of its last place, 2^29 of which lie between
 * two floats: unless it is within 16 of the middle between them, it rounds to
 * the right one.  The rest, one in some ten million, goes to the C library.
 */
#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POW_MIN = -64, POW_MAX = 38, DIGITS = 19, DIGITS_SLOW = 800 };

static const double powers[] = {
    1e-64, 1e-63, 1e-62, 1e-61, 1e-60, 1e-59, 1e-58, 1e-57, 1e-56, 1e-55, 1e-54,
    1e-53, 1e-52, 1e-51, 1e-50, 1e-49, 1e-48, 1e-47, 1e-46, 1e-45, 1e-44, 1e-43,
    1e-42, 1e-41, 1e-40, 1e-39, 1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33, 1e-32,
    1e-31, 1e-30, 1e-29, 1e-28, 1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22, 1e-21,
    1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10,
    1e-9,  1e-8,  1e-7,  1e-6,  1e-5,  1e-4,  1e-3,  1e-2,  1e-1,  1e0,   1e1,
    1e2,   1e3,   1e4,   1e5,   1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,
    1e13,  1e14,  1e15,  1e16,  1e17,  1e18,  1e19,  1e20,  1e21,  1e22,  1e23,
    1e24,  1e25,  1e26,  1e27,  1e28,  1e29,  1e30,  1e31,  1e32,  1e33,  1e34,
    1e35,  1e36,  1e37,  1e38,
};

struct decimal {
    uint64_t w;              /* the first 19 digits */
    int64_t q, e;            /* w 10^q; the exponent as written */
    const char *begin, *end; /* digits and point, without sign and exponent */
    bool negative;
};

/* ---- text to digits ----------------------------------------------------- */

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Eight bytes, the first one lowest: one load where that is the order. */
static uint64_t eight(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
           (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 |
           (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* Each byte between '0' and '9': neither it nor it + 6 leaves 0x30 … 0x3f. */
static bool are_digits(uint64_t v)
{
    return ((v & 0xf0f0f0f0f0f0f0f0u) |
            (((v + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4)) ==
           0x3333333333333333u;
}

/* Pairs, then fours, then all eight (Lemire). */
static uint64_t value_of_eight(uint64_t v)
{
    v = (v & 0x0f0f0f0f0f0f0f0fu) * (10 * 256 + 1) >> 8;
    v = (v & 0x00ff00ff00ff00ffu) * (100 * 65536 + 1) >> 16;
    return (v & 0x0000ffff0000ffffu) * (10000 * 4294967296u + 1) >> 32;
}

/* Wraps around beyond 19 digits, which is then put right by collect. */
static const char *scan_digits(uint64_t *w, const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t v = eight(p);

        if (!are_digits(v))
            break;
        *w = *w * 100000000 + value_of_eight(v);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++)
        *w = *w * 10 + (uint64_t)(*p - '0');
    return p;
}

/* An exponent that saturates far beyond all that can be meant. */
static const char *scan_exponent(int64_t *e, const char *p, const char *end)
{
    bool negative = p < end && *p == '-';
    int64_t v = 0;

    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    for (; p < end && is_digit(*p); p++)
        if (v < 1000000000000)
            v = v * 10 + (*p - '0');
    *e = negative ? -v : v;
    return p;
}

/* The first cap significant digits, and a 1 for what is lost behind them.
 * The number is the digits times 10^(*q); the exponent as written is in it. */
static size_t collect(const struct decimal *d, char *digits, size_t cap,
                      int64_t *q)
{
    bool fraction = false, lost = false;
    int64_t point = 0; /* digits before the point */
    size_t n = 0;

    for (const char *p = d->begin; p < d->end; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (n == 0 && *p == '0') {
            point -= fraction;
            continue;
        }
        point += !fraction;
        if (n < cap)
            digits[n++] = *p;
        else
            lost |= *p != '0';
    }
    if (lost)
        digits[n++] = '1';
    *q = point - (int64_t)n + d->e;
    return n;
}

static void shorten(struct decimal *d)
{
    char digits[DIGITS];
    size_t n = collect(d, digits, DIGITS - 1, &d->q);

    d->w = 0;
    scan_digits(&d->w, digits, digits + n);
}

/* JSON's grammar or, when lenient, that of number.h.  NULL: not a number. */
static const char *scan(struct decimal *d, const char *p, const char *end,
                        bool lenient)
{
    const char *whole, *dot;
    size_t n_fraction = 0;

    *d = (struct decimal){0};
    d->negative = p < end && *p == '-';
    if (p < end && (*p == '-' || (lenient && *p == '+')))
        p++;
    whole = d->begin = p;
    p = dot = scan_digits(&d->w, p, end);
    if (!lenient && (whole == dot || (*whole == '0' && dot - whole > 1)))
        return NULL;
    if (p < end && *p == '.') {
        p = scan_digits(&d->w, p + 1, end);
        n_fraction = (size_t)(p - dot) - 1;
        if (!lenient && n_fraction == 0)
            return NULL;
    }
    if (dot == whole && n_fraction == 0)
        return NULL;
    d->end = p;
    if (p < end && (*p == 'e' || *p == 'E'))
        p = scan_exponent(&d->e, p + 1, end);
    if (!p)
        return NULL;
    d->q = d->e - (int64_t)n_fraction;
    if (d->end - d->begin > DIGITS)
        shorten(d);
    return p;
}

/* ---- digits to a number ------------------------------------------------- */

/* As text for the C library: no point, so that no locale matters. */
static void write_slow(char text[DIGITS_SLOW + 32], const struct decimal *d)
{
    int64_t q;
    size_t n = collect(d, text, DIGITS_SLOW, &q);

    if (q > 9999)
        q = 9999;
    if (q < -9999)
        q = -9999;
    snprintf(text + n, 32, "e%d", (int)q);
}

static float slow_float(const struct decimal *d)
{
    char text[DIGITS_SLOW + 32];

    write_slow(text, d);
    return strtof(text, NULL);
}

static double slow_double(const struct decimal *d)
{
    char text[DIGITS_SLOW + 32];

    write_slow(text, d);
    return strtod(text, NULL);
}

static float to_float(const struct decimal *d)
{
    double v;
    uint64_t bits;

    if (d->w == 0)
        return 0.0f;
    if (d->q < POW_MIN || d->q > POW_MAX)
        return slow_float(d);
    v = (double)d->w * powers[d->q - POW_MIN];
    memcpy(&bits, &v, sizeof(bits));
    if (v < 0x1p-125 || v > 0x1p127 ||
        (bits & 0x1fffffff) - (0x10000000 - 16) <= 32)
        return slow_float(d);
    return (float)v;
}

/* Exact where both factors are (Clinger). */
static double to_double(const struct decimal *d)
{
    if (d->w == 0)
        return 0.0;
    if (d->w > (uint64_t)1 << 53 || d->q < -22 || d->q > 22)
        return slow_double(d);
    return d->q < 0 ? (double)d->w / powers[-d->q - POW_MIN]
                    : (double)d->w * powers[d->q - POW_MIN];
}

static const char *scan_float(float *out, const char *p, const char *end,
                              bool lenient)
{
    struct decimal d;

    p = scan(&d, p, end, lenient);
    if (p)
        *out = d.negative ? -to_float(&d) : to_float(&d);
    return p;
}

const char *lat__float_scan(float *out, const char *p, const char *end)
{
    return scan_float(out, p, end, true);
}

const char *lat__double_scan(double *out, const char *p, const char *end)
{
    struct decimal d;

    p = scan(&d, p, end, true);
    if (p)
        *out = d.negative ? -to_double(&d) : to_double(&d);
    return p;
}

const char *lat_number_scan(float *out, const char *p, const char *end)
{
    return scan_float(out, p, end, false);
}
