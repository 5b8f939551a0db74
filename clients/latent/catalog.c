/* catalog.c - the model files of a folder, and recipes by name. */
#include "catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char ending[] = ".safetensors";

const char *cli_models_dir(const char *dir)
{
    const char *env = getenv("LATENT_MODELS");
    struct stat st;

    if (dir)
        return dir;
    if (env && env[0])
        return env;
    if (stat("deploy/models", &st) == 0)
        return "deploy/models";
    return LATENT_PKGDATADIR "/models";
}

static int by_name(const void *a, const void *b)
{
    const struct cli_model_file *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    if (order)
        return order;
    return (x->version > y->version) - (x->version < y->version);
}

/* NAME.safetensors is version 1, NAME@7.safetensors version 7. */
static bool take_name(struct cli_model_file *f, const char *file)
{
    size_t len = strlen(file), cut = strlen(ending);
    char *at;

    if (len <= cut || strcmp(file + len - cut, ending) != 0 ||
        len - cut >= sizeof(f->name))
        return false;
    memcpy(f->name, file, len - cut);
    f->name[len - cut] = '\0';
    f->version = 1;
    at = strrchr(f->name, '@');
    if (at) {
        char *end;

        f->version = (unsigned)strtoul(at + 1, &end, 10);
        *at = '\0';
        return *end == '\0' && f->version > 0;
    }
    return true;
}

static enum lat_code add(struct cli_catalog *c, size_t *cap, const char *file,
                         struct lat_err *err)
{
    struct cli_model_file f = {0};

    if (!take_name(&f, file))
        return LAT_OK;
    if (c->n == *cap) {
        size_t more = *cap ? 2 * *cap : 8;
        struct cli_model_file *p = lat_calloc(more, sizeof(*p));

        if (!p)
            return lat_fail(err, LAT_ENOMEM, "%zu models", more);
        if (c->n)
            memcpy(p, c->files, c->n * sizeof(*p));
        lat_free(c->files);
        c->files = p;
        *cap = more;
    }
    snprintf(f.path, sizeof(f.path), "%s/%s", c->dir, file);
    c->files[c->n++] = f;
    return LAT_OK;
}

enum lat_code cli_catalog_read(struct cli_catalog *out, const char *dir,
                               struct lat_err *err)
{
    struct cli_catalog c = {.dir = cli_models_dir(dir)};
    const struct dirent *entry;
    enum lat_code code = LAT_OK;
    size_t cap = 0;
    DIR *d = opendir(c.dir);

    if (!d)
        return lat_fail(err, LAT_ENOENT, "models in %s: %s", c.dir,
                        strerror(errno));
    while (!code && (entry = readdir(d)) != NULL)
        code = add(&c, &cap, entry->d_name, err);
    closedir(d);
    if (code) {
        cli_catalog_fini(&c);
        return code;
    }
    if (c.n)
        qsort(c.files, c.n, sizeof(*c.files), by_name);
    *out = c;
    return LAT_OK;
}

void cli_catalog_fini(struct cli_catalog *c)
{
    lat_free(c->files);
}

void cli_model_label(char label[CLI_LABEL_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    struct cli_model_file f = {0};

    if (take_name(&f, slash ? slash + 1 : path))
        snprintf(label, CLI_LABEL_MAX, "%s@%u", f.name, f.version);
    else
        snprintf(label, CLI_LABEL_MAX, "%s", slash ? slash + 1 : path);
}

/* "a, b and c", as far as there is room. */
static void list_names(char *out, size_t room, const struct cli_catalog *c)
{
    size_t len = 0;

    snprintf(out, room, "none");
    for (size_t i = 0; i < c->n && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, "%s%s@%u", i ? ", " : "",
                                c->files[i].name, c->files[i].version);
}

/* The last that fits is the highest version. */
static const struct cli_model_file *pick(const struct cli_catalog *c,
                                         const char *name)
{
    const struct cli_model_file *best = NULL;

    for (size_t i = 0; i < c->n; i++) {
        const struct cli_model_file *f = &c->files[i];
        char full[160];

        snprintf(full, sizeof(full), "%s@%u", f->name, f->version);
        if (strcmp(f->name, name) == 0 || strcmp(full, name) == 0)
            best = f;
    }
    return best;
}

enum lat_code cli_model_find(char path[4096], const char *dir, const char *name,
                             struct lat_err *err)
{
    const struct cli_model_file *f = NULL;
    struct cli_catalog c = {0};
    enum lat_code code;
    char names[256];

    if (name && (strchr(name, '/') || strstr(name, ending))) {
        snprintf(path, 4096, "%s", name);
        return LAT_OK;
    }
    code = cli_catalog_read(&c, dir, err);
    if (code)
        return code;
    list_names(names, sizeof(names), &c);
    if (name)
        f = pick(&c, name);
    else if (c.n && strcmp(c.files[0].name, c.files[c.n - 1].name) == 0)
        f = &c.files[c.n - 1];
    if (f)
        snprintf(path, 4096, "%s", f->path);
    else if (name)
        code = lat_fail(err, LAT_ENOENT, "model %s: not in %s, which has %s",
                        name, c.dir, names);
    else
        code = lat_fail(err, LAT_EINVAL, "choose one by --model: %s has %s",
                        c.dir, names);
    cli_catalog_fini(&c);
    return code;
}

enum lat_code cli_recipe_find(char path[4096], const char *name,
                              struct lat_err *err)
{
    static const char *const folders[] = {"deploy/recipes",
                                          LATENT_PKGDATADIR "/recipes"};
    struct stat st;

    snprintf(path, 4096, "%s", name);
    if (strchr(name, '/') || (stat(path, &st) == 0 && S_ISREG(st.st_mode)))
        return LAT_OK;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, 4096, "%s/%s.recipe", folders[i], name);
        if (stat(path, &st) == 0)
            return LAT_OK;
    }
    return lat_fail(err, LAT_ENOENT,
                    "recipe %.80s: there is no file of that name here, and no "
                    "%.60s.recipe in ./%s or %.120s",
                    name, name, folders[0], folders[1]);
}
