/* follow.c - the files that a manifest names: whether they are here, what they
 * are, and whether they need a rate.  What else is in them is looked at when a
 * job reads them. */
#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct follow {
    struct latd_rows *rows;
    char name[LATD_ID_MAX];           /* the file that was looked up last … */
    char filename[LATD_FILENAME_MAX]; /* … "": it is not here */
    char why[LAT_REASON_MAX];
    bool says_rate;
};

/* Of archives and images nothing is asked here; one that is being deleted is
 * not here when a job reads it. */
static enum lat_code look_into(struct follow *f, struct latd_files *files,
                               struct lat_err *err)
{
    char path[LATD_FILE_PATH];
    enum lat_code code;

    f->says_rate = true;
    if (lat_file_kind(f->filename) != LAT_FILE_SIGNAL)
        return LAT_OK;
    latd_files_path(files, f->name, path);
    code = lat_file_says_rate(&f->says_rate, path, f->filename, err);
    return code == LAT_ENOENT ? LAT_OK : code;
}

static enum lat_code look_up(struct follow *f, const char *id,
                             struct lat_err *err)
{
    struct latd_file row = {.report = NULL};
    struct lat_err why = {0};
    enum lat_code code = LAT_ENOENT;

    f->filename[0] = '\0';
    snprintf(f->name, sizeof(f->name), "%.39s", id);
    snprintf(f->why, sizeof(f->why), "%.60s is not the id of a file", id);
    if (latd_ulid_is(id, "file-"))
        code = latd_rows_file_get(&row, f->rows, id, &why);
    if (code == LAT_OK && row.usable)
        snprintf(f->filename, sizeof(f->filename), "%s", row.filename);
    if (code == LAT_OK && !row.usable)
        snprintf(f->why, sizeof(f->why), "nothing in file %.39s can be used",
                 id);
    else if (code == LAT_ENOENT && why.msg[0])
        snprintf(f->why, sizeof(f->why), "%.200s", why.msg);
    else if (code && code != LAT_ENOENT)
        return lat_fail(err, code, "%s", why.msg);
    latd_file_fini(&row);
    return LAT_OK;
}

/* NULL when the line may be used. */
static const char *wrong_with(struct follow *f, const struct lat_line *line)
{
    enum lat_file_kind kind = lat_file_kind(f->filename);
    const char *wrong;

    if (!f->filename[0])
        return f->why;
    if (kind == LAT_FILE_ARCHIVE && !line->entry)
        return "the file is an archive: which entry?";
    if (kind != LAT_FILE_ARCHIVE && line->entry)
        return "the file is no archive, it has no entry";
    if (kind == LAT_FILE_MANIFEST)
        return "the file is a manifest";
    wrong =
        lat_line_wrong(line, line->entry ? lat_file_kind(line->entry) : kind);
    if (wrong)
        return wrong;
    if (!f->says_rate && !(line->rate_hz > 0.0))
        return "the file does not say its sampling rate: add sampling_rate_hz";
    return NULL;
}

static int by_line(const void *a, const void *b)
{
    const struct lat_report_error *x = a, *y = b;

    return (x->line > y->line) - (x->line < y->line);
}

enum lat_code latd_files_follow(struct latd_files *files,
                                const struct lat_manifest *m,
                                struct lat_report *report,
                                struct lat_buf *named, struct lat_err *err)
{
    struct follow f = {.rows = latd_database_borrow(files->opt.database)};
    enum lat_code code = LAT_OK;

    for (size_t i = 0; !code && i < m->n; i++) {
        const char *why;

        /* lines are sorted by file */
        if (i == 0 || strcmp(m->lines[i].file, m->lines[i - 1].file) != 0) {
            code = look_up(&f, m->lines[i].file, err);
            if (!code && f.filename[0]) {
                lat_buf_put(named, f.name, strlen(f.name) + 1);
                code = look_into(&f, files, err);
            }
        }
        why = code ? NULL : wrong_with(&f, &m->lines[i]);
        if (!why)
            continue;
        report->recordings--;
        report->subjects -= !m->lines[i].subject; /* it was one by itself */
        lat_report_reject(report, m->lines[i].number, NULL, why);
    }
    qsort(report->errors, report->n_errors, sizeof(report->errors[0]), by_line);
    latd_database_return(files->opt.database, f.rows);
    if (!code && named->failed)
        code = lat_fail(err, LAT_ENOMEM, "names of files");
    return code;
}
