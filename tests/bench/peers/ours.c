/*
 * ours.c - the engine as one of those that tests/bench/engine measures.
 *
 *     ours make ecg|imu|resnet18|bayesncl OUT.safetensors
 *     ours serve MODEL.safetensors KERNEL float32|bfloat16
 *
 * serve reads a command a line and answers with a line:
 *
 *     embed BATCH THREADS SECONDS   things done, seconds taken
 *     train BATCH THREADS SECONDS   steps done, seconds taken
 *     peak THREADS SECONDS          floating-point operations, seconds
 *     load N                        seconds to read the model and plan it
 *     heads BATCH THREADS SECONDS   things done, seconds taken: images with
 *                                   their heads, BATCH of them at a time
 *     answer IN OUT N               N things from file to file, float32
 */
#include "../../../core/encoder.h"
#include "../../../core/train.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 64 };

static struct {
    const char *path;
    struct lat_model *model;
    struct lat_plan *plan;
    const struct lat_kernel *kernel;
    enum lat_precision precision;
    bool images;
    size_t in, out; /* floats of one thing */
} our;

static void check(enum lat_code code, const struct lat_err *err)
{
    if (!code)
        return;
    fprintf(stderr, "ours: %s\n", err->msg);
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(size_t n)
{
    float *v = lat_calloc(n, sizeof(*v));

    if (!v)
        exit(1);
    return v;
}

static float *noise(size_t n)
{
    float *v = floats(n);
    struct lat_rng rng;

    lat__rng_seed(&rng, 7);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)lat__rng_normal(&rng);
    return v;
}

/* ---- the reference encoders, with random weights ----------------------- */

static const struct reference {
    const char *name, *layers;
    size_t channels, window, dims;
    const char *head; /* the projector, and another such for the gates */
} references[] = {
    {"ecg",
     "conv1d 32 k7 s2, batchnorm, relu, conv1d 64 k5 s2, batchnorm, relu,"
     "conv1d 128 k5 s2, batchnorm, relu, conv1d 128 k3, batchnorm, relu,"
     "avgpool, linear 128",
     1, 1000, 128, NULL},
    {"imu",
     "conv1d 64 k5 p2, batchnorm, relu, maxpool k2,"
     "conv1d 128 k5 p2, batchnorm, relu, maxpool k2,"
     "conv1d 128 k3 p1, batchnorm, relu, avgpool, linear 64",
     3, 200, 64, NULL},
    {"resnet18", NULL, 3, 32, 512, NULL},
    {"bayesncl", NULL, 3, 32, 256, "linear 2048, relu, linear 256"},
};

/* Of images CIFAR's: 32 x 32, a stem of 3 x 3. */
static const struct lat__resnet resnet18 = {64, {2, 2, 2, 2}, true, 1};

static struct lat_card card_of(const struct reference *r)
{
    struct lat_card card = {.version = 1, .dims = r->dims};

    snprintf(card.name, sizeof(card.name), "%s", r->name);
    if (!r->layers) {
        card.modality = LAT_IMAGES;
        card.image = (struct lat_image_input){
            32, 32, 32, LAT_BICUBIC, {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}};
        if (r->head)
            card.gate = (struct lat_gate){LAT_GATES_HARD, 0.5, 1.0, 0.8};
        return card;
    }
    card.input = (struct lat_input){.n_channels = r->channels,
                                    .n_names = r->channels,
                                    .rate_hz = 100.0,
                                    .window = r->window};
    for (size_t i = 0; i < r->channels; i++)
        snprintf(card.input.names[i], LAT_NAME_MAX, "c%zu", i);
    strcpy(card.input.unit, "mV");
    return card;
}

/* Statistics as after training, so that there is something to fold. */
static void stir_statistics(const struct lat__net *net, float *params)
{
    struct lat_rng rng;

    lat__rng_seed(&rng, 5);
    for (size_t i = net->n_trained; i < net->n_params; i++)
        params[i] *= 0.5f + (float)lat__rng_uniform(&rng);
}

static void make(const struct reference *r, const char *path)
{
    const struct lat__card_notes notes = {0};
    struct lat_card card = card_of(r);
    struct lat__architecture arch = {0};
    struct lat_buf layers = {0}, text = {0}, file = {0};
    struct lat__net *net = NULL;
    struct lat_rng rng;
    struct lat_err err;
    float *params;

    if (r->layers)
        lat_buf_puts(&layers, r->layers);
    else
        lat__resnet_print(&layers, &resnet18);
    check(lat__layers_parse(&arch.encoder, &arch.n_encoder, layers.v, &err),
          &err);
    if (r->head) {
        check(lat__layers_parse(&arch.projector, &arch.n_projector, r->head,
                                &err),
              &err);
        check(lat__layers_parse(&arch.gate, &arch.n_gate, r->head, &err), &err);
    }
    check(lat__net_of(&net, &card, &arch, &err), &err);
    params = floats(net->n_params);
    lat__rng_seed(&rng, 1);
    lat__net_init(net, params, &rng);
    stir_statistics(net, params);
    check(lat__card_encode(&text, &card, &arch, &notes, &err), &err);
    check(lat__model_encode(&file, net, params, text.v, &err), &err);
    check(lat_file_write(path, file.v, file.len, &err), &err);
    lat_buf_fini(&layers);
    lat_buf_fini(&text);
    lat_buf_fini(&file);
    lat_free(params);
    lat__net_free(net);
    lat__architecture_fini(&arch);
}

/* ---- several threads, each with a share -------------------------------- */

struct worker {
    size_t batch; /* things that are asked for at once, by all together */
    unsigned rank, n;
    double until;
    size_t done;
    double sink;
};

static void together(struct worker *w, unsigned n, void *(*run)(void *))
{
    pthread_t t[MAX_THREADS];

    for (unsigned i = 1; i < n; i++)
        if (pthread_create(&t[i], NULL, run, &w[i]))
            exit(1);
    run(&w[0]);
    for (unsigned i = 1; i < n; i++)
        pthread_join(t[i], NULL);
}

/* Of an image its features: peers end there. */
static void embed_one(struct lat_workspace *ws, const float *x, float *y)
{
    static _Thread_local float latent[512];
    struct lat_image_code code = {.latent = latent, .features = y};
    struct lat_err err;

    if (our.images)
        check(lat_embed_image(our.plan, ws, x, LAT_GATES_NONE, &code, &err),
              &err);
    else
        check(lat_embed(our.plan, ws, x, y, &err), &err);
}

/* Things are independent of each other, so a batch of them is each thread's
 * share, one after the other. */
static void *embed_share(void *arg)
{
    struct worker *w = arg;
    size_t share = (w->batch + w->n - 1) / w->n;
    float *x = noise(share * our.in), *y = floats(share * our.out);
    struct lat_workspace *ws;
    struct lat_err err;

    check(lat_workspace_new(&ws, our.plan, &err), &err);
    do {
        for (size_t i = 0; i < share; i++)
            embed_one(ws, x + i * our.in, y + i * our.out);
        w->done += share;
    } while (now() < w->until);
    w->sink = (double)y[0];
    lat_workspace_free(ws);
    lat_free(x);
    lat_free(y);
    return NULL;
}

/* As an inference thread does, with w->batch waiting for it. */
static void *heads_share(void *arg)
{
    struct worker *w = arg;
    const size_t slots = lat_plan_slots(our.plan);
    const size_t n = w->batch < slots ? w->batch : slots;
    float *x = noise(our.in);
    float *y = floats(lat_plan_card(our.plan)->dims);
    struct lat_image_code code = {.latent = y};
    struct lat_workspace *ws;
    struct lat_err err;

    check(lat_workspace_new(&ws, our.plan, &err), &err);
    do {
        for (size_t i = 0; i < n; i++)
            lat_slot_encode(our.plan, ws, i, x);
        lat_slots_project(our.plan, ws, n);
        for (size_t i = 0; i < n; i++)
            check(lat_slot_read(our.plan, ws, i, LAT_GATES_NONE, &code, &err),
                  &err);
        w->done += n;
    } while (now() < w->until);
    w->sink = (double)y[0];
    lat_workspace_free(ws);
    lat_free(x);
    lat_free(y);
    return NULL;
}

static void *peak_share(void *arg)
{
    static float a[16], b[200 * 32];
    static _Thread_local float c[12 * 32];
    const struct lat_product p = {.m = 12,
                                  .n = 32,
                                  .k = 200,
                                  .a = a,
                                  .a_row = 1,
                                  .b = b,
                                  .b_row = 32,
                                  .c = c,
                                  .c_row = 32};
    struct worker *w = arg;

    do {
        for (int i = 0; i < 1000; i++)
            our.kernel->product(&p);
        w->done += 1000 * 2 * p.m * p.n * p.k;
    } while (now() < w->until);
    w->sink = (double)c[0];
    return NULL;
}

static void measure(void *(*run)(void *), size_t batch, unsigned threads,
                    double seconds)
{
    struct worker w[MAX_THREADS];
    double begin = now();
    size_t done = 0;

    threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    for (unsigned i = 0; i < threads; i++)
        w[i] = (struct worker){
            .batch = batch, .rank = i, .n = threads, .until = begin + seconds};
    together(w, threads, run);
    for (unsigned i = 0; i < threads; i++)
        done += w[i].done;
    printf("%zu %.6f\n", done, now() - begin);
}

/* ---- a step of training ------------------------------------------------ */

struct step {
    struct lat_ctx ctx;
    const struct lat__net *net;
    struct lat__acts *acts;
    struct lat__adam adam;
    float *grads;
    struct lat_recipe recipe;
};

static void step_open(struct step *s, size_t rows, unsigned threads)
{
    struct lat_err err;

    *s =
        (struct step){.net = lat__model_net(our.model),
                      .ctx = {.kernel = our.kernel, .precision = our.precision},
                      .recipe = {.lr = 1e-3, .steps = 1000}};
    check(lat__team_new(&s->ctx.team, threads, &err), &err);
    check(lat__acts_new(&s->acts, &s->net->encoder, rows, LAT_GRADS, &err),
          &err);
    lat__acts_rows(s->acts, rows);
    s->ctx.scratch_len = lat__net_scratch(s->net, rows, s->ctx.precision);
    s->ctx.scratch = floats(LAT_PARTS * s->ctx.scratch_len);
    s->adam = (struct lat__adam){.params = floats(s->net->n_params),
                                 .m = floats(s->net->n_trained),
                                 .v = floats(s->net->n_trained),
                                 .n = s->net->n_trained};
    memcpy(s->adam.params, lat__model_params(our.model),
           s->net->n_params * sizeof(float));
    s->grads = floats(s->net->n_trained);
    for (size_t i = 0; i < rows * our.in; i++)
        s->acts->act[0].v[i] = (float)(i % 17) - 8.0f;
}

static void step_close(struct step *s)
{
    lat_free(s->grads);
    lat_free(s->adam.params);
    lat_free(s->adam.m);
    lat_free(s->adam.v);
    lat_free(s->ctx.scratch);
    lat__acts_free(s->acts);
    lat__team_free(s->ctx.team);
}

/* The loss is half the square of the latent, as everywhere in this bench. */
static void step_run(struct step *s, size_t n)
{
    const size_t last = s->net->encoder.n_layers;
    struct lat_tensor y = s->acts->act[last], dy = s->acts->dact[last];

    lat__stack_forward(&s->ctx, s->adam.params, s->acts);
    memcpy(dy.v, y.v, lat__count(y) * sizeof(float));
    memset(s->grads, 0, s->net->n_trained * sizeof(float));
    lat__stack_backward(&s->ctx, s->grads, s->adam.params, s->acts);
    lat__adam_step(&s->adam, s->grads, 1.0 / (double)lat__count(y), &s->recipe,
                   n, s->ctx.team);
}

static void train(size_t batch, unsigned threads, double seconds)
{
    struct step s;
    double begin;
    size_t n = 0;

    step_open(&s, batch, threads);
    step_run(&s, 0);
    begin = now();
    do
        step_run(&s, ++n);
    while (now() - begin < seconds);
    printf("%zu %.6f\n", n, now() - begin);
    step_close(&s);
}

/* ---- commands ---------------------------------------------------------- */

static void open_model(void)
{
    struct lat_err err;

    check(lat_model_read(&our.model, our.path, &err), &err);
    check(lat_plan_new(&our.plan, our.model, our.kernel, our.precision, &err),
          &err);
}

static void close_model(void)
{
    lat_plan_unref(our.plan);
    lat_model_unref(our.model);
}

static void load(size_t times)
{
    double best = 1e9;

    for (size_t i = 0; i < times; i++) {
        double begin = now();

        close_model();
        open_model();
        begin = now() - begin;
        best = begin < best ? begin : best;
    }
    printf("%.6f\n", best);
}

static void answer(const char *in, const char *out, size_t n)
{
    float *x = floats(n * our.in), *y = floats(n * our.out);
    FILE *from = fopen(in, "rb"), *to = fopen(out, "wb");
    struct lat_workspace *ws;
    struct lat_err err;

    check(lat_workspace_new(&ws, our.plan, &err), &err);
    if (!from || !to || fread(x, our.in * sizeof(float), n, from) != n)
        exit(1);
    for (size_t i = 0; i < n; i++)
        embed_one(ws, x + i * our.in, y + i * our.out);
    fwrite(y, our.out * sizeof(float), n, to);
    fclose(from);
    fclose(to);
    lat_workspace_free(ws);
    lat_free(x);
    lat_free(y);
    printf("done\n");
}

static void obey(const char *line)
{
    char in[1024], out[1024];
    unsigned threads;
    double seconds;
    size_t n;

    if (sscanf(line, "embed %zu %u %lf", &n, &threads, &seconds) == 3)
        measure(embed_share, n, threads, seconds);
    else if (sscanf(line, "heads %zu %u %lf", &n, &threads, &seconds) == 3)
        measure(heads_share, n, threads, seconds);
    else if (sscanf(line, "peak %u %lf", &threads, &seconds) == 2)
        measure(peak_share, 1, threads, seconds);
    else if (sscanf(line, "train %zu %u %lf", &n, &threads, &seconds) == 3)
        train(n, threads, seconds);
    else if (sscanf(line, "answer %1023s %1023s %zu", in, out, &n) == 3)
        answer(in, out, n);
    else if (sscanf(line, "load %zu", &n) == 1)
        load(n);
    else
        exit(2);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[4096];
    struct lat_err err;

    lat_blas_single();
    if (argc == 4 && strcmp(argv[1], "make") == 0) {
        for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++)
            if (strcmp(references[i].name, argv[2]) == 0)
                make(&references[i], argv[3]);
        return 0;
    }
    if (argc != 5 || strcmp(argv[1], "serve") != 0 ||
        !lat_precision_parse(&our.precision, argv[4]))
        return 2;
    our.path = argv[2];
    check(lat_kernel_pick(&our.kernel, argv[3], &err), &err);
    open_model();
    our.images = lat_plan_card(our.plan)->modality == LAT_IMAGES;
    our.in = lat_input_floats(lat_plan_card(our.plan));
    our.out = our.images ? lat_plan_card(our.plan)->features
                         : lat_plan_card(our.plan)->dims;
    printf("%s\n", lat_plan_arithmetic(our.plan));
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin))
        obey(line);
    close_model();
    return 0;
}
