/*
 * manifest.c - a line of JSON for each recording or image:
 *
 *     {"file": "a.zip", "entry": "s0010.edf", "subject": "p12",
 *      "label": "sinus", "segment": [0, 5000]}
 *
 * and, for files that do not say it, "sampling_rate_hz": 360 and "channels":
 * [{"name": "II", "unit": "mV"}].  Of an image there are file, entry, subject
 * and label, and only the first must be said.
 */
#include "../latent/data.h"

#include "json.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char known[] =
    "file entry subject label segment sampling_rate_hz channels";

enum { TEXT_MAX = 1024, SAMPLES_MAX = 1 << 30, FILE_MAX_MB = 256 };

/* ---- a line ------------------------------------------------------------- */

static enum lat_code take_text(char **out, const json_t *obj, const char *key,
                               size_t size, struct lat_err *err)
{
    char text[TEXT_MAX];
    enum lat_code code = lat__json_text(text, size, obj, key, err);

    if (code)
        return code;
    *out = lat_strdup(text);
    return *out ? LAT_OK : lat_fail(err, LAT_ENOMEM, "a text");
}

static bool is_said(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);

    return v && !json_is_null(v);
}

/* A text, or a whole number as one. */
static enum lat_code take_label(struct lat_line *l, const json_t *obj,
                                struct lat_err *err)
{
    const json_t *v = json_object_get(obj, "label");
    char text[32];

    if (!is_said(obj, "label"))
        return LAT_OK;
    if (!json_is_integer(v))
        return take_text(&l->label, obj, "label", LAT_NAME_MAX, err);
    snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
    l->label = lat_strdup(text);
    return l->label ? LAT_OK : lat_fail(err, LAT_ENOMEM, "a label");
}

static enum lat_code take_segment(struct lat_line *l, const json_t *obj,
                                  struct lat_err *err)
{
    const json_t *v = json_object_get(obj, "segment");
    const json_t *a = json_array_get(v, 0), *b = json_array_get(v, 1);
    json_int_t begin = json_integer_value(a), end = json_integer_value(b);

    if (!is_said(obj, "segment"))
        return LAT_OK;
    if (json_array_size(v) != 2 || !json_is_integer(a) || !json_is_integer(b) ||
        begin < 0 || end <= begin || end > SAMPLES_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "segment is not [begin, end], two whole numbers with "
                        "0 <= begin < end <= %d",
                        SAMPLES_MAX);
    l->begin = (size_t)begin;
    l->end = (size_t)end;
    return LAT_OK;
}

static enum lat_code take_rate(struct lat_line *l, const json_t *obj,
                               struct lat_err *err)
{
    double rate = json_number_value(json_object_get(obj, "sampling_rate_hz"));

    if (!is_said(obj, "sampling_rate_hz"))
        return LAT_OK;
    if (!(rate > 0.0 && rate <= 100000.0))
        return lat_fail(err, LAT_EFORMAT,
                        "sampling_rate_hz is not a number above 0 and up to "
                        "100000");
    l->rate_hz = rate;
    return LAT_OK;
}

/* "II", or {"name": "II", "unit": "mV"} */
static enum lat_code take_channel(struct lat_channel *c, const json_t *v,
                                  struct lat_err *err)
{
    const char *name = json_string_value(v);
    enum lat_code code;

    if (name)
        snprintf(c->name, sizeof(c->name), "%s", name);
    if (name && (!*name || strlen(name) >= LAT_NAME_MAX))
        return lat_fail(err, LAT_EFORMAT, "is not a name of 1 to %d bytes",
                        LAT_NAME_MAX - 1);
    code = name ? LAT_OK : lat__json_keys(v, "name unit", err);
    if (!code && !name)
        code = lat__json_text(c->name, sizeof(c->name), v, "name", err);
    if (!code && is_said(v, "unit"))
        code = lat__json_text(c->unit, sizeof(c->unit), v, "unit", err);
    if (!code && strpbrk(c->name, ","))
        code = lat_fail(err, LAT_EFORMAT, "name has a comma");
    return code;
}

static enum lat_code take_channels(struct lat_line *l, const json_t *obj,
                                   struct lat_err *err)
{
    const json_t *v = json_object_get(obj, "channels");
    size_t n = json_array_size(v);

    if (!is_said(obj, "channels"))
        return LAT_OK;
    if (n == 0 || n > LAT_CHANNELS_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "channels is not an array of 1 to %d channels",
                        LAT_CHANNELS_MAX);
    l->channels = lat_calloc(n, sizeof(*l->channels));
    if (!l->channels)
        return lat_fail(err, LAT_ENOMEM, "%zu channels", n);
    l->n_channels = n;
    for (size_t i = 0; i < n; i++) {
        enum lat_code code =
            take_channel(&l->channels[i], json_array_get(v, i), err);

        if (code)
            return lat_wrap(err, code, "channels[%zu]", i);
    }
    return LAT_OK;
}

/* An image's, or what may be one: a file that a server knows by its id; of an
 * archive alone something else is wrong. */
static bool may_lack_subject(const struct lat_line *l)
{
    enum lat_file_kind kind = lat_file_kind(l->entry ? l->entry : l->file);

    return kind == LAT_FILE_IMAGE ||
           (!l->entry && (kind == LAT_FILE_OTHER || kind == LAT_FILE_ARCHIVE));
}

static enum lat_code check_kind(const struct lat_line *l, struct lat_err *err)
{
    const char *name = l->entry ? l->entry : l->file, *wrong;

    if (lat_file_kind(name) != LAT_FILE_IMAGE)
        return LAT_OK;
    wrong = lat_line_wrong(l, LAT_FILE_IMAGE);
    return wrong ? lat_fail(err, LAT_EFORMAT, "%s", wrong) : LAT_OK;
}

static enum lat_code take_members(struct lat_line *l, const json_t *obj,
                                  struct lat_err *err)
{
    enum lat_code code = lat__json_keys(obj, known, err);

    if (!code)
        code = take_text(&l->file, obj, "file", TEXT_MAX, err);
    if (!code && is_said(obj, "entry"))
        code = take_text(&l->entry, obj, "entry", TEXT_MAX, err);
    if (!code && (is_said(obj, "subject") || !may_lack_subject(l)))
        code = take_text(&l->subject, obj, "subject", LAT_SUBJECT_MAX, err);
    if (!code)
        code = take_label(l, obj, err);
    if (!code)
        code = take_segment(l, obj, err);
    if (!code)
        code = take_rate(l, obj, err);
    if (!code)
        code = take_channels(l, obj, err);
    return code ? code : check_kind(l, err);
}

static void line_fini(struct lat_line *l)
{
    lat_free(l->file);
    lat_free(l->entry);
    lat_free(l->subject);
    lat_free(l->label);
    lat_free(l->channels);
    memset(l, 0, sizeof(*l));
}

static enum lat_code take_line(struct lat_line *l, struct lat__span text,
                               struct lat_err *err)
{
    json_error_t why;
    json_t *obj =
        json_loadb(text.p, lat__span_len(text), JSON_REJECT_DUPLICATES, &why);
    enum lat_code code;

    if (!obj)
        return lat_fail(err, LAT_EFORMAT, "not JSON: %.120s (column %d)",
                        why.text, why.column);
    code = take_members(l, obj, err);
    json_decref(obj);
    if (code)
        line_fini(l);
    return code;
}

/* ---- lines -------------------------------------------------------------- */

/* The same samples are the same place. */
static int by_place(const struct lat_line *x, const struct lat_line *y)
{
    int c = strcmp(x->file, y->file);

    if (!c)
        c = strcmp(x->entry ? x->entry : "", y->entry ? y->entry : "");
    if (!c)
        c = (x->begin > y->begin) - (x->begin < y->begin);
    return c ? c : (x->end > y->end) - (x->end < y->end);
}

static int by_line(const void *a, const void *b)
{
    const struct lat_line *x = a, *y = b;
    int c = by_place(x, y);

    return c ? c : (x->number > y->number) - (x->number < y->number);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands twice would be on both sides of a split by two names. */
static void drop_doubles(struct lat_manifest *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->n; i++) {
        char why[64];

        if (kept == 0 || by_place(&m->lines[kept - 1], &m->lines[i]) != 0) {
            m->lines[kept++] = m->lines[i];
            continue;
        }
        snprintf(why, sizeof(why), "the same recording as line %zu",
                 m->lines[kept - 1].number);
        lat_report_reject(&m->report, m->lines[i].number, NULL, why);
        line_fini(&m->lines[i]);
    }
    for (size_t i = kept; i < m->n; i++)
        memset(&m->lines[i], 0, sizeof(m->lines[i]));
    m->n = kept;
}

static enum lat_code count_subjects(struct lat_manifest *m, struct lat_err *err)
{
    char **names = lat_calloc(m->n + 1, sizeof(*names));
    size_t n = 0;

    if (!names)
        return lat_fail(err, LAT_ENOMEM, "%zu subjects", m->n);
    for (size_t i = 0; i < m->n; i++)
        if (m->lines[i].subject)
            names[n++] = m->lines[i].subject;
        else
            m->report.subjects++;
    if (n > 0)
        qsort(names, n, sizeof(*names), by_text);
    for (size_t i = 0; i < n; i++)
        m->report.subjects += i == 0 || strcmp(names[i], names[i - 1]) != 0;
    lat_free(names);
    return LAT_OK;
}

static size_t count_lines(const struct lat_blob *file)
{
    struct lat__lines lines = {.p = file->data,
                               .end = (const char *)file->data + file->len};
    struct lat__span text;
    size_t n = 0;

    while (lat__lines_next(&lines, &text))
        n++;
    return n;
}

static enum lat_code take_lines(struct lat_manifest *m,
                                const struct lat_blob *file,
                                struct lat_err *err)
{
    struct lat__lines lines = {.p = file->data,
                               .end = (const char *)file->data + file->len};
    struct lat__span text;

    while (lat__lines_next(&lines, &text)) {
        struct lat_line *l = &m->lines[m->n];
        struct lat_err why = {0};
        enum lat_code code;

        if (lat__span_len(lat__span_trim(text)) == 0)
            continue;
        code = take_line(l, text, &why);
        l->number = lines.number;
        if (code == LAT_ENOMEM)
            return lat_fail(err, code, "line %zu", lines.number);
        if (code)
            lat_report_reject(&m->report, lines.number, NULL, why.msg);
        else
            m->n++;
    }
    return LAT_OK;
}

enum lat_code lat_manifest_decode(struct lat_manifest **out,
                                  const struct lat_blob *file,
                                  struct lat_err *err)
{
    size_t n = count_lines(file);
    struct lat_manifest *m;
    enum lat_code code;

    if (n > LAT_LINES_MAX)
        return lat_fail(err, LAT_ETOOBIG, "%zu lines, at most %d", n,
                        LAT_LINES_MAX);
    m = lat_calloc(1, sizeof(*m));
    if (m)
        m->lines = lat_calloc(n + 1, sizeof(*m->lines));
    if (!m || !m->lines) {
        lat_manifest_free(m);
        return lat_fail(err, LAT_ENOMEM, "%zu lines", n);
    }
    code = take_lines(m, file, err);
    if (!code) {
        qsort(m->lines, m->n, sizeof(*m->lines), by_line);
        drop_doubles(m);
        code = count_subjects(m, err);
    }
    if (code) {
        lat_manifest_free(m);
        return code;
    }
    m->report.recordings = m->n;
    *out = m;
    return LAT_OK;
}

enum lat_code lat_manifest_read(struct lat_manifest **out, const char *path,
                                struct lat_err *err)
{
    struct lat_blob file = {.name = path};
    char *data = NULL;
    enum lat_code code =
        lat_file_read(&data, &file.len, path, (size_t)FILE_MAX_MB << 20, err);

    if (code)
        return lat_wrap(err, code, "manifest");
    file.data = data;
    code = lat_manifest_decode(out, &file, err);
    lat_free(data);
    return code ? lat_wrap(err, code, "manifest %s", path) : LAT_OK;
}

void lat_manifest_free(struct lat_manifest *m)
{
    if (!m)
        return;
    for (size_t i = 0; m->lines && i < m->n; i++)
        line_fini(&m->lines[i]);
    lat_free(m->lines);
    lat_free(m);
}
