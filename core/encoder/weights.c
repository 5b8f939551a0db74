/*
 * weights.c - a net's parameters in a file: every tensor, and no other.
 */
#include "../encoder.h"

#include <stdio.h>
#include <string.h>

/* One tensor of the net. */
struct place {
    const struct lat__param *p;
    char name[LAT_TENSOR_NAME_MAX];
};

static size_t list_stack(struct place *list, const struct lat__stack *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_layers; i++)
        for (size_t j = 0; j < s->layers[i].n_params; j++, n++) {
            if (!list)
                continue;
            list[n].p = &s->layers[i].params[j];
            lat__param_name(list[n].name, s, i, list[n].p);
        }
    return n;
}

/* All of the net's, encoder first; NULL when there is no memory. */
static struct place *list_places(size_t *n, const struct lat__net *net)
{
    struct place *list;

    *n = 0;
    for (size_t s = 0; s < LAT_N_STACKS; s++)
        *n += list_stack(NULL, &net->stack[s]);
    list = lat_calloc(*n, sizeof(*list));
    for (size_t s = 0, at = 0; list && s < LAT_N_STACKS; s++)
        at += list_stack(list + at, &net->stack[s]);
    return list;
}

/* (out, in, taps), or fewer for fewer dimensions, or two of taps. */
static void dims_of(size_t dims[LAT_DIMS_MAX], const struct lat__param *p)
{
    dims[0] = p->out;
    dims[1] = p->in;
    dims[2] = p->n_dims == 4 ? p->side : p->taps;
    dims[3] = p->side;
}

enum { SHAPE_TEXT = 22 * LAT_DIMS_MAX + 3 };

static void print_shape(char text[SHAPE_TEXT], const size_t *dims, size_t n)
{
    int at = snprintf(text, SHAPE_TEXT, "(");

    for (size_t i = 0; i < n; i++)
        at += snprintf(text + at, (size_t)(SHAPE_TEXT - at), "%s%zu",
                       i ? ", " : "", dims[i]);
    snprintf(text + at, (size_t)(SHAPE_TEXT - at), ")");
}

static enum lat_code check_shape(const struct lat__tensor *t,
                                 const struct lat__param *p,
                                 struct lat_err *err)
{
    size_t want[LAT_DIMS_MAX];
    char has[SHAPE_TEXT], wants[SHAPE_TEXT];

    dims_of(want, p);
    if (t->n_dims == p->n_dims &&
        memcmp(t->dims, want, p->n_dims * sizeof(*want)) == 0)
        return LAT_OK;
    print_shape(has, t->dims, t->n_dims);
    print_shape(wants, want, p->n_dims);
    return lat_fail(err, LAT_EFORMAT,
                    "tensor %s: shape is %s, the architecture wants %s",
                    t->name, has, wants);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Each tensor of the net is in the file with its shape, and no other but
 * PyTorch's counters of batches. */
static enum lat_code check_tensors(const struct lat__safetensors *st,
                                   const struct place *list, size_t n,
                                   struct lat_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct lat__tensor *t = lat__safetensors_find(st, list[i].name);
        enum lat_code code;

        if (!t)
            return lat_fail(err, LAT_EFORMAT, "tensor %s: is missing",
                            list[i].name);
        code = check_shape(t, list[i].p, err);
        if (code)
            return code;
    }
    for (size_t i = 0; i < st->n; i++) {
        const char *name = st->tensors[i].name;
        size_t j = 0;

        while (j < n && strcmp(list[j].name, name) != 0)
            j++;
        if (j == n && !ends_with(name, ".num_batches_tracked"))
            return lat_fail(err, LAT_EFORMAT,
                            "tensor %s: the architecture has no such tensor",
                            name);
    }
    return LAT_OK;
}

/* What the arithmetic would take a root of. */
static enum lat_code check_variance(const struct place *at, const float *params,
                                    struct lat_err *err)
{
    if (strcmp(at->p->name, "running_var") != 0)
        return LAT_OK;
    for (size_t i = 0; i < lat__param_count(at->p); i++)
        if (params[at->p->offset + i] < 0.0f)
            return lat_fail(err, LAT_EFORMAT,
                            "tensor %s: a variance below zero", at->name);
    return LAT_OK;
}

static void digest_floats(struct lat_sha256 *h, const struct place *at,
                          const float *file)
{
    size_t dims[LAT_DIMS_MAX];
    char text[SHAPE_TEXT];

    dims_of(dims, at->p);
    print_shape(text, dims, at->p->n_dims);
    lat_sha256_add(h, at->name, strlen(at->name));
    lat_sha256_add(h, text, strlen(text) + 1);
    lat_sha256_add(h, file, lat__param_count(at->p) * sizeof(*file));
}

static size_t most_floats(const struct place *list, size_t n)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++)
        if (lat__param_count(list[i].p) > most)
            most = lat__param_count(list[i].p);
    return most;
}

static enum lat_code read_all(const struct lat__safetensors *st,
                              const struct place *list, size_t n, float *params,
                              char hex[LAT_DIGEST_HEX], struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;
    float *file = lat_calloc(most_floats(list, n), sizeof(*file));

    if (!file)
        return lat_fail(err, LAT_ENOMEM, "a tensor");
    lat_sha256_init(&h);
    for (size_t i = 0; i < n && !code; i++) {
        code = lat__tensor_floats(file, st,
                                  lat__safetensors_find(st, list[i].name), err);
        if (code)
            break;
        lat__param_import(params, file, list[i].p);
        digest_floats(&h, &list[i], file);
        code = check_variance(&list[i], params, err);
    }
    lat_sha256_end(&h, digest);
    lat_digest_hex(hex, digest);
    lat_free(file);
    return code;
}

enum lat_code lat__weights_decode(float **out, char hex[LAT_DIGEST_HEX],
                                  const struct lat__net *net,
                                  const struct lat__safetensors *st,
                                  struct lat_err *err)
{
    size_t n = 0;
    struct place *list = list_places(&n, net);
    float *params = NULL;
    enum lat_code code;

    if (!list)
        return lat_fail(err, LAT_ENOMEM, "a list of tensors");
    code = check_tensors(st, list, n, err);
    if (code)
        goto out;
    params = lat_calloc(net->n_params, sizeof(*params));
    if (params)
        code = read_all(st, list, n, params, hex, err);
    else
        code = lat_fail(err, LAT_ENOMEM, "%zu parameters", net->n_params);
    if (code)
        goto out;
    *out = params;
    params = NULL;
out:
    lat_free(params);
    lat_free(list);
    return code;
}

enum lat_code lat__model_encode(struct lat_buf *out, const struct lat__net *net,
                                const float *params, const char *card,
                                struct lat_err *err)
{
    size_t n = 0, at = 0;
    struct place *list = list_places(&n, net);
    struct lat__tensor_out *tensors = lat_calloc(n, sizeof(*tensors));
    float *file = lat_calloc(net->n_params, sizeof(*file));
    enum lat_code code = LAT_OK;

    if (!list || !tensors || !file) {
        code = lat_fail(err, LAT_ENOMEM, "a file of %zu tensors", n);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(tensors[i].name, list[i].name, sizeof(list[i].name));
        tensors[i].n_dims = list[i].p->n_dims;
        dims_of(tensors[i].dims, list[i].p);
        tensors[i].v = file + at;
        lat__param_export(file + at, params, list[i].p);
        at += lat__param_count(list[i].p);
    }
    code = lat__safetensors_encode(out, tensors, n, card, err);
out:
    lat_free(file);
    lat_free(tensors);
    lat_free(list);
    return code;
}
