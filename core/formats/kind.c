/* kind.c - what a file is, by the ending of its name, and what a manifest may
 * say of it. */
#include "../latent/data.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *ending;
    enum lat_file_kind kind;
} endings[] = {
    {".jsonl", LAT_FILE_MANIFEST}, {".csv", LAT_FILE_SIGNAL},
    {".npy", LAT_FILE_SIGNAL},     {".edf", LAT_FILE_SIGNAL},
    {".hea", LAT_FILE_HEADER},     {".png", LAT_FILE_IMAGE},
    {".jpg", LAT_FILE_IMAGE},      {".jpeg", LAT_FILE_IMAGE},
    {".zip", LAT_FILE_ARCHIVE},    {".tar", LAT_FILE_ARCHIVE},
    {".tar.gz", LAT_FILE_ARCHIVE}, {".tgz", LAT_FILE_ARCHIVE},
};

enum lat_file_kind lat_file_kind(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t m = strlen(endings[i].ending);

        if (n > m && strcasecmp(name + n - m, endings[i].ending) == 0)
            return endings[i].kind;
    }
    return LAT_FILE_OTHER;
}

const char *lat_file_endings(void)
{
    return ".jsonl, .csv, .npy, .edf, .png, .jpg, .jpeg, .zip, .tar, .tar.gz "
           "or .tgz";
}

const char *lat_line_wrong(const struct lat_line *line, enum lat_file_kind kind)
{
    if (kind != LAT_FILE_IMAGE)
        return line->subject ? NULL : "it has no subject";
    if (line->end > 0)
        return "an image has no segment";
    if (line->rate_hz > 0.0)
        return "an image has no sampling_rate_hz";
    return line->n_channels > 0 ? "an image has no channels" : NULL;
}
