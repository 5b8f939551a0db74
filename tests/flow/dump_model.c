/*
 * dump_model.c - what our engine makes of a model file, for comparison.
 *
 *     dump_model --make N FILE    writes the N-th trial model
 *     dump_model FILE PREFIX      embeds a few windows; writes PREFIX.x, the
 *         windows after preprocessing (n, window, channels), PREFIX.y, their
 *         latents, and PREFIX.task, what the task makes of those; float32
 */
#include "../../core/plan.h"
#include "../core/models.h"

enum { WINDOWS = 4 };

static const struct model_spec trials[] = {
    {"conv1d 4 k5 s2 p2, batchnorm, relu, conv1d 6 k3 p1, batchnorm, relu, "
     "maxpool k2, flatten, linear 8",
     "linear 60, relu, unflatten w10 c6, upsample x4, conv1d 1 k3 p1", 40, 1,
     LAT_TASK_RECONSTRUCTION, 5},
    {"batchnorm, conv1d 5 k3 p1, batchnorm, relu, conv1d 5 k3 p1, batchnorm, "
     "add with4, relu, maxpool k3 s2 p1, flatten, batchnorm, linear 10, "
     "batchnorm, relu, linear 6",
     "linear 2", 31, 3, LAT_TASK_CLASSES, 6},
    {"conv1d 7 k7 s2 p3, batchnorm, conv1d 7 k1 s2 from3, add with2, relu, "
     "avgpool, linear 5",
     "", 50, 2, LAT_TASK_NONE, 7},
};

static void must_write(const char *prefix, const char *suffix, const float *v,
                       size_t n)
{
    struct lat_err err = {0};
    char path[4096];

    snprintf(path, sizeof(path), "%s.%s", prefix, suffix);
    must(lat_file_write(path, v, n * sizeof(*v), &err), &err);
}

static int make(const char *number, const char *path)
{
    size_t i = strtoul(number, NULL, 10);
    struct lat_buf file = {0};
    struct lat_err err = {0};

    if (i >= sizeof(trials) / sizeof(trials[0]))
        return 2; /* there are no more */
    model_bytes(&file, &trials[i], NULL, NULL);
    must(lat_file_write(path, file.v, file.len, &err), &err);
    lat_buf_fini(&file);
    return 0;
}

static void dump_task(const struct lat_model *m,
                      const struct lat_kernel *kernel, const float *y,
                      const char *prefix)
{
    const struct lat__net *net = lat__model_net(m);
    struct lat_ctx ctx = {.kernel = kernel};
    struct lat__acts *a = NULL;
    struct lat_err err = {0};
    struct lat_tensor out;

    ctx.scratch_len = lat__net_scratch(net, WINDOWS, LAT_FLOAT32);
    ctx.scratch = lat_calloc(LAT_PARTS * ctx.scratch_len, sizeof(float));
    must(lat__acts_new(&a, &net->task, WINDOWS, LAT_NO_GRADS, &err), &err);
    memcpy(a->act[0].v, y, WINDOWS * net->dims * sizeof(*y));
    lat__model_task(&ctx, m, a);
    out = a->act[net->task.n_layers];
    must_write(prefix, "task", out.v, lat__count(out));
    lat__acts_free(a);
    lat_free(ctx.scratch);
}

static void dump(struct lat_model *m, const char *prefix)
{
    const struct lat_input *in = &lat_model_card(m)->input;
    size_t n = in->window * in->n_channels, dims = lat_model_card(m)->dims;
    float *x = lat_calloc(WINDOWS * n, sizeof(*x));
    float *y = lat_calloc(WINDOWS * dims, sizeof(*y));
    const struct lat_kernel *kernel = NULL;
    struct lat_workspace *ws = NULL;
    struct lat_plan *p = NULL;
    struct lat_err err = {0};
    double *scratch;
    struct lat_rng rng;

    lat__rng_seed(&rng, 9);
    for (size_t i = 0; i < WINDOWS * n; i++)
        x[i] = (float)lat__rng_normal(&rng);
    must(lat_kernel_pick(&kernel, NULL, &err), &err);
    must(lat_plan_new(&p, m, kernel, LAT_FLOAT32, &err), &err);
    must(lat_workspace_new(&ws, p, &err), &err);
    scratch = lat_calloc(p->scratch, sizeof(*scratch));
    for (size_t i = 0; i < WINDOWS; i++) {
        must(lat_embed(p, ws, x + i * n, y + i * dims, &err), &err);
        lat__condition(p->conditioner, x + i * n, x + i * n, scratch);
    }
    must_write(prefix, "x", x, WINDOWS * n);
    must_write(prefix, "y", y, WINDOWS * dims);
    dump_task(m, kernel, y, prefix);
    lat_free(scratch);
    lat_workspace_free(ws);
    lat_plan_unref(p);
    lat_free(x);
    lat_free(y);
}

int main(int argc, char **argv)
{
    struct lat_model *m = NULL;
    struct lat_err err = {0};

    if (argc == 4 && strcmp(argv[1], "--make") == 0)
        return make(argv[2], argv[3]);
    if (argc != 3)
        return 1;
    must(lat_model_read(&m, argv[1], &err), &err);
    dump(m, argv[2]);
    lat_model_unref(m);
    return 0;
}
