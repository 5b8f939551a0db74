/* shelf.c - the recordings that a manifest names, out of files and archives. */
#include "archive.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct lat_shelf {
    struct lat_shelf_options opt;
    char *open; /* the file that archive is, or NULL */
    struct lat_archive *archive;
    char *lent; /* bytes of a file, or NULL */
};

enum lat_code lat_shelf_new(struct lat_shelf **out,
                            const struct lat_shelf_options *opt,
                            struct lat_err *err)
{
    struct lat_shelf *s = lat_calloc(1, sizeof(*s));

    if (!s)
        return lat_fail(err, LAT_ENOMEM, "shelf");
    s->opt = *opt;
    *out = s;
    return LAT_OK;
}

static void put_back(struct lat_shelf *s)
{
    lat_archive_free(s->archive);
    lat_free(s->open);
    s->archive = NULL;
    s->open = NULL;
}

void lat_shelf_free(struct lat_shelf *s)
{
    if (!s)
        return;
    put_back(s);
    lat_free(s->lent);
    lat_free(s);
}

/* ---- what a line says of a signal --------------------------------------- */

struct hints {
    struct lat_hints hints;
    struct lat_buf names;
};

static enum lat_code hints_init(struct hints *h, const struct lat_line *line,
                                struct lat_err *err)
{
    *h = (struct hints){.names = {0}}; /* the rate is compared, see apply */
    for (size_t i = 0; i < line->n_channels; i++)
        lat_buf_printf(&h->names, "%s%s", i ? "," : "", line->channels[i].name);
    if (h->names.failed)
        return lat_fail(err, LAT_ENOMEM, "names of channels");
    h->hints.channels = h->names.v;
    return LAT_OK;
}

/* A name that both say is one; a unit that both say is one. */
static enum lat_code describe(struct lat_channel *c,
                              const struct lat_channel *said,
                              struct lat_err *err)
{
    if (!lat_channel_same(c->name, said->name))
        return lat_fail(err, LAT_EUNFIT,
                        "channel %s is called %s in the manifest", c->name,
                        said->name);
    if (c->unit[0] && said->unit[0] && strcasecmp(c->unit, said->unit) != 0)
        return lat_fail(err, LAT_EUNFIT,
                        "channel %s is in %s, the manifest says %s", c->name,
                        c->unit, said->unit);
    if (!c->unit[0])
        memcpy(c->unit, said->unit, sizeof(c->unit));
    return LAT_OK;
}

/* What the line says fills in what the file does not. */
static enum lat_code apply(struct lat_signal *sig, const struct lat_line *line,
                           struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    if (sig->rate_hz == 0.0)
        sig->rate_hz = line->rate_hz;
    if (line->rate_hz > 0.0 &&
        fabs(sig->rate_hz - line->rate_hz) > 1e-6 * sig->rate_hz)
        return lat_fail(err, LAT_EUNFIT,
                        "sampling rate %g Hz, the manifest says %g",
                        sig->rate_hz, line->rate_hz);
    if (line->n_channels && line->n_channels != sig->n_channels)
        return lat_fail(err, LAT_EUNFIT, "%zu channels, the manifest names %zu",
                        sig->n_channels, line->n_channels);
    for (size_t i = 0; !code && i < line->n_channels; i++)
        code = describe(&sig->channels[i], &line->channels[i], err);
    return code;
}

/* ---- files and archives ------------------------------------------------- */

static enum lat_code open_archive(struct lat_shelf *s,
                                  const struct lat_line *line,
                                  const struct lat_place *place,
                                  struct lat_err *err)
{
    enum lat_code code;

    if (s->open && strcmp(s->open, line->file) == 0)
        return LAT_OK;
    put_back(s);
    code = lat_archive_read(&s->archive, place->path, &s->opt.limits, err);
    if (code)
        return code;
    s->open = lat_strdup(line->file);
    return s->open ? LAT_OK : lat_fail(err, LAT_ENOMEM, "a name");
}

static enum lat_code read_file(struct lat_signal **out,
                               const struct lat_place *place,
                               const struct lat_hints *hints,
                               struct lat_err *err)
{
    struct lat_blob file = {.name = place->name};
    char *data = NULL;
    enum lat_code code;

    if (lat_file_kind(place->name) == LAT_FILE_HEADER)
        return lat_signal_read(out, place->path, hints, err);
    code = lat_file_read(&data, &file.len, place->path, (size_t)1 << 30, err);
    file.data = data;
    if (!code)
        code = lat__signal_decode(out, &file, hints, err);
    lat_free(data);
    return code;
}

/* Where the line's file is, which is an archive just if it has an entry. */
static enum lat_code find(struct lat_place *place, const struct lat_shelf *s,
                          const struct lat_line *line, struct lat_err *err)
{
    enum lat_code code = s->opt.find(s->opt.arg, line->file, place, err);
    bool packed;

    if (code)
        return code;
    packed = lat_file_kind(place->name) == LAT_FILE_ARCHIVE;
    if (packed != (line->entry != NULL))
        return lat_fail(err, LAT_EUNFIT,
                        packed ? "%.80s is an archive: which entry?"
                               : "%.80s is no archive, it has no entry",
                        place->name);
    return LAT_OK;
}

static enum lat_code read_any(struct lat_signal **out, struct lat_shelf *s,
                              const struct lat_line *line,
                              const struct lat_hints *hints,
                              struct lat_err *err)
{
    struct lat_place place = {0};
    enum lat_code code = find(&place, s, line, err);

    if (code)
        return code;
    if (!line->entry)
        return read_file(out, &place, hints, err);
    code = open_archive(s, line, &place, err);
    return code ? code
                : lat_archive_signal(out, s->archive, line->entry, hints, err);
}

enum lat_code lat_shelf_signal(struct lat_signal **out, struct lat_shelf *s,
                               const struct lat_line *line, struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    struct hints h;
    enum lat_code code = hints_init(&h, line, err);

    if (!code)
        code = read_any(&sig, s, line, &h.hints, err);
    if (!code)
        code = apply(sig, line, err);
    lat_buf_fini(&h.names);
    if (code) {
        lat_signal_free(sig);
        return code;
    }
    *out = sig;
    return LAT_OK;
}

/* ---- what is no signal -------------------------------------------------- */

enum lat_code lat_shelf_kind(enum lat_file_kind *out, const struct lat_shelf *s,
                             const struct lat_line *line, struct lat_err *err)
{
    struct lat_place place = {0};
    enum lat_code code = find(&place, s, line, err);

    if (!code)
        *out = lat_file_kind(line->entry ? line->entry : place.name);
    return code;
}

static enum lat_code lend_entry(struct lat_blob *out, struct lat_shelf *s,
                                const struct lat_line *line,
                                struct lat_place *place, struct lat_err *err)
{
    const struct lat_blob *e;
    enum lat_code code = open_archive(s, line, place, err);

    if (code)
        return code;
    e = lat_archive_find(s->archive, line->entry);
    if (!e)
        return lat_fail(err, LAT_ENOENT, "the archive has no entry %.80s",
                        line->entry);
    place->path[0] = '\0';
    *out = *e;
    return LAT_OK;
}

enum lat_code lat_shelf_bytes(struct lat_blob *out, struct lat_place *place,
                              struct lat_shelf *s, const struct lat_line *line,
                              struct lat_err *err)
{
    enum lat_code code = find(place, s, line, err);

    if (code)
        return code;
    if (line->entry)
        return lend_entry(out, s, line, place, err);
    lat_free(s->lent);
    s->lent = NULL;
    out->name = line->file;
    code =
        lat_file_read(&s->lent, &out->len, place->path, (size_t)1 << 30, err);
    out->data = s->lent;
    return code;
}

/* ---- files on disk ------------------------------------------------------ */

static bool leads_out(const char *name)
{
    if (name[0] == '/')
        return true;
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");

        if (n == 2 && memcmp(p, "..", 2) == 0)
            return true;
        p += n + (p[n] == '/');
    }
    return false;
}

enum lat_code lat_shelf_beside(void *arg, const char *file,
                               struct lat_place *out, struct lat_err *err)
{
    const char *dir = arg, *slash = strrchr(file, '/');
    int n;

    if (leads_out(file))
        return lat_fail(err, LAT_EINVAL,
                        "%.80s leads out of the manifest's folder", file);
    n = snprintf(out->path, sizeof(out->path), "%s/%s", dir, file);
    if (n < 0 || (size_t)n >= sizeof(out->path))
        return lat_fail(err, LAT_ETOOBIG, "a path of %d bytes", n);
    snprintf(out->name, sizeof(out->name), "%s", slash ? slash + 1 : file);
    return LAT_OK;
}
