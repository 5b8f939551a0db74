/*
 * wisdm.c - the raw text of WISDM v1.1 (Kwapisz, Weiss and Moore 2010).
 *
 *     33,Jogging,49105962326000,-0.6946377,12.680544,0.50395286;
 *
 * The published file has lines of two records, stray semicolons and commas,
 * records without their last value, and times of 0.  A record that cannot be
 * read is left out and counted; it ends its stretch, since a sample is lost.
 */
#include "../base/number.h"
#include "activity.h"
#include "text.h"

#include <math.h>
#include <string.h>

enum { FIELDS = 6, RATE_HZ = 20, USER_MAX = 1000000 };

/* Time stamps are nanoseconds, often uneven; a jump of so much is a gap. */
static const double gap_ns = 1e9;

static const char *const names[] = {"Walking",    "Jogging", "Upstairs",
                                    "Downstairs", "Sitting", "Standing"};

enum { N_NAMES = sizeof(names) / sizeof(*names) };

struct record {
    unsigned user, activity;
    double time;
    float x[3];
};

struct reader {
    struct lat__activity_maker maker;
    struct record last;
    bool broken; /* the next record begins a new stretch */
    size_t skipped[LAT_N_SKIPS], first_line[LAT_N_SKIPS], n_gaps;
};

/* Fields of one record; those that are empty at the end of more than six are
 * stray commas.  Returns how many there are. */
static size_t split(struct lat__span fields[FIELDS], struct lat__span s)
{
    size_t n = 0;

    while (n < FIELDS) {
        const char *comma = memchr(s.p, ',', lat__span_len(s));

        fields[n++] =
            lat__span_trim((struct lat__span){s.p, comma ? comma : s.end});
        if (!comma)
            return n;
        s.p = comma + 1;
    }
    for (; s.p < s.end; s.p++)
        if (*s.p != ',' && *s.p != ' ')
            return FIELDS + 1;
    return FIELDS;
}

static bool read_number(double *v, struct lat__span s)
{
    return lat__double_scan(v, s.p, s.end) == s.end && isfinite(*v);
}

/* LAT_N_SKIPS when the record is good. */
static enum lat__skip parse(struct record *r, struct lat__span s)
{
    struct lat__span f[FIELDS];
    int64_t user;
    double x;

    if (split(f, s) != FIELDS)
        return LAT_SKIP_FIELDS;
    for (size_t i = 0; i < FIELDS; i++)
        if (f[i].p == f[i].end)
            return LAT_SKIP_EMPTY;
    for (r->activity = 0; r->activity < N_NAMES; r->activity++)
        if (lat__span_is(f[1], names[r->activity]))
            break;
    if (r->activity == N_NAMES)
        return LAT_SKIP_ACTIVITY;
    if (!lat__span_int(&f[0], &user) || f[0].p < f[0].end || user < 0 ||
        user > USER_MAX || !read_number(&r->time, f[2]))
        return LAT_SKIP_NUMBER;
    r->user = (unsigned)user;
    for (size_t k = 0; k < 3; k++) {
        if (!read_number(&x, f[3 + k]) || fabs(x) > 1e6)
            return LAT_SKIP_NUMBER;
        r->x[k] = (float)x;
    }
    return r->time > 0.0 ? LAT_N_SKIPS : LAT_SKIP_TIME;
}

static void take_record(struct reader *r, struct lat__span s, size_t line)
{
    struct record now;
    enum lat__skip why;
    double step;

    s = lat__span_trim(s);
    if (s.p == s.end) /* between two semicolons, or after the last */
        return;
    why = parse(&now, s);
    if (why != LAT_N_SKIPS) {
        if (r->skipped[why]++ == 0)
            r->first_line[why] = line;
        r->broken = true;
        return;
    }
    step = now.time - r->last.time;
    if (!r->broken && now.user == r->last.user &&
        now.activity == r->last.activity && !(step >= 0.0 && step <= gap_ns)) {
        r->n_gaps++;
        r->broken = true;
    }
    lat__maker_sample(&r->maker, now.x);
    if (!r->maker.rows.failed)
        lat__maker_extend(&r->maker, now.user, now.activity, r->broken);
    r->last = now;
    r->broken = false;
}

static void take_line(struct reader *r, struct lat__span line, size_t number)
{
    while (line.p < line.end) {
        const char *end = memchr(line.p, ';', lat__span_len(line));

        end = end ? end : line.end;
        take_record(r, (struct lat__span){line.p, end}, number);
        line.p = end < line.end ? end + 1 : end;
    }
}

enum lat_code lat__wisdm_decode(struct lat__activities **out,
                                const struct lat_blob *file,
                                struct lat_err *err)
{
    const char *p = file->data;
    struct lat__lines lines = {p, p + file->len, 0};
    struct reader r = {.maker = {.n_channels = 3}, .broken = true};
    struct lat__span line;
    struct lat__activities *a = NULL;
    enum lat_code code;

    while (lat__lines_next(&lines, &line))
        take_line(&r, line, lines.number);
    code = lat__maker_take(&a, &r.maker, "m/s2", err);
    if (code == LAT_OK) {
        a->signal->rate_hz = RATE_HZ;
        a->names = names;
        a->n_names = N_NAMES;
        a->n_gaps = r.n_gaps;
        memcpy(a->skipped, r.skipped, sizeof(r.skipped));
        memcpy(a->first_line, r.first_line, sizeof(r.first_line));
        *out = a;
    }
    lat__maker_fini(&r.maker);
    return code ? lat_wrap(err, code, "%s", file->name) : LAT_OK;
}
