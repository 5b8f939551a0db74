/*
 * cifar.c - the binary files of CIFAR: a byte for the label (CIFAR-100: two, of
 * which the second is the fine one), then 1024 reds, greens and blues.
 */
#include "../formats/text.h"
#include "../gallery.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PIXELS = 3072, FINE = 100, COARSE = 10, META_MAX = 1 << 16 };

static const size_t most = (size_t)1 << 32;

/* The file called name beside path; NULL: no memory. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    struct lat_buf b = {0};

    lat_buf_put(&b, path, slash ? (size_t)(slash - path) + 1 : 0);
    lat_buf_puts(&b, name);
    if (b.failed) {
        lat_buf_fini(&b);
        return NULL;
    }
    return b.v;
}

/* A name a line. */
static enum lat_code read_names(struct lat_gallery *g, const char *path,
                                size_t n_classes, struct lat_err *err)
{
    struct lat__lines lines;
    struct lat__span line;
    char *v = NULL, name[LAT_NAME_MAX];
    size_t len = 0, i = 0;
    enum lat_code code = lat_file_read(&v, &len, path, META_MAX, err);

    lines = (struct lat__lines){v, v ? v + len : NULL, 0};
    while (code == LAT_OK && i < n_classes && lat__lines_next(&lines, &line)) {
        lat__span_copy(name, sizeof(name), lat__span_trim(line));
        if (name[0])
            code = lat__gallery_name(g, i++, name, err);
    }
    lat_free(v);
    return code;
}

static enum lat_code number_names(struct lat_gallery *g, size_t n_classes,
                                  struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; code == LAT_OK && i < n_classes; i++) {
        char name[LAT_NAME_MAX];

        snprintf(name, sizeof(name), "%zu", i);
        if (!lat_gallery_class(g, i))
            code = lat__gallery_name(g, i, name, err);
    }
    return code;
}

static enum lat_code add_all(struct lat_gallery *g, const char *path,
                             const uint8_t *data, size_t len, bool fine,
                             struct lat_err *err)
{
    struct lat__shot shot = {.path = path, .len = PIXELS, .planes = true};
    size_t labels = fine ? 2 : 1, classes = fine ? FINE : COARSE;
    enum lat_code code = LAT_OK;

    for (; code == LAT_OK && len >= labels + PIXELS; len -= labels + PIXELS) {
        shot.label = data[labels - 1];
        if (shot.label >= classes)
            return lat_fail(err, LAT_EFORMAT,
                            "%s: image %zu has label %u, must be below %zu",
                            path, shot.number, (unsigned)shot.label, classes);
        shot.data = data + labels;
        code = lat__gallery_add(g, &shot, err);
        data += labels + PIXELS;
        shot.number++;
    }
    return code;
}

enum lat_code lat__gallery_cifar(struct lat_gallery *g, const char *path,
                                 struct lat_err *err)
{
    char *data = NULL, *names;
    struct stat st;
    size_t len = 0;
    bool fine;
    enum lat_code code = lat_file_read(&data, &len, path, most, err);

    if (code)
        return code;
    code = lat__gallery_keep(g, data, err);
    if (code)
        return code;
    fine = len % (PIXELS + 1) != 0;
    if (len == 0 || (fine && len % (PIXELS + 2) != 0))
        return lat_fail(err, LAT_EFORMAT,
                        "%s: %zu bytes, must be a multiple of %d (CIFAR-10) or "
                        "%d (CIFAR-100)",
                        path, len, PIXELS + 1, PIXELS + 2);
    names = beside(path, fine ? "fine_label_names.txt" : "batches.meta.txt");
    if (!names)
        return lat_fail(err, LAT_ENOMEM, "%s", path);
    if (stat(names, &st) == 0)
        code = read_names(g, names, fine ? FINE : COARSE, err);
    lat_free(names);
    if (code == LAT_OK)
        code = number_names(g, fine ? FINE : COARSE, err);
    if (code == LAT_OK)
        code = add_all(g, path, (const uint8_t *)data, len, fine, err);
    return code;
}
