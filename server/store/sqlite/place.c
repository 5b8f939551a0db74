/* place.c - where a database lies: file systems, and moving it aside. */
#include "db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* f_type of statfs(2). */
static const struct {
    unsigned long type;
    const char *name;
} network[] = {
    {0x6969, "NFS"},      {0x517b, "SMB"},       {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB2"}, {0x5346414f, "AFS"},   {0x73757245, "Coda"},
    {0x00c36400, "Ceph"}, {0x01021997, "9P"},    {0x0bd00bd0, "Lustre"},
    {0x01161970, "GFS2"}, {0x7461636f, "OCFS2"}, {0x19830326, "BeeGFS"},
    {0x47504653, "GPFS"},
};

/* What FUSE calls those whose files lie elsewhere; to statfs they all are
 * FUSE. */
static const char *const remote[] = {
    "sshfs",   "glusterfs", "ceph",   "ceph-fuse", "s3fs",      "goofys",
    "gcsfuse", "blobfuse",  "rclone", "davfs",     "blobfuse2", "juicefs",
    "mfs",     "lizardfs",  "nfs",    "curlftpfs", "seaweedfs",
};

enum { FUSE = 0x65735546 };

/* line of mountinfo(5): "36 35 98:0 root place options … - type source …". */
static const char *remote_of(const char *line, const struct stat *st)
{
    unsigned at[2];
    const char *type = strstr(line, " - fuse.");

    if (!type || sscanf(line, "%*u %*u %u:%u", &at[0], &at[1]) != 2 ||
        at[0] != major(st->st_dev) || at[1] != minor(st->st_dev))
        return NULL;
    type += strlen(" - fuse.");
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
        if (strcspn(type, " ") == strlen(remote[i]) &&
            strncmp(type, remote[i], strlen(remote[i])) == 0)
            return remote[i];
    return NULL;
}

static const char *fuse_name(const char *dir)
{
    const char *name = NULL;
    char line[8192];
    struct stat st;
    FILE *f;

    if (stat(dir, &st) != 0)
        return NULL;
    f = fopen("/proc/self/mountinfo", "r");
    if (!f)
        return NULL;
    while (!name && fgets(line, sizeof(line), f))
        name = remote_of(line, &st);
    fclose(f);
    return name;
}

static const char *network_name(const char *dir)
{
    struct statfs fs;

    if (statfs(dir, &fs) != 0)
        return NULL; /* opening the file will say what is wrong */
    if (((unsigned long)fs.f_type & 0xffffffffUL) == FUSE)
        return fuse_name(dir);
    for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
        if (((unsigned long)fs.f_type & 0xffffffffUL) == network[i].type)
            return network[i].name;
    return NULL;
}
#else
static const char *network_name(const char *dir)
{
    (void)dir;
    return NULL;
}
#endif

enum lat_code latd_place_check(const char *path, struct lat_err *err)
{
    char dir[4096];
    const char *name, *slash = strrchr(path, '/');

    if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
        return lat_fail(err, LAT_EINVAL, "path of %zu bytes, at most %zu",
                        strlen(path), sizeof(dir) - 1);
    if (slash)
        dir[slash == path ? 1 : slash - path] = '\0';
    name = network_name(slash ? dir : ".");
    if (name)
        return lat_fail(err, LAT_EUNFIT,
                        "on a network file system (%s), where the locks of a "
                        "database do not hold; choose a local data-dir, or "
                        "set network-store to try all the same",
                        name);
    return LAT_OK;
}

enum lat_code latd_place_set_aside(const char *path, struct lat_err *err)
{
    static const char *const endings[] = {"-wal", "-shm", ""};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char from[4096], to[4096];

        if (snprintf(from, sizeof(from), "%s%s", path, endings[i]) >=
                (int)sizeof(from) ||
            snprintf(to, sizeof(to), "%s.aside%s", path, endings[i]) >=
                (int)sizeof(to))
            return lat_fail(err, LAT_EINVAL, "path is too long");
        if (rename(from, to) != 0 && errno != ENOENT)
            return lat_fail(err, LAT_EIO, "cannot be moved aside: %s",
                            strerror(errno));
    }
    return LAT_OK;
}

bool latd_place_id(struct latd_file_id *out, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return false;
    *out = (struct latd_file_id){(uint64_t)st.st_dev, (uint64_t)st.st_ino};
    return true;
}
