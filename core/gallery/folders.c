/* folders.c - a folder for each class. */
#include "../gallery.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct names {
    char **v;
    size_t n, room;
};

static void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        lat_free(names->v[i]);
    lat_free(names->v);
}

/* Takes name. */
static enum lat_code names_add(struct names *names, char *name,
                               struct lat_err *err)
{
    if (name && names->n == names->room) {
        size_t room = names->room ? 2 * names->room : 64;
        char **v = lat_calloc(room, sizeof(*v));

        if (v && names->n)
            memcpy(v, names->v, names->n * sizeof(*v));
        if (v) {
            lat_free(names->v);
            names->v = v;
            names->room = room;
        }
    }
    if (!name || names->n == names->room) {
        lat_free(name);
        return lat_fail(err, LAT_ENOMEM, "%zu names of files", names->n);
    }
    names->v[names->n++] = name;
    return LAT_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is in a folder, hidden things left out, in order; added to names even
 * if it fails. */
static enum lat_code list(struct names *names, const char *path,
                          struct lat_err *err)
{
    DIR *dir = opendir(path);
    enum lat_code code = LAT_OK;
    struct dirent *e;

    if (!dir)
        return lat_fail(err, errno == ENOENT ? LAT_ENOENT : LAT_EIO,
                        "%s: cannot open: %s", path, strerror(errno));
    while (code == LAT_OK && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            code = names_add(names, lat_strdup(e->d_name), err);
    closedir(dir);
    if (code == LAT_OK && names->n)
        qsort(names->v, names->n, sizeof(*names->v), by_name);
    return code;
}

static char *joined(const char *dir, const char *name)
{
    struct lat_buf b = {0};

    lat_buf_printf(&b, "%s/%s", dir, name);
    if (b.failed) {
        lat_buf_fini(&b);
        return NULL;
    }
    return b.v;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot &&
           (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 ||
            strcasecmp(dot, ".png") == 0);
}

static enum lat_code add_file(struct lat_gallery *g, const char *dir,
                              const char *name, uint32_t label,
                              struct lat_err *err)
{
    struct lat__shot shot = {.label = label};
    enum lat_code code = lat__gallery_keep(g, joined(dir, name), err);

    if (code)
        return code;
    shot.path = g->kept[g->n_kept - 1];
    return lat__gallery_add(g, &shot, err);
}

static enum lat_code add_class(struct lat_gallery *g, const char *dir,
                               const char *name, uint32_t label,
                               struct lat_err *err)
{
    struct names files = {0};
    size_t before = g->n;
    enum lat_code code = lat__gallery_name(g, label, name, err);

    if (code == LAT_OK)
        code = list(&files, dir, err);
    for (size_t i = 0; code == LAT_OK && i < files.n; i++)
        if (is_picture(files.v[i]))
            code = add_file(g, dir, files.v[i], label, err);
    names_fini(&files);
    if (code == LAT_OK && g->n == before)
        return lat_fail(err, LAT_EINVAL, "%s: no .jpg, .jpeg or .png in it",
                        dir);
    return code;
}

enum lat_code lat__gallery_folders(struct lat_gallery *g, const char *path,
                                   struct lat_err *err)
{
    struct names classes = {0};
    enum lat_code code = list(&classes, path, err);
    uint32_t label = 0;

    for (size_t i = 0; code == LAT_OK && i < classes.n; i++) {
        char *dir = joined(path, classes.v[i]);

        if (!dir)
            code = lat_fail(err, LAT_ENOMEM, "%s", path);
        else if (is_folder(dir))
            code = add_class(g, dir, classes.v[i], label++, err);
        lat_free(dir);
    }
    names_fini(&classes);
    if (code == LAT_OK && label == 0)
        return lat_fail(err, LAT_EINVAL,
                        "%s: no folders in it, must be one for each class",
                        path);
    return code;
}
