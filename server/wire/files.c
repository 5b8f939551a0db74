/* files.c - by their endings, as a folder would be read. */
#include "files.h"

#include "formats.h"
#include "picture.h"

#include <string.h>
#include <strings.h>

enum ending { NOT_A_FILE, HEA, DAT, CSV, NPY, EDF, JPEG, PNG, OTHER };

static bool is_file(const struct latd_part *p)
{
    return strcmp(p->name, "file") == 0 || strcmp(p->name, "file[]") == 0;
}

static enum ending ending_of(const struct latd_part *p)
{
    static const struct {
        const char *ending;
        enum ending is;
    } table[] = {
        {".hea", HEA}, {".dat", DAT},  {".csv", CSV},   {".npy", NPY},
        {".edf", EDF}, {".jpg", JPEG}, {".jpeg", JPEG}, {".png", PNG},
    };
    const char *dot = strrchr(p->file, '.');

    if (!is_file(p))
        return NOT_A_FILE;
    for (size_t i = 0; dot && i < sizeof(table) / sizeof(*table); i++)
        if (strcasecmp(dot, table[i].ending) == 0)
            return table[i].is;
    return OTHER;
}

static bool is_input(const struct latd_part *p)
{
    enum ending e = ending_of(p);

    return e != NOT_A_FILE && e != DAT && e != OTHER;
}

size_t latd_files_count(const struct latd_part *parts, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += is_input(&parts[i]);
    return count;
}

static struct lat_blob blob_of(const struct latd_part *p)
{
    return (struct lat_blob){p->file, p->data, p->len};
}

/* The header's signal files are looked up among all that came. */
static enum lat_code decode_wfdb(struct lat_signal **out,
                                 const struct latd_part *header,
                                 const struct latd_part *parts, size_t n,
                                 struct lat_err *err)
{
    struct lat_blob head = blob_of(header), *files;
    size_t n_files = 0;
    enum lat_code code;

    files = lat_calloc(n, sizeof(*files));
    if (!files)
        return lat_fail(err, LAT_ENOMEM, "%zu files", n);
    for (size_t i = 0; i < n; i++)
        if (ending_of(&parts[i]) == DAT)
            files[n_files++] = blob_of(&parts[i]);
    code = lat_wfdb_decode(out, &head, files, n_files, err);
    lat_free(files);
    return code;
}

static enum lat_code set_id(struct latd_embed_input *out, const char *file,
                            struct lat_err *err)
{
    out->id = lat_strdup(file);
    if (!out->id)
        return lat_fail(err, LAT_ENOMEM, "id");
    *strrchr(out->id, '.') = '\0';
    return LAT_OK;
}

enum lat_code latd_file_decode(struct latd_embed_input *out,
                               const struct latd_part *parts, size_t n,
                               size_t index, const struct latd_params *hints,
                               struct lat_err *err)
{
    const struct latd_part *p = parts;
    struct lat_blob blob;
    enum lat_code code;

    while (!is_input(p) || index-- > 0)
        p++;
    code = set_id(out, p->file, err);
    if (code)
        return code;
    blob = blob_of(p);
    switch (ending_of(p)) {
    case HEA:
        code = decode_wfdb(&out->sig, p, parts, n, err);
        break;
    case JPEG: /* a photograph's name is no claim: its bytes tell */
    case PNG:
        return latd_picture_open(out, &blob, LATD_CLAIM_NONE, err);
    case CSV:
        code = latd_flat_decode(&out->sig, LATD_KIND_CSV, &blob, hints, err);
        break;
    case EDF:
        code = latd_flat_decode(&out->sig, LATD_KIND_EDF, &blob, hints, err);
        break;
    case NOT_A_FILE:
    case DAT:
    case OTHER:
    case NPY:
        code = latd_flat_decode(&out->sig, LATD_KIND_NPY, &blob, hints, err);
        break;
    }
    return code ? lat_wrap(err, code, "%s", p->file) : LAT_OK;
}

enum lat_code latd_files_check(const struct latd_part *parts, size_t n,
                               struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    bool header = false, signal = false;

    for (size_t i = 0; i < n; i++) {
        enum ending e = ending_of(&parts[i]);

        header |= e == HEA;
        signal |= e == DAT;
        if (e == OTHER && code == LAT_OK)
            code = lat_fail_word(err, LAT_EINVAL, "unsupported_format",
                                 "file \"%.60s\", expected a name ending in "
                                 ".hea, .dat, .csv, .npy, .edf, .jpg or "
                                 ".png",
                                 parts[i].file);
    }
    if (code == LAT_OK && signal && !header)
        code = lat_fail(err, LAT_EINVAL, "a .dat file without its .hea");
    return code ? lat_at(err, code, "file") : LAT_OK;
}
