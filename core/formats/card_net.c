/* card_net.c - what a card says of the network: layers, latent, task. */
#include "card.h"

#include <string.h>

const char *const lat__task_names[3] = {NULL, "reconstruction", "classes"};

/* ---- layers */

static enum lat_code read_layer(struct lat__layer_spec *l, const json_t *v,
                                struct lat_err *err)
{
    char kind[32];
    enum lat_code code =
        lat__json_keys(v,
                       "kind out kernel stride pad factor width "
                       "channels from with",
                       err);

    if (!code)
        code = lat__json_text(kind, sizeof(kind), v, "kind", err);
    if (code)
        return code;
    l->kind = lat__layer_name(kind);
    if (!l->kind)
        return lat_fail(err, LAT_EFORMAT, "unknown kind \"%s\"", kind);
    for (size_t f = 0; f < LAT_LAYER_FIELDS && !code; f++) {
        const char *name = lat__layer_fields[f].name;
        bool none = strcmp(name, "pad") == 0 || strcmp(name, "from") == 0;

        if (json_object_get(v, name))
            code = lat__json_count(lat__layer_field(l, f), v, name,
                                   none ? 0 : 1, LAT_FIELD_MAX, err);
    }
    return code;
}

static enum lat_code read_layers(struct lat__layer_spec **out, size_t *n,
                                 const json_t *arch, const char *key,
                                 struct lat_err *err)
{
    const json_t *list = json_object_get(arch, key);
    size_t count = json_array_size(list);
    struct lat__layer_spec *l;

    if (!json_is_array(list) || count > LAT_LAYERS_MAX)
        return lat_fail(err, LAT_EFORMAT,
                        "%s is not a list of at most %d layers", key,
                        LAT_LAYERS_MAX);
    l = lat_calloc(count, sizeof(*l));
    if (!l)
        return lat_fail(err, LAT_ENOMEM, "%zu layers", count);
    for (size_t i = 0; i < count; i++) {
        enum lat_code code = read_layer(&l[i], json_array_get(list, i), err);

        if (code) {
            lat_free(l);
            return lat_wrap(err, code, "%s[%zu]", key, i);
        }
    }
    *out = l;
    *n = count;
    return LAT_OK;
}

enum lat_code lat__card_architecture(struct lat__architecture *arch,
                                     const json_t *v,
                                     enum lat_modality modality,
                                     struct lat_err *err)
{
    enum lat_code code = lat__json_keys(
        v, modality == LAT_IMAGES ? "encoder projector gate" : "encoder task",
        err);

    if (!code)
        code = read_layers(&arch->encoder, &arch->n_encoder, v, "encoder", err);
    if (!code && json_object_get(v, "task"))
        code = read_layers(&arch->task, &arch->n_task, v, "task", err);
    if (!code && json_object_get(v, "projector"))
        code = read_layers(&arch->projector, &arch->n_projector, v, "projector",
                           err);
    if (!code && json_object_get(v, "gate"))
        code = read_layers(&arch->gate, &arch->n_gate, v, "gate", err);
    return code;
}

void lat__architecture_fini(struct lat__architecture *a)
{
    lat_free(a->encoder);
    lat_free(a->task);
    lat_free(a->projector);
    lat_free(a->gate);
    *a = (struct lat__architecture){0};
}

/* ---- latent */

static enum lat_code read_range(struct lat_range *r, const json_t *v,
                                size_t dims, struct lat_err *err)
{
    const json_t *b = json_array_get(v, 0), *e = json_array_get(v, 1);
    json_int_t begin = json_integer_value(b), end = json_integer_value(e);

    if (json_array_size(v) != 2 || !json_is_integer(b) || !json_is_integer(e) ||
        begin < 0 || end <= begin || (uint64_t)end > dims)
        return lat_fail(err, LAT_EFORMAT,
                        "is not [begin, end] within %zu dimensions", dims);
    r->begin = (size_t)begin;
    r->end = (size_t)end;
    return LAT_OK;
}

static enum lat_code check_overlap(const struct lat_card *card,
                                   struct lat_err *err)
{
    for (int a = 0; a < LAT_N_BLOCKS; a++)
        for (int b = 0; b < a; b++) {
            const struct lat_range *r = &card->blocks[a], *s = &card->blocks[b];

            if (r->begin < s->end && s->begin < r->end)
                return lat_fail(err, LAT_EFORMAT, "partitions: %s overlaps %s",
                                lat_block_name((enum lat_block)a),
                                lat_block_name((enum lat_block)b));
        }
    return LAT_OK;
}

enum lat_code lat__card_latent(struct lat_card *card, const json_t *v,
                               struct lat_err *err)
{
    const json_t *parts = json_object_get(v, "partitions");
    const bool image = card->modality == LAT_IMAGES;
    enum lat_code code =
        lat__json_keys(v,
                       image ? "dimensions partitions nonnegativity top_k"
                             : "dimensions partitions",
                       err);

    if (!code)
        code = lat__json_count(&card->dims, v, "dimensions", 1, LAT_FIELD_MAX,
                               err);
    if (!code && image)
        code = lat__card_nonneg(card, v, err);
    if (!code && image && parts && !json_is_null(parts))
        code = lat_fail(err, LAT_EFORMAT, "partitions: images have none");
    if (code || !parts || json_is_null(parts))
        return code;
    code = lat__json_keys(parts, "invariant variant free", err);
    for (int b = 0; b < LAT_N_BLOCKS && !code; b++) {
        const char *name = lat_block_name((enum lat_block)b);
        const json_t *range = json_object_get(parts, name);

        if (range)
            code = read_range(&card->blocks[b], range, card->dims, err);
        if (code)
            code = lat_wrap(err, code, "%s", name);
    }
    if (code)
        return lat_wrap(err, code, "partitions");
    if (json_object_size(parts) == 0)
        return lat_fail(err, LAT_EFORMAT, "partitions: there are none");
    card->partitioned = true;
    return check_overlap(card, err);
}

/* ---- task */

static enum lat_code read_labels(struct lat_card *card, const json_t *list,
                                 struct lat_err *err)
{
    size_t n = json_array_size(list);

    if (n < 2 || n > LAT_LABELS_MAX)
        return lat_fail(err, LAT_EFORMAT, "labels is not a list of 2 to %d",
                        LAT_LABELS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(list, i));

        if (!s || !*s || strlen(s) >= LAT_NAME_MAX)
            return lat_fail(err, LAT_EFORMAT,
                            "labels[%zu] is not a text of 1 to %d bytes", i,
                            LAT_NAME_MAX - 1);
        memcpy(card->labels[i], s, strlen(s) + 1);
    }
    card->n_labels = n;
    return LAT_OK;
}

enum lat_code lat__card_task(struct lat_card *card, const json_t *v,
                             struct lat_err *err)
{
    char kind[32] = "";
    enum lat_code code;

    if (!v || json_is_null(v))
        return LAT_OK;
    code = lat__json_keys(v, "kind labels", err);
    if (!code)
        code = lat__json_text(kind, sizeof(kind), v, "kind", err);
    if (code)
        return code;
    for (int t = 1; t < 3; t++)
        if (strcmp(kind, lat__task_names[t]) == 0)
            card->task = (enum lat_task)t;
    if (card->task == LAT_TASK_NONE)
        return lat_fail(err, LAT_EFORMAT,
                        "kind is \"%s\", must be reconstruction or classes",
                        kind);
    if (card->task == LAT_TASK_CLASSES)
        return read_labels(card, json_object_get(v, "labels"), err);
    if (json_object_get(v, "labels"))
        return lat_fail(err, LAT_EFORMAT, "only classes have labels");
    return LAT_OK;
}
