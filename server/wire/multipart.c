/* multipart.c - --boundary, headers, an empty line, bytes; until --boundary--
 */
#define _GNU_SOURCE /* memmem */
#include "multipart.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct cursor {
    const char *p, *end;
    char mark[LATD_MARK_MAX];
    size_t mark_len;
};

static enum lat_code fail_form(struct lat_err *err, const char *what)
{
    return lat_fail_word(err, LAT_EFORMAT, "invalid_multipart", "%s", what);
}

/* The value of name="value" or name=value among the parameters of a header.
 * False when there is none, or when it does not fit. */
static bool parameter(char *to, size_t size, const char *text, const char *name)
{
    size_t name_len = strlen(name), n = 0;
    const char *p = text;
    bool quoted;

    for (;;) {
        p = strchr(p, ';');
        if (!p)
            return false;
        p += 1 + strspn(p + 1, " \t");
        if (strncasecmp(p, name, name_len) == 0 && p[name_len] == '=')
            break;
        /* skip a quoted value, which may hold a semicolon */
        p += strcspn(p, ";\"");
        if (*p == '"') {
            for (p++; *p && *p != '"'; p++)
                if (*p == '\\' && p[1])
                    p++;
            p += *p == '"';
        }
    }
    p += name_len + 1;
    quoted = *p == '"';
    p += quoted;
    while (*p && (quoted ? *p != '"' : !strchr("; \t", *p))) {
        if (quoted && *p == '\\' && p[1])
            p++;
        if (n + 1 == size)
            return false;
        to[n++] = *p++;
    }
    to[n] = '\0';
    return !quoted || *p == '"';
}

enum lat_code latd_multipart_mark(char mark[LATD_MARK_MAX], const char *type,
                                  struct lat_err *err)
{
    memcpy(mark, "\r\n--", 4);
    if (!parameter(mark + 4, LATD_MARK_MAX - 4, type, "boundary") || !mark[4])
        return fail_form(err, "the Content-Type has no boundary of 1 to 70 "
                              "characters");
    return LAT_OK;
}

/* Only the last step of a path counts, of either kind of system. */
static void strip_folder(char *name)
{
    char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');

    if (back > slash || !slash)
        slash = back;
    if (slash)
        memmove(name, slash + 1, strlen(slash + 1) + 1);
}

/* One line, to its CR LF.  NULL when there is none of a sane length. */
static const char *line_end(const struct cursor *c)
{
    size_t most = (size_t)(c->end - c->p);

    return memmem(c->p, most < 1024 ? most : 1024, "\r\n", 2);
}

static enum lat_code read_disposition(struct latd_part *part, const char *line,
                                      struct lat_err *err)
{
    const char *value = strchr(line, ':') + 1;

    value += strspn(value, " \t");
    if (strncasecmp(value, "form-data", 9) != 0 ||
        !parameter(part->name, sizeof(part->name), value, "name"))
        return fail_form(err, "a part whose Content-Disposition is not "
                              "form-data with a name of at most 127 bytes");
    if (strcasestr(value, "filename=") &&
        !parameter(part->file, sizeof(part->file), value, "filename"))
        return fail_form(err, "a filename longer than 127 bytes");
    strip_folder(part->file);
    return LAT_OK;
}

enum lat_code latd_multipart_header(struct latd_part *part, const char *line,
                                    struct lat_err *err)
{
    if (strncasecmp(line, "content-disposition:", 20) == 0)
        return read_disposition(part, line, err);
    if (strncasecmp(line, "content-transfer-encoding:", 26) == 0 &&
        !strcasestr(line + 26, "binary") && !strcasestr(line + 26, "8bit") &&
        !strcasestr(line + 26, "7bit"))
        return fail_form(err, "a part with a transfer encoding");
    return LAT_OK;
}

/* The headers of a part, up to its empty line. */
static enum lat_code read_headers(struct latd_part *part, struct cursor *c,
                                  struct lat_err *err)
{
    for (;;) {
        const char *eol = line_end(c);
        char line[1024];
        size_t len;
        enum lat_code code;

        if (!eol)
            return fail_form(err, "a part's headers do not end, or one is "
                                  "longer than 1022 bytes");
        len = (size_t)(eol - c->p);
        memcpy(line, c->p, len);
        line[len] = '\0';
        c->p = eol + 2;
        if (len == 0)
            break;
        code = latd_multipart_header(part, line, err);
        if (code)
            return code;
    }
    if (!part->name[0])
        return fail_form(err, "a part without a name");
    return LAT_OK;
}

/* After a boundary: 1 when a part follows, 0 at the end of all, -1 else. */
static int after_mark(struct cursor *c)
{
    size_t left = (size_t)(c->end - c->p);

    if (left >= 2 && memcmp(c->p, "--", 2) == 0)
        return 0;
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
        c->p++;
    if (c->end - c->p < 2 || memcmp(c->p, "\r\n", 2) != 0)
        return -1;
    c->p += 2;
    return 1;
}

static enum lat_code read_part(struct latd_part *part, struct cursor *c,
                               struct lat_err *err)
{
    enum lat_code code = read_headers(part, c, err);
    const char *mark;

    if (code)
        return code;
    /* the CR LF of an empty part's mark is that of the empty line */
    c->p -= 2;
    mark = memmem(c->p, (size_t)(c->end - c->p), c->mark, c->mark_len);
    if (!mark)
        return fail_form(err, "cut short: the last part has no end");
    part->data = mark == c->p ? c->p : c->p + 2;
    part->len = mark == c->p ? 0 : (size_t)(mark - part->data);
    c->p = mark + c->mark_len;
    return LAT_OK;
}

/* Twice as much room, with the first n parts in it. */
static enum lat_code grow(struct latd_part **parts, size_t n, size_t *cap,
                          struct lat_err *err)
{
    size_t more = *cap ? *cap * 2 : 8;
    struct latd_part *v;

    if (n < *cap)
        return LAT_OK;
    if (n >= LATD_PARTS_MAX)
        return lat_fail(err, LAT_ETOOBIG, "more than %d parts", LATD_PARTS_MAX);
    v = lat_calloc(more, sizeof(*v));
    if (!v)
        return lat_fail(err, LAT_ENOMEM, "%zu parts", more);
    if (n)
        memcpy(v, *parts, n * sizeof(*v));
    lat_free(*parts);
    *parts = v;
    *cap = more;
    return LAT_OK;
}

enum lat_code latd_multipart_split(struct latd_part **parts, size_t *n,
                                   const char *type, const char *body,
                                   size_t len, struct lat_err *err)
{
    struct cursor c = {.p = body, .end = body + len};
    struct latd_part *v = NULL;
    size_t n_parts = 0, cap = 0;
    enum lat_code code = latd_multipart_mark(c.mark, type, err);
    int next;

    if (code)
        return code;
    c.mark_len = strlen(c.mark);
    if (len < c.mark_len - 2 || memcmp(body, c.mark + 2, c.mark_len - 2) != 0)
        return fail_form(err, "it does not begin with its boundary");
    c.p += c.mark_len - 2;
    while ((next = after_mark(&c)) > 0) {
        code = grow(&v, n_parts, &cap, err);
        if (code == LAT_OK)
            code = read_part(&v[n_parts++], &c, err);
        if (code)
            goto out;
    }
    if (next < 0) {
        code = fail_form(err, "a boundary in the middle of a line");
        goto out;
    }
    *parts = v;
    *n = n_parts;
    v = NULL; /* the caller's from here on */
out:
    lat_free(v);
    return code;
}
