/* inspect.c - a file decoded to see what is in it, and nothing kept. */
#include "archive.h"

#include "../latent/image.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FILE_MAX_MB = 4096, BEGINNING = 1 << 18 };

/* Of a signal that was decoded: whether anything can be learned from it.  Rate
 * and names may come from a manifest. */
static enum lat_code check_signal(const struct lat_signal *sig,
                                  struct lat_err *err)
{
    if (sig->n_channels == 0 || sig->n_samples == 0)
        return lat_fail(err, LAT_EUNFIT, "no samples");
    for (size_t k = 0; k < sig->n_channels; k++) {
        const float *v = sig->v + k * sig->n_samples;
        size_t i = 1;

        while (i < sig->n_samples && (v[i] == v[0] || isnan(v[i])))
            i++;
        if (i < sig->n_samples)
            return LAT_OK;
    }
    return lat_fail_word(err, LAT_EUNFIT, "constant_signal",
                         "no channel of it ever changes");
}

static enum lat_code check_image(const struct lat_blob *file,
                                 struct lat_err *err)
{
    struct lat_image *image = NULL;
    enum lat_code code = lat_picture_decode(&image, NULL, file, 0, err);

    lat_image_free(image);
    return code;
}

static enum lat_code check_entry(const struct lat_archive *a, size_t i,
                                 struct lat_err *err)
{
    const struct lat_blob *e = lat_archive_get(a, i);
    struct lat_signal *sig = NULL;
    enum lat_code code;

    if (lat_file_kind(e->name) == LAT_FILE_IMAGE)
        return check_image(e, err);
    code = lat_archive_signal(&sig, a, e->name, NULL, err);
    if (!code)
        code = check_signal(sig, err);
    lat_signal_free(sig);
    return code;
}

/* Each thing that lies in it; what is neither signal nor image (a RECORDS, a
 * licence, annotations) is no recording and no error. */
static enum lat_code inspect_archive(struct lat_report *r, const char *path,
                                     const struct lat_archive_limits *limits,
                                     struct lat_err *err)
{
    struct lat_archive *a = NULL;
    enum lat_code code = lat_archive_read(&a, path, limits, err);

    for (size_t i = 0; !code && i < lat_archive_count(a); i++) {
        const char *name = lat_archive_get(a, i)->name;
        enum lat_file_kind kind = lat_file_kind(name);
        struct lat_err why = {0};

        if (kind != LAT_FILE_SIGNAL && kind != LAT_FILE_HEADER &&
            kind != LAT_FILE_IMAGE)
            continue;
        if (check_entry(a, i, &why))
            lat_report_reject(r, 0, name, why.msg);
        else
            r->recordings++;
        if (why.code == LAT_ENOMEM)
            code = lat_fail(err, LAT_ENOMEM, "entry %.80s", name);
    }
    if (!code && r->recordings + r->rejected == 0)
        code = lat_fail(err, LAT_EFORMAT,
                        "the archive has no signal and no image in it");
    lat_archive_free(a);
    return code;
}

static enum lat_code inspect_manifest(struct lat_report *r,
                                      const struct lat_blob *file,
                                      struct lat_err *err)
{
    struct lat_manifest *m = NULL;
    enum lat_code code = lat_manifest_decode(&m, file, err);

    if (code)
        return code;
    *r = m->report;
    lat_manifest_free(m);
    if (r->recordings + r->rejected == 0)
        return lat_fail(err, LAT_EFORMAT, "no line in it");
    return LAT_OK;
}

static enum lat_code inspect_one(struct lat_report *r,
                                 const struct lat_blob *file,
                                 enum lat_file_kind kind, struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    enum lat_code code;

    if (kind == LAT_FILE_IMAGE) {
        code = check_image(file, err);
    } else {
        code = lat__signal_decode(&sig, file, NULL, err);
        if (!code)
            code = check_signal(sig, err);
        lat_signal_free(sig);
    }
    r->recordings = code == LAT_OK;
    return code;
}

static enum lat_code inspect_file(struct lat_report *r, const char *path,
                                  const char *name, enum lat_file_kind kind,
                                  struct lat_err *err)
{
    struct lat_blob file = {.name = name};
    char *data = NULL;
    enum lat_code code =
        lat_file_read(&data, &file.len, path, (size_t)FILE_MAX_MB << 20, err);

    if (code)
        return code;
    file.data = data;
    code = kind == LAT_FILE_MANIFEST ? inspect_manifest(r, &file, err)
                                     : inspect_one(r, &file, kind, err);
    lat_free(data);
    return code;
}

/* Our own troubles, which say nothing of the file. */
static bool is_ours(enum lat_code code)
{
    return code == LAT_ENOMEM || code == LAT_EIO || code == LAT_ENOENT;
}

enum lat_code lat_file_inspect(struct lat_report *report, const char *path,
                               const char *name,
                               const struct lat_archive_limits *limits,
                               struct lat_err *err)
{
    enum lat_file_kind kind = lat_file_kind(name);
    struct lat_report r = {0};
    struct lat_err why = {0};
    enum lat_code code;

    if (kind == LAT_FILE_OTHER || kind == LAT_FILE_HEADER)
        return lat_fail_word(err, LAT_EMEDIA, "unsupported_format",
                             kind == LAT_FILE_HEADER
                                 ? "%.80s is a header alone: put it into a "
                                   "zip or tar with its signal files (%s)"
                                 : "%.80s: its name must end in %s",
                             name, lat_file_endings());
    code = kind == LAT_FILE_ARCHIVE ? inspect_archive(&r, path, limits, &why)
                                    : inspect_file(&r, path, name, kind, &why);
    if (is_ours(code)) {
        if (err)
            *err = why;
        return code;
    }
    if (code)
        lat_report_reject(&r, 0, NULL, why.msg);
    *report = r;
    return LAT_OK;
}

/* ---- what a file says of itself ----------------------------------------- */

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);

    return n > m && strcasecmp(name + n - m, ending) == 0;
}

/* Its whole lines, so far as they are read. */
static enum lat_code read_beginning(char **out, size_t *len, const char *path,
                                    struct lat_err *err)
{
    FILE *f = fopen(path, "rb");
    char *data = f ? lat_calloc(1, BEGINNING) : NULL;
    enum lat_code code = LAT_OK;

    if (!f)
        return lat_fail(err, errno == ENOENT ? LAT_ENOENT : LAT_EIO, "%s: %s",
                        path, strerror(errno));
    *len = data ? fread(data, 1, BEGINNING, f) : 0;
    if (!data)
        code = lat_fail(err, LAT_ENOMEM, "the beginning of a file");
    else if (ferror(f))
        code = lat_fail(err, LAT_EIO, "%s: cannot be read", path);
    fclose(f);
    if (!code && *len == BEGINNING)
        while (*len > 0 && data[*len - 1] != '\n')
            --*len;
    if (code)
        lat_free(data);
    else
        *out = data;
    return code;
}

/* One that is wrong is told so where it is decoded. */
enum lat_code lat_file_says_rate(bool *says, const char *path, const char *name,
                                 struct lat_err *err)
{
    static const struct lat_hints none = {0};
    struct lat_blob file = {.name = name};
    struct lat_signal *sig = NULL;
    char *data = NULL;
    enum lat_code code;

    *says = !has_ending(name, ".npy");
    if (!has_ending(name, ".csv"))
        return LAT_OK;
    code = read_beginning(&data, &file.len, path, err);
    if (code)
        return code;
    file.data = data;
    code = lat_csv_decode(&sig, &file, &none, err);
    if (!code)
        *says = sig->rate_hz > 0.0;
    lat_signal_free(sig);
    lat_free(data);
    return code == LAT_ENOMEM ? code : LAT_OK;
}
