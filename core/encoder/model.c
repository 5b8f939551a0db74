/*
 * model.c - a model: its card, its net, its parameters, one file.
 *
 * Everything that a file says is checked against everything else it says
 * before it is believed: the layers fit each other, the tensors the layers,
 * the card the net.
 */
#include "../encoder.h"
#include "../signal.h"

#include <stdatomic.h>
#include <string.h>

enum { FILE_MAX = 1 << 30 };

struct lat_model {
    atomic_uint refs;
    struct lat_card card;
    char *json; /* what card.json points at */
    struct lat__net *net;
    float *params;
};

/* ---- the card and the net */

static enum lat_code check_task(const struct lat_card *card,
                                const struct lat__net *net, struct lat_err *err)
{
    const struct lat__shape out = net->task.out;
    const struct lat__shape in = net->encoder.in;

    if ((card->task == LAT_TASK_NONE) != (net->task.n_layers == 0))
        return lat_fail(err, LAT_EFORMAT, "card: task: is %s, yet it has %s",
                        net->task.n_layers ? "null" : "said",
                        net->task.n_layers ? "layers" : "no layers");
    switch (card->task) {
    case LAT_TASK_NONE:
        return LAT_OK;
    case LAT_TASK_RECONSTRUCTION:
        if (out.w != in.w || out.c != in.c)
            return lat_fail(err, LAT_EFORMAT,
                            "card: task: gives %zu samples of %zu channels, "
                            "the input has %zu of %zu",
                            out.w, out.c, in.w, in.c);
        return LAT_OK;
    case LAT_TASK_CLASSES:
        break;
    }
    if (out.h * out.w != 1 || out.c != card->n_labels)
        return lat_fail(err, LAT_EFORMAT, "card: task: %zu labels, %zu outputs",
                        card->n_labels, out.h * out.w * out.c);
    return LAT_OK;
}

/* The preprocessing must be one that can be done. */
static enum lat_code check_prep(const struct lat_card *card,
                                struct lat_err *err)
{
    struct lat__conditioner *c = NULL;
    enum lat_code code =
        lat__conditioner_new(&c, &card->prep, card->input.rate_hz,
                             card->input.window, card->input.n_channels, err);

    lat__conditioner_free(c);
    if (code == LAT_ENOMEM || !code)
        return code;
    if (err)
        err->code = LAT_EFORMAT;
    return lat_wrap(err, LAT_EFORMAT, "card: preprocessing");
}

static enum lat_code check_gate(const struct lat_card *card,
                                const struct lat__net *net, struct lat_err *err)
{
    if (card->gate.mode != LAT_GATES_NONE && net->gate.n_layers == 0)
        return lat_fail(err, LAT_EFORMAT,
                        "card: gate: is said, yet architecture.gate has no "
                        "layers");
    if (card->gate.mode == LAT_GATES_NONE && net->gate.n_layers > 0)
        return lat_fail(err, LAT_EFORMAT,
                        "card: gate: is null, yet architecture.gate has "
                        "layers");
    return LAT_OK;
}

static struct lat__shape input_of(const struct lat_card *card)
{
    if (card->modality == LAT_IMAGES)
        return (struct lat__shape){card->image.height, card->image.width, 3};
    return (struct lat__shape){1, card->input.window, card->input.n_channels};
}

enum lat_code lat__net_of(struct lat__net **out, const struct lat_card *card,
                          const struct lat__architecture *arch,
                          struct lat_err *err)
{
    const struct lat__net_spec spec = {
        .input = input_of(card),
        .encoder = arch->encoder,
        .task = arch->task,
        .projector = arch->projector,
        .gate = arch->gate,
        .n_encoder = arch->n_encoder,
        .n_task = arch->n_task,
        .n_projector = arch->n_projector,
        .n_gate = arch->n_gate,
    };

    return lat__net_new(out, &spec, err);
}

static enum lat_code make_net(struct lat_model *m,
                              const struct lat__architecture *arch,
                              struct lat_err *err)
{
    struct lat_card *card = &m->card;
    enum lat_code code = lat__net_of(&m->net, card, arch, err);

    if (code)
        return lat_wrap(err, code, "card: architecture");
    if (m->net->dims != card->dims)
        return lat_fail(err, LAT_EFORMAT,
                        "card: latent: %zu dimensions, the encoder gives %zu",
                        card->dims, m->net->dims);
    card->features = m->net->features;
    if (card->modality == LAT_IMAGES)
        return check_gate(card, m->net, err);
    code = check_task(card, m->net, err);
    return code ? code : check_prep(card, err);
}

static enum lat_code read_card(struct lat_model *m, struct lat__safetensors *st,
                               struct lat_err *err)
{
    struct lat__architecture arch = {0};
    enum lat_code code;

    if (!st->card)
        return lat_fail(err, LAT_EFORMAT,
                        "no latentd.card in the file's __metadata__");
    code = lat__card_decode(&m->card, &arch, st->card, err);
    if (!code)
        code = make_net(m, &arch, err);
    lat__architecture_fini(&arch);
    m->card.json = m->json = st->card;
    st->card = NULL;
    return code;
}

static void digest_file(struct lat_model *m, const void *file, size_t len)
{
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, file, len);
    lat_sha256_end(&h, digest);
    lat_digest_hex(m->card.digest, digest);
}

/* ---- models */

enum lat_code lat_model_decode(struct lat_model **out, const void *file,
                               size_t len, struct lat_err *err)
{
    struct lat__safetensors *st = NULL;
    struct lat_model *m = lat_calloc(1, sizeof(*m));
    enum lat_code code;

    if (!m)
        return lat_fail(err, LAT_ENOMEM, "a model");
    atomic_init(&m->refs, 1);
    code = lat__safetensors_decode(&st, file, len, err);
    if (!code)
        code = read_card(m, st, err);
    if (!code)
        code = lat__weights_decode(&m->params, m->card.weights_digest, m->net,
                                   st, err);
    lat__safetensors_free(st);
    if (code) {
        lat_model_unref(m);
        return code;
    }
    digest_file(m, file, len);
    *out = m;
    return LAT_OK;
}

enum lat_code lat_model_read(struct lat_model **out, const char *path,
                             struct lat_err *err)
{
    char *file = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&file, &len, path, FILE_MAX, err);

    if (!code)
        code = lat_model_decode(out, file, len, err);
    lat_free(file);
    return code ? lat_wrap(err, code, "model %s", path) : LAT_OK;
}

struct lat_model *lat_model_ref(struct lat_model *m)
{
    atomic_fetch_add(&m->refs, 1);
    return m;
}

void lat_model_unref(struct lat_model *m)
{
    if (!m || atomic_fetch_sub(&m->refs, 1) > 1)
        return;
    lat__net_free(m->net);
    lat_free(m->params);
    lat_free(m->json);
    lat_free(m);
}

const struct lat_card *lat_model_card(const struct lat_model *m)
{
    return &m->card;
}

const struct lat__net *lat__model_net(const struct lat_model *m)
{
    return m->net;
}

const float *lat__model_params(const struct lat_model *m)
{
    return m->params;
}

bool lat__model_code(float *y, const float *z, const float *logit,
                     const struct lat_card *card, enum lat_gate_mode mode)
{
    const struct lat_ctx ctx = {0};
    struct lat_tensor t = {y, 1, 1, 1, card->dims};
    float norm = 0.0f;

    memcpy(y, z, card->dims * sizeof(*y));
    lat__nonneg_forward(&ctx, card->nonneg, t, t);
    if (card->top_k)
        lat__top_k_forward(&ctx, t, NULL, t, card->top_k);
    lat__normalize_forward(&ctx, t, &norm, t);
    for (size_t i = 0; i < card->dims && mode != LAT_GATES_NONE; i++)
        if (mode == LAT_GATES_HARD)
            y[i] = logit[i] > 0.0f ? y[i] : 0.0f;
        else
            y[i] *=
                (float)lat__sigmoid((double)logit[i] / card->gate.temperature);
    if (mode != LAT_GATES_NONE)
        lat__normalize_forward(&ctx, t, &norm, t);
    return norm > 0.0f;
}

void lat__model_task(const struct lat_ctx *ctx, const struct lat_model *m,
                     const struct lat__acts *a)
{
    assert(a->stack == &m->net->task);
    lat__stack_eval(ctx, m->params, a);
}
