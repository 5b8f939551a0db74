/*
 * atr.c - a WFDB record's annotations, in the format of the MIT.
 *
 * Pairs of bytes, low one first: a code in the upper 6 bits, in the lower 10
 * the samples since the one before.  Some codes are not events but go on with
 * the event before them, or with the time.  Zero ends the file.
 */
#include "../latent/signal.h"

#include <string.h>

enum { SKIP = 59, NUM = 60, SUB = 61, CHN = 62, AUX = 63 };

/* By code; a blank where there is no such event. */
static const char symbols[] = " NLRaVFJASEj/Q~ | sT*D\"=pB^t+u?![]en@xf()r";

struct reader {
    const uint8_t *p, *end;
    int64_t time;
};

static unsigned take_pair(struct reader *r)
{
    unsigned v = r->p[0] | (unsigned)r->p[1] << 8;

    r->p += 2;
    return v;
}

static bool has(const struct reader *r, size_t n)
{
    return (size_t)(r->end - r->p) >= n;
}

static enum lat_code fail_short(struct lat_err *err)
{
    return lat_fail(err, LAT_EFORMAT, "truncated: no end of annotations");
}

/* The next event; code 0 at the end. */
static enum lat_code next(struct reader *r, struct lat_annotation *a,
                          struct lat_err *err)
{
    for (;;) {
        unsigned v, code, low;

        if (!has(r, 2))
            return fail_short(err);
        v = take_pair(r);
        code = v >> 10;
        low = v & 0x3ff;
        if (code == SKIP) {
            uint32_t high;

            if (!has(r, 4))
                return fail_short(err);
            high = take_pair(r);
            r->time += (int32_t)(high << 16 | take_pair(r));
        } else if (code == AUX) {
            low += low % 2; /* text, filled up to a pair */
            if (!has(r, low))
                return fail_short(err);
            r->p += low;
        } else if (code < SKIP) {
            r->time += low;
            a->code = v ? code : 0;
            if (v && code == 0)
                continue; /* time passes */
            break;
        }
    }
    if (r->time < 0)
        return lat_fail(err, LAT_EFORMAT, "an event at sample %lld",
                        (long long)r->time);
    a->sample = (size_t)r->time;
    a->symbol = a->code < sizeof(symbols) - 1 ? symbols[a->code] : ' ';
    return LAT_OK;
}

enum lat_code lat_wfdb_annotations(struct lat_annotation **out, size_t *n,
                                   const struct lat_blob *file,
                                   struct lat_err *err)
{
    struct reader r = {file->data, NULL, 0};
    /* each takes two bytes at least, and the end two more */
    struct lat_annotation *all = lat_calloc(file->len / 2 + 1, sizeof(*all));
    enum lat_code code = LAT_OK;
    size_t count = 0;

    if (!all)
        return lat_fail(err, LAT_ENOMEM, "annotations");
    r.end = r.p + file->len;
    while (code == LAT_OK) {
        code = next(&r, &all[count], err);
        if (code == LAT_OK && all[count].code == 0)
            break;
        count++;
    }
    if (code) {
        lat_free(all);
        return lat_wrap(err, code, "%s", file->name);
    }
    *out = all;
    *n = count;
    return LAT_OK;
}

char lat_aami_class(char symbol)
{
    static const struct {
        char name;
        const char *symbols;
    } classes[] = {
        {'N', "NLRej"}, {'S', "AaJS"}, {'V', "VE"}, {'F', "F"}, {'Q', "/fQ"}};

    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (symbol && strchr(classes[i].symbols, symbol))
            return classes[i].name;
    return '\0';
}
