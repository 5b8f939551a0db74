/* intake.c - a form's parts as they come: what is not decided yet is kept. */
#define _GNU_SOURCE /* memmem */
#include "intake.h"

#include <string.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 1024 };

enum state {
    AT_MARK, /* the first mark stands next */
    BEHIND,  /* a mark has been read: another part, or the end */
    HEADERS,
    DATA,
    END,
};

struct latd_intake {
    struct latd_intake_ops ops;
    char mark[LATD_MARK_MAX];
    size_t mark_len;
    enum state state;
    bool fresh; /* in DATA: the CR LF of the empty line stands first */
    struct latd_part part;
    struct lat_buf kept; /* what is not decided yet */
    size_t n_parts;
};

static enum lat_code fail_form(struct lat_err *err, const char *what)
{
    return lat_fail_word(err, LAT_EFORMAT, "invalid_multipart", "%s", what);
}

enum lat_code latd_intake_new(struct latd_intake **out, const char *type,
                              const struct latd_intake_ops *ops,
                              struct lat_err *err)
{
    struct latd_intake *f;
    enum lat_code code;

    if (!type || strncasecmp(type, "multipart/form-data", 19) != 0)
        return lat_fail(err, LAT_EMEDIA,
                        "Content-Type is %.60s, expected multipart/form-data",
                        type ? type : "not said");
    f = lat_calloc(1, sizeof(*f));
    if (!f)
        return lat_fail(err, LAT_ENOMEM, "a form");
    f->ops = *ops;
    code = latd_multipart_mark(f->mark, type, err);
    if (code) {
        lat_free(f);
        return code;
    }
    f->mark_len = strlen(f->mark);
    /* The first mark has no CR LF of its own. */
    lat_buf_puts(&f->kept, "\r\n");
    *out = f;
    return LAT_OK;
}

void latd_intake_free(struct latd_intake *f)
{
    if (!f)
        return;
    lat_buf_fini(&f->kept);
    lat_free(f);
}

/* ---- the states: each takes what it can, *took of it, and says whether there
 * is something to go on with */

static enum lat_code at_mark(struct latd_intake *f, size_t *took,
                             struct lat_err *err)
{
    size_t n = f->kept.len < f->mark_len ? f->kept.len : f->mark_len;

    if (memcmp(f->kept.v, f->mark, n) != 0)
        return fail_form(err, "it does not begin with its boundary");
    if (n < f->mark_len)
        return LAT_OK;
    *took = f->mark_len;
    f->state = BEHIND;
    return LAT_OK;
}

static enum lat_code behind(struct latd_intake *f, size_t *took,
                            struct lat_err *err)
{
    const char *p = f->kept.v;
    size_t n = 0;

    if (f->kept.len < 2)
        return LAT_OK;
    if (p[0] == '-' && p[1] == '-') {
        *took = f->kept.len;
        f->state = END;
        return LAT_OK;
    }
    while (n < f->kept.len && (p[n] == ' ' || p[n] == '\t'))
        n++;
    if (n > LINE_MAX_BYTES ||
        (n + 2 <= f->kept.len && memcmp(p + n, "\r\n", 2) != 0))
        return fail_form(err, "a boundary in the middle of a line");
    if (n + 2 > f->kept.len)
        return LAT_OK;
    if (++f->n_parts > LATD_PARTS_MAX)
        return lat_fail(err, LAT_ETOOBIG, "more than %d parts", LATD_PARTS_MAX);
    *took = n + 2;
    memset(&f->part, 0, sizeof(f->part));
    f->state = HEADERS;
    return LAT_OK;
}

static enum lat_code headers(struct latd_intake *f, size_t *took,
                             struct lat_err *err)
{
    size_t most = f->kept.len < LINE_MAX_BYTES ? f->kept.len : LINE_MAX_BYTES;
    const char *eol = memmem(f->kept.v, most, "\r\n", 2);
    char line[LINE_MAX_BYTES];
    size_t len;

    if (!eol && most == LINE_MAX_BYTES)
        return fail_form(err, "a part's headers do not end, or one is longer "
                              "than 1022 bytes");
    if (!eol)
        return LAT_OK;
    len = (size_t)(eol - f->kept.v);
    if (len > 0) {
        memcpy(line, f->kept.v, len);
        line[len] = '\0';
        *took = len + 2;
        return latd_multipart_header(&f->part, line, err);
    }
    if (!f->part.name[0])
        return fail_form(err, "a part without a name");
    f->state = DATA; /* the CR LF stays: it is that of an empty part's mark */
    f->fresh = true;
    return f->ops.part(f->ops.arg, &f->part, err);
}

static enum lat_code hand_on(struct latd_intake *f, size_t n,
                             struct lat_err *err)
{
    size_t skip = f->fresh ? 2 : 0;

    f->fresh = false;
    return n > skip ? f->ops.data(f->ops.arg, f->kept.v + skip, n - skip, err)
                    : LAT_OK;
}

static enum lat_code data(struct latd_intake *f, size_t *took,
                          struct lat_err *err)
{
    const char *mark;
    enum lat_code code;

    if (f->kept.len < f->mark_len)
        return LAT_OK;
    mark = memmem(f->kept.v, f->kept.len, f->mark, f->mark_len);
    if (!mark) {
        /* all but what may be the beginning of a mark */
        *took = f->kept.len - (f->mark_len - 1);
        /* the empty line's CR LF goes as one */
        if (f->fresh && *took < 2) {
            *took = 0;
            return LAT_OK;
        }
        return hand_on(f, *took, err);
    }
    *took = (size_t)(mark - f->kept.v);
    code = hand_on(f, *took, err);
    *took += f->mark_len;
    f->state = BEHIND;
    return code;
}

static enum lat_code step(struct latd_intake *f, size_t *took,
                          struct lat_err *err)
{
    switch (f->state) {
    case AT_MARK:
        return at_mark(f, took, err);
    case BEHIND:
        return behind(f, took, err);
    case HEADERS:
        return headers(f, took, err);
    case DATA:
        return data(f, took, err);
    case END:
        break;
    }
    *took = f->kept.len; /* what follows the end means nothing (RFC 2046) */
    return LAT_OK;
}

enum lat_code latd_intake_feed(struct latd_intake *f, const char *p, size_t len,
                               struct lat_err *err)
{
    enum state before;
    size_t took;

    lat_buf_put(&f->kept, p, len);
    if (f->kept.failed)
        return lat_fail(err, LAT_ENOMEM, "a form");
    do {
        enum lat_code code;

        took = 0;
        before = f->state;
        code = step(f, &took, err);
        if (code)
            return code;
        if (took)
            memmove(f->kept.v, f->kept.v + took, f->kept.len - took);
        f->kept.len -= took;
    } while (f->kept.len > 0 && (took > 0 || f->state != before));
    return LAT_OK;
}

enum lat_code latd_intake_finish(const struct latd_intake *f,
                                 struct lat_err *err)
{
    if (f->state == END)
        return LAT_OK;
    return fail_form(err, "cut short: the last part has no end");
}
