/*
 * print.c - the shortest decimal that reads back as the same float32.
 *
 * After R. Giulietti, The Schubfach way to render doubles (2020): the decimals
 * of a length that puts at least one and at most ten of them between the
 * halves towards the neighbours are looked at directly.  The float is
 * c 2^q; everything is scaled by 4 so that the halves are whole numbers.
 */
#include "../latent/base.h"

#include <string.h>

enum { POW_MIN = -31, BIAS = 150, HIDDEN = 1 << 23 };

/* 10^k from 10^-31 on, scaled by a power of two to 64 bits, rounded up. */
static const uint64_t powers[] = {
    0x81ceb32c4b43fcf5u, 0xa2425ff75e14fc32u, 0xcad2f7f5359a3b3fu,
    0xfd87b5f28300ca0eu, 0x9e74d1b791e07e49u, 0xc612062576589ddbu,
    0xf79687aed3eec552u, 0x9abe14cd44753b53u, 0xc16d9a0095928a28u,
    0xf1c90080baf72cb2u, 0x971da05074da7befu, 0xbce5086492111aebu,
    0xec1e4a7db69561a6u, 0x9392ee8e921d5d08u, 0xb877aa3236a4b44au,
    0xe69594bec44de15cu, 0x901d7cf73ab0acdau, 0xb424dc35095cd810u,
    0xe12e13424bb40e14u, 0x8cbccc096f5088ccu, 0xafebff0bcb24aaffu,
    0xdbe6fecebdedd5bfu, 0x89705f4136b4a598u, 0xabcc77118461cefdu,
    0xd6bf94d5e57a42bdu, 0x8637bd05af6c69b6u, 0xa7c5ac471b478424u,
    0xd1b71758e219652cu, 0x83126e978d4fdf3cu, 0xa3d70a3d70a3d70bu,
    0xcccccccccccccccdu, 0x8000000000000000u, 0xa000000000000000u,
    0xc800000000000000u, 0xfa00000000000000u, 0x9c40000000000000u,
    0xc350000000000000u, 0xf424000000000000u, 0x9896800000000000u,
    0xbebc200000000000u, 0xee6b280000000000u, 0x9502f90000000000u,
    0xba43b74000000000u, 0xe8d4a51000000000u, 0x9184e72a00000000u,
    0xb5e620f480000000u, 0xe35fa931a0000000u, 0x8e1bc9bf04000000u,
    0xb1a2bc2ec5000000u, 0xde0b6b3a76400000u, 0x8ac7230489e80000u,
    0xad78ebc5ac620000u, 0xd8d726b7177a8000u, 0x878678326eac9000u,
    0xa968163f0a57b400u, 0xd3c21bcecceda100u, 0x84595161401484a0u,
    0xa56fa5b99019a5c8u, 0xcecb8f27f4200f3au, 0x813f3978f8940985u,
    0xa18f07d736b90be6u, 0xc9f2c9cd04674edfu, 0xfc6f7c4045812297u,
    0x9dc5ada82b70b59eu, 0xc5371912364ce306u, 0xf684df56c3e01bc7u,
    0x9a130b963a6c115du, 0xc097ce7bc90715b4u, 0xf0bdc21abb48db21u,
    0x96769950b50d88f5u, 0xbc143fa4e250eb32u, 0xeb194f8e1ae525feu,
    0x92efd1b8d0cf37bfu, 0xb7abc627050305aeu, 0xe596b7b0c643c71au,
    0x8f7e32ce7bea5c70u, 0xb35dbf821ae4f38cu,
};

struct decimal {
    uint32_t digits;
    int exponent;
};

/* The upper bits of the product, its lowest bit set when others are lost. */
static uint32_t round_to_odd(uint64_t g, uint32_t c)
{
    uint64_t low = (g & 0xffffffffu) * c;
    uint64_t high = (g >> 32) * c + (low >> 32);

    return (uint32_t)(high >> 32) | ((uint32_t)high > 1);
}

/* floor(x / 2^n), for a negative x too. */
static int shift_down(int x, int n)
{
    return x >= 0 ? x >> n : -((-x + (1 << n) - 1) >> n);
}

/* lower … v … upper is 4 times the interval that reads back as the float. */
static struct decimal pick(uint32_t lower, uint32_t v, uint32_t upper, int k)
{
    uint32_t s = v / 4, tens = s / 10;
    bool below, above;

    if (s >= 10) {
        below = lower <= 40 * tens;
        above = 40 * tens + 40 <= upper;
        if (below != above)
            return (struct decimal){tens + above, k + 1};
    }
    below = lower <= 4 * s;
    above = 4 * s + 4 <= upper;
    if (below != above)
        return (struct decimal){s + above, k};
    /* neither or both: the nearer one, the even one of two as near */
    above = v > 4 * s + 2 || (v == 4 * s + 2 && (s & 1));
    return (struct decimal){s + above, k};
}

static struct decimal shortest(uint32_t fraction, int exponent)
{
    uint32_t c = exponent ? fraction | HIDDEN : fraction;
    int q = (exponent ? exponent : 1) - BIAS;
    /* below a power of two the neighbour is nearer */
    bool closer = fraction == 0 && exponent > 1;
    uint32_t odd = c & 1, lower, v, upper;
    uint64_t g;
    int k, h;

    if (q <= 0 && q > -24 && (c & (((uint32_t)1 << -q) - 1)) == 0)
        return (struct decimal){c >> -q, 0};
    /* k = floor(log10(2^q)) or of 3/4 of it, h = q + floor(log2(10^-k)) + 1 */
    k = shift_down(q * 1262611 - (closer ? 524031 : 0), 22);
    h = q + shift_down(-k * 1741647, 19) + 1;
    g = powers[-k - POW_MIN];
    lower = round_to_odd(g, (4 * c - 2 + closer) << h) + odd;
    v = round_to_odd(g, (4 * c) << h);
    upper = round_to_odd(g, (4 * c + 2) << h) - odd;
    return pick(lower, v, upper, k);
}

static char *put_zeros(char *p, int n)
{
    for (int i = 0; i < n; i++)
        *p++ = '0';
    return p;
}

static char *put(char *p, const char *digits, int n)
{
    memcpy(p, digits, (size_t)n);
    return p + n;
}

/* n digits with the point after the first `point` of them; as a plain decimal
 * where JavaScript's would be one. */
static char *layout(char *p, const char *digits, int n, int point)
{
    char e[3];
    int at = 3, x = point > 0 ? point - 1 : 1 - point;

    if (point >= n && point <= 21)
        return put_zeros(put(p, digits, n), point - n);
    if (point > 0 && point <= 21) {
        p = put(p, digits, point);
        *p++ = '.';
        return put(p, digits + point, n - point);
    }
    if (point > -6 && point <= 0) {
        *p++ = '0';
        *p++ = '.';
        return put(put_zeros(p, -point), digits, n);
    }
    *p++ = digits[0];
    if (n > 1) {
        *p++ = '.';
        p = put(p, digits + 1, n - 1);
    }
    *p++ = 'e';
    if (point <= 0)
        *p++ = '-';
    do
        e[--at] = (char)('0' + x % 10);
    while (x /= 10);
    return put(p, e + at, 3 - at);
}

char *lat_number_print(char *p, float v)
{
    struct decimal d;
    char digits[10];
    uint32_t bits;
    int at = 10, n;

    memcpy(&bits, &v, sizeof(bits));
    if (bits >> 31)
        *p++ = '-';
    bits &= 0x7fffffff;
    if (bits == 0) {
        *p++ = '0';
        return p;
    }
    d = shortest(bits & (HIDDEN - 1), (int)(bits >> 23));
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    do
        digits[--at] = (char)('0' + d.digits % 10);
    while (d.digits /= 10);
    n = 10 - at;
    return layout(p, digits + at, n, n + d.exponent);
}
