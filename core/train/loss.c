/*
 * loss.c - what a batch costs:
 *
 *     L = w_task L_task + lambda (w_inv L_inv + w_var L_var + w_neg L_neg
 *                                 + w_nce L_nce + w_graded L_graded)
 */
#include "../train.h"

#include <string.h>

static struct lat_tensor last(const struct lat__acts *a)
{
    return a->act[a->stack->n_layers];
}

static struct lat_tensor last_gradient(const struct lat__acts *a)
{
    return a->dact[a->stack->n_layers];
}

static struct lat__noise task_noise(const struct lat_trainer *t)
{
    const struct lat_recipe *r = t->recipe;

    return (struct lat__noise){.at = {r->block[LAT_INV], t->net->dims},
                               .by = r->task_noise,
                               .e = t->batch->noise};
}

/* Latents as the task is given them: as they are, but for training. */
static void give_task(struct lat_trainer *t, bool learns)
{
    struct lat__noise k = task_noise(t);

    if (!learns)
        k.at.end = k.at.begin;
    if (t->noisy)
        lat__noise_forward(t->task->act[0], last(t->encoder), &k);
}

/* The decoder gives back the view that the encoder was given; a head of
 * classes says which it is of. */
static double task_loss(struct lat_trainer *t, bool learns)
{
    const struct lat__batch *b = t->batch;
    struct lat_tensor y = last(t->task);
    float *dy = learns ? last_gradient(t->task).v : NULL;
    double w = t->recipe->w_task;

    give_task(t, learns);
    if (learns)
        lat__stack_forward(&t->ctx, t->params, t->task);
    else
        lat__stack_eval(&t->ctx, t->params, t->task);
    if (!lat__recipe_has_classes(t->recipe))
        return lat__mse(dy, y.v, b->x, lat__count(y), w);
    return lat__cross_entropy_known(dy, y.v, b->label, b->n * b->n_views,
                                    t->data->n_classes, w);
}

/* What is not each other's negative. */
static const uint32_t *groups(const struct lat_trainer *t)
{
    switch ((enum lat__negatives)t->recipe->negatives) {
    case LAT_OTHER_SUBJECT:
        return t->batch->subject;
    case LAT_OTHER_CLASS:
        return t->batch->alone;
    case LAT_OTHER_SOURCE:
        break;
    }
    return NULL;
}

static double nce_loss(struct lat_trainer *t, double scale)
{
    const struct lat_recipe *r = t->recipe;
    const bool pull = lat__recipe_objective(r)->pull;
    const struct lat_nce_spec nce = {.tau = r->tau,
                                     .kappa = lat__recipe_kappa(r),
                                     .same =
                                         pull ? LAT_SAME_PULL : LAT_SAME_OUT};
    const uint32_t *group = groups(t);

    if (pull)
        group = t->data->n_classes > 0 ? t->batch->alone : t->batch->subject;
    return lat__scl_nce(t->contrast, &nce, scale, group);
}

/* Leaves the gradient by the latents in dz. */
static void contrast_losses(struct lat_trainer *t, struct lat__losses *l)
{
    const struct lat_recipe *r = t->recipe;
    const struct lat_scl_spec scl = {
        .w_inv = lat__recipe_weight(r, LAT_W_INV),
        .w_var = lat__recipe_weight(r, LAT_W_VAR),
        .w_neg = lat__recipe_weight(r, LAT_W_NEG),
        .m_var = r->m_var,
        .m_neg = r->m_neg,
    };
    double w = lat__recipe_weight(r, LAT_W_NCE);
    double graded = lat__recipe_weight(r, LAT_W_GRADED);
    struct lat_scl_loss s;

    lat__contrast_forward(t->contrast, last(t->encoder).v);
    s = lat__scl(t->contrast, &scl, r->lambda, groups(t));
    l->inv = s.inv;
    l->var = s.var;
    l->neg = s.neg;
    l->contrast = s.total;
    if (w > 0.0) {
        l->nce = nce_loss(t, r->lambda * w);
        l->contrast += w * l->nce;
    }
    if (graded > 0.0) { /* the variant term's place in what is reported */
        l->var =
            lat__scl_graded(t->contrast, t->batch->graded, r->lambda * graded);
        l->contrast += graded * l->var;
    }
}

/* The task's gradient by the latents. */
static void take_task(struct lat_trainer *t, struct lat_tensor dz)
{
    const struct lat__noise k = task_noise(t);
    struct lat_tensor dy = t->task->dact[0];

    if (t->noisy)
        lat__noise_backward(dz, dy, last(t->encoder), &k);
    else
        memcpy(dz.v, dy.v, lat__count(dz) * sizeof(*dz.v));
}

static void backward(struct lat_trainer *t)
{
    struct lat_tensor dz = last_gradient(t->encoder);

    memset(dz.v, 0, lat__count(dz) * sizeof(*dz.v));
    if (t->task) {
        lat__stack_backward(&t->ctx, t->grads, t->params, t->task);
        take_task(t, dz);
    }
    if (t->contrast) {
        lat__contrast_backward(t->contrast, t->dz);
        for (size_t i = 0; i < lat__count(dz); i++)
            dz.v[i] += t->dz[i];
    }
    lat__stack_backward(&t->ctx, t->grads, t->params, t->encoder);
}

struct lat__losses lat__train_losses(struct lat_trainer *t, bool learns)
{
    struct lat__losses l = {0};

    t->encoder->act[0].v = t->batch->x;
    if (learns)
        lat__stack_forward(&t->ctx, t->params, t->encoder);
    else
        lat__stack_eval(&t->ctx, t->params, t->encoder);
    if (t->task)
        l.task = task_loss(t, learns);
    if (t->contrast)
        contrast_losses(t, &l);
    l.loss = t->recipe->w_task * l.task + t->recipe->lambda * l.contrast;
    if (learns)
        backward(t);
    return l;
}
