/*
 * hapt.c - HAPT (Reyes-Ortiz and others 2015) in its compact form: one array
 * of all samples in the sensor's own counts, a table of experiments, a table
 * of labelled segments.
 */
#include "activity.h"
#include "csv.h"

#include <string.h>

enum { SENSORS = 6, RATE_HZ = 50, NUMBERS = 5 };

/* g and rad/s of a count. */
static const double acc_unit = 1.0 / 720.0, gyro_unit = 0.000305432619;

const char *const lat__hapt_names[LAT_HAPT_ACTIVITIES] = {
    "WALKING",    "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING",
    "STANDING",   "LAYING",           "STAND_TO_SIT",       "SIT_TO_STAND",
    "SIT_TO_LIE", "LIE_TO_SIT",       "STAND_TO_LIE",       "LIE_TO_STAND"};

/* ---- tables of whole numbers -------------------------------------------- */

struct table {
    const struct lat_blob *file;
    struct lat__lines lines;
    size_t n_columns, text; /* the column that is no number, or n_columns */
    struct lat_err *err;
};

static enum lat_code open_table(struct table *t, const struct lat_blob *file,
                                const char *names, struct lat_err *err)
{
    const char *p = file->data;
    struct lat__span line;

    t->file = file;
    t->err = err;
    t->lines = (struct lat__lines){p, p + file->len, 0};
    if (!lat__lines_next(&t->lines, &line) || !lat__span_is(line, names))
        return lat_fail(err, LAT_EFORMAT, "%s: the first line must be %s",
                        file->name, names);
    return LAT_OK;
}

/* The numbers of the next line into v (n_columns) and the text, if there is
 * one; *more false at the end. */
static enum lat_code next_row(struct table *t, int64_t *v,
                              struct lat__span *text, bool *more)
{
    const struct lat__table comma = {.separator = ','};
    struct lat__span line, field;
    size_t i = 0;

    do
        *more = lat__lines_next(&t->lines, &line);
    while (*more && line.p == line.end);
    for (; *more && i < t->n_columns && lat__csv_field(&comma, &line, &field);
         i++) {
        if (i == t->text) {
            *text = lat__csv_unquote(field);
            continue;
        }
        if (!lat__span_int(&field, &v[i]) || field.p < field.end || v[i] < 0)
            return lat_fail(t->err, LAT_EFORMAT,
                            "%s: line %zu: column %zu is not a whole number",
                            t->file->name, t->lines.number, i + 1);
    }
    if (*more && (i < t->n_columns || line.p))
        return lat_fail(t->err, LAT_EFORMAT, "%s: line %zu has not %zu columns",
                        t->file->name, t->lines.number, t->n_columns);
    return LAT_OK;
}

/* ---- experiments and segments ------------------------------------------- */

struct experiment {
    int64_t exp, user, begin, n;
};

struct reader {
    struct lat_buf experiments; /* of struct experiment */
    struct lat__activity_maker maker;
    struct lat_err *err;
};

static enum lat_code read_experiments(struct reader *r,
                                      const struct lat_blob *file,
                                      size_t n_samples)
{
    struct table t = {.n_columns = 4, .text = 4};
    int64_t v[NUMBERS];
    enum lat_code code = open_table(&t, file, "exp,user,start,n", r->err);
    bool more = true;

    while (code == LAT_OK) {
        struct experiment e;

        code = next_row(&t, v, NULL, &more);
        if (code || !more)
            break;
        e = (struct experiment){v[0], v[1], v[2], v[3]};
        if ((size_t)e.begin > n_samples ||
            (size_t)e.n > n_samples - (size_t)e.begin)
            code = lat_fail(r->err, LAT_EFORMAT,
                            "%s: line %zu: samples %lld to %lld of %zu",
                            file->name, t.lines.number, (long long)e.begin,
                            (long long)(e.begin + e.n), n_samples);
        lat_buf_put(&r->experiments, &e, sizeof(e));
    }
    if (code == LAT_OK && r->experiments.failed)
        code = lat_fail(r->err, LAT_ENOMEM, "experiments");
    return code;
}

static const struct experiment *find_experiment(const struct reader *r,
                                                int64_t exp)
{
    const struct experiment *e = (const void *)r->experiments.v;
    size_t n = r->experiments.len / sizeof(*e);

    for (size_t i = 0; i < n; i++)
        if (e[i].exp == exp)
            return &e[i];
    return NULL;
}

/* v: exp, user, activity, begin, n */
static enum lat_code check_segment(const struct reader *r, const int64_t *v,
                                   struct lat__span name)
{
    const struct experiment *e = find_experiment(r, v[0]);

    if (!e || e->user != v[1])
        return lat_fail(r->err, LAT_EFORMAT, "no experiment %lld of user %lld",
                        (long long)v[0], (long long)v[1]);
    if (v[2] < 1 || v[2] > LAT_HAPT_ACTIVITIES ||
        !lat__span_is(name, lat__hapt_names[v[2] - 1]))
        return lat_fail(r->err, LAT_EFORMAT, "unknown activity %lld `%s`",
                        (long long)v[2], lat__span_quote(name).text);
    if (v[3] < e->begin || v[4] > e->n || v[3] - e->begin > e->n - v[4])
        return lat_fail(r->err, LAT_EFORMAT,
                        "samples %lld to %lld are not of experiment %lld",
                        (long long)v[3], (long long)(v[3] + v[4]),
                        (long long)v[0]);
    return LAT_OK;
}

static enum lat_code read_segments(struct reader *r,
                                   const struct lat_blob *file)
{
    struct table t = {.n_columns = 6, .text = 3};
    int64_t v[NUMBERS + 1];
    enum lat_code code =
        open_table(&t, file, "exp,user,activity_id,activity,start,n", r->err);
    struct lat__span name;
    bool more = true;

    while (code == LAT_OK) {
        code = next_row(&t, v, &name, &more);
        if (code || !more)
            break;
        memmove(v + 3, v + 4, 2 * sizeof(*v));
        code = check_segment(r, v, name);
        if (code)
            code = lat_wrap(r->err, code, "%s: line %zu", file->name,
                            t.lines.number);
        else
            lat__maker_stretch(
                &r->maker,
                &(struct lat__stretch){(unsigned)v[1], (unsigned)(v[2] - 1),
                                       (size_t)v[3], (size_t)v[4]});
    }
    return code;
}

/* ---- samples ------------------------------------------------------------ */

static void take_samples(struct lat__activity_maker *m,
                         const struct lat_signal *sig)
{
    float row[SENSORS];

    for (size_t i = 0; i < sig->n_samples; i++) {
        for (size_t k = 0; k < SENSORS; k++)
            row[k] = (float)((double)sig->v[k * sig->n_samples + i] *
                             (k < 3 ? acc_unit : gyro_unit));
        lat__maker_sample(m, row);
    }
}

enum lat_code lat__hapt_decode(struct lat__activities **out,
                               const struct lat_blob *samples,
                               const struct lat_blob *experiments,
                               const struct lat_blob *segments,
                               struct lat_err *err)
{
    const struct lat_hints hints = {.channels = "ax,ay,az,gx,gy,gz"};
    struct reader r = {.maker = {.n_channels = SENSORS}, .err = err};
    struct lat_signal *sig = NULL;
    struct lat__activities *a = NULL;
    enum lat_code code = lat_npy_decode(&sig, samples, &hints, err);

    if (code == LAT_OK)
        code = read_experiments(&r, experiments, sig->n_samples);
    if (code == LAT_OK)
        code = read_segments(&r, segments);
    if (code == LAT_OK) {
        take_samples(&r.maker, sig);
        code = lat__maker_take(&a, &r.maker, "g", err);
    }
    if (code == LAT_OK) {
        a->signal->rate_hz = RATE_HZ;
        a->names = lat__hapt_names;
        a->n_names = LAT_HAPT_ACTIVITIES;
        *out = a;
    }
    lat_signal_free(sig);
    lat_buf_fini(&r.experiments);
    lat__maker_fini(&r.maker);
    return code;
}

enum lat_code lat__hapt_read(struct lat__activities **out, const char *dir,
                             struct lat_err *err)
{
    struct lat_blob samples = {0}, experiments = {0}, segments = {0};
    enum lat_code code = lat__blob_read(&samples, dir, "hapt_i16.npy", err);

    if (code == LAT_ENOENT)
        return lat__hapt_raw_read(out, dir, err);
    if (code == LAT_OK)
        code = lat__blob_read(&experiments, dir, "hapt_experiments.csv", err);
    if (code == LAT_OK)
        code = lat__blob_read(&segments, dir, "hapt_segments.csv", err);
    if (code == LAT_OK)
        code = lat__hapt_decode(out, &samples, &experiments, &segments, err);
    lat_free((void *)samples.data);
    lat_free((void *)experiments.data);
    lat_free((void *)segments.data);
    return code;
}
