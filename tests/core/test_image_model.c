/* test_image_model.c - models of images: as files, as plans, their gates. */
#include "../../core/base/mem.h"
#include "../../core/plan.h"
#include "models.h"
#include "ops.h"

enum { DIMS = 6, SIDE = 11 };

struct trial {
    const char *encoder, *projector, *gate;
    size_t height, width, top_k;
    enum lat_nonneg nonneg;
};

static const struct trial trials[] = {
    /* a small residual net, whose stem pads by two */
    {"conv2d 4 k3 p2, batchnorm, relu, conv2d 4 k3 p1, batchnorm, relu, "
     "conv2d 4 k3 p1, batchnorm, add with6, relu, conv2d 6 k3 s2 p1, "
     "batchnorm, relu, conv2d 6 k3 p1, batchnorm, conv2d 6 k1 s2 from6, "
     "batchnorm, add with3, relu, avgpool",
     "linear 7, relu, linear 6", "linear 5, relu, linear 6", SIDE, SIDE, 0,
     LAT_NONNEG_RELU},
    /* a stem that halves, a maximum with padding before a convolution */
    {"conv2d 5 k7 s2 p3, batchnorm, relu, maxpool k3 s2 p1, conv2d 5 k3 p1, "
     "batchnorm, relu, maxpool k2, flatten, linear 9, batchnorm, relu",
     "linear 6", "", 16, 20, 3, LAT_NONNEG_NONE},
    /* the features are the latent; a normalisation before all */
    {"batchnorm, conv2d 6 k5 p2, relu, conv2d 6 k2 s2, flatten, linear 6", "",
     "linear 6", 9, 12, 0, LAT_NONNEG_SOFTPLUS},
};

enum { N_TRIALS = sizeof(trials) / sizeof(trials[0]) };

static struct lat_card card_of(const struct trial *t)
{
    struct lat_card card = {
        .name = "picture",
        .version = 1,
        .modality = LAT_IMAGES,
        .dims = DIMS,
        .image = {t->height,
                  t->width,
                  t->height,
                  LAT_BICUBIC,
                  {0.5, 0.4, 0.3},
                  {0.25, 0.5, 1.0}},
        .nonneg = t->nonneg,
        .top_k = t->top_k,
    };

    if (*t->gate)
        card.gate = (struct lat_gate){LAT_GATES_HARD, 0.5, 0.7, 0.8};
    return card;
}

static void parse(struct lat__architecture *a, const struct trial *t)
{
    struct lat_err err = {0};

    must(lat__layers_parse(&a->encoder, &a->n_encoder, t->encoder, &err), &err);
    must(lat__layers_parse(&a->projector, &a->n_projector, t->projector, &err),
         &err);
    must(lat__layers_parse(&a->gate, &a->n_gate, t->gate, &err), &err);
}

/* bias: what is added to that of the last layer, the gates' if there are. */
static void bytes_of(struct lat_buf *out, const struct trial *t, float bias,
                     const char *from, const char *to)
{
    const struct lat__card_notes notes = {0};
    struct lat_card card = card_of(t);
    struct lat__architecture arch = {0};
    struct lat_buf text = {0};
    struct lat__net *net = NULL;
    struct lat_err err = {0};
    float *params;

    parse(&arch, t);
    must(lat__net_of(&net, &card, &arch, &err), &err);
    params = model_params(net, 3);
    for (size_t i = 0; i < DIMS; i++)
        params[net->n_trained - 1 - i] += bias;
    must(lat__card_encode(&text, &card, &arch, &notes, &err), &err);
    replace(&text, from, to);
    must(lat__model_encode(out, net, params, text.v, &err), &err);
    lat_buf_fini(&text);
    lat_free(params);
    lat__net_free(net);
    lat__architecture_fini(&arch);
}

struct served {
    struct lat_model *m;
    struct lat_plan *p;
    struct lat_workspace *ws;
    float *x;
    size_t n;
};

static void served_init(struct served *s, const struct trial *t, float bias)
{
    struct lat_buf file = {0};
    struct lat_err err = {0};
    const struct lat_kernel *kernel = NULL;
    struct lat_rng rng;

    *s = (struct served){0};
    bytes_of(&file, t, bias, NULL, NULL);
    must(lat_model_decode(&s->m, file.v, file.len, &err), &err);
    must(lat_kernel_pick(&kernel, NULL, &err), &err);
    must(lat_plan_new(&s->p, s->m, kernel, LAT_FLOAT32, &err), &err);
    must(lat_workspace_new(&s->ws, s->p, &err), &err);
    s->n = lat_input_floats(lat_model_card(s->m));
    s->x = lat_calloc(s->n, sizeof(*s->x));
    assert_non_null(s->x);
    lat__rng_seed(&rng, 8);
    for (size_t i = 0; i < s->n; i++)
        s->x[i] = (float)lat__rng_normal(&rng);
    lat_buf_fini(&file);
}

static void served_fini(struct served *s)
{
    lat_free(s->x);
    lat_workspace_free(s->ws);
    lat_plan_unref(s->p);
    lat_model_unref(s->m);
}

/* One stack over x, into y. */
static void plain(float *y, const struct lat_model *m, unsigned stack,
                  const float *x)
{
    const struct lat__net *net = lat__model_net(m);
    const struct lat__stack *s = &net->stack[stack];
    struct lat_ctx ctx = ctx_new(1, lat__net_scratch(net, 1, LAT_FLOAT32));
    struct lat__acts *a = NULL;

    CHECK(lat__acts_new(&a, s, 1, LAT_NO_GRADS, NULL) == LAT_OK);
    memcpy(a->act[0].v, x, lat__count(a->act[0]) * sizeof(*x));
    lat__stack_eval(&ctx, lat__model_params(m), a);
    memcpy(y, a->act[s->n_layers].v,
           lat__count(a->act[s->n_layers]) * sizeof(*y));
    lat__acts_free(a);
    ctx_free(&ctx);
}

TEST(image_model, plan_gives_what_the_stacks_give)
{
    UNUSED_STATE;
    for (size_t i = 0; i < N_TRIALS; i++) {
        struct served s;
        float h[256], want_h[256], want[DIMS], latent[DIMS], logit[DIMS];
        struct lat_image_code code = {.latent = latent, .features = h};
        double length = 0.0;

        served_init(&s, &trials[i], 0.0f);
        code.logit = *trials[i].gate ? logit : NULL;
        plain(want_h, s.m, LAT_ENCODER, s.x);
        CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_NONE, &code, NULL) ==
              LAT_OK);
        for (size_t k = 0; k < lat_model_card(s.m)->features; k++)
            CHECK_NEAR(h[k], want_h[k], 1e-5);
        if (code.logit)
            plain(want, s.m, LAT_GATES, want_h);
        for (size_t k = 0; k < DIMS && code.logit; k++)
            CHECK_NEAR(logit[k], want[k], 1e-5);
        plain(want, s.m, LAT_PROJECTOR, want_h);
        for (size_t k = 0; k < DIMS; k++) {
            length += (double)latent[k] * (double)latent[k];
            if (trials[i].nonneg != LAT_NONNEG_NONE)
                CHECK(latent[k] >= 0.0f &&
                      (latent[k] > 0.0f) ==
                          (trials[i].nonneg != LAT_NONNEG_RELU ||
                           want[k] > 0.0f));
        }
        CHECK_NEAR(length, 1.0, 1e-5);
        CHECK(lat_plan_self_test(s.p, 2, NULL) == LAT_OK);
        served_fini(&s);
    }
}

/* Another image, until some of the gates are open and some shut. */
static void half_open(struct served *s)
{
    float y[DIMS], logit[DIMS];
    struct lat_image_code code = {.latent = y, .logit = logit};
    size_t n_open = 0;

    for (uint64_t seed = 0; n_open == 0 || n_open == DIMS; seed++) {
        CHECK(seed < 50);
        noise(s->x, s->n, seed);
        CHECK(lat_embed_image(s->p, s->ws, s->x, LAT_GATES_HARD, &code, NULL) ==
              LAT_OK);
        n_open = 0;
        for (size_t k = 0; k < DIMS; k++)
            n_open += logit[k] > 0.0f;
    }
}

TEST(image_model, gates_close_dimensions_and_what_is_left_is_of_unit_length)
{
    float all[DIMS], hard[DIMS], soft[DIMS], logit[DIMS], p[DIMS], own[DIMS];
    struct lat_image_code code = {.latent = all};
    double kept = 0.0, weighed = 0.0;
    struct served s;

    UNUSED_STATE;
    served_init(&s, &trials[2], 0.0f);
    half_open(&s);
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_NONE, &code, NULL) ==
          LAT_OK);
    code = (struct lat_image_code){
        .latent = hard, .logit = logit, .probability = p};
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_HARD, &code, NULL) ==
          LAT_OK);
    code.latent = soft;
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_SOFT, &code, NULL) ==
          LAT_OK);
    for (size_t k = 0; k < DIMS; k++) {
        CHECK_NEAR(p[k], 1.0 / (1.0 + exp(-(double)logit[k] / 0.7)), 1e-6);
        kept += logit[k] > 0.0f ? (double)(all[k] * all[k]) : 0.0;
        weighed += (double)(all[k] * p[k] * all[k] * p[k]);
    }
    for (size_t k = 0; k < DIMS; k++) {
        CHECK_NEAR(hard[k], logit[k] > 0.0f ? (double)all[k] / sqrt(kept) : 0.0,
                   1e-6);
        CHECK_NEAR(soft[k], (double)(all[k] * p[k]) / sqrt(weighed), 1e-6);
    }
    CHECK(lat_embed(s.p, s.ws, s.x, own, NULL) == LAT_OK);
    assert_memory_equal(own, hard, sizeof(own));
    served_fini(&s);
}

TEST(image_model, says_when_all_gates_are_shut)
{
    float y[DIMS];
    struct lat_image_code code = {.latent = y};
    struct served s;

    UNUSED_STATE;
    served_init(&s, &trials[0], -100.0f);
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_HARD, &code, NULL) ==
          LAT_OK);
    CHECK(code.all_shut);
    for (size_t k = 0; k < DIMS; k++)
        CHECK(y[k] == 0.0f);
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_NONE, &code, NULL) ==
              LAT_OK &&
          !code.all_shut);
    served_fini(&s);
}

TEST(image_model, says_what_it_has_not)
{
    float y[DIMS];
    struct lat_image_code code = {.latent = y};
    struct lat_err err = {0};
    struct served s;

    UNUSED_STATE;
    served_init(&s, &trials[1], 0.0f);
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_HARD, &code, &err) ==
          LAT_EUNFIT);
    CHECK(strstr(err.msg, "model picture has no gates"));
    code.probability = y;
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_NONE, &code, &err) ==
          LAT_EUNFIT);
    code.probability = NULL;
    s.x[3] = NAN;
    CHECK(lat_embed_image(s.p, s.ws, s.x, LAT_GATES_NONE, &code, &err) ==
          LAT_ENONFINITE);
    served_fini(&s);
}

TEST(image_model, card_is_what_was_written)
{
    struct served s;
    const struct lat_card *c;

    UNUSED_STATE;
    served_init(&s, &trials[0], 0.0f);
    c = lat_model_card(s.m);
    CHECK(c->modality == LAT_IMAGES && c->dims == DIMS && c->features == 6);
    CHECK(c->image.height == SIDE && c->image.shorter == SIDE);
    CHECK(c->image.filter == LAT_BICUBIC && c->image.mean[2] == 0.3);
    CHECK(c->gate.mode == LAT_GATES_HARD && c->gate.temperature == 0.7);
    CHECK(c->gate.prior == 0.8 && c->nonneg == LAT_NONNEG_RELU);
    CHECK(strlen(c->prep_digest) == 64 && c->task == LAT_TASK_NONE);
    served_fini(&s);
}

static void check_refused(const struct trial *t, const char *from,
                          const char *to, const char *message)
{
    struct lat_buf file = {0};
    struct lat_err err = {0};
    struct lat_model *m = NULL;

    bytes_of(&file, t, 0.0f, from, to);
    if (lat_model_decode(&m, file.v, file.len, &err) != LAT_EFORMAT ||
        !strstr(err.msg, message)) {
        print_error("`%s`, expected `%s`\n", err.msg, message);
        fail();
    }
    lat_buf_fini(&file);
}

TEST(image_model, refuses_cards_by_name)
{
    static const char gate[] =
        "\"gate\":{\"mode\":\"hard\",\"prior\":0.8,\"temperature\":0.7,"
        "\"threshold\":0.5}";
    const struct trial *t = &trials[0];

    UNUSED_STATE;
    check_refused(t, gate, "\"gate\":null",
                  "card: gate: is null, yet architecture.gate has layers");
    check_refused(&trials[1], "\"gate\":null", gate,
                  "card: gate: is said, yet architecture.gate has no layers");
    check_refused(t, "\"threshold\":0.5", "\"threshold\":0.4",
                  "gate: threshold is missing or not 0.5");
    check_refused(t, "\"mode\":\"hard\"", "\"mode\":\"none\"",
                  "gate: mode is \"none\", must be hard or soft");
    check_refused(t, "\"temperature\":0.7", "\"temperature\":0",
                  "gate: temperature is missing or 0");
    check_refused(t, "\"RGB\"", "\"CMYK\"",
                  "input: colour_space is \"CMYK\", must be RGB");
    check_refused(t, "bicubic", "nearest",
                  "input: filter is \"nearest\", must be bilinear or bicubic");
    check_refused(t, "\"height\":11", "\"height\":5000",
                  "input: height is not a whole number from 1 to 4096");
    check_refused(t, "\"deviation\":[0.25", "\"deviation\":[0.0",
                  "preprocessing: deviation is not a list of three numbers");
    check_refused(t, "\"nonnegativity\":\"relu\"",
                  "\"nonnegativity\":\"square\"",
                  "latent: nonnegativity: \"square\" is unknown");
    check_refused(t, "\"top_k\":0", "\"top_k\":7",
                  "latent: top_k is not a whole number from 0 to 6");
    check_refused(t, "\"modality\":\"image\"", "\"modality\":\"sound\"",
                  "modality is \"sound\", must be signal or image");
    check_refused(t, "\"task\":null", "\"task\":{\"kind\":\"classes\"}",
                  "task: images have none");
    check_refused(t, "{\"kind\":\"linear\",\"out\":5}",
                  "{\"kind\":\"linear\",\"out\":8}", "tensor gate.0.weight");
    check_refused(t, "{\"kind\":\"linear\",\"out\":6}],\"projector\"",
                  "{\"kind\":\"linear\",\"out\":4}],\"projector\"",
                  "gate: 4 gates for 6 dimensions");
}

/* A card that says gates, a file that has none. */
TEST(image_model, refuses_a_file_without_its_gates)
{
    struct lat_buf file = {0};
    struct lat_err err = {0};
    struct lat_model *m = NULL;

    UNUSED_STATE;
    bytes_of(&file, &trials[2], 0.0f, NULL, NULL);
    respell_header(&file, "\"gate.0.weight\"", "\"gone.0.weight\"");
    CHECK(lat_model_decode(&m, file.v, file.len, &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "tensor gate.0.weight: is missing"));
    lat_buf_fini(&file);
}

/* ---- what a model is given */

static struct lat_image *image_of(size_t width, size_t height)
{
    struct lat_image *image = NULL;

    CHECK(lat_image_new(&image, width, height, NULL) == LAT_OK);
    for (size_t i = 0; i < width * height * 3; i++)
        image->v[i] = (uint8_t)(i * 37 % 251);
    return image;
}

TEST(image_model, prepares_as_the_card_says)
{
    const struct lat_card card = card_of(&trials[0]);
    struct lat_image *exact = image_of(SIDE, SIDE), *wide = image_of(40, 22);
    struct lat_image_prepared *p = NULL, *again = NULL;

    UNUSED_STATE;
    CHECK(lat_prepare_image(&p, &card, exact, NULL) == LAT_OK);
    CHECK(p->to_width == SIDE && p->crop.x == 0 && p->crop.width == SIDE);
    CHECK_NEAR(p->x[4], (exact->v[4] / 255.0 - 0.4) / 0.5, 1e-6);
    CHECK(lat_prepare_image(&again, &card, exact, NULL) == LAT_OK);
    assert_memory_equal(again->digest, p->digest, LAT_DIGEST);
    lat_image_prepared_free(again);
    lat_image_prepared_free(p);
    CHECK(lat_prepare_image(&p, &card, wide, NULL) == LAT_OK);
    CHECK(p->width == 40 && p->to_width == 20 && p->to_height == SIDE);
    CHECK(p->crop.x == 4 && p->crop.y == 0 && p->crop.width == SIDE);
    lat_image_prepared_free(p);
    lat_image_free(exact);
    lat_image_free(wide);
}

TEST(image_model, puts_black_around_what_is_small)
{
    struct lat_card card = card_of(&trials[0]);
    struct lat_image *image = image_of(5, 30);
    struct lat_image_prepared *p = NULL;

    UNUSED_STATE;
    card.image.shorter = 0;
    CHECK(lat_prepare_image(&p, &card, image, NULL) == LAT_OK);
    CHECK(p->crop.width == 5 && p->crop.height == SIDE && p->crop.y == 10);
    CHECK_NEAR(p->x[0], -0.5 / 0.25, 1e-6);
    CHECK_NEAR(p->x[3 * 3], (image->v[10 * 15] / 255.0 - 0.5) / 0.25, 1e-6);
    lat_image_prepared_free(p);
    lat_image_free(image);
}

TEST(image_model, refuses_what_would_be_too_long)
{
    const struct lat_card card = card_of(&trials[0]);
    struct lat_image *image = image_of(1, 30000);
    struct lat_image_prepared *p = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat_prepare_image(&p, &card, image, &err) == LAT_ETOOBIG && !p);
    CHECK(strstr(err.msg, "1 x 30000 pixels: with the shorter side at 11"));
    lat_image_free(image);
}

TEST(image_model, survives_any_failed_allocation)
{
    const struct lat_card card = card_of(&trials[0]);
    struct lat_image *image = image_of(30, 20);
    struct lat_image_prepared *x = NULL;
    const struct lat_kernel *kernel = NULL;
    struct lat_buf file = {0};
    struct lat_model *m = NULL;
    struct lat_plan *p = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    bytes_of(&file, &trials[0], 0.0f, NULL, NULL);
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    do {
        lat__mem_fail_after = n++;
        code = lat_model_decode(&m, file.v, file.len, NULL);
        if (!code)
            code = lat_plan_new(&p, m, kernel, LAT_FLOAT32, NULL);
        if (!code)
            code = lat_prepare_image(&x, &card, image, NULL);
        if (code) {
            lat_plan_unref(p);
            lat_model_unref(m);
            p = NULL;
            m = NULL;
        }
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !x));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 20);
    lat_image_prepared_free(x);
    lat_plan_unref(p);
    lat_model_unref(m);
    lat_image_free(image);
    lat_buf_fini(&file);
}

TEST(image_model, is_nearly_the_same_in_bfloat16)
{
    struct lat_plan *narrow = NULL;
    struct lat_workspace *ws = NULL;
    const struct lat_kernel *kernel = NULL;
    float y[DIMS], z[DIMS];
    struct served s;

    UNUSED_STATE;
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    for (size_t t = 0; t < sizeof(trials) / sizeof(*trials); t++) {
        const struct lat_card *card;
        double cosine = 0.0;

        served_init(&s, &trials[t], 0.5f);
        card = lat_plan_card(s.p);
        CHECK(lat_plan_new(&narrow, s.m, kernel, LAT_BFLOAT16, NULL) == LAT_OK);
        CHECK(lat_workspace_new(&ws, narrow, NULL) == LAT_OK);
        CHECK(lat_plan_self_test(narrow, 2, NULL) == LAT_OK);
        CHECK(lat_embed(s.p, s.ws, s.x, y, NULL) == LAT_OK);
        CHECK(lat_embed(narrow, ws, s.x, z, NULL) == LAT_OK);
        for (size_t i = 0; i < card->dims; i++)
            cosine += (double)y[i] * (double)z[i];
        CHECK_NEAR(cosine, 1.0, 1e-2);
        lat_workspace_free(ws);
        lat_plan_unref(narrow);
        served_fini(&s);
    }
}

/* ---- several images at once -------------------------------------------- */

enum { IMAGES = 17, FEATURES = 160 };

struct code {
    float latent[DIMS], features[FEATURES], logit[DIMS], probability[DIMS];
    bool all_shut;
};

static struct lat_image_code code_of(struct code *c, const struct trial *t)
{
    struct lat_image_code code = {.latent = c->latent, .features = c->features};

    if (*t->gate) {
        code.logit = c->logit;
        code.probability = c->probability;
    }
    return code;
}

/* n images, as many at a time as there are slots. */
static void read_all(struct code *y, const struct lat_plan *p,
                     const struct trial *t, const float *x, size_t n)
{
    const size_t floats = lat_input_floats(lat_plan_card(p));
    const enum lat_gate_mode mode = *t->gate ? LAT_GATES_SOFT : LAT_GATES_NONE;
    struct lat_workspace *ws = NULL;

    CHECK(lat_workspace_new(&ws, p, NULL) == LAT_OK);
    for (size_t i = 0, k; i < n; i += k) {
        k = n - i < lat_plan_slots(p) ? n - i : lat_plan_slots(p);
        for (size_t slot = k; slot-- > 0;)
            lat_slot_encode(p, ws, slot, x + (i + slot) * floats);
        lat_slots_project(p, ws, k);
        for (size_t slot = 0; slot < k; slot++) {
            struct lat_image_code code = code_of(&y[i + slot], t);

            CHECK(lat_slot_read(p, ws, slot, mode, &code, NULL) == LAT_OK);
            y[i + slot].all_shut = code.all_shut;
        }
    }
    lat_workspace_free(ws);
}

static void check_slots(const struct trial *t, const struct lat_kernel *kernel,
                        enum lat_precision precision)
{
    struct code *alone = lat_calloc(IMAGES, sizeof(*alone));
    struct code *y = lat_calloc(IMAGES, sizeof(*y));
    struct lat_plan *p = NULL;
    struct served s;
    float *x;

    served_init(&s, t, 0.0f);
    x = lat_calloc(IMAGES * s.n, sizeof(*x));
    noise(x, IMAGES * s.n, 4);
    CHECK(lat_plan_new(&p, s.m, kernel, precision, NULL) == LAT_OK);
    CHECK(lat_plan_slots(p) > 1 && lat_plan_card(p)->features <= FEATURES);
    for (size_t i = 0; i < IMAGES; i++)
        read_all(&alone[i], p, t, x + i * s.n, 1);
    for (size_t n = 1; n <= IMAGES; n++) {
        memset(y, 0, IMAGES * sizeof(*y));
        read_all(y, p, t, x, n);
        assert_memory_equal(y, alone, n * sizeof(*y));
    }
    CHECK(lat_plan_self_test(p, 2, NULL) == LAT_OK);
    lat_plan_unref(p);
    lat_free(x);
    lat_free(alone);
    lat_free(y);
    served_fini(&s);
}

/* Heads as wide as some blocks of a product, and as odd. */
static const struct trial wide[] = {
    {"conv2d 7 k3 p1, relu, conv2d 19 k2 s2, relu, avgpool, linear 147, relu",
     "linear 301, relu, linear 6", "linear 517, batchnorm, relu, linear 6", 6,
     6, 0, LAT_NONNEG_RELU},
    /* what goes slot by slot: a normalisation, a residual, a convolution */
    {"conv2d 7 k2 s2, relu, avgpool, linear 12",
     "batchnorm, linear 12, relu, linear 12, add with2, linear 12, unflatten "
     "w4 c3, conv1d 5 k3 p1, "
     "maxpool k2, flatten, linear 6",
     "", 6, 6, 0, LAT_NONNEG_GELU},
};

TEST(image_model, has_the_same_bytes_whatever_the_other_slots_hold)
{
    static const char *const kernels[] = {"blas", "avx2", "avx512"};
    const struct lat_kernel *kernel = NULL;

    UNUSED_STATE;
    for (size_t k = 0; k < 3; k++) {
        if (lat_kernel_pick(&kernel, kernels[k], NULL))
            continue; /* not on this processor */
        for (unsigned i = 0; i < LAT_N_PRECISIONS; i++) {
            check_slots(&trials[0], kernel, (enum lat_precision)i);
            check_slots(&trials[1], kernel, (enum lat_precision)i);
            check_slots(&trials[2], kernel, (enum lat_precision)i);
            check_slots(&wide[0], kernel, (enum lat_precision)i);
            check_slots(&wide[1], kernel, (enum lat_precision)i);
        }
    }
}

TEST(image_model, of_one_image_no_slot_is_spoilt_by_another)
{
    struct code good = {0}, bad = {0}, again = {0};
    struct lat_image_code code;
    struct served s;
    float *x;

    UNUSED_STATE;
    served_init(&s, &wide[0], 0.0f);
    x = lat_calloc(2 * s.n, sizeof(*x));
    noise(x, 2 * s.n, 5);
    read_all(&good, s.p, &wide[0], x, 1);
    x[s.n + 3] = NAN;
    lat_slot_encode(s.p, s.ws, 0, x + s.n);
    lat_slot_encode(s.p, s.ws, 1, x);
    lat_slots_project(s.p, s.ws, 2);
    code = code_of(&bad, &wide[0]);
    CHECK(lat_slot_read(s.p, s.ws, 0, LAT_GATES_HARD, &code, NULL) ==
          LAT_ENONFINITE);
    code = code_of(&again, &wide[0]);
    CHECK(lat_slot_read(s.p, s.ws, 1, LAT_GATES_SOFT, &code, NULL) == LAT_OK);
    assert_memory_equal(&again, &good, sizeof(good));
    lat_free(x);
    served_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(image_model, plan_gives_what_the_stacks_give),
        T(image_model,
          gates_close_dimensions_and_what_is_left_is_of_unit_length),
        T(image_model, says_when_all_gates_are_shut),
        T(image_model, says_what_it_has_not),
        T(image_model, card_is_what_was_written),
        T(image_model, refuses_cards_by_name),
        T(image_model, refuses_a_file_without_its_gates),
        T(image_model, prepares_as_the_card_says),
        T(image_model, puts_black_around_what_is_small),
        T(image_model, refuses_what_would_be_too_long),
        T(image_model, survives_any_failed_allocation),
        T(image_model, is_nearly_the_same_in_bfloat16),
        T(image_model, has_the_same_bytes_whatever_the_other_slots_hold),
        T(image_model, of_one_image_no_slot_is_spoilt_by_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
