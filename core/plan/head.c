/* head.c - what a head of classes says of a latent. */
#include "../plan.h"

#include "../base/team.h"

#include <math.h>
#include <string.h>

/* likely[i] = exp(y[i]) / sum exp(y), the largest taken off before. */
static void softmax(float *likely, const float *y, size_t n)
{
    double most = -INFINITY, sum = 0.0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, (double)y[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)y[i] - most);
    for (size_t i = 0; i < n; i++)
        likely[i] = (float)(exp((double)y[i] - most) / sum);
}

static enum lat_code run(const struct lat_plan *p, const struct lat__net *net,
                         const float *z, float *likely, struct lat_err *err)
{
    struct lat__acts *a = NULL;
    struct lat_ctx ctx = {.kernel = p->kernel,
                          .scratch_len = lat__net_scratch(net, 1, LAT_FLOAT32)};
    enum lat_code code = lat__team_new(&ctx.team, 1, err);

    ctx.scratch = lat_calloc(LAT_PARTS * ctx.scratch_len, sizeof(float));
    if (!code && !ctx.scratch)
        code = lat_fail(err, LAT_ENOMEM, "a head");
    if (!code)
        code = lat__acts_new(&a, &net->task, 1, LAT_NO_GRADS, err);
    if (!code) {
        lat__acts_rows(a, 1);
        memcpy(a->act[0].v, z, net->dims * sizeof(*z));
        lat__model_task(&ctx, p->model, a);
        softmax(likely, a->act[net->task.n_layers].v,
                lat_plan_card(p)->n_labels);
    }
    lat__acts_free(a);
    lat_free(ctx.scratch);
    lat__team_free(ctx.team);
    return code;
}

enum lat_code lat_plan_classes(const struct lat_plan *p, const float *z,
                               float *likely, struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(p);
    enum lat_code code;

    if (card->task != LAT_TASK_CLASSES)
        return lat_fail(err, LAT_EUNFIT, "model %s has no classes", card->name);
    code = run(p, lat__model_net(p->model), z, likely, err);
    for (size_t i = 0; !code && i < card->n_labels; i++)
        if (!isfinite(likely[i]))
            code = lat_fail(err, LAT_ENONFINITE,
                            "what the head says of class %s is not finite",
                            card->labels[i]);
    return code;
}
