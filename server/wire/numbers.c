/* numbers.c - the fast path: text to floats, nothing between. */
#include "numbers.h"

#include <math.h>
#include <string.h>

struct list {
    struct latd_piece *piece;
    const char *p, *end;
    size_t n, cap;   /* floats in piece->v */
    size_t row, col; /* of the element we are at */
};

static void skip_space(struct list *l)
{
    while (l->p < l->end &&
           (*l->p == ' ' || *l->p == '\n' || *l->p == '\t' || *l->p == '\r'))
        l->p++;
}

/* Sets the path below the array: [row][col], or [col] in a flat one. */
static enum lat_code locate(const struct list *l, enum lat_code code,
                            struct lat_err *err)
{
    code = lat_at(err, code, "[%zu]", l->col);
    return l->piece->nested ? lat_at(err, code, "[%zu]", l->row) : code;
}

/* What stands here, for a message: up to the next delimiter. */
static int word_len(const struct list *l)
{
    int n = 0;

    while (n < 24 && l->p + n < l->end && l->p[n] > ' ' && l->p[n] < 0x7f &&
           !strchr(",[]{}", l->p[n]))
        n++;
    return n ? n : l->p < l->end && l->p[0] > ' ' && l->p[0] < 0x7f;
}

static enum lat_code fail_element(const struct list *l, struct lat_err *err)
{
    enum lat_code code = LAT_EFORMAT;

    if (l->p == l->end)
        code = lat_fail_word(err, code, "invalid_json",
                             "the text ends inside an array of numbers");
    else if (strchr("\"{tf", *l->p))
        code =
            lat_fail_word(err, LAT_EINVAL, "invalid_sample",
                          "%.*s, expected a number or null", word_len(l), l->p);
    else if (*l->p == '[')
        code = lat_fail_word(err, LAT_EINVAL, "invalid_sample",
                             "an array, expected a number or null: samples "
                             "nest as [[channel], [channel]]");
    else
        code = lat_fail_word(err, code, "invalid_json",
                             "%.*s, expected a number, or null for a missing "
                             "sample",
                             word_len(l), l->p);
    return locate(l, code, err);
}

static enum lat_code grow(struct list *l, struct lat_err *err)
{
    size_t cap = l->cap ? l->cap * 2 : 1024;
    float *v;

    /* a number and its comma are two bytes at least */
    if (cap > l->n + (size_t)(l->end - l->p) / 2 + 16)
        cap = l->n + (size_t)(l->end - l->p) / 2 + 16;
    v = lat_calloc(cap, sizeof(*v));
    if (!v)
        return lat_fail(err, LAT_ENOMEM, "%zu samples", cap);
    if (l->n)
        memcpy(v, l->piece->v, l->n * sizeof(*v));
    lat_free(l->piece->v);
    l->piece->v = v;
    l->cap = cap;
    return LAT_OK;
}

/* Room for the first thing that is wrong; NULL after that, or when there is no
 * memory: then *code is set. */
static struct lat_err *note(struct list *l, enum lat_code *code,
                            struct lat_err *err)
{
    if (l->piece->bad)
        return NULL;
    l->piece->bad = lat_calloc(1, sizeof(*l->piece->bad));
    if (!l->piece->bad)
        *code = lat_fail(err, LAT_ENOMEM, "error");
    return l->piece->bad;
}

static enum lat_code note_nonfinite(struct list *l, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    struct lat_err *bad = note(l, &code, err);

    if (!bad)
        return code;
    lat_fail_word(bad, LAT_EUNFIT, "nonfinite_input",
                  "%.*s is beyond float32, whose largest is 3.4028235e38",
                  word_len(l), l->p);
    locate(l, bad->code, bad);
    return LAT_OK;
}

static enum lat_code element(struct list *l, struct lat_err *err)
{
    const char *after;
    float *v;

    if (l->n == l->cap) {
        enum lat_code code = grow(l, err);

        if (code)
            return code;
    }
    v = &l->piece->v[l->n];
    if (l->end - l->p >= 4 && memcmp(l->p, "null", 4) == 0) {
        *v = NAN;
        after = l->p + 4;
    } else {
        after = lat_number_scan(v, l->p, l->end);
        if (!after)
            return fail_element(l, err);
    }
    if (isinf(*v)) {
        enum lat_code code = note_nonfinite(l, err);

        if (code)
            return code;
    }
    l->p = after;
    l->n++;
    return LAT_OK;
}

/* After an element: 1 when another follows, 0 at the end, -1 otherwise. */
static int more(struct list *l)
{
    skip_space(l);
    if (l->p == l->end || (*l->p != ',' && *l->p != ']'))
        return -1;
    if (*l->p++ == ']')
        return 0;
    skip_space(l);
    return 1;
}

/* The elements of one row, from after its bracket to after its end. */
static enum lat_code row(struct list *l, size_t *len, struct lat_err *err)
{
    int next = 1;

    l->col = 0;
    skip_space(l);
    if (l->p < l->end && *l->p == ']') {
        l->p++;
        *len = 0;
        return LAT_OK;
    }
    for (; next > 0; l->col++) {
        enum lat_code code = element(l, err);

        if (code)
            return code;
        next = more(l);
        if (next < 0)
            return fail_element(l, err);
    }
    *len = l->col;
    return LAT_OK;
}

static enum lat_code note_ragged(struct list *l, size_t len,
                                 struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    struct lat_err *bad = note(l, &code, err);

    if (!bad)
        return code;
    lat_fail_word(bad, LAT_EUNFIT, "ragged_channels",
                  "%zu samples, but channel 0 has %zu", len, l->piece->n);
    lat_at(bad, bad->code, "[%zu]", l->row);
    return LAT_OK;
}

/* The rows, from the first one's bracket to after the whole array's end. */
static enum lat_code rows(struct list *l, struct lat_err *err)
{
    int next = 1;

    l->piece->nested = true;
    for (; next > 0; l->row++) {
        enum lat_code code;
        size_t len;

        l->col = 0;
        if (l->p == l->end || *l->p != '[') {
            code = lat_fail_word(err, LAT_EFORMAT, "invalid_json",
                                 "expected an array, as the channels before");
            return lat_at(err, code, "[%zu]", l->row);
        }
        l->p++;
        code = row(l, &len, err);
        if (code)
            return code;
        if (l->row == 0)
            l->piece->n = len;
        else if (len != l->piece->n)
            code = note_ragged(l, len, err);
        if (code)
            return code;
        next = more(l);
    }
    l->piece->n_rows = l->row;
    return next < 0 ? fail_element(l, err) : LAT_OK;
}

enum lat_code latd_numbers_scan(struct latd_piece *piece, const char **p,
                                const char *end, struct lat_err *err)
{
    struct list l = {.piece = piece, .p = *p + 1, .end = end};
    enum lat_code code;

    skip_space(&l);
    if (l.p < l.end && *l.p == '[') {
        code = rows(&l, err);
    } else {
        code = row(&l, &piece->n, err);
        piece->n_rows = 1;
    }
    if (code) {
        lat_free(piece->v);
        lat_free(piece->bad);
        *piece = (struct latd_piece){0};
        return code;
    }
    *p = l.p;
    return LAT_OK;
}
