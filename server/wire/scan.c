/* scan.c - one strict pass over the text. */
#include "scan.h"

#include "numbers.h"

#include <string.h>

/* Where we are: an object at one of its keys, or an array at an index. */
struct frame {
    bool object;
    const char *key; /* with len; in the body, escapes and all */
    size_t key_len, index;
};

struct pass {
    struct latd_scan *out;
    const char *body, *p, *end;
    const char *copied; /* the envelope has all before this */
    struct frame stack[LATD_JSON_DEPTH];
    size_t depth;
    size_t values; /* colons, commas and brackets so far */
    bool at_key;   /* the next string is a key */
};

static bool key_is(const struct frame *f, const char *key)
{
    return f->object && f->key && f->key_len == strlen(key) &&
           memcmp(f->key, key, f->key_len) == 0;
}

static bool beneath(const struct pass *s, const char *key, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        if (key_is(&s->stack[i], key))
            return true;
    return false;
}

/* Whose "input" and "data" mean nothing to us: what is beneath "metadata", or
 * beneath a key that is spelled with escapes, so that it may be that. */
static bool is_foreign(const struct pass *s)
{
    for (size_t i = 0; i + 1 < s->depth; i++) {
        const struct frame *f = &s->stack[i];

        if (key_is(f, "metadata") ||
            (f->object && f->key && memchr(f->key, '\\', f->key_len)))
            return true;
    }
    return false;
}

/* Samples, as numbers or as text: "data" anywhere beneath "input". */
static bool wants_samples(const struct pass *s)
{
    return s->depth && !is_foreign(s) &&
           key_is(&s->stack[s->depth - 1], "data") &&
           beneath(s, "input", s->depth - 1);
}

/* Data URIs: "input" itself, an element of it, a "url" or "image_url" beneath.
 */
static bool wants_uri(const struct pass *s)
{
    const struct frame *top;

    if (s->depth == 0 || is_foreign(s))
        return false;
    top = &s->stack[s->depth - 1];
    if (key_is(top, "input"))
        return true;
    if (key_is(top, "url") || key_is(top, "image_url"))
        return beneath(s, "input", s->depth - 1);
    return !top->object && s->depth > 1 && key_is(top - 1, "input");
}

static enum lat_code push(struct pass *s, bool object, struct lat_err *err)
{
    if (s->depth == LATD_JSON_DEPTH)
        return lat_fail_word(err, LAT_EFORMAT, "invalid_json",
                             "nested deeper than %d at byte %zu",
                             LATD_JSON_DEPTH, (size_t)(s->p - s->body));
    s->stack[s->depth++] = (struct frame){.object = object};
    s->at_key = object;
    return LAT_OK;
}

/* The path of the value that we are at, before what err->param has. */
static enum lat_code locate(const struct pass *s, enum lat_code code,
                            struct lat_err *err)
{
    for (size_t i = s->depth; i-- > 0;) {
        const struct frame *f = &s->stack[i];

        if (!f->object)
            code = lat_at(err, code, "[%zu]", f->index);
        else if (f->key)
            code = lat_at(err, code, "%.*s",
                          f->key_len < 40 ? (int)f->key_len : 40, f->key);
    }
    return code;
}

static enum lat_code grow(struct latd_scan *s, struct lat_err *err)
{
    size_t cap = s->cap ? s->cap * 2 : 16;
    struct latd_piece *more;

    if (s->n_pieces < s->cap)
        return LAT_OK;
    more = lat_calloc(cap, sizeof(*more));
    if (!more)
        return lat_fail(err, LAT_ENOMEM, "%zu values", cap);
    if (s->n_pieces)
        memcpy(more, s->pieces, s->n_pieces * sizeof(*more));
    lat_free(s->pieces);
    s->pieces = more;
    s->cap = cap;
    return LAT_OK;
}

/* The envelope gets all up to begin, then the piece's number, and goes on at
 * the pass's place. */
static enum lat_code take_out(struct pass *s, const struct latd_piece *piece,
                              const char *begin, struct lat_err *err)
{
    struct latd_scan *out = s->out;
    size_t before = out->envelope.len;
    struct latd_piece *to = &out->pieces[out->n_pieces];

    *to = *piece;
    lat_buf_put(&out->envelope, s->copied, (size_t)(begin - s->copied));
    to->at = before + (size_t)(begin - s->copied);
    lat_buf_printf(&out->envelope, "%zu", out->n_pieces++);
    if (out->envelope.failed)
        return lat_fail(err, LAT_ENOMEM, "envelope");
    to->saved = (size_t)(s->p - begin) - (out->envelope.len - to->at);
    s->copied = s->p;
    return LAT_OK;
}

static enum lat_code take_numbers(struct pass *s, struct lat_err *err)
{
    struct latd_piece piece = {0};
    const char *begin = s->p;
    enum lat_code code = grow(s->out, err);

    if (code)
        return code;
    code = latd_numbers_scan(&piece, &s->p, s->end, err);
    if (code)
        return locate(s, code, err);
    return take_out(s, &piece, begin, err);
}

/* From the quote on.  A string that does not end is jansson's to refuse. */
static enum lat_code string(struct pass *s, struct lat_err *err)
{
    const char *begin = s->p++, *text = s->p;
    bool plain = true;

    while (s->p < s->end && *s->p != '"') {
        if (*s->p == '\\') {
            plain = false;
            s->p++;
        }
        s->p += s->p < s->end;
    }
    if (s->p == s->end)
        return LAT_OK;
    s->p++;
    if (s->at_key && s->depth) {
        s->stack[s->depth - 1].key = text;
        s->stack[s->depth - 1].key_len = (size_t)(s->p - 1 - text);
    } else if (plain && (wants_samples(s) || wants_uri(s))) {
        struct latd_piece piece = {.text = text,
                                   .len = (size_t)(s->p - 1 - text)};
        enum lat_code code = grow(s->out, err);

        return code ? code : take_out(s, &piece, begin, err);
    }
    return LAT_OK;
}

static enum lat_code open_array(struct pass *s, struct lat_err *err)
{
    enum lat_code code;

    if (!s->at_key && wants_samples(s))
        return take_numbers(s, err);
    code = push(s, false, err);
    s->p++;
    return code;
}

/* A piece's number stands where a value of the client's cannot. */
static enum lat_code number(struct pass *s, struct lat_err *err)
{
    enum lat_code code;

    s->p++;
    if (s->at_key || (!wants_samples(s) && !wants_uri(s)))
        return LAT_OK;
    code = lat_fail(err, LAT_EINVAL, "a number, expected %s",
                    wants_samples(s)
                        ? "an array of numbers per channel, or base64 text"
                        : "a signal object or a data URI");
    return locate(s, code, err);
}

static void comma(struct pass *s)
{
    struct frame *top;

    s->p++;
    if (s->depth == 0)
        return;
    top = &s->stack[s->depth - 1];
    if (top->object)
        s->at_key = true;
    else
        top->index++;
}

static void close_any(struct pass *s)
{
    s->p++;
    if (s->depth)
        s->depth--;
    s->at_key = false;
}

/* A value is not far from each of these. */
static enum lat_code count(struct pass *s, struct lat_err *err)
{
    if (!strchr("[{,:", *s->p) || !*s->p || s->values++ < LATD_JSON_VALUES)
        return LAT_OK;
    return lat_fail(err, LAT_ETOOBIG,
                    "more than %d values that are not samples",
                    LATD_JSON_VALUES);
}

static enum lat_code step(struct pass *s, struct lat_err *err)
{
    enum lat_code code = count(s, err);

    if (code)
        return code;
    if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
        return number(s, err);
    switch (*s->p) {
    case '"':
        return string(s, err);
    case '[':
        return open_array(s, err);
    case '{':
        code = push(s, true, err);
        s->p++;
        return code;
    case ']':
    case '}':
        close_any(s);
        return LAT_OK;
    case ',':
        comma(s);
        return LAT_OK;
    case ':':
        s->at_key = false;
        s->p++;
        return LAT_OK;
    default:
        s->p++;
        return LAT_OK;
    }
}

enum lat_code latd_scan_run(struct latd_scan *s, const char *body, size_t len,
                            struct lat_err *err)
{
    struct pass pass = {
        .out = s, .body = body, .p = body, .end = body + len, .copied = body};

    while (pass.p < pass.end) {
        enum lat_code code = step(&pass, err);

        if (code)
            return code;
    }
    lat_buf_put(&s->envelope, pass.copied, (size_t)(pass.end - pass.copied));
    if (s->envelope.failed)
        return lat_fail(err, LAT_ENOMEM, "envelope");
    return LAT_OK;
}

void latd_scan_fini(struct latd_scan *s)
{
    for (size_t i = 0; i < s->n_pieces; i++) {
        lat_free(s->pieces[i].v);
        lat_free(s->pieces[i].bad);
    }
    lat_free(s->pieces);
    lat_buf_fini(&s->envelope);
    *s = (struct latd_scan){0};
}
