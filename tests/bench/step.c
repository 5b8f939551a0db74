/*
 * step.c - forward and backward of a net, in milliseconds.
 *
 * The reference encoder of electrocardiograms with its mirror as the task, a
 * batch of 128 windows, on 1 and on 2 threads, with products of float32 and of
 * bfloat16, a step of the one after a step of the other.
 */
#include "../../core/encoder.h"
#include "../../core/latent/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 128, WINDOW = 720 };

static const char encoder[] =
    "conv1d 16 k7 s2 p3, batchnorm, relu, conv1d 32 k7 s2 p3, batchnorm, relu,"
    "conv1d 64 k5 s2 p2, batchnorm, relu, conv1d 64 k5 s2 p2, batchnorm, relu,"
    "flatten, linear 64";
static const char decoder[] = "linear 2880, unflatten w45 c64,"
                              "upsample x2, conv1d 64 k5 p2, batchnorm, relu,"
                              "upsample x2, conv1d 32 k5 p2, batchnorm, relu,"
                              "upsample x2, conv1d 16 k7 p3, batchnorm, relu,"
                              "upsample x2, conv1d 1 k7 p3";

static void check(enum lat_code code, const struct lat_err *err)
{
    if (!code)
        return;
    fprintf(stderr, "step: %s\n", err->msg);
    exit(1);
}

static double read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* What others take of a busy machine does not count here. */
static double used(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void noise(struct lat_tensor t, struct lat_rng *r)
{
    for (size_t i = 0; i < lat__count(t); i++)
        t.v[i] = (float)lat__rng_normal(r);
}

struct bench {
    struct lat_ctx ctx;
    const struct lat__net *net;
    struct lat__acts *enc, *task;
    float *params, *grads;
};

/* Forward and backward, as the trainer does, the loss left out. */
static void step(struct bench *b, double *forward, double *backward)
{
    double begin = now(), middle;
    struct lat_tensor *latent = &b->enc->act[b->net->encoder.n_layers];
    struct lat_tensor *dlatent = &b->enc->dact[b->net->encoder.n_layers];

    lat__stack_forward(&b->ctx, b->params, b->enc);
    b->task->act[0].v = latent->v;
    lat__stack_forward(&b->ctx, b->params, b->task);
    middle = now();
    b->task->dact[0].v = dlatent->v;
    lat__stack_backward(&b->ctx, b->grads, b->params, b->task);
    lat__stack_backward(&b->ctx, b->grads, b->params, b->enc);
    *forward = middle - begin;
    *backward = now() - middle;
}

static void measure(struct bench *b, unsigned n_threads)
{
    double best[LAT_N_PRECISIONS][3] = {{1e9, 1e9, 1e9}, {1e9, 1e9, 1e9}};
    struct lat_err err;

    check(lat__team_new(&b->ctx.team, n_threads, &err), &err);
    for (int i = 0; i < 60; i++) {
        double *least = best[i % LAT_N_PRECISIONS], f, k, u = used();

        b->ctx.precision = (enum lat_precision)(i % LAT_N_PRECISIONS);
        step(b, &f, &k);
        least[0] = f < least[0] ? f : least[0];
        least[1] = k < least[1] ? k : least[1];
        u = used() - u;
        least[2] = u < least[2] ? u : least[2];
    }
    for (int p = 0; p < LAT_N_PRECISIONS; p++)
        printf("%u threads, %s: forward %.1f ms, backward %.1f ms, "
               "%.0f windows/s\n",
               n_threads, lat_precision_name((enum lat_precision)p), best[p][0],
               best[p][1], 1e3 * ROWS / (best[p][0] + best[p][1]));
    printf("%u threads: a step of float32 takes the processor %.1f ms, %.2f "
           "times one of bfloat16 (%s)\n",
           n_threads, best[LAT_FLOAT32][2],
           best[LAT_FLOAT32][2] / best[LAT_BFLOAT16][2],
           lat_kernel_way(b->ctx.kernel, LAT_BFLOAT16));
    lat__team_free(b->ctx.team);
}

int main(void)
{
    struct lat__layer_spec *e = NULL, *d = NULL;
    struct lat__net_spec spec = {.input = {1, WINDOW, 1}};
    struct lat__net *net = NULL;
    struct bench b = {0};
    struct lat_rng rng;
    struct lat_err err;

    lat_blas_single();
    lat__rng_seed(&rng, 1);
    check(lat__layers_parse(&e, &spec.n_encoder, encoder, &err), &err);
    check(lat__layers_parse(&d, &spec.n_task, decoder, &err), &err);
    spec.encoder = e;
    spec.task = d;
    check(lat__net_new(&net, &spec, &err), &err);
    b.net = net;
    check(lat__acts_new(&b.enc, &net->encoder, ROWS, LAT_GRADS, &err), &err);
    check(lat__acts_new(&b.task, &net->task, ROWS, LAT_GRADS_IN, &err), &err);
    lat__acts_rows(b.enc, ROWS);
    lat__acts_rows(b.task, ROWS);
    b.params = lat_calloc(net->n_params, sizeof(float));
    b.grads = lat_calloc(net->n_trained, sizeof(float));
    b.ctx.scratch_len = lat__net_scratch(net, ROWS, LAT_BFLOAT16);
    b.ctx.scratch = lat_calloc(LAT_PARTS * b.ctx.scratch_len, sizeof(float));
    check(lat_kernel_pick(&b.ctx.kernel, NULL, &err), &err);
    if (!b.params || !b.grads || !b.ctx.scratch)
        return 1;
    lat__net_init(net, b.params, &rng);
    noise(b.enc->act[0], &rng);
    noise(b.task->dact[net->task.n_layers], &rng);
    measure(&b, 1);
    measure(&b, 2);
    lat_free(b.ctx.scratch);
    lat_free(b.grads);
    lat_free(b.params);
    lat__acts_free(b.task);
    lat__acts_free(b.enc);
    lat__net_free(net);
    lat_free(d);
    lat_free(e);
    return 0;
}
