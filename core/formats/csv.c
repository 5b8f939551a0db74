/* csv.c - tables of samples to signals. */
#include "csv.h"

#include "../base/number.h"

#include <math.h>
#include <string.h>

/* What is known of the samples so far. */
struct rows {
    struct lat__table *table;
    struct lat_signal *sig;
    size_t n;
    size_t time; /* the column of times with a unit, or LAT_COLUMNS_MAX */
    double first, last, longest; /* times in seconds, the longest step */
};

static enum lat_code bad_number(const struct lat__table *t,
                                struct lat__span got)
{
    const char *comma = memchr(got.p, ',', lat__span_len(got));
    double v;

    if (comma && lat__double_scan(&v, got.p, comma) == comma)
        return lat_fail(t->err, LAT_EFORMAT,
                        "line %zu: `%s` has a decimal comma, write a point",
                        t->lines.number, lat__span_quote(got).text);
    return lat_fail(t->err, LAT_EFORMAT, "line %zu: `%s` is not a number",
                    t->lines.number, lat__span_quote(got).text);
}

static enum lat_code read_time(struct rows *r, struct lat__span field)
{
    const struct lat__table *t = r->table;
    double v, step;

    if (lat__double_scan(&v, field.p, field.end) != field.end || !isfinite(v))
        return bad_number(t, field);
    v *= t->columns[r->time].seconds;
    step = v - r->last;
    if (r->n > 0 && !(step > 0.0))
        return lat_fail(t->err, LAT_EFORMAT,
                        "line %zu: time goes from %g s to %g s",
                        t->lines.number, r->last, v);
    if (r->n == 0)
        r->first = v;
    else
        r->longest = fmax(r->longest, step);
    r->last = v;
    return LAT_OK;
}

static enum lat_code read_field(const struct lat__table *t, float *v,
                                struct lat__span field)
{
    if (lat__float_scan(v, field.p, field.end) == field.end)
        return LAT_OK;
    if (!lat__csv_missing(field))
        return bad_number(t, field);
    *v = NAN;
    return LAT_OK;
}

static enum lat_code read_row(struct rows *r, struct lat__span line)
{
    const struct lat__table *t = r->table;
    float *v = r->sig->v + r->n;
    struct lat__span field;
    enum lat_code code = LAT_OK;
    size_t i = 0;

    for (; i < t->n_columns && lat__csv_field(t, &line, &field); i++) {
        field = lat__csv_unquote(field);
        if (i == r->time)
            code = read_time(r, field);
        if (!t->columns[i].is_time) {
            code = read_field(t, v, field);
            v += r->sig->n_samples;
        }
        if (code)
            return code;
    }
    if (i < t->n_columns || line.p)
        return lat_fail(t->err, LAT_EFORMAT,
                        "line %zu: %s fields than the %zu of the first line",
                        t->lines.number, line.p ? "more" : "fewer",
                        t->n_columns);
    r->n++;
    return LAT_OK;
}

/* Tabs may separate missing samples. */
static bool is_empty(struct lat__span line)
{
    while (line.p < line.end && *line.p == ' ')
        line.p++;
    return line.p == line.end;
}

/* Empty lines are allowed at the end alone: elsewhere a sample may be lost. */
static enum lat_code read_rows(struct rows *r)
{
    struct lat__table *t = r->table;
    enum lat_code code = LAT_OK;
    struct lat__span line;
    size_t empty = 0;

    while (code == LAT_OK && lat__lines_next(&t->lines, &line)) {
        if (is_empty(line))
            empty = t->lines.number;
        else if (empty)
            return lat_fail(t->err, LAT_EFORMAT, "line %zu is empty", empty);
        else
            code = read_row(r, line);
    }
    return code;
}

/* Times are printed with few digits, so a rate within 1e-4 of a whole number
 * is that number. */
static enum lat_code settle_rate(const struct rows *r)
{
    double step = (r->last - r->first) / (double)(r->n - 1), rate = 1.0 / step;

    if (r->time == LAT_COLUMNS_MAX || r->n < 2)
        return LAT_OK;
    if (r->longest > 3.0 * step)
        return lat_fail(r->table->err, LAT_EFORMAT,
                        "a gap of %g s between samples %g s apart", r->longest,
                        step);
    if (fabs(rate - round(rate)) < 1e-4 * rate)
        rate = round(rate);
    if (r->sig->rate_hz > 0.0 && fabs(rate - r->sig->rate_hz) > 0.01 * rate)
        return lat_fail_word(r->table->err, LAT_EUNFIT, "invalid_rate",
                             "the rate is said to be %g Hz, the times say %g",
                             r->sig->rate_hz, rate);
    if (r->sig->rate_hz <= 0.0)
        r->sig->rate_hz = rate;
    return LAT_OK;
}

static size_t count_rows(struct lat__lines l)
{
    struct lat__span line;
    size_t n = 0;

    while (lat__lines_next(&l, &line))
        n += !is_empty(line);
    return n;
}

/* Counts the channels, finds the time, makes room for the samples. */
static enum lat_code prepare(struct rows *r)
{
    const struct lat__table *t = r->table;
    size_t n = 0, n_rows = count_rows(t->lines);

    r->time = LAT_COLUMNS_MAX;
    for (size_t i = 0; i < t->n_columns; i++) {
        n += !t->columns[i].is_time;
        if (t->columns[i].is_time && t->columns[i].seconds > 0.0)
            r->time = i;
    }
    if (n == 0 || n > LAT_CHANNELS_MAX)
        return lat_fail(t->err, LAT_EFORMAT, "%zu channels, must be 1 to %d", n,
                        LAT_CHANNELS_MAX);
    if (n_rows == 0)
        return lat_fail(t->err, LAT_EFORMAT, "no samples");
    return lat_signal_new(&r->sig, n, n_rows, t->err);
}

static void describe(const struct rows *r, const struct lat_hints *hints)
{
    struct lat_channel *c = r->sig->channels;

    r->sig->rate_hz = hints->rate_hz;
    for (size_t i = 0; i < r->table->n_columns; i++) {
        if (r->table->columns[i].is_time)
            continue;
        *c = r->table->columns[i].channel;
        if (!c->unit[0] && hints->unit)
            strncpy(c->unit, hints->unit, sizeof(c->unit) - 1);
        c++;
    }
}

enum lat_code lat_csv_decode(struct lat_signal **out,
                             const struct lat_blob *file,
                             const struct lat_hints *hints, struct lat_err *err)
{
    static const struct lat_hints none = {0};
    struct lat__table *t = lat_calloc(1, sizeof(*t));
    struct rows r = {.table = t};
    const char *p = file->data;
    enum lat_code code;

    if (!t)
        return lat_fail(err, LAT_ENOMEM, "table");
    hints = hints ? hints : &none;
    t->lines = (struct lat__lines){p, p + file->len, 0};
    t->err = err;
    code = lat__csv_names(t, hints);
    if (code == LAT_OK)
        code = prepare(&r);
    if (code)
        goto out;
    describe(&r, hints);
    code = read_rows(&r);
    if (code == LAT_OK)
        code = settle_rate(&r);
    if (code)
        goto out;
    *out = r.sig;
    r.sig = NULL; /* the caller's from here on */
out:
    lat_signal_free(r.sig);
    lat_free(t);
    return code ? lat_wrap(err, code, "%s", file->name) : LAT_OK;
}

static void put_names(struct lat_buf *out, const struct lat_signal *sig)
{
    lat_buf_puts(out, "t_s");
    for (size_t k = 0; k < sig->n_channels; k++) {
        const struct lat_channel *c = &sig->channels[k];

        lat_buf_puts(out, ",\"");
        for (const char *p = c->name; *p; p++)
            lat_buf_put(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
        if (c->unit[0])
            lat_buf_printf(out, " (%s)", c->unit);
        lat_buf_puts(out, "\"");
    }
    lat_buf_puts(out, "\n");
}

void lat_csv_encode(struct lat_buf *out, const struct lat_signal *sig)
{
    put_names(out, sig);
    for (size_t i = 0; i < sig->n_samples; i++) {
        char *p;

        lat_buf_printf(out, "%.9g", (double)i / sig->rate_hz);
        p = lat_buf_reserve(out, (LAT_NUMBER_MAX + 1) * sig->n_channels + 1);
        if (!p)
            return;
        for (size_t k = 0; k < sig->n_channels; k++) {
            float v = sig->v[k * sig->n_samples + i];

            *p++ = ',';
            if (isfinite(v))
                p = lat_number_print(p, v);
        }
        *p++ = '\n';
        *p = '\0';
        out->len = (size_t)(p - out->v);
    }
}
