/* files_put.c - a file to a server; of a manifest also those that it names. */
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum lat_code put_one(json_t **out, const struct cli_files *o,
                             const char *path, const struct lat_buf *text,
                             struct lat_err *err)
{
    const char *slash = strrchr(path, '/');
    struct cli_upload up = {.path = "/v1/files",
                            .file = text ? NULL : path,
                            .text = text,
                            .name = slash ? slash + 1 : path,
                            .bar = !o->quiet && isatty(STDERR_FILENO)};
    struct cli_reply reply = {0};
    enum lat_code code = cli_upload(&reply, o->server, &up, err);

    if (!code)
        code = cli_reply_json(out, &reply, err);
    if (!code && o->json)
        code = cli_write(&reply.body, NULL, err);
    if (!code && o->json)
        putchar('\n');
    cli_reply_fini(&reply);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

static enum lat_code put_and_print(const struct cli_files *o, const char *path,
                                   const struct lat_buf *text, char id[64],
                                   struct lat_err *err)
{
    json_t *f = NULL;
    enum lat_code code = put_one(&f, o, path, text, err);

    if (code)
        return code;
    snprintf(id, 64, "%s", cli_text_of(f, "id"));
    if (!o->json)
        cli_file_print(f);
    cli_file_print_errors(stderr, f);
    if (strcmp(cli_text_of(f, "status"), "processed") != 0)
        code =
            lat_fail(err, LAT_EFORMAT, "%s: nothing in it can be used", path);
    json_decref(f);
    return code;
}

struct named {
    size_t n;
    struct {
        char *path, id[64];
    } files[256];
};

/* The id of a file that a manifest names, put when it comes up first. */
static enum lat_code id_of(const char **id, struct named *known,
                           const struct cli_files *o, const char *folder,
                           const char *name, struct lat_err *err)
{
    struct lat_buf path = {0};
    enum lat_code code = LAT_OK;
    size_t i = 0;

    while (i < known->n && strcmp(known->files[i].path, name) != 0)
        i++;
    *id = known->files[i < known->n ? i : 0].id;
    if (i < known->n)
        return LAT_OK;
    if (known->n == sizeof(known->files) / sizeof(known->files[0]))
        return lat_fail(err, LAT_ETOOBIG,
                        "more than %zu files in a manifest; put them into "
                        "archives",
                        known->n);
    lat_buf_printf(&path, "%s%s", folder, name);
    known->files[i].path = lat_strdup(name);
    if (path.failed || !known->files[i].path)
        code = lat_fail(err, LAT_ENOMEM, "path");
    known->n += known->files[i].path != NULL;
    if (!code)
        code = put_and_print(o, path.v, NULL, known->files[i].id, err);
    *id = known->files[i].id;
    lat_buf_fini(&path);
    return code;
}

/* One line with the id in the place of the path. */
static enum lat_code rewrite(struct lat_buf *out, struct named *known,
                             const struct cli_files *o, const char *folder,
                             const char *line, size_t len, struct lat_err *err)
{
    json_t *obj = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *file = json_string_value(json_object_get(obj, "file")), *id;
    enum lat_code code = LAT_OK;
    char *text;

    /* What is no line of a manifest is put as it is: the report names it. */
    if (file && strncmp(file, "file-", 5) != 0) {
        code = id_of(&id, known, o, folder, file, err);
        text = NULL;
        if (!code && json_object_set_new(obj, "file", json_string(id)) == 0)
            text = json_dumps(obj, JSON_COMPACT);
        if (!code && !text)
            code = lat_fail(err, LAT_ENOMEM, "a line");
        if (!code)
            lat_buf_puts(out, text);
        free(text);
    } else {
        lat_buf_put(out, line, len);
    }
    json_decref(obj);
    lat_buf_puts(out, "\n");
    return code;
}

static enum lat_code rewrite_all(struct lat_buf *out, struct named *known,
                                 const struct cli_files *o, const char *path,
                                 struct lat_err *err)
{
    const char *slash = strrchr(path, '/');
    struct lat_buf folder = {0};
    char *text = NULL;
    size_t len;
    enum lat_code code =
        lat_file_read(&text, &len, path, (size_t)256 << 20, err);

    lat_buf_put(&folder, path, slash ? (size_t)(slash + 1 - path) : 0);
    for (const char *p = text; !code && *p;) {
        size_t n = strcspn(p, "\n");

        code = rewrite(out, known, o, folder.v ? folder.v : "", p, n, err);
        p += n + (p[n] == '\n');
    }
    if (!code && (out->failed || folder.failed))
        code = lat_fail(err, LAT_ENOMEM, "manifest");
    lat_buf_fini(&folder);
    lat_free(text);
    return code;
}

static enum lat_code put_named(const struct cli_files *o, const char *path,
                               struct lat_err *err)
{
    struct named *known = lat_calloc(1, sizeof(*known));
    struct lat_buf text = {0};
    char id[64];
    enum lat_code code;

    if (!known)
        return lat_fail(err, LAT_ENOMEM, "names");
    code = rewrite_all(&text, known, o, path, err);
    if (!code)
        code = put_and_print(o, path, &text, id, err);
    for (size_t i = 0; i < known->n; i++)
        lat_free(known->files[i].path);
    lat_buf_fini(&text);
    lat_free(known);
    return code;
}

enum lat_code cli_files_put(const struct cli_files *o, const char *path,
                            struct lat_err *err)
{
    char id[64];

    if (o->named && lat_file_kind(path) == LAT_FILE_MANIFEST)
        return put_named(o, path, err);
    return put_and_print(o, path, NULL, id, err);
}
