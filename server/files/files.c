/* files.c - the folder of files: made, swept, and what is deleted from it. */
#include "room.h"

#include "../log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void latd_files_path(const struct latd_files *f, const char *id,
                     char path[LATD_FILE_PATH])
{
    snprintf(path, LATD_FILE_PATH, "%s/%s", f->dir, id);
}

void latd_files_sync(const struct latd_files *f)
{
    int fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

const struct lat_archive_limits *latd_files_unpacked(const struct latd_files *f)
{
    return &f->opt.unpacked;
}

/* ---- start -------------------------------------------------------------- */

static enum lat_code fail_errno(struct lat_err *err, const char *path)
{
    enum lat_code code = errno == ENOSPC || errno == EDQUOT || errno == EROFS
                             ? LAT_ENOSPACE
                             : LAT_EIO;

    return lat_fail(err, code, "%s: %s (data-dir)", path, strerror(errno));
}

/* Removes it when it has no row: a part of an upload, or one whose row was not
 * made.  Otherwise it counts. */
static enum lat_code sweep_one(struct latd_files *f, struct latd_rows *rows,
                               const char *name, size_t *n_swept,
                               struct lat_err *err)
{
    struct latd_file row = {.report = NULL};
    char path[LATD_FILE_PATH];
    enum lat_code code = LAT_ENOENT;

    if (strlen(name) >= LATD_ID_MAX)
        return LAT_OK; /* nothing that we made */
    if (latd_ulid_is(name, "file-"))
        code = latd_rows_file_get(&row, rows, name, err);
    else if (strncmp(name, "upload-", 7) != 0)
        return LAT_OK;
    if (code == LAT_OK) {
        atomic_fetch_add(&f->used, row.bytes);
        latd_ulid_after(f->opt.ulid, name);
        latd_file_fini(&row);
        return LAT_OK;
    }
    if (code != LAT_ENOENT)
        return code;
    latd_files_path(f, name, path);
    *n_swept += unlink(path) == 0;
    return LAT_OK;
}

static enum lat_code sweep(struct latd_files *f, struct lat_err *err)
{
    DIR *dir = opendir(f->dir);
    struct latd_rows *rows;
    struct dirent *e;
    size_t n_swept = 0;
    enum lat_code code = LAT_OK;

    if (!dir)
        return fail_errno(err, f->dir);
    rows = latd_database_borrow(f->opt.database);
    while (!code && (e = readdir(dir)) != NULL)
        code = sweep_one(f, rows, e->d_name, &n_swept, err);
    latd_database_return(f->opt.database, rows);
    closedir(dir);
    if (n_swept)
        latd_log(LATD_INFO,
                 "%zu files of uploads that were not finished are removed",
                 n_swept);
    return code;
}

enum lat_code latd_files_new(struct latd_files **out,
                             const struct latd_files_options *opt,
                             struct lat_err *err)
{
    struct latd_files *f = lat_calloc(1, sizeof(*f));
    enum lat_code code = LAT_OK;

    if (!f)
        return lat_fail(err, LAT_ENOMEM, "files");
    f->opt = *opt;
    snprintf(f->dir, sizeof(f->dir), "%s/files", opt->dir);
    if (mkdir(f->dir, 0750) && errno != EEXIST)
        code = fail_errno(err, f->dir);
    if (!code)
        code = sweep(f, err);
    if (!code)
        code = latd_files_start(f, err);
    if (code) {
        latd_files_free(f);
        return code;
    }
    *out = f;
    return LAT_OK;
}

void latd_files_free(struct latd_files *f)
{
    if (!f)
        return;
    latd_files_stop(f);
    lat_free(f);
}

/* ---- reading and deleting ----------------------------------------------- */

enum lat_code latd_files_place(void *arg, const char *file,
                               struct lat_place *out, struct lat_err *err)
{
    struct latd_files *f = arg;
    struct latd_file row = {.report = NULL};
    struct latd_rows *rows;
    char path[LATD_FILE_PATH];
    enum lat_code code;

    if (!latd_ulid_is(file, "file-"))
        return lat_fail_word(err, LAT_ENOENT, "file_not_found",
                             "%.60s is not the id of a file", file);
    rows = latd_database_borrow(f->opt.database);
    code = latd_rows_file_get(&row, rows, file, err);
    latd_database_return(f->opt.database, rows);
    if (code)
        return code;
    latd_files_path(f, row.id, path);
    snprintf(out->path, sizeof(out->path), "%s", path);
    snprintf(out->name, sizeof(out->name), "%s", row.filename);
    latd_file_fini(&row);
    return LAT_OK;
}

struct removal {
    struct latd_after after;
    struct latd_files *files;
    char id[LATD_ID_MAX];
    uint64_t bytes;
};

/* One that stays is swept at the next start. */
static void on_committed(struct latd_after *a)
{
    struct removal *r = (struct removal *)a;
    char path[LATD_FILE_PATH];

    latd_files_path(r->files, r->id, path);
    if (unlink(path) == 0)
        atomic_fetch_sub(&r->files->used, r->bytes);
}

static void free_removal(struct latd_after *a)
{
    lat_free(a);
}

enum lat_code latd_files_delete(struct latd_files *f, struct latd_rows *rows,
                                const char *id, struct lat_err *err)
{
    struct latd_file row = {.report = NULL};
    enum lat_code code = latd_rows_file_get(&row, rows, id, err);
    struct removal *r;

    if (!code)
        code = latd_rows_file_delete(rows, id, err);
    latd_file_fini(&row);
    if (code)
        return code;
    r = lat_calloc(1, sizeof(*r));
    if (!r)
        return lat_fail(err, LAT_ENOMEM, "a removal");
    r->after.committed = on_committed;
    r->after.free = free_removal;
    r->files = f;
    r->bytes = row.bytes;
    memcpy(r->id, row.id, sizeof(r->id));
    latd_rows_after(rows, &r->after);
    return LAT_OK;
}
