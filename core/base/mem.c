/* mem.c - all memory comes from here, so that tests can make it fail. */
#include "mem.h"

#include "../latent/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

long lat__mem_fail_after = -1;

static bool starved(void)
{
    return lat__mem_fail_after >= 0 && lat__mem_fail_after-- == 0;
}

void *lat_calloc(size_t n, size_t size)
{
    size_t len;
    void *p;

    if (size && n > (SIZE_MAX - ALIGN) / size)
        return NULL;
    if (starved())
        return NULL;
    /* aligned_alloc wants a multiple, and something even for nothing */
    len = (n * size + ALIGN) / ALIGN * ALIGN;
    p = aligned_alloc(ALIGN, len);
    if (p)
        memset(p, 0, len);
    return p;
}

void lat_free(void *p)
{
    free(p);
}

char *lat_strdup(const char *s)
{
    size_t len = strlen(s) + 1;
    char *copy = lat_calloc(len, 1);

    return copy ? memcpy(copy, s, len) : NULL;
}

/* Doubles until there is room for more bytes and a NUL. */
static bool grow(struct lat_buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 256;
    char *v;

    if (b->failed || more > SIZE_MAX / 4 - b->len)
        b->failed = true;
    if (b->failed)
        return false;
    while (cap <= b->len + more)
        cap *= 2;
    if (cap == b->cap)
        return true;
    v = lat_calloc(cap, 1);
    if (!v) {
        b->failed = true;
        return false;
    }
    if (b->len)
        memcpy(v, b->v, b->len);
    lat_free(b->v);
    b->v = v;
    b->cap = cap;
    return true;
}

char *lat_buf_reserve(struct lat_buf *b, size_t room)
{
    return grow(b, room) ? b->v + b->len : NULL;
}

void lat_buf_put(struct lat_buf *b, const void *p, size_t len)
{
    if (!grow(b, len))
        return;
    if (len)
        memcpy(b->v + b->len, p, len);
    b->len += len;
    b->v[b->len] = '\0';
}

void lat_buf_puts(struct lat_buf *b, const char *s)
{
    lat_buf_put(b, s, strlen(s));
}

void lat_buf_printf(struct lat_buf *b, const char *fmt, ...)
{
    va_list args, again;
    char text[128]; /* most are short, and then formatted once */
    int len;

    va_start(args, fmt);
    va_copy(again, args);
    len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(text)) {
        lat_buf_put(b, text, (size_t)len);
    } else if (len >= 0 && grow(b, (size_t)len)) {
        vsnprintf(b->v + b->len, (size_t)len + 1, fmt, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

void lat_buf_fini(struct lat_buf *b)
{
    lat_free(b->v);
    *b = (struct lat_buf){0};
}
