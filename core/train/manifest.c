/* manifest.c - data sets from the lines of manifests, and from archives. */
#include "../latent/data.h"
#include "../train.h"
#include "album.h"

#include <stdio.h>
#include <string.h>

/* Not the recording's fault: no use in going on. */
static bool ends_all(enum lat_code code)
{
    return code == LAT_ENOMEM || code == LAT_EINVAL;
}

static const char *name_of(const struct lat_line *line)
{
    return line->entry ? line->entry : line->file;
}

static enum lat_code add_signal(struct lat_dataset *d, struct lat_shelf *s,
                                const struct lat_line *line,
                                enum lat_split split, struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    struct lat_recording rec = {.name = name_of(line),
                                .subject = line->subject,
                                .label = line->label,
                                .split = split,
                                .begin = line->begin,
                                .end = line->end};
    enum lat_code code = lat_shelf_signal(&sig, s, line, err);

    if (!code) {
        rec.signal = sig;
        code = lat_dataset_add(d, &rec, err);
        lat_signal_free(sig);
        return code;
    }
    if (code == LAT_ENOMEM || lat__feed_reject(d, rec.name, err->msg, NULL))
        return LAT_ENOMEM;
    return LAT_EUNFIT;
}

static enum lat_code add_image(struct lat_dataset *d, struct lat_shelf *s,
                               const struct lat_line *line,
                               enum lat_split split, struct lat_err *err)
{
    struct lat_place place = {0};
    struct lat_blob file = {0};
    struct lat_shown shown = {.name = name_of(line),
                              .subject = line->subject,
                              .label = line->label,
                              .split = split,
                              .file = &file};
    enum lat_code code = lat_shelf_bytes(&file, &place, s, line, err);

    if (!code) {
        shown.path = *place.path ? place.path : NULL;
        return lat_dataset_add_image(d, &shown, err);
    }
    if (code == LAT_ENOMEM || lat__feed_reject(d, shown.name, err->msg, NULL))
        return LAT_ENOMEM;
    return LAT_EUNFIT;
}

/* Signals and images do not go together: such a manifest is for another
 * model. */
static enum lat_code check_kind(struct lat_dataset *d, enum lat_file_kind kind,
                                const struct lat_line *line,
                                struct lat_err *err)
{
    const bool signal = kind == LAT_FILE_SIGNAL || kind == LAT_FILE_HEADER;
    const char *name = name_of(line), *wrong = lat_line_wrong(line, kind);

    if (d->album ? signal : kind == LAT_FILE_IMAGE)
        return lat_fail_word(err, LAT_EINVAL, "wrong_modality",
                             d->album
                                 ? "%.80s is a signal, and what is trained "
                                   "reads images"
                                 : "%.80s is an image, and what is trained "
                                   "reads signals",
                             name);
    if (d->album && kind != LAT_FILE_IMAGE)
        wrong = "it is no image: its name must end in .png, .jpg or .jpeg";
    if (!wrong)
        return LAT_OK;
    lat_fail(err, LAT_EUNFIT, "%.80s: %s", name, wrong);
    return lat__feed_reject(d, name, wrong, NULL) ? LAT_ENOMEM : LAT_EUNFIT;
}

/* A file that is not there has no kind: it is left out, and that says why. */
static enum lat_code add(struct lat_dataset *d, struct lat_shelf *s,
                         const struct lat_line *line, enum lat_split split,
                         struct lat_err *err)
{
    enum lat_file_kind kind = LAT_FILE_OTHER;
    enum lat_code code = lat_shelf_kind(&kind, s, line, err);

    if (!code)
        code = check_kind(d, kind, line, err);
    else if (lat__feed_reject(d, name_of(line), err->msg, NULL))
        return LAT_ENOMEM;
    else
        return code == LAT_ENOMEM ? code : LAT_EUNFIT;
    if (code)
        return code;
    return d->album ? add_image(d, s, line, split, err)
                    : add_signal(d, s, line, split, err);
}

enum lat_code lat_dataset_add_line(struct lat_dataset *d, struct lat_shelf *s,
                                   const struct lat_line *line,
                                   enum lat_split split,
                                   struct lat_report *report,
                                   struct lat_err *err)
{
    struct lat_err why = {0};
    enum lat_code code = add(d, s, line, split, &why);

    if (code == LAT_OK) {
        if (report)
            report->recordings++;
        return LAT_OK;
    }
    if (ends_all(code))
        return lat_fail_word(err, code, why.word, "line %zu: %s", line->number,
                             why.msg);
    if (report)
        lat_report_reject(report, line->number, line->entry, why.msg);
    return LAT_OK;
}

/* ---- archives ----------------------------------------------------------- */

enum { FOLDER_MAX = 1100 };

/* The name of the folder that an entry lies in; "": in none. */
static void folder_of(char folder[FOLDER_MAX], const char *entry)
{
    const char *end = strrchr(entry, '/'), *begin = end;

    while (begin && begin > entry && begin[-1] != '/')
        begin--;
    snprintf(folder, FOLDER_MAX, "%.*s", end ? (int)(end - begin) : 0,
             begin ? begin : "");
}

static enum lat_code add_entry(struct lat_dataset *d,
                               const struct lat_blob *entry,
                               enum lat_split split, struct lat_err *err)
{
    char folder[FOLDER_MAX];
    const struct lat_shown shown = {
        .name = entry->name, .label = folder, .split = split, .file = entry};

    folder_of(folder, entry->name);
    if (lat_file_kind(entry->name) == LAT_FILE_IMAGE)
        return lat_dataset_add_image(d, &shown, err);
    lat_fail(err, LAT_EUNFIT, "it is no image");
    return lat__feed_reject(d, entry->name, err->msg, NULL) ? LAT_ENOMEM
                                                            : LAT_EUNFIT;
}

enum lat_code lat_dataset_add_archive(struct lat_dataset *d, const char *path,
                                      const struct lat_archive_limits *limits,
                                      enum lat_split split,
                                      struct lat_report *report,
                                      struct lat_err *err)
{
    struct lat_archive *a = NULL;
    enum lat_code code;

    if (!d->album)
        return lat_fail_word(err, LAT_EINVAL, "wrong_modality",
                             "an archive alone is for images; signals are "
                             "named by a manifest, with whose they are");
    code = lat_archive_read(&a, path, limits, err);
    for (size_t i = 0; !code && i < lat_archive_count(a); i++) {
        const struct lat_blob *entry = lat_archive_get(a, i);
        struct lat_err why = {0};

        code = add_entry(d, entry, split, &why);
        if (ends_all(code)) {
            code = lat_fail(err, code, "%s", why.msg);
            break;
        }
        if (report && !code)
            report->recordings++;
        if (report && code)
            lat_report_reject(report, 0, entry->name, why.msg);
        code = LAT_OK;
    }
    lat_archive_free(a);
    return code;
}
