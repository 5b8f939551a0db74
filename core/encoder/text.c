/*
 * text.c - layers as a recipe writes them: "conv1d 16 k7 s2 p3, relu".
 *
 * A layer is a kind and its numbers, each behind its letter; the number of
 * output channels or features stands without one.
 */
#include "spec.h"

#include <string.h>

#define FIELD(name, letter)                                   \
    {                                                         \
#name, letter, offsetof(struct lat__layer_spec, name) \
    }

const struct lat__layer_field lat__layer_fields[LAT_LAYER_FIELDS] = {
    FIELD(out, ""),       FIELD(kernel, "k"),  FIELD(stride, "s"),
    FIELD(pad, "p"),      FIELD(factor, "x"),  FIELD(width, "w"),
    FIELD(channels, "c"), FIELD(from, "from"), FIELD(with, "with"),
};

size_t *lat__layer_field(struct lat__layer_spec *l, size_t field)
{
    return (size_t *)((char *)l + lat__layer_fields[field].offset);
}

enum { WORD_MAX = 24 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word before end into word; false when there is none. */
static bool next_word(char word[WORD_MAX], const char **p, const char *end)
{
    size_t len = 0;

    while (*p < end && is_space(**p))
        (*p)++;
    while (*p < end && !is_space(**p)) {
        if (len + 1 < WORD_MAX)
            word[len++] = **p;
        (*p)++;
    }
    word[len] = '\0';
    return len > 0;
}

/* The number behind the letters of a word; SIZE_MAX when it is none. */
static size_t word_number(const char *digits)
{
    size_t n = 0;

    if (!*digits)
        return SIZE_MAX;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return SIZE_MAX;
        n = n * 10 + (size_t)(*digits - '0');
        if (n > LAT_FIELD_MAX)
            return SIZE_MAX;
    }
    return n;
}

static enum lat_code read_field(struct lat__layer_spec *l, const char *word,
                                struct lat_err *err)
{
    size_t letters = strcspn(word, "0123456789");
    size_t n = word_number(word + letters);

    for (size_t f = 0; f < LAT_LAYER_FIELDS; f++) {
        const char *letter = lat__layer_fields[f].letter;

        if (strlen(letter) != letters || strncmp(word, letter, letters) != 0)
            continue;
        if (n == SIZE_MAX)
            break;
        if (*lat__layer_field(l, f))
            return lat_fail(err, LAT_EFORMAT, "%s is said twice",
                            lat__layer_fields[f].name);
        *lat__layer_field(l, f) = n;
        return LAT_OK;
    }
    return lat_fail(err, LAT_EFORMAT,
                    "\"%s\" is not a number up to %d, alone or behind one of "
                    "k s p x w c from with",
                    word, LAT_FIELD_MAX);
}

static enum lat_code read_layer(struct lat__layer_spec *l, const char *p,
                                const char *end, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char word[WORD_MAX];

    if (!next_word(word, &p, end))
        return lat_fail(err, LAT_EFORMAT, "is empty");
    l->kind = lat__layer_name(word);
    if (!l->kind)
        return lat_fail(err, LAT_EFORMAT, "unknown kind \"%s\"", word);
    while (!code && next_word(word, &p, end))
        code = read_field(l, word, err);
    return code ? lat_wrap(err, code, "%s", l->kind) : LAT_OK;
}

enum lat_code lat__layers_parse(struct lat__layer_spec **out, size_t *n,
                                const char *text, struct lat_err *err)
{
    struct lat__layer_spec *l;
    size_t count = 1;

    for (const char *p = text; *p; p++)
        count += *p == ',';
    if (text[strspn(text, " \t\r\n")] == '\0')
        count = 0;
    if (count > LAT_LAYERS_MAX)
        return lat_fail(err, LAT_EFORMAT, "%zu layers, at most %d", count,
                        LAT_LAYERS_MAX);
    l = lat_calloc(count, sizeof(*l));
    if (!l)
        return lat_fail(err, LAT_ENOMEM, "%zu layers", count);
    for (size_t i = 0; i < count; i++) {
        const char *end = text + strcspn(text, ",");
        enum lat_code code = read_layer(&l[i], text, end, err);

        if (code) {
            lat_free(l);
            return lat_wrap(err, code, "layer %zu", i);
        }
        text = end + 1;
    }
    *out = l;
    *n = count;
    return LAT_OK;
}

void lat__layers_print(struct lat_buf *out, const struct lat__layer_spec *l,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct lat__layer_spec s = l[i];

        lat_buf_printf(out, "%s%s", i ? ", " : "", s.kind);
        for (size_t f = 0; f < LAT_LAYER_FIELDS; f++)
            if (*lat__layer_field(&s, f))
                lat_buf_printf(out, " %s%zu", lat__layer_fields[f].letter,
                               *lat__layer_field(&s, f));
    }
}
