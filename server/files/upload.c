/* upload.c - a file as it comes: written aside, synced, looked into, renamed.
 */
#define _GNU_SOURCE /* mkostemp */
#include "room.h"

#include "../wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct latd_upload {
    struct latd_files *files;
    char path[LATD_FILE_PATH]; /* of the part, then of the whole */
    int fd;
    uint64_t bytes;
    struct lat_sha256 hash;
    struct lat_buf named; /* files that it names, a NUL after each */
    _Atomic bool kept;    /* its row is committed */
};

static enum lat_code fail_errno(struct lat_err *err, const char *doing)
{
    enum lat_code code = errno == ENOSPC || errno == EDQUOT || errno == EROFS
                             ? LAT_ENOSPACE
                             : LAT_EIO;

    return lat_fail(err, code, "cannot %s the upload: %s (data-dir)", doing,
                    strerror(errno));
}

enum lat_code latd_upload_open(struct latd_upload **out, struct latd_files *f,
                               struct lat_err *err)
{
    struct latd_upload *u = lat_calloc(1, sizeof(*u));
    enum lat_code code;

    if (!u)
        return lat_fail(err, LAT_ENOMEM, "an upload");
    u->files = f;
    lat_sha256_init(&u->hash);
    snprintf(u->path, sizeof(u->path), "%s/upload-XXXXXX", f->dir);
    u->fd = mkostemp(u->path, O_CLOEXEC);
    if (u->fd < 0) {
        code = fail_errno(err, "begin");
        lat_free(u);
        return code;
    }
    *out = u;
    return LAT_OK;
}

/* ---- bytes -------------------------------------------------------------- */

static enum lat_code count(struct latd_upload *u, size_t len,
                           struct lat_err *err)
{
    const struct latd_files_options *opt = &u->files->opt;
    uint64_t used;

    if (u->bytes + len > opt->max_file_bytes)
        return lat_fail_word(err, LAT_ETOOBIG, "request_too_large",
                             "the file has at least %llu bytes, the limit is "
                             "%llu (max-file-bytes)",
                             (unsigned long long)(u->bytes + len),
                             (unsigned long long)opt->max_file_bytes);
    used = atomic_fetch_add(&u->files->used, len) + len;
    u->bytes += len;
    if (used > opt->files_bytes)
        return lat_fail_word(err, LAT_ENOSPACE, "insufficient_storage",
                             "all files together would have %llu bytes, the "
                             "limit is %llu (files-bytes)",
                             (unsigned long long)used,
                             (unsigned long long)opt->files_bytes);
    return LAT_OK;
}

enum lat_code latd_upload_write(struct latd_upload *u, const void *p,
                                size_t len, struct lat_err *err)
{
    const char *at = p;
    enum lat_code code = count(u, len, err);

    if (code)
        return code;
    lat_sha256_add(&u->hash, p, len);
    while (len > 0) {
        ssize_t put = write(u->fd, at, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail_errno(err, "write");
        at += put;
        len -= (size_t)put;
    }
    return LAT_OK;
}

void latd_upload_digest(struct latd_upload *u, struct latd_file *file)
{
    struct lat_sha256 h = u->hash;
    uint8_t digest[LAT_DIGEST];

    lat_sha256_end(&h, digest);
    lat_digest_hex(file->sha256, digest);
    file->bytes = u->bytes;
}

/* ---- the whole ---------------------------------------------------------- */

/* The lines of a manifest are followed as far as there are such files. */
static enum lat_code inspect(struct lat_report *r, struct latd_upload *u,
                             const char *name, struct lat_err *err)
{
    struct lat_manifest *m = NULL;
    enum lat_code code =
        lat_file_inspect(r, u->path, name, &u->files->opt.unpacked, err);

    if (code || r->recordings == 0 || lat_file_kind(name) != LAT_FILE_MANIFEST)
        return code;
    code = lat_manifest_read(&m, u->path, err);
    if (!code)
        code = latd_files_follow(u->files, m, r, &u->named, err);
    lat_manifest_free(m);
    return code;
}

static enum lat_code look_into(struct latd_upload *u, struct latd_file *file,
                               struct lat_err *err)
{
    struct lat_report *r = lat_calloc(1, sizeof(*r));
    struct lat_buf json = {0};
    enum lat_code code;

    if (!r)
        return lat_fail(err, LAT_ENOMEM, "a report");
    code = inspect(r, u, file->filename, err);
    if (!code) {
        latd_wire_report_encode(&json, r, file->filename);
        file->usable = r->recordings > 0;
        file->report = json.v; /* the file's from here on */
        if (json.failed)
            code = lat_fail(err, LAT_ENOMEM, "a report");
    }
    lat_free(r);
    return code;
}

enum lat_code latd_upload_finish(struct latd_upload *u, struct latd_file *file,
                                 struct lat_err *err)
{
    char path[LATD_FILE_PATH];
    enum lat_code code = LAT_OK;

    if (fchmod(u->fd, 0640) || fsync(u->fd))
        code = fail_errno(err, "sync");
    if (close(u->fd) && !code)
        code = fail_errno(err, "close");
    u->fd = -1;
    if (!code)
        code = look_into(u, file, err);
    if (code)
        return code;
    file->created_at = time(NULL);
    latd_ulid_next(u->files->opt.ulid, "file-", file->id);
    latd_files_path(u->files, file->id, path);
    if (rename(u->path, path))
        return fail_errno(err, "rename");
    memcpy(u->path, path, sizeof(path));
    latd_files_sync(u->files);
    return LAT_OK;
}

struct keeping {
    struct latd_after after;
    struct latd_upload *upload;
};

static void on_committed(struct latd_after *a)
{
    atomic_store(&((struct keeping *)a)->upload->kept, true);
}

static void free_keeping(struct latd_after *a)
{
    lat_free(a);
}

enum lat_code latd_upload_store(struct latd_upload *u, struct latd_rows *rows,
                                const struct latd_file *file,
                                struct lat_err *err)
{
    enum lat_code code = latd_rows_file_put(rows, file, err);
    struct keeping *k;

    /* What a manifest names stays as long as it does. */
    for (size_t at = 0; !code && at < u->named.len;
         at += strlen(u->named.v + at) + 1)
        code = latd_rows_file_hold(rows, u->named.v + at, file->id, err);
    if (code)
        return code;
    k = lat_calloc(1, sizeof(*k));
    if (!k)
        return lat_fail(err, LAT_ENOMEM, "an upload");
    k->after.committed = on_committed;
    k->after.free = free_keeping;
    k->upload = u;
    latd_rows_after(rows, &k->after);
    return LAT_OK;
}

void latd_upload_close(struct latd_upload *u)
{
    if (!u)
        return;
    if (u->fd >= 0)
        close(u->fd);
    if (!atomic_load(&u->kept)) {
        unlink(u->path);
        atomic_fetch_sub(&u->files->used, u->bytes);
    }
    lat_buf_fini(&u->named);
    lat_free(u);
}
