/* folder.c - the data folder. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who wrote itself into the lock file: "123 on host". */
static void read_owner(char *owner, size_t len, int fd)
{
    ssize_t n = pread(fd, owner, len - 1, 0);

    owner[n > 0 ? n : 0] = '\0';
    owner[strcspn(owner, "\n")] = '\0';
}

static enum lat_code fail_locked(int fd, struct lat_err *err)
{
    char owner[160];

    read_owner(owner, sizeof(owner), fd);
    return lat_fail(err, LAT_EBUSY,
                    "another latentd has it (process %s): stop that one, or "
                    "give this one a data-dir of its own",
                    owner[0] ? owner : "unknown");
}

/* For whoever finds the folder locked; nothing depends on it. */
static void write_owner(int fd)
{
    char host[128] = "", line[160];
    int n;

    if (gethostname(host, sizeof(host) - 1))
        host[0] = '\0';
    n = snprintf(line, sizeof(line), "%ld on %s\n", (long)getpid(), host);
    if (n > 0 && pwrite(fd, line, (size_t)n, 0) == n && ftruncate(fd, n) == 0)
        return;
}

enum lat_code latd_folder_open(int *lock, const char *dir, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char path[4096];
    int fd;

    if (mkdir(dir, 0750) && errno != EEXIST)
        return lat_fail(err, LAT_EIO, "cannot be made: %s", strerror(errno));
    if (snprintf(path, sizeof(path), "%s/latentd.lock", dir) >=
        (int)sizeof(path))
        return lat_fail(err, LAT_EINVAL, "a path of %zu bytes is too long",
                        strlen(dir));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return lat_fail(err, errno == EROFS ? LAT_ENOSPACE : LAT_EIO,
                        "latentd.lock: %s", strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB))
        code = errno == EWOULDBLOCK ? fail_locked(fd, err)
                                    : lat_fail(err, LAT_EIO, "latentd.lock: %s",
                                               strerror(errno));
    if (code) {
        close(fd);
        return code;
    }
    write_owner(fd);
    *lock = fd;
    return LAT_OK;
}

void latd_folder_close(int lock)
{
    if (lock >= 0)
        close(lock);
}
