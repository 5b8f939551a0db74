/* sha256.c - the door to nettle, which uses the processor's own rounds. */
#include "../latent/base.h"

#include <nettle/memops.h>
#include <nettle/sha2.h>

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct sha256_ctx) <= sizeof(struct lat_sha256),
              "lat_sha256 has no room for the library's state");

static struct sha256_ctx *state_of(struct lat_sha256 *h)
{
    return (struct sha256_ctx *)(void *)h->state;
}

void lat_sha256_init(struct lat_sha256 *h)
{
    sha256_init(state_of(h));
}

void lat_sha256_add(struct lat_sha256 *h, const void *p, size_t len)
{
    sha256_update(state_of(h), len, p);
}

void lat_sha256_end(struct lat_sha256 *h, uint8_t digest[LAT_DIGEST])
{
    sha256_digest(state_of(h), LAT_DIGEST, digest);
}

bool lat_digest_equal(const uint8_t a[LAT_DIGEST], const uint8_t b[LAT_DIGEST])
{
    return memeql_sec(a, b, LAT_DIGEST) != 0;
}

int lat_hex_value(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)((at - digits) % 16) : -1;
}

void lat_digest_hex(char hex[LAT_DIGEST_HEX], const uint8_t digest[LAT_DIGEST])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < LAT_DIGEST; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * LAT_DIGEST] = '\0';
}
