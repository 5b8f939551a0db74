/*
 * models.h - small model files for tests: a good one, and every way of
 * spoiling it.
 */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include "../../core/encoder.h"
#include "../../core/formats.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model_spec {
    const char *encoder, *task; /* layers as text */
    size_t window, channels;
    enum lat_task kind;
    uint64_t seed;
};

static const struct model_spec small_model = {
    .encoder = "conv1d 4 k5 s2 p2, batchnorm, relu, conv1d 6 k3 p1, batchnorm, "
               "relu, maxpool k2, flatten, linear 8",
    .task = "linear 60, unflatten w10 c6, relu, upsample x4, conv1d 1 k3 p1",
    .window = 40,
    .channels = 1,
    .kind = LAT_TASK_RECONSTRUCTION,
    .seed = 5,
};

static inline void must(enum lat_code code, const struct lat_err *err)
{
    if (code) {
        fprintf(stderr, "%s\n", err->msg);
        abort();
    }
}

static inline struct lat_card model_card(const struct model_spec *spec,
                                         size_t dims)
{
    struct lat_card card = {
        .name = "small",
        .version = 2,
        .dims = dims,
        .partitioned = true,
        .blocks = {{0, dims / 2}, {dims / 2, dims - 2}, {dims - 2, dims}},
        .input = {.n_channels = spec->channels,
                  .n_names = spec->channels > 1 ? spec->channels : 3,
                  .names = {"MLII", "V5", "V1"},
                  .unit = "mV",
                  .rate_hz = 360,
                  .window = spec->window},
        .prep = {.low_hz = 0.5,
                 .high_hz = 40,
                 .order = 2,
                 .ends = LAT_ENDS_ODD,
                 .center = true,
                 .scale = LAT_SCALE_STD,
                 .floor = 0.05},
        .task = spec->kind,
    };

    if (spec->kind == LAT_TASK_CLASSES) {
        card.n_labels = 2;
        strcpy(card.labels[0], "still");
        strcpy(card.labels[1], "walking");
    }
    return card;
}

/* Fresh weights; statistics that are not those of the start, so that folding
 * them is seen. */
static inline float *model_params(const struct lat__net *net, uint64_t seed)
{
    float *params = lat_calloc(net->n_params, sizeof(*params));
    struct lat_rng rng;

    lat__rng_seed(&rng, seed);
    lat__net_init(net, params, &rng);
    for (size_t i = net->n_trained; i < net->n_params; i++)
        params[i] = (float)(0.2 + lat__rng_uniform(&rng));
    return params;
}

static inline void parse_layers(struct lat__architecture *arch,
                                const struct model_spec *spec)
{
    struct lat_err err = {0};

    must(lat__layers_parse(&arch->encoder, &arch->n_encoder, spec->encoder,
                           &err),
         &err);
    must(lat__layers_parse(&arch->task, &arch->n_task, spec->task, &err), &err);
}

static inline struct lat__net *model_net(const struct lat__architecture *arch,
                                         const struct model_spec *spec)
{
    struct lat__net_spec net_spec = {
        .input = {1, spec->window, spec->channels},
        .encoder = arch->encoder,
        .n_encoder = arch->n_encoder,
        .task = arch->task,
        .n_task = arch->n_task,
    };
    struct lat__net *net = NULL;
    struct lat_err err = {0};

    must(lat__net_new(&net, &net_spec, &err), &err);
    return net;
}

/* A model file.  In its card, and then in its header, the first from becomes
 * to, where they are not NULL. */
static inline void replace(struct lat_buf *text, const char *from,
                           const char *to)
{
    struct lat_buf out = {0};
    char *at = from ? strstr(text->v, from) : NULL;

    if (!from)
        return;
    if (!at) {
        fprintf(stderr, "no %s in %s\n", from, text->v);
        abort();
    }
    lat_buf_put(&out, text->v, (size_t)(at - text->v));
    lat_buf_puts(&out, to);
    lat_buf_puts(&out, at + strlen(from));
    lat_buf_fini(text);
    *text = out;
}

static inline void model_bytes(struct lat_buf *out,
                               const struct model_spec *spec, const char *from,
                               const char *to)
{
    const struct lat__card_notes notes = {
        .method = "{\"objective\":\"scl\"}",
        .licence = "\"Apache-2.0\"",
    };
    struct lat__architecture arch = {0};
    struct lat_buf card = {0};
    struct lat_card c;
    struct lat_err err = {0};
    struct lat__net *net;
    float *params;

    parse_layers(&arch, spec);
    net = model_net(&arch, spec);
    params = model_params(net, spec->seed);
    c = model_card(spec, net->dims);
    must(lat__card_encode(&card, &c, &arch, &notes, &err), &err);
    replace(&card, from, to);
    must(lat__model_encode(out, net, params, card.v, &err), &err);
    lat_buf_fini(&card);
    lat_free(params);
    lat__net_free(net);
    lat__architecture_fini(&arch);
}

static inline void put_prefix(struct lat_buf *out, uint64_t n)
{
    for (size_t i = 0; i < 8; i++)
        lat_buf_put(out, &(char){(char)(n >> 8 * i & 0xff)}, 1);
}

/* The file with the first from in its header become to. */
static inline void respell_header(struct lat_buf *file, const char *from,
                                  const char *to)
{
    struct lat_buf header = {0}, out = {0};
    size_t len = 0;

    for (size_t i = 8; i-- > 0;)
        len = len << 8 | (unsigned char)file->v[i];
    lat_buf_put(&header, file->v + 8, len);
    replace(&header, from, to);
    put_prefix(&out, header.len);
    lat_buf_put(&out, header.v, header.len);
    lat_buf_put(&out, file->v + 8 + len, file->len - 8 - len);
    lat_buf_fini(&header);
    lat_buf_fini(file);
    *file = out;
}

static inline struct lat_model *model_of(const struct model_spec *spec)
{
    struct lat_model *m = NULL;
    struct lat_buf file = {0};
    struct lat_err err = {0};

    model_bytes(&file, spec, NULL, NULL);
    must(lat_model_decode(&m, file.v, file.len, &err), &err);
    lat_buf_fini(&file);
    return m;
}

#endif
