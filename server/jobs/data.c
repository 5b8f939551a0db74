/* data.c - the recordings that a job learns from: the lines of its manifests.
 */
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

static enum lat_code add_file(struct latd_run *run, struct lat_shelf *shelf,
                              const char *file, enum lat_split split,
                              struct lat_err *err)
{
    struct lat_manifest *m = NULL;
    char path[LATD_FILE_PATH];
    enum lat_code code;

    latd_files_path(run->app->files, file, path);
    code = lat_manifest_read(&m, path, err);
    if (!code)
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
