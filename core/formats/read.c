/* read.c - a signal from a path, by the ending of the file. */
#include "text.h"
#include "wfdb.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX_MB = 1024 };

static bool has_ending(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);

    return n > m && strcmp(path + n - m, ending) == 0;
}

static enum lat_code read_file(struct lat_blob *blob, const char *path,
                               struct lat_err *err)
{
    char *data = NULL;
    enum lat_code code =
        lat_file_read(&data, &blob->len, path, (size_t)FILE_MAX_MB << 20, err);

    blob->data = data;
    blob->name = lat__base_name(path);
    return code;
}

static void free_files(struct lat_blob *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        lat_free((void *)files[i].data);
}

static bool is_read(const struct lat_blob *files, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(files[i].name, name) == 0)
            return true;
    return false;
}

/* The files that the header names, from its folder.  Each name once; they
 * point into the header. */
static enum lat_code read_signal_files(struct lat_blob *files, size_t *n,
                                       const struct lat__wfdb_header *h,
                                       const char *path, struct lat_err *err)
{
    int folder = (int)(lat__base_name(path) - path);

    for (size_t i = 0; i < h->n_channels; i++) {
        const char *name = h->channels[i].file;
        struct lat_buf full = {0};
        enum lat_code code;

        if (is_read(files, *n, name))
            continue;
        lat_buf_printf(&full, "%.*s%s", folder, path, name);
        code = full.failed ? lat_fail(err, LAT_ENOMEM, "path")
                           : read_file(&files[*n], full.v, err);
        files[*n].name = name;
        lat_buf_fini(&full);
        if (code)
            return code;
        ++*n;
    }
    return LAT_OK;
}

static enum lat_code read_wfdb(struct lat_signal **out, const char *path,
                               struct lat_err *err)
{
    struct lat_blob header = {0}, files[LAT_CHANNELS_MAX] = {0};
    struct lat__wfdb_header *h = NULL;
    size_t n = 0;
    enum lat_code code = read_file(&header, path, err);

    if (code == LAT_OK)
        code = lat__wfdb_header_parse(&h, &header, err);
    if (code == LAT_OK)
        code = read_signal_files(files, &n, h, path, err);
    if (code == LAT_OK) {
        code = lat_wfdb_decode(out, &header, files, n, err);
        if (code)
            code = lat_wrap(err, code, "%s", path);
    }
    free_files(files, n);
    lat_free((void *)header.data);
    lat_free(h);
    return code;
}

/* A record's name, or one of its other files, stands for its header. */
static enum lat_code read_record(struct lat_signal **out, const char *path,
                                 struct lat_err *err)
{
    size_t n = strlen(path);
    struct lat_buf header = {0};
    enum lat_code code;

    if (has_ending(path, ".dat") || has_ending(path, ".atr"))
        n -= 4;
    lat_buf_printf(&header, "%.*s.hea", (int)n, path);
    if (header.failed)
        code = lat_fail(err, LAT_ENOMEM, "path");
    else
        code = read_wfdb(out, header.v, err);
    lat_buf_fini(&header);
    return code;
}

enum lat_code lat_signal_read(struct lat_signal **out, const char *path,
                              const struct lat_hints *hints,
                              struct lat_err *err)
{
    const char *name = lat__base_name(path), *dot = strrchr(name, '.');
    struct lat_blob file = {0};
    enum lat_code code;

    if (has_ending(path, ".hea"))
        return read_wfdb(out, path, err);
    if (!dot || has_ending(path, ".dat") || has_ending(path, ".atr"))
        return read_record(out, path, err);
    if (!has_ending(path, ".csv") && !has_ending(path, ".npy") &&
        !has_ending(path, ".edf"))
        return lat_fail(err, LAT_EMEDIA,
                        "%s: ending %s, must be .hea, .csv, .npy or .edf", path,
                        dot);
    code = read_file(&file, path, err);
    if (code == LAT_OK && has_ending(path, ".edf"))
        code = lat_edf_decode(out, &file, err);
    else if (code == LAT_OK)
        code = has_ending(path, ".csv")
                   ? lat_csv_decode(out, &file, hints, err)
                   : lat_npy_decode(out, &file, hints, err);
    lat_free((void *)file.data);
    return code;
}
