/*
 * base64.c - four characters are three bytes, and nothing else is allowed.
 *
 * Ours rather than a library's: libmodpbase64 reads its input as aligned
 * words and lets stray bits after the last byte pass, nettle is a tenth as
 * fast.
 */
#include "../latent/base.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a character adds to its group of 24 bits, by its place in it. */
struct table {
    uint32_t v[4][256];
};

static const uint32_t bad = 1u << 31;

static void table_init(struct table *t)
{
    for (unsigned k = 0; k < 4; k++) {
        for (size_t i = 0; i < 256; i++)
            t->v[k][i] = bad;
        for (uint32_t i = 0; i < 64; i++)
            t->v[k][(unsigned char)alphabet[i]] = i << (18 - 6 * k);
    }
}

/* Bytes in the last group: 3, or 2 and 1 when it ends with = and ==. */
static size_t tail_bytes(const char *text, size_t n)
{
    if (text[n - 1] != '=')
        return 3;
    return text[n - 2] != '=' ? 2 : 1;
}

static enum lat_code fail_at(const char *text, size_t at, struct lat_err *err)
{
    return lat_fail_word(err, LAT_EINVAL, "invalid_base64",
                         "character %zu of the base64 is 0x%02x, expected "
                         "A-Z a-z 0-9 + / and = at the end",
                         at, (unsigned char)text[at]);
}

static enum lat_code decode_groups(uint8_t *to, const char *text, size_t n,
                                   const struct table *t, struct lat_err *err)
{
    const unsigned char *p = (const unsigned char *)text;

    for (size_t i = 0; i < n; i += 4, p += 4, to += 3) {
        uint32_t group =
            t->v[0][p[0]] | t->v[1][p[1]] | t->v[2][p[2]] | t->v[3][p[3]];

        if (group & bad) {
            while (t->v[0][*p] != bad)
                p++;
            return fail_at(text, (size_t)((const char *)p - text), err);
        }
        to[0] = (uint8_t)(group >> 16);
        to[1] = (uint8_t)(group >> 8);
        to[2] = (uint8_t)group;
    }
    return LAT_OK;
}

/* The last group with its padding; bits beyond the last byte must be zero, so
 * that one sequence of bytes has one text. */
static enum lat_code decode_tail(uint8_t *to, const char *text, size_t n,
                                 const struct table *t, struct lat_err *err)
{
    size_t at = n - 4, bytes = tail_bytes(text, n);
    uint32_t group = 0;

    for (size_t k = 0; k <= bytes; k++) {
        uint32_t add = t->v[k][(unsigned char)text[at + k]];

        if (add == bad)
            return fail_at(text, at + k, err);
        group |= add;
    }
    if (group & (0xffffffu >> (8 * bytes)))
        return lat_fail_word(err, LAT_EINVAL, "invalid_base64",
                             "the base64 ends in the middle of a byte");
    for (size_t k = 0; k < bytes; k++)
        to[k] = (uint8_t)(group >> (16 - 8 * k));
    return LAT_OK;
}

enum lat_code lat_base64_decode(char **out, size_t *len, const char *text,
                                size_t n, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    struct table t;
    uint8_t *v;

    if (n % 4)
        return lat_fail_word(err, LAT_EINVAL, "invalid_base64",
                             "%zu characters of base64, expected a multiple "
                             "of 4 (padded with =)",
                             n);
    v = lat_calloc(n / 4 * 3 + 1, 1);
    if (!v)
        return lat_fail(err, LAT_ENOMEM, "%zu bytes", n / 4 * 3);
    table_init(&t);
    if (n) {
        code = decode_groups(v, text, n - 4, &t, err);
        if (code == LAT_OK)
            code = decode_tail(v + (n - 4) / 4 * 3, text, n, &t, err);
    }
    if (code) {
        lat_free(v);
        return code;
    }
    *out = (char *)v;
    *len = n ? (n - 4) / 4 * 3 + tail_bytes(text, n) : 0;
    return LAT_OK;
}

void lat_base64_encode(struct lat_buf *out, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    char *to = lat_buf_reserve(out, (len + 2) / 3 * 4);

    if (!to)
        return;
    for (; len >= 3; len -= 3, p += 3) {
        *to++ = alphabet[p[0] >> 2];
        *to++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
        *to++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
        *to++ = alphabet[p[2] & 63];
    }
    if (len) {
        unsigned second = len == 2 ? p[1] : 0;

        *to++ = alphabet[p[0] >> 2];
        *to++ = alphabet[(p[0] & 3u) << 4 | second >> 4];
        *to++ = len == 2 ? alphabet[(second & 15) << 2] : '=';
        *to++ = '=';
    }
    *to = '\0';
    out->len = (size_t)(to - out->v);
}
