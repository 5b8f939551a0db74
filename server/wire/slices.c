/* slices.c - a list of bodies, cut into bodies. */
#include "recording.h"

#include <string.h>

/* The text is looked at no further than to find where an element ends. */
struct cutter {
    struct latd_slice *v;
    size_t n, max;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum lat_code add(struct cutter *c, const char *from, const char *to,
                         struct lat_err *err)
{
    while (to > from && is_space(to[-1]))
        to--;
    if (c->n == c->max)
        return lat_fail(err, LAT_ETOOBIG,
                        "over %zu recordings, at most that many are taken at "
                        "once (max-inputs)",
                        c->max);
    c->v[c->n++] = (struct latd_slice){from, (size_t)(to - from)};
    return LAT_OK;
}

/* The end of the text that begins at p, behind its quote; NULL: it has none. */
static const char *skip_text(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : NULL;
}

/* The comma or bracket behind the element at p; NULL: there is none. */
static const char *skip_element(const char *p, const char *end)
{
    size_t depth = 0;

    while (p && p < end) {
        if (*p == '"') {
            p = skip_text(p, end);
            continue;
        }
        if (depth == 0 && (*p == ',' || *p == ']'))
            return p;
        if (*p == '[' || *p == '{')
            depth++;
        else if (*p == ']' || *p == '}')
            depth--;
        p++;
    }
    return NULL;
}

static enum lat_code cut_array(struct cutter *c, const char *p, const char *end,
                               struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (p++; !code; p++) {
        const char *to;

        while (p < end && is_space(*p))
            p++;
        if (p < end && *p == ']' && c->n == 0)
            break;
        to = skip_element(p, end);
        if (!to || to == p)
            return lat_fail_word(err, LAT_EFORMAT, "invalid_json",
                                 "the array of recordings has no end, or "
                                 "nothing between two commas");
        code = add(c, p, to, err);
        p = to;
        if (*p == ']')
            break;
    }
    for (p++; !code && p < end; p++)
        if (!is_space(*p))
            code = lat_fail_word(err, LAT_EFORMAT, "invalid_json",
                                 "more behind the array of recordings");
    return code;
}

static enum lat_code cut_lines(struct cutter *c, const char *p, const char *end,
                               struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    while (p < end && !code) {
        const char *to = memchr(p, '\n', (size_t)(end - p));

        to = to ? to : end;
        while (p < to && is_space(*p))
            p++;
        if (p < to)
            code = add(c, p, to, err);
        p = to + 1;
    }
    return code;
}

enum lat_code latd_wire_slices(struct latd_slice **out, size_t *n,
                               const char *body, size_t len, bool lines,
                               size_t max, struct lat_err *err)
{
    const char *end = body + len;
    struct cutter c = {.max = max};
    enum lat_code code;

    while (body < end && is_space(*body))
        body++;
    if (!lines && (body == end || *body != '['))
        return lat_fail_word(err, LAT_EFORMAT, "invalid_json",
                             "expected an array of recordings");
    c.v = lat_calloc(max, sizeof(*c.v));
    if (!c.v)
        return lat_fail(err, LAT_ENOMEM, "%zu recordings", max);
    code =
        lines ? cut_lines(&c, body, end, err) : cut_array(&c, body, end, err);
    if (!code && c.n == 0)
        code =
            lat_fail(err, LAT_EINVAL, "no recordings, expected at least one");
    if (code) {
        lat_free(c.v);
        return code;
    }
    *out = c.v;
    *n = c.n;
    return LAT_OK;
}
