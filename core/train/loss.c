/*
 * loss.c - what a batch costs:
 *
 *     L = w_task L_task + lambda (w_inv L_inv + w_var L_var + w_neg L_neg
 *                                 + w_nce L_nce)
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

/* The decoder gives back the view that the encoder was given. */
static double task_loss(struct lat_trainer *t, bool learns)
{
    struct lat_tensor y = last(t->task);
    double w = t->recipe->w_task;

    if (!learns) {
        lat__stack_eval(&t->ctx, t->params, t->task);
        return lat__mse(NULL, y.v, t->batch->x, lat__count(y), w);
    }
    lat__stack_forward(&t->ctx, t->params, t->task);
    return lat__mse(last_gradient(t->task).v, y.v, t->batch->x, lat__count(y),
                    w);
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
    const struct lat_nce_spec nce = {.tau = r->tau,
                                     .kappa = lat__recipe_kappa(r)};
    const uint32_t *group =
        r->negatives == LAT_OTHER_SUBJECT ? t->batch->subject : NULL;
    double w = lat__recipe_weight(r, LAT_W_NCE);
    struct lat_scl_loss s;

    lat__contrast_forward(t->contrast, last(t->encoder).v);
    s = lat__scl(t->contrast, &scl, r->lambda, group);
    l->inv = s.inv;
    l->var = s.var;
    l->neg = s.neg;
    l->contrast = s.total;
    if (w > 0.0) {
        l->nce = lat__scl_nce(t->contrast, &nce, r->lambda * w, group);
        l->contrast += w * l->nce;
    }
}

static void backward(struct lat_trainer *t)
{
    struct lat_tensor dz = last_gradient(t->encoder);

    memset(dz.v, 0, lat__count(dz) * sizeof(*dz.v));
    if (t->task) {
        lat__stack_backward(&t->ctx, t->grads, t->params, t->task);
        memcpy(dz.v, t->task->dact[0].v, lat__count(dz) * sizeof(*dz.v));
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
