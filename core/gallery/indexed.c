/* indexed.c - JPEG files one after the other, and a table of where each is. */
#include "../formats/text.h"
#include "../gallery.h"

#include <string.h>

static const char *const heading = "id,offset,length,label,class,source";
static const size_t most = (size_t)1 << 36; /* bytes of a file */

enum { NAME_MAX_LEN = 256 };

struct row {
    int64_t offset, length, label;
    char name[NAME_MAX_LEN]; /* of the class */
};

static bool take_number(struct lat__span *line, int64_t *v)
{
    if (!lat__span_int(line, v) || *v < 0 || line->p == line->end ||
        *line->p != ',')
        return false;
    line->p++;
    return true;
}

/* id,offset,length,label,class,source; a class has no comma in it. */
static bool parse(struct row *r, struct lat__span line)
{
    struct lat__span name = {line.p, line.p};
    int64_t id;

    if (!take_number(&line, &id) || !take_number(&line, &r->offset) ||
        !take_number(&line, &r->length) || !take_number(&line, &r->label))
        return false;
    name.p = line.p;
    name.end = line.p < line.end
                   ? memchr(line.p, ',', (size_t)(line.end - line.p))
                   : NULL;
    if (!name.end || lat__span_len(name) >= NAME_MAX_LEN)
        return false;
    lat__span_copy(r->name, NAME_MAX_LEN, name);
    return true;
}

static enum lat_code add_row(struct lat_gallery *g, struct lat__shot *shot,
                             const uint8_t *data, size_t len,
                             struct lat__span line, struct lat_err *err)
{
    struct row r;
    enum lat_code code;

    if (!parse(&r, line))
        return lat_fail(err, LAT_EFORMAT, "`%s` is not %s",
                        lat__span_quote(line).text, heading);
    if ((uint64_t)r.offset > len || (uint64_t)r.length > len - (size_t)r.offset)
        return lat_fail(err, LAT_EFORMAT,
                        "%lld bytes from %lld on, of a file of %zu",
                        (long long)r.length, (long long)r.offset, len);
    code = lat__gallery_name(g, (size_t)r.label, r.name, err);
    if (code)
        return code;
    shot->label = (uint32_t)r.label;
    shot->data = data + r.offset;
    shot->len = (size_t)r.length;
    code = lat__gallery_add(g, shot, err);
    shot->number++;
    return code;
}

static enum lat_code read_table(struct lat_gallery *g, const char *path,
                                const uint8_t *data, size_t len,
                                const char *table, size_t table_len,
                                struct lat_err *err)
{
    struct lat__lines lines = {table, table + table_len, 0};
    struct lat__shot shot = {.path = path};
    struct lat__span line;
    enum lat_code code = LAT_OK;

    if (!lat__lines_next(&lines, &line) || !lat__span_is(line, heading))
        return lat_fail(err, LAT_EFORMAT, "line 1: must be %s", heading);
    while (code == LAT_OK && lat__lines_next(&lines, &line)) {
        code = add_row(g, &shot, data, len, line, err);
        if (code)
            lat_wrap(err, code, "line %zu", lines.number);
    }
    return code;
}

/* NAME_index.csv for NAME.jpgs */
static char *table_path(const char *path)
{
    struct lat_buf b = {0};

    lat_buf_put(&b, path, strlen(path) - strlen(".jpgs"));
    lat_buf_puts(&b, "_index.csv");
    if (b.failed) {
        lat_buf_fini(&b);
        return NULL;
    }
    return b.v;
}

enum lat_code lat__gallery_indexed(struct lat_gallery *g, const char *path,
                                   struct lat_err *err)
{
    char *data = NULL, *table = NULL, *beside = table_path(path);
    size_t len = 0, table_len;
    enum lat_code code = LAT_OK;

    if (!beside)
        return lat_fail(err, LAT_ENOMEM, "%s", path);
    code = lat_file_read(&data, &len, path, most, err);
    if (code)
        goto out;
    code = lat__gallery_keep(g, data, err);
    if (code)
        goto out;
    code = lat_file_read(&table, &table_len, beside, most, err);
    if (code)
        goto out;
    code =
        read_table(g, path, (const uint8_t *)data, len, table, table_len, err);
    if (code)
        lat_wrap(err, code, "%s", beside);
out:
    lat_free(table);
    lat_free(beside);
    return code;
}
