/* data.c - recordings or images to train on, from a folder, from manifests or
 * from archives. */
#include "data.h"

#include <libgen.h>
#include <string.h>

static const double DEFAULT_SHARE = 0.2;

enum { ENTRIES_MAX = 1000000 };

/* What a person at a terminal asks to be unpacked is unpacked: to 16 GiB. */
static const struct lat_archive_limits limits = {(uint64_t)16 << 30,
                                                 ENTRIES_MAX, NULL};

static enum lat_code add_lines(struct lat_dataset *d,
                               const struct lat_manifest *m,
                               struct lat_shelf *shelf, enum lat_split split,
                               struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; !code && i < m->n; i++)
        code = lat_dataset_add_line(d, shelf, &m->lines[i], split, NULL, err);
    return code;
}

static void print_report(const char *path, const struct lat_report *r)
{
    for (size_t i = 0; i < r->n_errors; i++)
        fprintf(stderr, "latent: warning: %s: line %zu: %s\n", path,
                r->errors[i].line, r->errors[i].reason);
    if (r->rejected > r->n_errors)
        fprintf(stderr, "latent: warning: %s: %zu lines more are wrong\n", path,
                r->rejected - r->n_errors);
}

static enum lat_code add_manifest(struct lat_dataset *d, const char *path,
                                  enum lat_split split, struct lat_err *err)
{
    struct lat_shelf_options opt = {lat_shelf_beside, NULL, limits};
    char *copy = lat_strdup(path);
    struct lat_manifest *m = NULL;
    struct lat_shelf *shelf = NULL;
    enum lat_code code;

    if (!copy)
        return lat_fail(err, LAT_ENOMEM, "path");
    opt.arg = dirname(copy);
    code = lat_manifest_read(&m, path, err);
    if (!code) {
        print_report(path, &m->report);
        code = lat_shelf_new(&shelf, &opt, err);
    }
    if (!code) {
        code = add_lines(d, m, shelf, split, err);
        if (code)
            code = lat_wrap(err, code, "%s", path);
    }
    lat_shelf_free(shelf);
    lat_manifest_free(m);
    lat_free(copy);
    return code;
}

/* A manifest, or of images an archive of a folder for each class. */
static enum lat_code add_any(struct lat_dataset *d, const char *path,
                             enum lat_split split, struct lat_err *err)
{
    enum lat_code code;

    if (lat_file_kind(path) != LAT_FILE_ARCHIVE)
        return add_manifest(d, path, split, err);
    code = lat_dataset_add_archive(d, path, &limits, split, NULL, err);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

static enum lat_code open_manifests(struct lat_dataset **out,
                                    const struct lat_recipe *r,
                                    const struct cli_data *data,
                                    struct lat_err *err)
{
    struct lat_dataset *d = NULL;
    enum lat_code code = lat_dataset_new(&d, r, err);

    if (!code)
        code = add_any(d, data->data, LAT_TRAIN, err);
    if (!code && data->valid)
        code = add_any(d, data->valid, LAT_VALID, err);
    else if (!code)
        code = lat_dataset_split(
            d, data->share > 0.0 ? data->share : DEFAULT_SHARE, 1, err);
    if (!code)
        code = lat_dataset_seal(d, err);
    if (code) {
        struct lat_dataset_info info = {0};

        if (d)
            info = lat_dataset_info(d);
        for (size_t i = 0; i < info.n_warnings; i++)
            fprintf(stderr, "latent: warning: %s\n", info.warnings[i]);
        lat_dataset_free(d);
        return code;
    }
    *out = d;
    return LAT_OK;
}

enum lat_code cli_data_open(struct lat_dataset **out,
                            const struct lat_recipe *r,
                            const struct cli_data *data, struct lat_err *err)
{
    enum lat_file_kind kind = lat_file_kind(data->data);

    if (kind == LAT_FILE_MANIFEST || kind == LAT_FILE_ARCHIVE)
        return open_manifests(out, r, data, err);
    if (data->valid || data->share > 0.0)
        return lat_fail(err, LAT_EINVAL,
                        "--valid and --share are for manifests (.jsonl) and "
                        "archives; of a folder the recipe says what is what");
    return lat_dataset_open(out, r, data->data, err);
}

void cli_data_print(const struct lat_dataset *d)
{
    static const char *const names[] = {"training", "validation", "test"};
    struct lat_dataset_info info = lat_dataset_info(d);

    for (size_t i = 0; i < info.n_warnings; i++)
        fprintf(stderr, "latent: warning: %s\n", info.warnings[i]);
    for (size_t i = 0; i < LAT_N_SPLITS && info.images; i++)
        printf("%-10s  %zu images of %zu classes\n", names[i], info.records[i],
               info.subjects[i]);
    for (size_t i = 0; i < LAT_N_SPLITS && !info.images; i++)
        printf("%-10s  %zu records of %zu subjects, %.1f hours\n", names[i],
               info.records[i], info.subjects[i], info.seconds[i] / 3600.0);
}
