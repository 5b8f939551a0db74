/* data.c - the recordings or images that a job learns from: the lines of its
 * manifests, and of images what an archive holds. */
#include "run.h"

#include "../files.h"

#include <stdio.h>

/* Where no validation file is given, of the subjects. */
static const double valid_share = 0.1;

static enum lat_code add_lines(struct latd_run *run, struct lat_shelf *shelf,
                               const struct lat_manifest *m,
                               enum lat_split split, struct lat_err *err)
{
    struct lat_report report = {0};
    enum lat_code code = LAT_OK;

    for (size_t i = 0; !code && i < m->n; i++)
        code = lat_dataset_add_line(run->data, shelf, &m->lines[i], split,
                                    &report, err);
    if (!code && m->n > 0 && report.recordings == 0 && report.n_errors > 0)
        code =
            lat_fail(err, LAT_EUNFIT, "no recording can be used; line %zu: %s",
                     report.errors[0].line, report.errors[0].reason);
    return code;
}

static enum lat_code add_archive(struct latd_run *run, const char *path,
                                 enum lat_split split, struct lat_err *err)
{
    struct lat_report report = {0};
    enum lat_code code = lat_dataset_add_archive(
        run->data, path, latd_files_unpacked(run->app->files), split, &report,
        err);

    if (!code && report.recordings == 0)
        code = lat_fail(err, LAT_EUNFIT, "no image can be used%s%s: %s",
                        report.n_errors ? "; entry " : "",
                        report.n_errors ? report.errors[0].entry : "",
                        report.n_errors ? report.errors[0].reason
                                        : "the archive has none");
    return code;
}

static enum lat_code add_file(struct latd_run *run, struct lat_shelf *shelf,
                              const char *file, enum lat_split split,
                              struct lat_err *err)
{
    struct lat_manifest *m = NULL;
    struct lat_place place = {0};
    enum lat_file_kind kind;
    enum lat_code code = latd_files_place(run->app->files, file, &place, err);

    if (code)
        return code;
    kind = lat_file_kind(place.name);
    if (kind == LAT_FILE_ARCHIVE)
        code = add_archive(run, place.path, split, err);
    else if (kind != LAT_FILE_MANIFEST)
        code = lat_fail(err, LAT_EINVAL,
                        "%.80s is no manifest (.jsonl), and no archive of "
                        "images",
                        place.name);
    else
        code = lat_manifest_read(&m, place.path, err);
    if (!code && m)
        code = add_lines(run, shelf, m, split, err);
    lat_manifest_free(m);
    return code ? lat_wrap(err, code, "%s", file) : LAT_OK;
}

enum lat_code latd_run_data(struct latd_run *run, struct lat_err *err)
{
    const struct lat_shelf_options opt = {
        .find = latd_files_place,
        .arg = run->app->files,
        .limits = *latd_files_unpacked(run->app->files),
    };
    struct lat_shelf *shelf = NULL;
    enum lat_code code = lat_shelf_new(&shelf, &opt, err);

    if (!code)
        code = lat_dataset_new(&run->data, run->recipe, err);
    if (!code)
        code = add_file(run, shelf, run->job.training_file, LAT_TRAIN, err);
    if (!code && run->job.validation_file)
        code = add_file(run, shelf, run->job.validation_file, LAT_VALID, err);
    /* One subject alone cannot be split: then nothing is validated. */
    if (!code && !run->job.validation_file) {
        code = lat_dataset_split(run->data, valid_share, run->ask.seed, err);
        if (code == LAT_EINVAL)
            code = LAT_OK;
    }
    if (!code)
        code = lat_dataset_seal(run->data, err);
    lat_shelf_free(shelf);
    return code;
}
