/* base64.c - bytes as text. */
#include "base64.h"

#include <string.h>

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cli_put_base64(struct lat_buf *b, const void *p, size_t len)
{
    const unsigned char *in = p;

    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        unsigned long v = (unsigned long)in[i] << 16 |
                          (n > 1 ? (unsigned long)in[i + 1] << 8 : 0) |
                          (n > 2 ? (unsigned long)in[i + 2] : 0);
        char out[4] = {letters[v >> 18], letters[v >> 12 & 63],
                       n > 1 ? letters[v >> 6 & 63] : '=',
                       n > 2 ? letters[v & 63] : '='};

        lat_buf_put(b, out, 4);
    }
}

size_t cli_base64_decode(void *out, size_t room, const char *text)
{
    unsigned char *p = out;
    unsigned long v = 0;
    size_t n = 0, bits = 0;

    for (; *text && *text != '='; text++) {
        const char *at = strchr(letters, *text);

        if (!at)
            return SIZE_MAX;
        v = v << 6 | (unsigned long)(at - letters);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (n == room)
            return SIZE_MAX;
        p[n++] = (unsigned char)(v >> bits & 0xff);
    }
    return n;
}
