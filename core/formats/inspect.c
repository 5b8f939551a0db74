/* inspect.c - a file decoded to see what is in it, and nothing kept. */
#include "archive.h"

#include "../latent/image.h"

#include <math.h>
#include <string.h>

enum { FILE_MAX_MB = 4096 };

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
