/* write.c - JSON, value by value, into a buffer. */
#include "../wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_char(struct lat_buf *out, const unsigned char *s, size_t n)
{
    if (n == 0)
        lat_buf_puts(out, "\xef\xbf\xbd");
    else if (*s == '"' || *s == '\\')
        lat_buf_printf(out, "\\%c", *s);
    else if (*s < 0x20 || *s == 0x7f)
        lat_buf_printf(out, "\\u%04x", *s);
    else
        lat_buf_put(out, s, n);
}

void latd_write_string(struct lat_buf *out, const char *str)
{
    const unsigned char *s = (const unsigned char *)str;

    lat_buf_puts(out, "\"");
    while (*s) {
        size_t n = lat_utf8_length((const char *)s);

        write_char(out, s, n);
        s += n ? n : 1;
    }
    lat_buf_puts(out, "\"");
}

void latd_write_number(struct lat_buf *out, double x)
{
    char text[40];

    snprintf(text, sizeof(text), "%.15g", x);
    if (strtod(text, NULL) < x || strtod(text, NULL) > x)
        snprintf(text, sizeof(text), "%.17g", x);
    lat_buf_puts(out, text);
}

void latd_write_floats(struct lat_buf *out, const float *v, size_t n)
{
    char *at = lat_buf_reserve(out, n * (LAT_NUMBER_MAX + 1) + 2);

    if (!at)
        return;
    *at++ = '[';
    for (size_t i = 0; i < n; i++) {
        if (i)
            *at++ = ',';
        at = lat_number_print(at, v[i]);
    }
    *at++ = ']';
    *at = '\0';
    out->len = (size_t)(at - out->v);
}
