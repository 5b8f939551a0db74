/* gallery.c - labelled images, found once and decoded when asked for. */
#include "../gallery.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE = 32, FILE_MAX = 1 << 28 };

/* Twice the room for a list of *room things, n of which are there. */
static bool grow(void **list, size_t *room, size_t n, size_t size)
{
    size_t more = *room ? 2 * *room : 64;
    void *v;

    if (n < *room)
        return true;
    v = lat_calloc(more, size);
    if (!v)
        return false;
    if (n)
        memcpy(v, *list, n * size);
    lat_free(*list);
    *list = v;
    *room = more;
    return true;
}

enum lat_code lat__gallery_add(struct lat_gallery *g,
                               const struct lat__shot *shot,
                               struct lat_err *err)
{
    void *list = g->shots;

    if (!grow(&list, &g->room, g->n, sizeof(*g->shots)))
        return lat_fail(err, LAT_ENOMEM, "%zu images", g->n);
    g->shots = list;
    g->shots[g->n++] = *shot;
    return LAT_OK;
}

enum lat_code lat__gallery_keep(struct lat_gallery *g, char *p,
                                struct lat_err *err)
{
    void *list = g->kept;

    if (!p || !grow(&list, &g->kept_room, g->n_kept, sizeof(*g->kept))) {
        lat_free(p);
        return lat_fail(err, LAT_ENOMEM, "%zu images", g->n);
    }
    g->kept = list;
    g->kept[g->n_kept++] = p;
    return LAT_OK;
}

enum lat_code lat__gallery_name(struct lat_gallery *g, size_t label,
                                const char *name, struct lat_err *err)
{
    if (label >= LAT_CLASSES_MAX)
        return lat_fail(err, LAT_EFORMAT, "label %zu, must be below %d", label,
                        LAT_CLASSES_MAX);
    while (label >= g->class_room) {
        void *list = g->classes;

        if (!grow(&list, &g->class_room, g->class_room, sizeof(*g->classes)))
            return lat_fail(err, LAT_ENOMEM, "class %zu", label);
        g->classes = list;
    }
    if (g->classes[label] && strcmp(g->classes[label], name) != 0)
        return lat_fail(err, LAT_EFORMAT,
                        "class %zu is called %s and, elsewhere, %s", label,
                        name, g->classes[label]);
    if (!g->classes[label]) {
        g->classes[label] = lat_strdup(name);
        if (!g->classes[label])
            return lat_fail(err, LAT_ENOMEM, "class %zu", label);
    }
    if (label >= g->n_classes)
        g->n_classes = label + 1;
    return LAT_OK;
}

static bool ends(const char *path, const char *with)
{
    size_t n = strlen(path), k = strlen(with);

    return n >= k && strcmp(path + n - k, with) == 0;
}

static enum lat_code add_path(struct lat_gallery *g, const char *path,
                              struct lat_err *err)
{
    struct stat st;
    enum lat_code code = lat__gallery_keep(g, lat_strdup(path), err);

    if (code)
        return code;
    path = g->kept[g->n_kept - 1];
    if (ends(path, ".jpgs"))
        code = lat__gallery_indexed(g, path, err);
    else if (ends(path, ".bin"))
        code = lat__gallery_cifar(g, path, err);
    else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        code = lat__gallery_folders(g, path, err);
    else
        code = lat_fail(err, LAT_EINVAL,
                        "%s: must be a folder of classes, a .jpgs, or a .bin "
                        "of CIFAR",
                        path);
    return code;
}

enum lat_code lat_gallery_open(struct lat_gallery **out,
                               const char *const *paths, size_t n_paths,
                               struct lat_err *err)
{
    struct lat_gallery *g = lat_calloc(1, sizeof(*g));
    enum lat_code code = LAT_OK;

    if (!g)
        return lat_fail(err, LAT_ENOMEM, "images");
    for (size_t i = 0; code == LAT_OK && i < n_paths; i++)
        code = add_path(g, paths[i], err);
    if (code == LAT_OK && g->n == 0)
        code = lat_fail(err, LAT_EINVAL, "no images");
    if (code) {
        lat_gallery_close(g);
        return code;
    }
    *out = g;
    return LAT_OK;
}

void lat_gallery_close(struct lat_gallery *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n_kept; i++)
        lat_free(g->kept[i]);
    for (size_t i = 0; i < g->n_classes; i++)
        lat_free(g->classes[i]);
    lat_free(g->kept);
    lat_free(g->classes);
    lat_free(g->shots);
    lat_free(g);
}

void lat__gallery_thin(struct lat_gallery *g, size_t n, bool keep)
{
    size_t left = 0;

    for (size_t i = 0; i < g->n; i++)
        if ((i % n == 0) == keep)
            g->shots[left++] = g->shots[i];
    g->n = left;
}

size_t lat_gallery_count(const struct lat_gallery *g)
{
    return g->n;
}

size_t lat_gallery_classes(const struct lat_gallery *g)
{
    return g->n_classes;
}

const char *lat_gallery_class(const struct lat_gallery *g, size_t label)
{
    return label < g->n_classes ? g->classes[label] : NULL;
}

uint32_t lat_gallery_label(const struct lat_gallery *g, size_t i)
{
    assert(i < g->n);
    return g->shots[i].label;
}

static enum lat_code weave(struct lat_image **out, const uint8_t *planes,
                           struct lat_err *err)
{
    enum lat_code code = lat_image_new(out, SIDE, SIDE, err);

    for (size_t i = 0; code == LAT_OK && i < SIDE * SIDE * 3; i++)
        (*out)->v[i] = planes[i % 3 * SIDE * SIDE + i / 3];
    return code;
}

static enum lat_code read_file(struct lat_image **out, const char *path,
                               size_t max_pixels, struct lat_err *err)
{
    struct lat_blob file = {path, NULL, 0};
    char *v = NULL;
    enum lat_code code = lat_file_read(&v, &file.len, path, FILE_MAX, err);

    if (code)
        return code;
    file.data = v;
    code = lat_picture_decode(out, NULL, &file, max_pixels, err);
    lat_free(v);
    return code;
}

enum lat_code lat_gallery_image(struct lat_image **out,
                                const struct lat_gallery *g, size_t i,
                                size_t max_pixels, struct lat_err *err)
{
    const struct lat__shot *s = &g->shots[i];
    struct lat_blob part = {"JPEG", s->data, s->len};
    enum lat_code code;

    assert(i < g->n);
    if (!s->data)
        return read_file(out, s->path, max_pixels, err);
    if (s->planes)
        return weave(out, s->data, err);
    code = lat_picture_decode(out, NULL, &part, max_pixels, err);
    return code ? lat_wrap(err, code, "%s: image %zu", s->path, s->number)
                : LAT_OK;
}
