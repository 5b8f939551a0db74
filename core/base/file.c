/* file.c - whole files, read and replaced. */
#define _GNU_SOURCE
#include "../latent/base.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lat_code fail_errno(struct lat_err *err, const char *verb)
{
    enum lat_code code = LAT_EIO;

    if (errno == ENOENT)
        code = LAT_ENOENT;
    else if (errno == ENOSPC || errno == EDQUOT || errno == EROFS)
        code = LAT_ENOSPACE;
    return lat_fail(err, code, "cannot %s: %s", verb, strerror(errno));
}

static enum lat_code read_all(int fd, char *v, size_t len, struct lat_err *err)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = read(fd, v + at, len - at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, "read");
        if (got == 0)
            return lat_fail(err, LAT_EIO, "shrank while it was read");
        at += (size_t)got;
    }
    return LAT_OK;
}

enum lat_code lat_file_read(char **out, size_t *len, const char *path,
                            size_t max, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char *v = NULL;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st)) {
        code = fail_errno(err, "open");
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        code = lat_fail(err, LAT_EINVAL, "not a regular file");
        goto out;
    }
    if ((uint64_t)st.st_size > max) {
        code = lat_fail(err, LAT_ETOOBIG, "%lld bytes, at most %zu are read",
                        (long long)st.st_size, max);
        goto out;
    }
    v = lat_calloc((size_t)st.st_size + 1, 1);
    if (!v) {
        code = lat_fail(err, LAT_ENOMEM, "%lld bytes", (long long)st.st_size);
        goto out;
    }
    code = read_all(fd, v, (size_t)st.st_size, err);
    if (code)
        goto out;
    *out = v;
    *len = (size_t)st.st_size;
    v = NULL; /* the caller's from here on */
out:
    lat_free(v);
    if (fd >= 0)
        close(fd);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

static enum lat_code write_all(int fd, const char *v, size_t len,
                               struct lat_err *err)
{
    while (len > 0) {
        ssize_t put = write(fd, v, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail_errno(err, "write");
        v += put;
        len -= (size_t)put;
    }
    return fsync(fd) ? fail_errno(err, "sync") : LAT_OK;
}

/* The rename itself must survive a power cut too. */
static void sync_folder(const char *path)
{
    char *copy = lat_strdup(path);
    int fd;

    if (!copy)
        return;
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    lat_free(copy);
}

static enum lat_code replace(const char *path, const void *p, size_t len,
                             mode_t mode, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    struct lat_buf tmp = {0};
    int fd = -1;

    lat_buf_printf(&tmp, "%s.XXXXXX", path);
    if (tmp.failed) {
        code = lat_fail(err, LAT_ENOMEM, "path");
        goto out;
    }
    fd = mkostemp(tmp.v, O_CLOEXEC);
    if (fd < 0) {
        code = fail_errno(err, "create");
        goto out;
    }
    code = write_all(fd, p, len, err);
    if (code == LAT_OK && fchmod(fd, mode))
        code = fail_errno(err, "set the mode");
    if (code == LAT_OK && rename(tmp.v, path))
        code = fail_errno(err, "rename");
    if (code)
        unlink(tmp.v);
    else
        sync_folder(path);
out:
    if (fd >= 0)
        close(fd);
    lat_buf_fini(&tmp);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

enum lat_code lat_file_write(const char *path, const void *p, size_t len,
                             struct lat_err *err)
{
    return replace(path, p, len, 0644, err);
}

enum lat_code lat_file_write_private(const char *path, const void *p,
                                     size_t len, struct lat_err *err)
{
    return replace(path, p, len, 0600, err);
}
