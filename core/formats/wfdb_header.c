/*
 * wfdb_header.c - the text beside a WFDB record's samples.
 *
 *     name[/segments] signals [rate[/counter[(base)]] [frames [time [date]]]]
 *     file format[xSPF][:skew][+offset] [gain[(baseline)][/unit]
 *         [bits [zero [initial [checksum [block [description]]]]]]]
 *
 * the second line once for each signal.  From the first field that is left
 * out, all are.  A line that begins with # is a comment.
 */
#include "../base/number.h"
#include "text.h"
#include "wfdb.h"

#include <math.h>
#include <string.h>

/* What is being read, for messages. */
struct header {
    struct lat__lines lines;
    struct lat_err *err;
};

static enum lat_code bad(struct header *h, const char *what,
                         struct lat__span got, const char *expected)
{
    return lat_fail(h->err, LAT_EFORMAT, "line %zu: %s `%s`, must be %s",
                    h->lines.number, what, lat__span_quote(got).text, expected);
}

static bool next(struct header *h, struct lat__span *line)
{
    while (lat__lines_next(&h->lines, line)) {
        *line = lat__span_trim(*line);
        if (line->p < line->end && *line->p != '#')
            return true;
    }
    return false;
}

/* An optional field that is a whole number; has says whether it was there. */
static enum lat_code take_int(struct header *h, struct lat__span *line,
                              const char *what, int64_t *v, bool *has)
{
    struct lat__span word = lat__span_word(line), rest = word;

    *has = word.p < word.end;
    if (*has && (!lat__span_int(&rest, v) || rest.p < rest.end))
        return bad(h, what, word, "a whole number");
    return LAT_OK;
}

/* ---- the first line ----------------------------------------------------- */

static enum lat_code parse_rate(struct header *h, struct lat__wfdb_header *out,
                                struct lat__span word)
{
    const char *p;

    if (word.p == word.end)
        return LAT_OK;
    p = lat__double_scan(&out->rate_hz, word.p, word.end);
    if (!p || (p < word.end && *p != '/') || !isfinite(out->rate_hz) ||
        out->rate_hz <= 0.0)
        return bad(h, "sampling rate", word, "a positive number");
    return LAT_OK;
}

static enum lat_code parse_record(struct header *h,
                                  struct lat__wfdb_header *out)
{
    struct lat__span line, word;
    int64_t n = 0, frames = 0;
    enum lat_code code;
    bool has;

    if (!next(h, &line))
        return lat_fail(h->err, LAT_EFORMAT, "empty");
    word = lat__span_word(&line);
    if (memchr(word.p, '/', lat__span_len(word)))
        return lat_fail(h->err, LAT_EFORMAT,
                        "record `%s` has several segments: give the header of "
                        "one segment",
                        lat__span_quote(word).text);
    code = take_int(h, &line, "number of signals", &n, &has);
    if (code)
        return code;
    if (n < 1 || n > LAT_CHANNELS_MAX)
        return lat_fail(h->err, LAT_EFORMAT,
                        "line %zu: %lld signals, must be 1 to %d",
                        h->lines.number, (long long)n, LAT_CHANNELS_MAX);
    code = parse_rate(h, out, lat__span_word(&line));
    if (code)
        return code;
    code = take_int(h, &line, "number of samples", &frames, &has);
    if (code)
        return code;
    if (frames < 0)
        return lat_fail(h->err, LAT_EFORMAT, "line %zu: %lld samples",
                        h->lines.number, (long long)frames);
    out->n_channels = (size_t)n;
    out->n_frames = (size_t)frames;
    out->has_frames = frames > 0; /* 0 stands for unknown */
    return LAT_OK;
}

/* ---- a signal's line ---------------------------------------------------- */

static enum lat_code parse_file(struct header *h, struct lat__wfdb_channel *c,
                                struct lat__span word)
{
    if (lat__span_is(word, "-") || lat__span_is(word, "~") ||
        lat__span_is(word, ".") || lat__span_is(word, "..") ||
        memchr(word.p, '/', lat__span_len(word)) ||
        memchr(word.p, '\\', lat__span_len(word)) ||
        lat__span_len(word) >= sizeof(c->file))
        return bad(h, "signal file", word,
                   "the name of a file beside the header");
    lat__span_copy(c->file, sizeof(c->file), word);
    return LAT_OK;
}

/* format[xSPF][:skew][+offset] */
static enum lat_code parse_format(struct header *h, struct lat__wfdb_channel *c,
                                  struct lat__span word)
{
    struct lat__span s = word;
    int64_t number = 0, v;

    c->per_frame = 1;
    if (!lat__span_int(&s, &number))
        return bad(h, "format", word, "a number");
    c->format = lat__wfdb_format(number);
    if (!c->format)
        return bad(h, "format", word,
                   "one of 16, 24, 32, 61, 80, 160, 212, 310, 311");
    while (s.p < s.end) {
        char kind = *s.p++;

        if (!lat__span_int(&s, &v) || v < 0 || v > 1000000000 || kind == 0 ||
            !strchr("x:+", kind) || (kind == 'x' && v < 1))
            return bad(h, "format", word, "as in 212x2:3+24");
        if (kind == 'x')
            c->per_frame = (size_t)v;
        else if (kind == ':')
            c->skew = (size_t)v;
        else
            c->offset = (size_t)v;
    }
    return LAT_OK;
}

/* gain[(baseline)][/unit] */
static enum lat_code parse_gain(struct header *h, struct lat__wfdb_channel *c,
                                struct lat__span word, bool *has_baseline)
{
    static const char what[] = "as in 200(1024)/mV";
    struct lat__span s = word, mv = {"mV", NULL};

    mv.end = mv.p + 2;
    *has_baseline = false;
    if (word.p == word.end)
        return LAT_OK; /* gain stays 0 */
    s.p = lat__double_scan(&c->gain, word.p, word.end);
    if (!s.p || !isfinite(c->gain))
        return bad(h, "gain", word, what);
    if (s.p < s.end && *s.p == '(') {
        s.p++;
        *has_baseline = lat__span_int(&s, &c->baseline);
        if (!*has_baseline || s.p == s.end || *s.p++ != ')')
            return bad(h, "gain", word, what);
    }
    if (s.p < s.end && *s.p++ != '/')
        return bad(h, "gain", word, what);
    /* the format says that no unit means millivolts */
    lat__span_copy(c->channel.unit, sizeof(c->channel.unit),
                   s.p < s.end ? s : mv);
    return LAT_OK;
}

static enum lat_code parse_signal(struct header *h, struct lat__wfdb_channel *c)
{
    struct lat__span line;
    int64_t bits, zero = 0, block;
    enum lat_code code;
    bool has, has_baseline = false;

    if (!next(h, &line))
        return lat_fail(h->err, LAT_EFORMAT,
                        "ends before the last signal's line");
    code = parse_file(h, c, lat__span_word(&line));
    if (code == LAT_OK)
        code = parse_format(h, c, lat__span_word(&line));
    if (code == LAT_OK)
        code = parse_gain(h, c, lat__span_word(&line), &has_baseline);
    if (code == LAT_OK)
        code = take_int(h, &line, "number of bits", &bits, &has);
    if (code == LAT_OK)
        code = take_int(h, &line, "ADC zero", &zero, &has);
    if (code == LAT_OK)
        code = take_int(h, &line, "first sample", &c->initial, &c->has_initial);
    if (code == LAT_OK)
        code = take_int(h, &line, "checksum", &c->checksum, &c->has_checksum);
    if (code == LAT_OK)
        code = take_int(h, &line, "block size", &block, &has);
    if (code)
        return code;
    if (!has_baseline)
        c->baseline = zero;
    lat__span_copy(c->channel.name, sizeof(c->channel.name),
                   lat__span_trim(line));
    return LAT_OK;
}

enum lat_code lat__wfdb_header_parse(struct lat__wfdb_header **out,
                                     const struct lat_blob *file,
                                     struct lat_err *err)
{
    struct lat__wfdb_header *w = lat_calloc(1, sizeof(*w));
    const char *text = file->data;
    struct header h = {{text, text + file->len, 0}, err};
    enum lat_code code;

    if (!w)
        return lat_fail(err, LAT_ENOMEM, "header");
    code = parse_record(&h, w);
    for (size_t i = 0; code == LAT_OK && i < w->n_channels; i++)
        code = parse_signal(&h, &w->channels[i]);
    if (code) {
        lat_free(w);
        return lat_wrap(err, code, "header %s", file->name);
    }
    *out = w;
    return LAT_OK;
}
