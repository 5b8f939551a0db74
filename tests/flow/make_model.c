/*
 * make_model.c - a model file with random weights, for flows that need one.
 *
 *     make_model OUT.safetensors [SEED [WIDTH]]
 *     make_model --toy OUT.safetensors [SEED]
 *     make_model --image OUT.safetensors [SEED]
 *     make_model --image-plain OUT.safetensors [SEED]
 *
 * One lead of MLII, II or V5 at 250 Hz, windows of 250 samples, latents of 4
 * invariant, 3 variant and 1 free dimension.  Samples are not scaled, so that
 * huge ones overflow inside.  With a WIDTH there are four convolutions of that
 * many channels: at 512 a window takes a twentieth of a second or so, for tests
 * of queues and deadlines.
 *
 * The toy is that of the examples in schema/openapi.json: windows of 3 samples,
 * 6 dimensions.
 *
 * Of images: 16 x 16, the shorter side resized to it, a small residual net of
 * 8 features, and latents of 12 non-negative dimensions with gates; plain: of
 * either sign and without gates.
 */
#include "../../core/encoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char quick[] =
    "conv1d 4 k5 s2 p2, batchnorm, relu, avgpool, linear 8";
static const char tiny[] = "conv1d 4 k3 p1, relu, avgpool, linear 6";

static struct lat_card card_of(const char *path)
{
    static const char *const names[] = {"MLII", "II", "V5"};
    const char *file = strrchr(path, '/');
    struct lat_card card = {.version = 1, .dims = 8, .partitioned = true};

    file = file ? file + 1 : path;
    snprintf(card.name, sizeof(card.name), "%.*s", (int)strcspn(file, "@."),
             file);
    card.blocks[LAT_INV] = (struct lat_range){0, 4};
    card.blocks[LAT_VAR] = (struct lat_range){4, 7};
    card.blocks[LAT_FREE] = (struct lat_range){7, 8};
    card.input = (struct lat_input){
        .n_channels = 1, .n_names = 3, .rate_hz = 250.0, .window = 250};
    for (int i = 0; i < 3; i++)
        strcpy(card.input.names[i], names[i]);
    strcpy(card.input.unit, "mV");
    card.prep.center = true;
    return card;
}

static void turn_to_toy(struct lat_card *card)
{
    card->dims = 6;
    card->blocks[LAT_INV] = (struct lat_range){0, 3};
    card->blocks[LAT_VAR] = (struct lat_range){3, 5};
    card->blocks[LAT_FREE] = (struct lat_range){5, 6};
    card->input.window = 3;
}

/* The card as one of images. */
static void turn_to_images(struct lat_card *card, bool gated)
{
    card->modality = LAT_IMAGES;
    card->dims = 12;
    card->partitioned = false;
    card->image = (struct lat_image_input){
        16, 16, 16, LAT_BICUBIC, {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}};
    if (!gated)
        return;
    card->nonneg = LAT_NONNEG_RELU;
    card->gate = (struct lat_gate){LAT_GATES_HARD, 0.5, 1.0, 0.8};
}

static enum lat_code parse(struct lat__architecture *arch, const char *layers,
                           const struct lat_card *card, struct lat_err *err)
{
    static const char head[] = "linear 10, relu, linear 12";
    const struct lat__resnet resnet = {4, {1, 1, 0, 0}, true, 1};
    struct lat_buf text = {0};
    enum lat_code code;

    if (card->modality == LAT_SIGNALS)
        return lat__layers_parse(&arch->encoder, &arch->n_encoder, layers, err);
    lat__resnet_print(&text, &resnet);
    code = lat__layers_parse(&arch->encoder, &arch->n_encoder, text.v, err);
    lat_buf_fini(&text);
    if (!code)
        code =
            lat__layers_parse(&arch->projector, &arch->n_projector, head, err);
    if (!code && card->gate.mode != LAT_GATES_NONE)
        code = lat__layers_parse(&arch->gate, &arch->n_gate, head, err);
    return code;
}

static enum lat_code make(const char *path, uint64_t seed, const char *layers,
                          struct lat_card card, struct lat_err *err)
{
    const struct lat__card_notes notes = {0};
    struct lat__architecture arch = {0};
    struct lat_buf text = {0}, file = {0};
    struct lat__net *net = NULL;
    float *params = NULL;
    struct lat_rng rng;
    enum lat_code code = parse(&arch, layers, &card, err);

    if (!code)
        code = lat__net_of(&net, &card, &arch, err);
    if (code)
        goto out;
    params = lat_calloc(net->n_params, sizeof(*params));
    if (!params) {
        code = lat_fail(err, LAT_ENOMEM, "parameters");
        goto out;
    }
    lat__rng_seed(&rng, seed);
    lat__net_init(net, params, &rng);
    code = lat__card_encode(&text, &card, &arch, &notes, err);
    if (!code)
        code = lat__model_encode(&file, net, params, text.v, err);
    if (!code)
        code = lat_file_write(path, file.v, file.len, err);
out:
    lat_buf_fini(&text);
    lat_buf_fini(&file);
    lat_free(params);
    lat__net_free(net);
    lat__architecture_fini(&arch);
    return code;
}

int main(int argc, char **argv)
{
    const char *layers = quick;
    const bool toy = argc > 1 && strcmp(argv[1], "--toy") == 0;
    const bool plain = argc > 1 && strcmp(argv[1], "--image-plain") == 0;
    const bool image = plain || (argc > 1 && strcmp(argv[1], "--image") == 0);
    struct lat_err err = {0};
    struct lat_card card;
    char wide[200];
    int w;

    argc -= image || toy;
    argv += image || toy;
    if (argc < 2) {
        fprintf(stderr, "usage: make_model [--toy | --image | --image-plain] "
                        "OUT.safetensors [SEED [WIDTH]]\n");
        return 2;
    }
    card = card_of(argv[1]);
    if (image)
        turn_to_images(&card, !plain);
    if (toy) {
        turn_to_toy(&card);
        layers = tiny;
    }
    if (argc > 3) {
        w = atoi(argv[3]);
        snprintf(wide, sizeof(wide),
                 "conv1d %d k9 p4, conv1d %d k9 p4, conv1d %d k9 p4, "
                 "conv1d %d k9 p4, avgpool, linear 8",
                 w, w, w, w);
        layers = wide;
    }
    if (make(argv[1], argc > 2 ? strtoull(argv[2], NULL, 10) : 1, layers, card,
             &err)) {
        fprintf(stderr, "make_model: %s\n", err.msg);
        return 1;
    }
    return 0;
}
