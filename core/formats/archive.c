/*
 * archive.c - the door to libarchive: a zip or tar, all of it in memory.
 *
 * Nothing in it is believed: sizes are counted as they are unpacked, and a
 * name that leads anywhere but into the archive ends the reading.
 */
#include "archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 1024, PIECE = 65536 };

struct reading {
    struct archive *a;
    struct archive_entry *entry;
    const struct lat_archive_limits *limits;
    struct lat_archive *out;
    size_t cap, seen; /* of headers, folders' too */
    uint64_t bytes;   /* unpacked so far */
    struct lat_err *err;
};

/* ---- names -------------------------------------------------------------- */

static enum lat_code fail_entry(const struct reading *r, const char *name,
                                const char *what)
{
    return lat_fail_word(r->err, LAT_EFORMAT, "unsafe_archive",
                         "entry \"%.80s\" %s", name, what);
}

/* A folder at a time: no .., no empty step but the last, no root. */
static bool leads_out(const char *name)
{
    if (name[0] == '/' || strchr(name, '\\'))
        return true;
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");

        if (n == 2 && memcmp(p, "..", 2) == 0)
            return true;
        p += n + (p[n] == '/');
    }
    return false;
}

/* What can be shown in a message and a log. */
static bool is_plain(const char *name)
{
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    return true;
}

/* tar writes ./a/b for a/b. */
static const char *skip_dot(const char *name)
{
    while (name[0] == '.' && name[1] == '/') {
        name += 2;
        name += strspn(name, "/");
    }
    return name;
}

/* *name is NULL for what is no recording: a folder, what macOS adds. */
static enum lat_code check_entry(const struct reading *r, const char **name)
{
    const char *s = archive_entry_pathname(r->entry);

    if (!s)
        s = archive_entry_pathname_utf8(r->entry);
    if (!s || !*s || strlen(s) > NAME_MAX_BYTES || !is_plain(s))
        return lat_fail_word(r->err, LAT_EFORMAT, "unsafe_archive",
                             "entry %zu has no name of 1 to %d plain "
                             "characters",
                             r->out->n + 1, NAME_MAX_BYTES);
    if (leads_out(s))
        return fail_entry(r, s, "leads out of the archive");
    if (archive_entry_is_encrypted(r->entry))
        return fail_entry(r, s, "is encrypted");
    if (archive_entry_symlink(r->entry) || archive_entry_hardlink(r->entry))
        return fail_entry(r, s, "is a link");
    *name = NULL;
    if (archive_entry_filetype(r->entry) == AE_IFDIR)
        return LAT_OK;
    if (archive_entry_filetype(r->entry) != AE_IFREG)
        return fail_entry(r, s, "is no plain file");
    s = skip_dot(s);
    if (*s && strncmp(s, "__MACOSX/", 9) != 0)
        *name = s;
    return LAT_OK;
}

/* ---- bytes -------------------------------------------------------------- */

static enum lat_code fail_library(const struct reading *r)
{
    const char *why = archive_error_string(r->a);

    return lat_fail(
        r->err, archive_errno(r->a) == ENOMEM ? LAT_ENOMEM : LAT_EFORMAT,
        "not an archive that can be read: %s", why ? why : "damaged");
}

static enum lat_code count_bytes(struct reading *r, size_t n)
{
    const struct lat_archive_limits *l = r->limits;

    r->bytes += n;
    if (r->bytes <= l->bytes)
        return LAT_OK;
    return lat_fail_word(r->err, LAT_ETOOBIG, "archive_too_large",
                         "more than %llu bytes when it is unpacked%s%s%s",
                         (unsigned long long)l->bytes, l->setting ? " (" : "",
                         l->setting ? l->setting : "", l->setting ? ")" : "");
}

static enum lat_code read_data(struct reading *r, struct lat_buf *to)
{
    for (;;) {
        char *room = lat_buf_reserve(to, PIECE);
        la_ssize_t n;
        enum lat_code code;

        if (!room)
            return lat_fail(r->err, LAT_ENOMEM, "%zu bytes", to->len);
        n = archive_read_data(r->a, room, PIECE);
        if (n < 0)
            return fail_library(r);
        if (n == 0)
            return LAT_OK;
        code = count_bytes(r, (size_t)n);
        if (code)
            return code;
        to->len += (size_t)n;
    }
}

static enum lat_code make_room(struct reading *r)
{
    struct lat_archive *a = r->out;
    size_t cap = r->cap ? 2 * r->cap : 64;
    struct lat_blob *v;

    if (a->n < r->cap)
        return LAT_OK;
    v = lat_calloc(cap, sizeof(*v));
    if (!v)
        return lat_fail(r->err, LAT_ENOMEM, "%zu entries", cap);
    if (a->n)
        memcpy(v, a->entries, a->n * sizeof(*v));
    lat_free(a->entries);
    a->entries = v;
    r->cap = cap;
    return LAT_OK;
}

static enum lat_code take_entry(struct reading *r)
{
    struct lat_buf data = {0};
    const char *name = NULL;
    struct lat_blob *e;
    enum lat_code code = LAT_OK;

    if (++r->seen > r->limits->entries)
        return lat_fail_word(r->err, LAT_ETOOBIG, "archive_too_large",
                             "more than %zu entries", r->limits->entries);
    code = check_entry(r, &name);
    if (code || !name)
        return code;
    code = make_room(r);
    if (code)
        return code;
    e = &r->out->entries[r->out->n];
    e->name = lat_strdup(name);
    if (!e->name)
        return lat_fail(r->err, LAT_ENOMEM, "a name");
    r->out->n++;
    code = read_data(r, &data);
    e->data = data.v; /* whole or not, the archive's */
    e->len = data.len;
    return code ? lat_wrap(r->err, code, "entry %.80s", e->name) : LAT_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct lat_blob *)a)->name,
                  ((const struct lat_blob *)b)->name);
}

static enum lat_code read_entries(struct reading *r)
{
    struct lat_archive *a = r->out;
    int said;

    while ((said = archive_read_next_header(r->a, &r->entry)) == ARCHIVE_OK ||
           said == ARCHIVE_WARN) {
        enum lat_code code = take_entry(r);

        if (code)
            return code;
    }
    if (said != ARCHIVE_EOF)
        return fail_library(r);
    if (a->n > 0)
        qsort(a->entries, a->n, sizeof(*a->entries), by_name);
    for (size_t i = 1; i < a->n; i++)
        if (by_name(&a->entries[i - 1], &a->entries[i]) == 0)
            return fail_entry(r, a->entries[i].name, "stands twice");
    return LAT_OK;
}

/* ---- the whole ---------------------------------------------------------- */

static int open_any(struct archive *a, const char *path,
                    const struct lat_blob *file)
{
    archive_read_support_filter_none(a);
    archive_read_support_filter_gzip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    return path ? archive_read_open_filename(a, path, PIECE)
                : archive_read_open_memory(a, file->data, file->len);
}

static enum lat_code read_all(struct lat_archive **out, const char *path,
                              const struct lat_blob *file,
                              const struct lat_archive_limits *limits,
                              struct lat_err *err)
{
    struct reading r = {.limits = limits, .err = err};
    enum lat_code code;

    r.out = lat_calloc(1, sizeof(*r.out));
    r.a = archive_read_new();
    if (!r.out || !r.a)
        code = lat_fail(err, LAT_ENOMEM, "archive");
    else if (open_any(r.a, path, file) != ARCHIVE_OK)
        code = fail_library(&r);
    else
        code = read_entries(&r);
    archive_read_free(r.a);
    if (code) {
        lat_archive_free(r.out);
        return code;
    }
    *out = r.out;
    return LAT_OK;
}

enum lat_code lat_archive_read(struct lat_archive **out, const char *path,
                               const struct lat_archive_limits *limits,
                               struct lat_err *err)
{
    return read_all(out, path, NULL, limits, err);
}

enum lat_code lat__archive_decode(struct lat_archive **out,
                                  const struct lat_blob *file,
                                  const struct lat_archive_limits *limits,
                                  struct lat_err *err)
{
    return read_all(out, NULL, file, limits, err);
}

void lat_archive_free(struct lat_archive *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n; i++) {
        lat_free((void *)a->entries[i].name);
        lat_free((void *)a->entries[i].data);
    }
    lat_free(a->entries);
    lat_free(a);
}

size_t lat_archive_count(const struct lat_archive *a)
{
    return a->n;
}

const struct lat_blob *lat_archive_get(const struct lat_archive *a, size_t i)
{
    assert(i < a->n);
    return &a->entries[i];
}

const struct lat_blob *lat_archive_find(const struct lat_archive *a,
                                        const char *name)
{
    struct lat_blob key = {.name = name};

    if (a->n == 0)
        return NULL;
    return bsearch(&key, a->entries, a->n, sizeof(key), by_name);
}
