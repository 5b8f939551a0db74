/*
 * read.c - recipes as text: lines of `key = value`, comments from # on.
 *
 * A line that begins with a blank goes on with the value of the line before.
 * `subject NAME = RECORD RECORD …` says which records are one person.
 */
#include "../train.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { RECIPE_MAX = 1 << 20 };

static char *trim(char *s)
{
    char *end;

    while (isspace((unsigned char)*s))
        s++;
    end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return s;
}

struct reader {
    struct lat_recipe *r;
    bool *seen;        /* by key of the table */
    size_t line, said; /* lines are counted from 1; where key stood */
    char key[64];
    struct lat_buf value;
};

/* The value is whole when the next key begins. */
static enum lat_code flush(struct reader *p, struct lat_err *err)
{
    const struct lat__key *k = lat__key_find(p->key);
    enum lat_code code;

    if (!*p->key)
        return LAT_OK;
    if (p->value.failed)
        return lat_fail(err, LAT_ENOMEM, "line %zu", p->said);
    if (k && p->seen[k - lat__key(0)])
        return lat_fail(err, LAT_EFORMAT, "line %zu: %s was said before",
                        p->said, p->key);
    if (k)
        p->seen[k - lat__key(0)] = true;
    code = lat_recipe_set(p->r, p->key, p->value.v, err);
    return code ? lat_wrap(err, code, "line %zu", p->said) : LAT_OK;
}

static enum lat_code begin(struct reader *p, char *line, struct lat_err *err)
{
    char *is = strchr(line, '=');
    enum lat_code code;

    if (!is)
        return lat_fail(err, LAT_EFORMAT,
                        "line %zu: \"%.40s\" is not key = value", p->line,
                        line);
    code = flush(p, err);
    if (code)
        return code;
    *is = '\0';
    snprintf(p->key, sizeof(p->key), "%s", trim(line));
    p->said = p->line;
    p->value.len = 0;
    lat_buf_puts(&p->value, trim(is + 1));
    return LAT_OK;
}

static enum lat_code read_line(struct reader *p, char *line,
                               struct lat_err *err)
{
    bool goes_on = isspace((unsigned char)*line);

    line[strcspn(line, "#")] = '\0';
    p->line++;
    if (!*trim(line))
        return LAT_OK;
    if (!goes_on)
        return begin(p, line, err);
    if (!*p->key)
        return lat_fail(err, LAT_EFORMAT,
                        "line %zu goes on with a value that never began",
                        p->line);
    lat_buf_printf(&p->value, "%s%s", p->value.len ? " " : "", trim(line));
    return LAT_OK;
}

static enum lat_code read_text(struct lat_recipe *r, char *text,
                               struct lat_err *err)
{
    struct reader p = {.r = r};
    enum lat_code code = LAT_OK;
    size_t n = 0;

    while (lat__key(n))
        n++;
    p.seen = lat_calloc(n, sizeof(*p.seen));
    if (!p.seen)
        return lat_fail(err, LAT_ENOMEM, "keys");
    while (!code && text) {
        char *end = strchr(text, '\n');

        if (end)
            *end++ = '\0';
        code = read_line(&p, text, err);
        text = end;
    }
    if (!code)
        code = flush(&p, err);
    lat_buf_fini(&p.value);
    lat_free(p.seen);
    return code;
}

enum lat_code lat__recipe_parse(struct lat_recipe **out, char *text,
                                struct lat_err *err)
{
    struct lat_recipe *r = NULL;
    enum lat_code code = lat__recipe_new(&r, err);

    if (!code)
        code = read_text(r, text, err);
    if (!code)
        code = lat__recipe_check(r, err);
    if (code)
        lat_recipe_free(r);
    else
        *out = r;
    return code;
}

enum lat_code lat_recipe_read(struct lat_recipe **out, const char *path,
                              struct lat_err *err)
{
    char *text = NULL;
    enum lat_code code;
    size_t len;

    code = lat_file_read(&text, &len, path, RECIPE_MAX, err);
    if (code)
        return lat_wrap(err, code, "recipe");
    if (strlen(text) != len)
        code = lat_fail(err, LAT_EFORMAT, "not a text");
    if (!code)
        code = lat__recipe_parse(out, text, err);
    lat_free(text);
    return code ? lat_wrap(err, code, "recipe %s", path) : LAT_OK;
}
