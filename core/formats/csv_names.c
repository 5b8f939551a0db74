/* csv_names.c - what stands before the first sample of a table. */
#include "../base/number.h"
#include "../signal.h"
#include "csv.h"

#include <string.h>
#include <strings.h>

/* ---- fields ------------------------------------------------------------- */

bool lat__csv_field(const struct lat__table *t, struct lat__span *line,
                    struct lat__span *field)
{
    bool quoted = false;
    const char *p = line->p;

    if (!p)
        return false;
    for (; p < line->end && (quoted || *p != t->separator); p++)
        quoted ^= *p == '"';
    *field = lat__span_trim((struct lat__span){line->p, p});
    line->p = p < line->end ? p + 1 : NULL;
    return true;
}

struct lat__span lat__csv_unquote(struct lat__span s)
{
    if (lat__span_len(s) >= 2 && (*s.p == '"' || *s.p == '\'') &&
        s.end[-1] == *s.p) {
        s.p++;
        s.end--;
    }
    return lat__span_trim(s);
}

static bool same_word(struct lat__span s, const char *word)
{
    return lat__span_len(s) == strlen(word) &&
           strncasecmp(s.p, word, strlen(word)) == 0;
}

bool lat__csv_missing(struct lat__span s)
{
    return s.p == s.end || lat__span_is(s, "-") || same_word(s, "nan") ||
           same_word(s, "na") || same_word(s, "null");
}

static bool is_number(struct lat__span s)
{
    double v;

    return lat__double_scan(&v, s.p, s.end) == s.end;
}

/* ---- the line of names -------------------------------------------------- */

static bool is_unit(struct lat__span s)
{
    char unit[LAT_UNIT_MAX];

    lat__span_copy(unit, sizeof(unit), s);
    return lat__unit_known(unit);
}

/* gx_rad_s, ax_m_s2: units of two words, with _ for the stroke. */
static bool split_ratio(struct lat__span *name, struct lat__span *unit)
{
    static const char *const ratios[][2] = {
        {"_rad_s", "rad/s"}, {"_deg_s", "deg/s"}, {"_m_s2", "m/s2"}};

    for (size_t i = 0; i < sizeof(ratios) / sizeof(*ratios); i++) {
        struct lat__span end = {name->end - strlen(ratios[i][0]), name->end};

        if (lat__span_len(*name) <= strlen(ratios[i][0]) ||
            !same_word(end, ratios[i][0]))
            continue;
        *unit = (struct lat__span){ratios[i][1],
                                   ratios[i][1] + strlen(ratios[i][1])};
        name->end = end.p;
        return true;
    }
    return false;
}

/* Moves the unit at the end of name, in brackets or after _, to unit. */
static void split_unit(struct lat__span *name, struct lat__span *unit)
{
    const char *open = NULL;

    *unit = (struct lat__span){name->end, name->end};
    if (name->p == name->end || split_ratio(name, unit))
        return;
    for (const char *p = name->p; p < name->end; p++)
        if (*p == '(' || *p == '[' || *p == '_')
            open = p;
    if (!open || open == name->p)
        return;
    if (*open == '_' && !is_unit((struct lat__span){open + 1, name->end}))
        return;
    if (*open != '_' && name->end[-1] != (*open == '(' ? ')' : ']'))
        return;
    *unit = lat__span_trim(
        (struct lat__span){open + 1, name->end - (*open != '_')});
    *name = lat__span_trim((struct lat__span){name->p, open});
}

static double seconds_of(struct lat__span unit)
{
    if (same_word(unit, "s") || same_word(unit, "sec") ||
        same_word(unit, "seconds"))
        return 1.0;
    return same_word(unit, "ms") ? 1e-3 : 0.0;
}

static bool is_time(struct lat__span name)
{
    static const char *const words[] = {
        "t", "time",     "timestamp",    "index", "sample",  "sample #",
        "#", "sample_#", "elapsed time", "label", "activity"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (same_word(name, words[i]))
            return true;
    return false;
}

/* t_s, time_ms: what is left of the _ is a time, what is right a unit of it */
static bool is_time_with_unit(struct lat__span *name, struct lat__span *unit)
{
    const char *p = memchr(name->p, '_', lat__span_len(*name));
    struct lat__span left = {name->p, p};

    if (!p || !is_time(left) ||
        seconds_of((struct lat__span){p + 1, name->end}) == 0.0)
        return false;
    *unit = (struct lat__span){p + 1, name->end};
    *name = left;
    return true;
}

static void name_column(struct lat__column *c, struct lat__span field)
{
    struct lat__span name = lat__csv_unquote(field), unit;

    if (!is_time_with_unit(&name, &unit))
        split_unit(&name, &unit);
    c->is_time = is_time(name);
    if (c->is_time)
        c->seconds = seconds_of(unit);
    lat__span_copy(c->channel.name, sizeof(c->channel.name), name);
    lat__span_copy(c->channel.unit, sizeof(c->channel.unit), unit);
}

static char separator_of(struct lat__span line)
{
    const char *all = ";,\t";

    for (; *all; all++) {
        bool quoted = false;

        for (const char *p = line.p; p < line.end; p++) {
            quoted ^= *p == '"';
            if (!quoted && *p == *all)
                return *all;
        }
    }
    return ',';
}

/* Names from the hints, where the first line has numbers already. */
static enum lat_code name_by_hints(struct lat__table *t, const char *names)
{
    struct lat__span all = {names, names + strlen(names)}, field;
    size_t n = 0;
    char separator = t->separator;

    t->separator = ',';
    for (; lat__csv_field(t, &all, &field); n++)
        if (n < t->n_columns)
            name_column(&t->columns[n], field);
    t->separator = separator;
    if (n != t->n_columns)
        return lat_fail(t->err, LAT_EFORMAT,
                        "%zu names of channels for %zu columns", n,
                        t->n_columns);
    return LAT_OK;
}

static enum lat_code read_names(struct lat__table *t,
                                const struct lat_hints *hints)
{
    struct lat__lines before;
    struct lat__span line, rest, field;
    bool numbers = true;

    if (t->lines.end - t->lines.p >= 3 &&
        memcmp(t->lines.p, "\xef\xbb\xbf", 3) == 0)
        t->lines.p += 3; /* the mark of UTF-8 */
    do {
        before = t->lines;
        if (!lat__lines_next(&t->lines, &line))
            return lat_fail(t->err, LAT_EFORMAT, "empty");
        line = lat__span_trim(line);
    } while (line.p == line.end || *line.p == '#');
    t->separator = separator_of(line);
    for (rest = line; lat__csv_field(t, &rest, &field); t->n_columns++) {
        if (t->n_columns == LAT_COLUMNS_MAX)
            return lat_fail(t->err, LAT_EFORMAT, "more than %d columns",
                            LAT_COLUMNS_MAX);
        numbers &= is_number(field) || lat__csv_missing(field);
        name_column(&t->columns[t->n_columns], field);
    }
    if (!numbers)
        return LAT_OK;
    if (!hints->channels)
        return lat_fail(t->err, LAT_EFORMAT,
                        "the first line has no names of channels");
    t->lines = before; /* it is the first sample */
    return name_by_hints(t, hints->channels);
}

/* A second line that has units where others have numbers. */
static void read_units(struct lat__table *t)
{
    struct lat__lines after = t->lines;
    struct lat__span line, field;
    struct lat_channel units[LAT_COLUMNS_MAX];
    size_t n = 0;

    if (!lat__lines_next(&after, &line))
        return;
    for (; n < t->n_columns && lat__csv_field(t, &line, &field); n++) {
        field = lat__csv_unquote(field);
        if (!t->columns[n].is_time && !is_unit(field))
            return;
        lat__span_copy(units[n].unit, LAT_UNIT_MAX, field);
    }
    if (n < t->n_columns)
        return;
    for (size_t i = 0; i < n; i++)
        memcpy(t->columns[i].channel.unit, units[i].unit, LAT_UNIT_MAX);
    t->lines = after;
}

enum lat_code lat__csv_names(struct lat__table *t,
                             const struct lat_hints *hints)
{
    enum lat_code code = read_names(t, hints);

    if (code == LAT_OK)
        read_units(t);
    return code;
}
