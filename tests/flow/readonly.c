/* readonly.c - preloaded into a daemon, makes the folder READONLY_DIR a
 * read-only file system for as long as the file READONLY_FLAG is there.  A real
 * one cannot be had: the kernel refuses to remount what is open for writing,
 * and what it makes read-only by itself, after an error, it never gives back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static bool is_on(const char *path)
{
    const char *dir = getenv("READONLY_DIR"), *flag = getenv("READONLY_FLAG");

    if (!dir || !flag || strncmp(path, dir, strlen(dir)) != 0 ||
        access(flag, F_OK) != 0)
        return false;
    errno = EROFS;
    return true;
}

static bool is_on_fd(int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = '\0';
    return is_on(path);
}

#define BY_FD(result, name, params, args, types)                        \
    result name params                                                  \
    {                                                                   \
        result(*real) types = (result(*) types)dlsym(RTLD_NEXT, #name); \
        return is_on_fd(fd) ? -1 : real args;                           \
    }

#define BY_PATH(name, params, args, types)                        \
    int name params                                               \
    {                                                             \
        int(*real) types = (int(*) types)dlsym(RTLD_NEXT, #name); \
        return is_on(path) ? -1 : real args;                      \
    }

BY_FD(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n),
      (int, const void *, size_t))
BY_FD(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
      (fd, p, n, at), (int, const void *, size_t, off_t))
BY_FD(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at),
      (fd, p, n, at), (int, const void *, size_t, off64_t))
BY_FD(int, ftruncate, (int fd, off_t n), (fd, n), (int, off_t))
BY_FD(int, ftruncate64, (int fd, off64_t n), (fd, n), (int, off64_t))
BY_FD(int, fsync, (int fd), (fd), (int))
BY_FD(int, fdatasync, (int fd), (fd), (int))
/* What is there already says so first, as the kernel does. */
int mkdir(const char *path, mode_t mode)
{
    int (*real)(const char *, mode_t) =
        (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");

    return access(path, F_OK) != 0 && is_on(path) ? -1 : real(path, mode);
}

BY_PATH(unlink, (const char *path), (path), (const char *))
BY_PATH(rmdir, (const char *path), (path), (const char *))
BY_PATH(rename, (const char *path, const char *to), (path, to),
        (const char *, const char *))
BY_PATH(link, (const char *path, const char *to), (path, to),
        (const char *, const char *))

#define OPEN(name)                                                    \
    int name(const char *path, int flags, ...)                        \
    {                                                                 \
        int (*real)(const char *, int, ...) =                         \
            (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list list;                                                 \
        mode_t mode;                                                  \
                                                                      \
        va_start(list, flags);                                        \
        mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;            \
        va_end(list);                                                 \
        if ((flags & O_ACCMODE) != O_RDONLY && is_on(path))           \
            return -1;                                                \
        return real(path, flags, mode);                               \
    }

OPEN(open)
OPEN(open64)
