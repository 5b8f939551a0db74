/*
 * hapt_raw.c - HAPT as it was published, folder RawData: labels.txt with lines
 * "experiment user activity first last" (samples counted from 1, both ends
 * within), and for each experiment acc_expNN_userNN.txt and gyro_expNN_userNN
 * .txt with a line "x y z" for each sample.
 */
#include "../base/number.h"
#include "activity.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AXES = 3, RATE_HZ = 50, EXPERIMENT_MAX = 9999 };

/* ---- labels.txt --------------------------------------------------------- */

static enum lat_code parse_label(struct lat__hapt_label *l,
                                 struct lat__span line, struct lat_err *err)
{
    int64_t v[5];

    for (size_t i = 0; i < 5; i++) {
        struct lat__span w = lat__span_word(&line);

        if (!lat__span_int(&w, &v[i]) || w.p < w.end)
            return lat_fail(err, LAT_EFORMAT,
                            "number %zu is not there or not "
                            "whole",
                            i + 1);
    }
    line = lat__span_trim(line);
    if (line.p < line.end)
        return lat_fail(err, LAT_EFORMAT, "more than 5 numbers");
    if (v[0] < 0 || v[0] > EXPERIMENT_MAX || v[1] < 0 || v[1] > EXPERIMENT_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "experiment %lld of user %lld, must be 0 to %d",
                        (long long)v[0], (long long)v[1], EXPERIMENT_MAX);
    if (v[2] < 1 || v[2] > LAT_HAPT_ACTIVITIES)
        return lat_fail(err, LAT_EFORMAT, "unknown activity %lld",
                        (long long)v[2]);
    if (v[3] < 1 || v[4] < v[3])
        return lat_fail(err, LAT_EFORMAT, "samples %lld to %lld",
                        (long long)v[3], (long long)v[4]);
    *l = (struct lat__hapt_label){(unsigned)v[0], (unsigned)v[1],
                                  (unsigned)v[2] - 1, (size_t)v[3] - 1,
                                  (size_t)(v[4] - v[3] + 1)};
    return LAT_OK;
}

enum lat_code lat__hapt_labels_parse(struct lat__hapt_label **labels, size_t *n,
                                     const struct lat_blob *file,
                                     struct lat_err *err)
{
    const char *p = file->data;
    struct lat__lines lines = {p, p + file->len, 0};
    struct lat_buf all = {0};
    struct lat__span line;
    enum lat_code code = LAT_OK;

    while (code == LAT_OK && lat__lines_next(&lines, &line)) {
        struct lat__hapt_label l;

        line = lat__span_trim(line);
        if (line.p == line.end)
            continue;
        code = parse_label(&l, line, err);
        if (code)
            code = lat_wrap(err, code, "line %zu", lines.number);
        else
            lat_buf_put(&all, &l, sizeof(l));
    }
    if (code == LAT_OK && all.failed)
        code = lat_fail(err, LAT_ENOMEM, "labels");
    else if (code == LAT_OK && all.len == 0)
        code = lat_fail(err, LAT_EFORMAT, "no labels");
    if (code) {
        lat_buf_fini(&all);
        return lat_wrap(err, code, "%s", file->name);
    }
    *labels = (void *)all.v;
    *n = all.len / sizeof(**labels);
    return LAT_OK;
}

/* ---- samples ------------------------------------------------------------ */

struct triples {
    const struct lat_blob *file;
    struct lat__lines lines;
};

/* The next line's three numbers; *more false at the end. */
static enum lat_code next_triple(struct triples *t, float *x, bool *more,
                                 struct lat_err *err)
{
    struct lat__span line;

    do
        *more = lat__lines_next(&t->lines, &line);
    while (*more && lat__span_trim(line).p == lat__span_trim(line).end);
    for (size_t k = 0; *more && k < AXES; k++) {
        struct lat__span w = lat__span_word(&line);

        if (w.p == w.end || lat__float_scan(&x[k], w.p, w.end) != w.end ||
            !isfinite(x[k]))
            return lat_fail(err, LAT_EFORMAT,
                            "%s: line %zu: number %zu of 3 is not there or not "
                            "a number",
                            t->file->name, t->lines.number, k + 1);
    }
    line = *more ? lat__span_trim(line) : (struct lat__span){0};
    if (line.p < line.end)
        return lat_fail(err, LAT_EFORMAT, "%s: line %zu: more than 3 numbers",
                        t->file->name, t->lines.number);
    return LAT_OK;
}

static struct triples open_triples(const struct lat_blob *file)
{
    const char *p = file->data;

    return (struct triples){file, {p, p + file->len, 0}};
}

enum lat_code lat__hapt_raw_decode(struct lat__activity_maker *m,
                                   const struct lat_blob *acc,
                                   const struct lat_blob *gyro,
                                   struct lat_err *err)
{
    struct triples a = open_triples(acc), g = open_triples(gyro);
    bool more_a = true, more_g = true;
    float row[2 * AXES];

    for (size_t n = 0;; n++) {
        enum lat_code code = next_triple(&a, row, &more_a, err);

        if (code == LAT_OK)
            code = next_triple(&g, row + AXES, &more_g, err);
        if (code)
            return code;
        if (more_a != more_g)
            return lat_fail(err, LAT_EFORMAT,
                            "%s ends after %zu samples, %s goes on: the "
                            "sensors' rates differ",
                            more_a ? gyro->name : acc->name, n,
                            more_a ? acc->name : gyro->name);
        if (!more_a)
            return LAT_OK;
        lat__maker_sample(m, row);
    }
}

/* ---- the folder --------------------------------------------------------- */

static enum lat_code read_experiment(struct lat__activity_maker *m,
                                     const char *dir,
                                     const struct lat__hapt_label *l,
                                     struct lat_err *err)
{
    struct lat_blob acc = {0}, gyro = {0};
    char acc_name[64], gyro_name[64];
    enum lat_code code;

    snprintf(acc_name, sizeof(acc_name), "acc_exp%02u_user%02u.txt", l->exp,
             l->user);
    snprintf(gyro_name, sizeof(gyro_name), "gyro_exp%02u_user%02u.txt", l->exp,
             l->user);
    code = lat__blob_read(&acc, dir, acc_name, err);
    if (code == LAT_OK)
        code = lat__blob_read(&gyro, dir, gyro_name, err);
    if (code == LAT_OK)
        code = lat__hapt_raw_decode(m, &acc, &gyro, err);
    lat_free((void *)acc.data);
    lat_free((void *)gyro.data);
    return code;
}

static bool same_experiment(const struct lat__hapt_label *a,
                            const struct lat__hapt_label *b)
{
    return a->exp == b->exp && a->user == b->user;
}

/* The experiment of labels[first], and all stretches of it. */
static enum lat_code take_experiment(struct lat__activity_maker *m,
                                     const char *dir,
                                     const struct lat__hapt_label *labels,
                                     size_t first, size_t n,
                                     struct lat_err *err)
{
    size_t begin = lat__maker_samples(m), n_samples;
    enum lat_code code = read_experiment(m, dir, &labels[first], err);

    if (code == LAT_OK && m->rows.failed)
        code = lat_fail(err, LAT_ENOMEM, "experiment %u", labels[first].exp);
    if (code)
        return code;
    n_samples = lat__maker_samples(m) - begin;
    for (size_t i = first; i < n; i++) {
        const struct lat__hapt_label *l = &labels[i];

        if (!same_experiment(l, &labels[first]))
            continue;
        if (l->begin > n_samples || l->n > n_samples - l->begin)
            return lat_fail(err, LAT_EFORMAT,
                            "labels.txt: samples %zu to %zu of experiment %u, "
                            "which has %zu",
                            l->begin + 1, l->begin + l->n, l->exp, n_samples);
        lat__maker_stretch(m, &(struct lat__stretch){l->user, l->activity,
                                                     begin + l->begin, l->n});
    }
    return LAT_OK;
}

static enum lat_code take_all(struct lat__activity_maker *m, const char *dir,
                              const struct lat__hapt_label *labels, size_t n,
                              struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; code == LAT_OK && i < n; i++) {
        size_t j = 0;

        while (!same_experiment(&labels[j], &labels[i]))
            j++;
        if (j == i)
            code = take_experiment(m, dir, labels, i, n, err);
    }
    return code;
}

enum lat_code lat__hapt_raw_read(struct lat__activities **out, const char *dir,
                                 struct lat_err *err)
{
    struct lat__activity_maker m = {.n_channels = 2 * AXES};
    struct lat__hapt_label *labels = NULL;
    struct lat_blob file = {0};
    size_t n = 0;
    enum lat_code code = lat__blob_read(&file, dir, "labels.txt", err);

    if (code == LAT_OK)
        code = lat__hapt_labels_parse(&labels, &n, &file, err);
    if (code == LAT_OK)
        code = take_all(&m, dir, labels, n, err);
    if (code == LAT_OK)
        code = lat__maker_take(out, &m, "g", err);
    if (code == LAT_OK) {
        (*out)->signal->rate_hz = RATE_HZ;
        (*out)->names = lat__hapt_names;
        (*out)->n_names = LAT_HAPT_ACTIVITIES;
    }
    lat__maker_fini(&m);
    lat_free(labels);
    lat_free((void *)file.data);
    return code;
}
