/*
 * choose.c - which model, where nobody says it: the only one, or the only one
 * that reads images, or channels as a recording has them; of several versions
 * the last.
 */
#include "catalog.h"
#include "embedding.h"
#include "http.h"
#include "picture.h"

#include <jansson.h>
#include <string.h>

enum { CANDIDATES_MAX = 256, NAMES_MAX = 16 };

struct candidate {
    char id[160]; /* as a model is named, perhaps with its version */
    bool images;
    size_t n_channels, n_names;
    char names[NAMES_MAX][LAT_NAME_MAX];
};

struct choice {
    const char *where; /* a folder or a server */
    size_t n;
    struct candidate *v;
};

/* ---- what there is ---- */

static enum lat_code add_file(struct choice *c, const struct cli_model_file *f,
                              struct lat_err *err)
{
    struct candidate *to = &c->v[c->n];
    struct lat_model *m = NULL;
    enum lat_code code = lat_model_read(&m, f->path, err);
    const struct lat_card *card;

    if (code)
        return code;
    card = lat_model_card(m);
    snprintf(to->id, sizeof(to->id), "%s@%u", f->name, f->version);
    to->images = card->modality == LAT_IMAGES;
    if (!to->images) {
        to->n_channels = card->input.n_channels;
        to->n_names = card->input.n_names;
        memcpy(to->names, card->input.names, sizeof(to->names));
    }
    c->n++;
    lat_model_unref(m);
    return LAT_OK;
}

static enum lat_code list_folder(struct choice *c, const char *dir,
                                 struct lat_err *err)
{
    struct cli_catalog catalog = {0};
    enum lat_code code = cli_catalog_read(&catalog, dir, err);

    for (size_t i = 0; !code && i < catalog.n && c->n < CANDIDATES_MAX; i++)
        code = add_file(c, &catalog.files[i], err);
    if (!code)
        c->where = catalog.dir;
    cli_catalog_fini(&catalog);
    return code;
}

static void add_item(struct choice *c, const json_t *item)
{
    const json_t *signal =
        json_object_get(json_object_get(item, "capabilities"), "signal");
    const json_t *names = json_object_get(signal, "channels");
    const char *id = json_string_value(json_object_get(item, "id"));
    struct candidate *to = &c->v[c->n];

    if (!id || c->n == CANDIDATES_MAX)
        return;
    snprintf(to->id, sizeof(to->id), "%s", id);
    to->images = !json_is_object(signal);
    to->n_channels =
        (size_t)json_integer_value(json_object_get(signal, "channels_used"));
    for (size_t i = 0; i < json_array_size(names) && i < NAMES_MAX; i++) {
        const char *name = json_string_value(json_array_get(names, i));

        snprintf(to->names[to->n_names++], LAT_NAME_MAX, "%s",
                 name ? name : "");
    }
    c->n++;
}

static enum lat_code list_server(struct choice *c, const char *server,
                                 struct lat_err *err)
{
    struct cli_reply reply = {0};
    enum lat_code code = cli_http_get(&reply, server, "/v1/models", err);
    json_t *root = NULL, *data;

    if (!code) {
        root = json_loadb(reply.body.v ? reply.body.v : "", reply.body.len, 0,
                          NULL);
        data = json_object_get(root, "data");
        for (size_t i = 0; i < json_array_size(data); i++)
            add_item(c, json_array_get(data, i));
        c->where = server;
    }
    json_decref(root);
    cli_reply_fini(&reply);
    return code;
}

/* ---- which of them ---- */

static bool has_channel(const struct lat_signal *sig, const char *name)
{
    for (size_t k = 0; k < sig->n_channels; k++)
        if (lat_channel_same(sig->channels[k].name, name))
            return true;
    return false;
}

/* One channel: the first of its names that is there.  Several: all.  sig NULL
 * is an image. */
static bool fits(const struct candidate *m, const struct lat_signal *sig)
{
    size_t found = 0;

    if (!sig)
        return m->images;
    for (size_t i = 0; i < m->n_names; i++)
        found += has_channel(sig, m->names[i]);
    return m->n_channels > 0 &&
           found >= (m->n_channels == 1 ? 1 : m->n_channels);
}

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "@");

    return strcspn(b, "@") == n && memcmp(a, b, n) == 0;
}

/* Of several versions the last; NULL when none fits, or models of more than
 * one name do. */
static const struct candidate *pick(const struct choice *c,
                                    const struct lat_signal *sig)
{
    const struct candidate *best = NULL;

    for (size_t i = 0; i < c->n; i++) {
        if (!fits(&c->v[i], sig))
            continue;
        if (best && !same_name(best->id, c->v[i].id))
            return NULL;
        best = &c->v[i];
    }
    return best;
}

static enum lat_code fail_choice(const struct choice *c, struct lat_err *err)
{
    char names[256] = "none";
    size_t len = 0;

    for (size_t i = 0; i < c->n && len < sizeof(names); i++)
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
                                i ? ", " : "", c->v[i].id);
    return lat_fail(err, LAT_EINVAL, "choose a model by --model: %s has %s",
                    c->where, names);
}

static bool have_one_name(const struct choice *c)
{
    for (size_t i = 1; i < c->n; i++)
        if (!same_name(c->v[i].id, c->v[0].id))
            return false;
    return c->n > 0;
}

/* By the first of the files that can be read. */
static enum lat_code choose_by_files(char model[160], const struct choice *c,
                                     const struct cli_asked *asked,
                                     char *const *files, size_t n,
                                     struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    const struct candidate *found;
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < n && !sig && !cli_is_picture(files[i]); i++)
        code = lat_signal_read(&sig, files[i], &asked->hints, err);
    if (code)
        return code;
    found = pick(c, sig);
    lat_signal_free(sig);
    if (!found)
        return fail_choice(c, err);
    snprintf(model, 160, "%s", found->id);
    return LAT_OK;
}

enum lat_code cli_choose_model(char model[160], const struct cli_asked *asked,
                               char *const *files, size_t n,
                               struct lat_err *err)
{
    struct choice c = {0};
    enum lat_code code;

    c.v = lat_calloc(CANDIDATES_MAX, sizeof(*c.v));
    if (!c.v)
        return lat_fail(err, LAT_ENOMEM, "%d models", CANDIDATES_MAX);
    code = asked->server ? list_server(&c, asked->server, err)
                         : list_folder(&c, asked->models, err);
    if (!code && have_one_name(&c))
        snprintf(model, 160, "%s", c.v[c.n - 1].id);
    else if (!code)
        code = choose_by_files(model, &c, asked, files, n, err);
    lat_free(c.v);
    return code;
}
