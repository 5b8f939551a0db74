/* embedding.c - the list of embeddings, and what was asked. */
#include "embedding.h"

#include <stdlib.h>
#include <string.h>

static enum lat_code grow(struct cli_embeddings *e, struct lat_err *err)
{
    size_t cap = e->cap ? 2 * e->cap : 16;
    struct cli_item *items = lat_calloc(cap, sizeof(*items));

    if (!items)
        return lat_fail(err, LAT_ENOMEM, "%zu embeddings", cap);
    if (e->n)
        memcpy(items, e->items, e->n * sizeof(*items));
    lat_free(e->items);
    e->items = items;
    e->cap = cap;
    return LAT_OK;
}

static void item_fini(struct cli_item *item)
{
    lat_free(item->z);
    lat_free(item->likely);
    lat_free(item->open);
}

/* NULL of NULL, and where there is no memory. */
static float *copied(const float *v, size_t n)
{
    float *copy = v ? lat_calloc(n, sizeof(*v)) : NULL;

    if (copy)
        memcpy(copy, v, n * sizeof(*v));
    return copy;
}

enum lat_code cli_embeddings_add(struct cli_embeddings *e,
                                 const struct cli_item *item, const float *z,
                                 size_t dims, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    struct cli_item copy = *item;

    if (e->n && dims != e->dims)
        return lat_fail(err, LAT_EUNFIT, "%zu dimensions after %zu", dims,
                        e->dims);
    if (e->n == e->cap)
        code = grow(e, err);
    if (code)
        return code;
    copy.z = lat_calloc(dims, sizeof(*z));
    copy.likely = copied(item->likely, e->n_labels);
    copy.open = copied(item->open, dims);
    if (!copy.z || (item->likely && !copy.likely) ||
        (item->open && !copy.open)) {
        item_fini(&copy);
        return lat_fail(err, LAT_ENOMEM, "%zu dimensions", dims);
    }
    memcpy(copy.z, z, dims * sizeof(*z));
    e->dims = dims;
    e->items[e->n++] = copy;
    return LAT_OK;
}

void cli_embeddings_fini(struct cli_embeddings *e)
{
    for (size_t i = 0; i < e->n; i++)
        item_fini(&e->items[i]);
    lat_free(e->items);
    *e = (struct cli_embeddings){0};
}

/* reject, center, tile or tile:HOP */
static enum lat_code read_windowing(struct lat_cut *cut, const char *text,
                                    struct lat_err *err)
{
    char *end;

    if (!text || strcmp(text, "reject") == 0) {
        cut->mode = LAT_REJECT;
        return LAT_OK;
    }
    if (strcmp(text, "center") == 0) {
        cut->mode = LAT_CENTER;
        return LAT_OK;
    }
    if (strncmp(text, "tile", 4) == 0) {
        cut->mode = LAT_TILE;
        if (text[4] == '\0')
            return LAT_OK;
        cut->hop = (size_t)strtoul(text + 5, &end, 10);
        if (text[4] == ':' && *end == '\0' && cut->hop > 0)
            return LAT_OK;
    }
    return lat_fail(err, LAT_EINVAL,
                    "--windowing %s: must be reject, center, tile or tile:HOP",
                    text);
}

static enum lat_code read_gates(int *mode, const char *text,
                                struct lat_err *err)
{
    *mode = -1;
    for (int m = 0; text && m < LAT_N_GATE_MODES; m++)
        if (strcmp(text, lat_gate_mode_name((unsigned)m)) == 0)
            *mode = m;
    if (!text || *mode >= 0)
        return LAT_OK;
    return lat_fail(err, LAT_EINVAL, "--gates %s: must be hard, soft or none",
                    text);
}

enum lat_code cli_asked_check(struct cli_asked *a, struct lat_err *err)
{
    const char *env = getenv("LATENT_SERVER");
    enum lat_code code;

    if (!a->server && env && env[0])
        a->server = env;
    if (a->include && strcmp(a->include, "task") != 0)
        return lat_fail(err, LAT_EINVAL, "--include %s: must be task",
                        a->include);
    code = read_gates(&a->gate_mode, a->gates, err);
    return code ? code : read_windowing(&a->cut, a->windowing, err);
}
