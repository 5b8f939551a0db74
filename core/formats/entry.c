/* entry.c - a signal out of an archive, by the ending of the entry. */
#include "archive.h"
#include "text.h"
#include "wfdb.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);

    return n > m && strcasecmp(name + n - m, ending) == 0;
}

enum lat_code lat__signal_decode(struct lat_signal **out,
                                 const struct lat_blob *file,
                                 const struct lat_hints *hints,
                                 struct lat_err *err)
{
    if (has_ending(file->name, ".edf"))
        return lat_edf_decode(out, file, err);
    if (has_ending(file->name, ".csv"))
        return lat_csv_decode(out, file, hints, err);
    if (has_ending(file->name, ".npy"))
        return lat_npy_decode(out, file, hints, err);
    return lat_fail(err, LAT_EMEDIA,
                    "%.80s is no signal: its name must end in .csv, .npy, "
                    ".edf or .hea",
                    file->name);
}

/* The signal files that a header names, from its folder, each once. */
static enum lat_code find_files(struct lat_blob *files, size_t *n,
                                const struct lat__wfdb_header *h,
                                const struct lat_archive *a,
                                const struct lat_blob *header,
                                struct lat_err *err)
{
    int folder = (int)(lat__base_name(header->name) - header->name);

    for (size_t i = 0; i < h->n_channels; i++) {
        const char *name = h->channels[i].file;
        const struct lat_blob *e;
        char full[1200];
        size_t k = 0;

        while (k < *n && strcmp(files[k].name, name) != 0)
            k++;
        if (k < *n)
            continue;
        snprintf(full, sizeof(full), "%.*s%s", folder, header->name, name);
        e = lat_archive_find(a, full);
        if (!e)
            return lat_fail(err, LAT_EFORMAT,
                            "the archive has no %.80s, which %.80s names", full,
                            header->name);
        files[*n] = *e;
        files[(*n)++].name = name;
    }
    return LAT_OK;
}

static enum lat_code decode_record(struct lat_signal **out,
                                   const struct lat_archive *a,
                                   const struct lat_blob *entry,
                                   struct lat_err *err)
{
    struct lat_blob files[LAT_CHANNELS_MAX], header = *entry;
    struct lat__wfdb_header *h = NULL;
    size_t n = 0;
    enum lat_code code;

    header.name = lat__base_name(entry->name);
    code = lat__wfdb_header_parse(&h, &header, err);
    if (code == LAT_OK)
        code = find_files(files, &n, h, a, entry, err);
    if (code == LAT_OK)
        code = lat_wfdb_decode(out, &header, files, n, err);
    lat_free(h);
    return code;
}

enum lat_code lat_archive_signal(struct lat_signal **out,
                                 const struct lat_archive *a, const char *name,
                                 const struct lat_hints *hints,
                                 struct lat_err *err)
{
    const struct lat_blob *e = lat_archive_find(a, name);
    struct lat_buf record = {0};

    if (!e) {
        lat_buf_printf(&record, "%s.hea", name);
        e = record.failed ? NULL : lat_archive_find(a, record.v);
        lat_buf_fini(&record);
    }
    if (!e)
        return lat_fail(err, LAT_ENOENT, "the archive has no entry %.80s",
                        name);
    return has_ending(e->name, ".hea") ? decode_record(out, a, e, err)
                                       : lat__signal_decode(out, e, hints, err);
}
