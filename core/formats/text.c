/* text.c - lines and words of text files, without copies. */
#include "text.h"

#include <string.h>

bool lat__lines_next(struct lat__lines *l, struct lat__span *line)
{
    const char *nl;

    if (l->p == l->end)
        return false;
    nl = memchr(l->p, '\n', (size_t)(l->end - l->p));
    *line = (struct lat__span){l->p, nl ? nl : l->end};
    l->p = nl ? nl + 1 : l->end;
    l->number++;
    if (line->end > line->p && line->end[-1] == '\r')
        line->end--;
    return true;
}

const char *lat__base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

size_t lat__span_len(struct lat__span s)
{
    return (size_t)(s.end - s.p);
}

bool lat__span_is(struct lat__span s, const char *text)
{
    return lat__span_len(s) == strlen(text) &&
           memcmp(s.p, text, strlen(text)) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct lat__span lat__span_trim(struct lat__span s)
{
    while (s.p < s.end && is_blank(*s.p))
        s.p++;
    while (s.end > s.p && is_blank(s.end[-1]))
        s.end--;
    return s;
}

struct lat__span lat__span_word(struct lat__span *s)
{
    struct lat__span w;

    while (s->p < s->end && is_blank(*s->p))
        s->p++;
    w.p = s->p;
    while (s->p < s->end && !is_blank(*s->p))
        s->p++;
    w.end = s->p;
    return w;
}

bool lat__span_int(struct lat__span *s, int64_t *v)
{
    const char *p = s->p;
    bool negative = p < s->end && *p == '-';
    int64_t n = 0;
    int digits = 0;

    if (p < s->end && (*p == '-' || *p == '+'))
        p++;
    for (; p < s->end && *p >= '0' && *p <= '9'; p++) {
        if (++digits > 15)
            return false;
        n = n * 10 + (*p - '0');
    }
    if (digits == 0)
        return false;
    *v = negative ? -n : n;
    s->p = p;
    return true;
}

void lat__span_copy(char *out, size_t size, struct lat__span s)
{
    size_t n = lat__span_len(s) < size - 1 ? lat__span_len(s) : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 127 ? ' ' : s.p[i];
    /* not a part of a character in UTF-8 */
    if (n < lat__span_len(s))
        while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
            n--;
    out[n] = '\0';
}

struct lat__quote lat__span_quote(struct lat__span s)
{
    struct lat__quote q;

    lat__span_copy(q.text, 41, s);
    if (lat__span_len(s) > 40)
        strcat(q.text, "...");
    return q;
}
