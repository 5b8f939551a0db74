/* err.c - errors, raised once and wrapped on the way out. */
#include "../latent/base.h"

#include <stdio.h>
#include <string.h>

const char *lat_code_text(enum lat_code code)
{
    switch (code) {
    case LAT_OK:
        return "ok";
#define XX(name, text) \
    case LAT_##name:   \
        return text;
        LAT_CODE_MAP(XX)
#undef XX
    }
    return "unknown";
}

static void raise(struct lat_err *err, enum lat_code code, const char *word,
                  const char *fmt, va_list args)
{
    if (!err)
        return;
    err->code = code;
    err->word = word;
    err->param[0] = '\0';
    vsnprintf(err->msg, sizeof(err->msg), fmt, args);
}

enum lat_code lat_fail(struct lat_err *err, enum lat_code code, const char *fmt,
                       ...)
{
    va_list args;

    va_start(args, fmt);
    raise(err, code, NULL, fmt, args);
    va_end(args);
    return code;
}

enum lat_code lat_fail_word(struct lat_err *err, enum lat_code code,
                            const char *word, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    raise(err, code, word, fmt, args);
    va_end(args);
    return code;
}

/* Puts front before what stands in text, cut at its size. */
static void prefix(char *text, size_t size, const char *front)
{
    size_t shift = strnlen(front, size - 1), len = strnlen(text, size - 1);

    if (len > size - 1 - shift)
        len = size - 1 - shift;
    memmove(text + shift, text, len);
    memcpy(text, front, shift);
    text[shift + len] = '\0';
}

enum lat_code lat_wrap(struct lat_err *err, enum lat_code code, const char *fmt,
                       ...)
{
    char front[256];
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    vsnprintf(front, sizeof(front), fmt, args);
    va_end(args);
    prefix(err->msg, sizeof(err->msg), ": ");
    prefix(err->msg, sizeof(err->msg), front);
    return code;
}

enum lat_code lat_at(struct lat_err *err, enum lat_code code, const char *fmt,
                     ...)
{
    char front[64];
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    vsnprintf(front, sizeof(front), fmt, args);
    va_end(args);
    if (err->param[0] && err->param[0] != '[')
        prefix(err->param, sizeof(err->param), ".");
    prefix(err->param, sizeof(err->param), front);
    return code;
}
