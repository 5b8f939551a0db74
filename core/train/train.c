/*
 * train.c - the trainer: one step is views, forward, loss, backward, update.
 */
#include "../train.h"
#include "gated.h"

#include <math.h>
#include <string.h>

static size_t n_running(const struct lat_trainer *t)
{
    return t->net->n_params - t->net->n_trained;
}

/* ---- made and unmade ---- */

static enum lat_code make_net(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat_recipe *r = t->recipe;
    struct lat__layer_spec *encoder = NULL, *task = NULL;
    struct lat__net_spec spec = {.input = {1, r->window, t->data->n_channels}};
    enum lat_code code;

    code = lat__layers_parse(&encoder, &spec.n_encoder, r->encoder, err);
    if (code) {
        code = lat_wrap(err, code, "encoder");
        goto out;
    }
    if (r->w_task > 0.0)
        code = lat__layers_parse(&task, &spec.n_task, r->task, err);
    if (code) {
        code = lat_wrap(err, code, "task");
        goto out;
    }
    spec.encoder = encoder;
    spec.task = task;
    code = lat__net_new(&t->net, &spec, err);
out:
    lat_free(encoder);
    lat_free(task);
    return code;
}

static enum lat_code check_shapes(const struct lat_trainer *t,
                                  struct lat_err *err)
{
    const struct lat_recipe *r = t->recipe;
    struct lat__shape y = t->net->task.out;
    size_t dims = r->block[LAT_INV] + r->block[LAT_VAR] + r->block[LAT_FREE];
    size_t channels = t->data->n_channels;

    if (dims != t->net->dims)
        return lat_fail(err, LAT_EINVAL,
                        "invariant, variant and free are %zu wide together, "
                        "the encoder's latent %zu",
                        dims, t->net->dims);
    if (t->net->task.n_layers == 0)
        return LAT_OK;
    if (lat__recipe_has_classes(r) && y.h * y.w * y.c != t->data->n_classes)
        return lat_fail(err, LAT_EINVAL,
                        "the task gives %zu numbers, there are %zu classes",
                        y.h * y.w * y.c, t->data->n_classes);
    if (!lat__recipe_has_classes(r) && (y.w != r->window || y.c != channels))
        return lat_fail(err, LAT_EINVAL,
                        "the task gives %zu samples of %zu channels, the "
                        "window has %zu of %zu",
                        y.w, y.c, r->window, channels);
    return LAT_OK;
}

static enum lat_code make_memory(struct lat_trainer *t, struct lat_err *err)
{
    size_t rows = t->batch->n * t->batch->n_views;
    size_t n = t->net->n_params, trained = t->net->n_trained;

    t->ctx.scratch_len = lat__net_scratch(t->net, rows, t->ctx.precision);
    t->ctx.scratch = lat_calloc(LAT_PARTS * t->ctx.scratch_len, sizeof(float));
    t->params = lat_calloc(n, sizeof(float));
    t->best = lat_calloc(n, sizeof(float));
    t->m = lat_calloc(trained, sizeof(float));
    t->v = lat_calloc(trained, sizeof(float));
    t->grads = lat_calloc(trained, sizeof(float));
    t->dz = lat_calloc(rows * t->net->dims, sizeof(float));
    t->running = lat_calloc(n_running(t), sizeof(float));
    if (t->recipe->task_noise > 0.0)
        t->noisy = lat_calloc(rows * t->net->dims, sizeof(float));
    if (!t->ctx.scratch || !t->params || !t->best || !t->m || !t->v ||
        !t->grads || !t->dz || !t->running ||
        (t->recipe->task_noise > 0.0 && !t->noisy))
        return lat_fail(err, LAT_ENOMEM, "a trainer of %zu parameters", n);
    return LAT_OK;
}

static enum lat_code make_activations(struct lat_trainer *t,
                                      struct lat_err *err)
{
    size_t rows = t->batch->n * t->batch->n_views;
    enum lat_code code;

    code = lat__acts_new(&t->encoder, &t->net->encoder, rows, LAT_GRADS, err);
    if (code)
        return code;
    lat__acts_rows(t->encoder, rows);
    if (t->net->task.n_layers == 0)
        return LAT_OK;
    code = lat__acts_new(&t->task, &t->net->task, rows, LAT_GRADS_IN, err);
    if (code)
        return code;
    lat__acts_rows(t->task, rows);
    t->task->act[0].v =
        t->noisy ? t->noisy : t->encoder->act[t->net->encoder.n_layers].v;
    return LAT_OK;
}

static enum lat_code make_contrast(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat_recipe *r = t->recipe;
    const bool whole = lat__recipe_objective(r)->whole;
    size_t inv = whole ? t->net->dims : r->block[LAT_INV];
    size_t var = whole ? 0 : r->block[LAT_VAR];
    const struct lat_contrast_spec spec = {
        .n = t->batch->n,
        .n_views = t->batch->n_views,
        .dims = t->net->dims,
        .inv = {0, inv},
        .var = {inv, inv + var},
    };

    if (!lat__recipe_objective(r)->contrast)
        return LAT_OK;
    return lat__contrast_new(&t->contrast, &spec, t->ctx.kernel, err);
}

/* The data may have been opened by another recipe. */
static enum lat_code check_data(const struct lat_trainer *t,
                                const struct lat_recipe *r, struct lat_err *err)
{
    const struct lat_dataset *d = t->data;
    size_t least = r->window + 2 * lat__recipe_reach(r) + 1;

    if (d->first[LAT_TRAIN + 1] == d->first[LAT_TRAIN])
        return lat_fail(err, LAT_EINVAL, "no record to train on");
    if (d->rate_hz != r->rate_hz)
        return lat_fail(err, LAT_EINVAL, "the data have %g Hz, the recipe %g",
                        d->rate_hz, r->rate_hz);
    for (size_t i = 0; i < d->n_records; i++)
        if (d->records[i].n < least)
            return lat_fail(err, LAT_EINVAL,
                            "record %s has %zu samples, %zu are needed",
                            d->records[i].name, d->records[i].n, least);
    return LAT_OK;
}

static enum lat_code make(struct lat_trainer *t, const struct lat_recipe *r,
                          unsigned n_threads, struct lat_err *err)
{
    enum lat_code code = lat__recipe_check(r, err);

    if (!code && r->kind != LAT_PICTURES)
        code = check_data(t, r, err);
    if (!code)
        code = lat__recipe_copy(&t->recipe, r, err);
    if (!code)
        code = lat__team_new(&t->team, n_threads, err);
    if (code)
        return code;
    t->ctx.team = t->team;
    if (r->kind == LAT_PICTURES)
        return lat__pictures_start(t, err);
    code = make_net(t, err);
    if (!code)
        code = check_shapes(t, err);
    if (!code)
        code = lat__batch_new(&t->batch, t->recipe, t->data, err);
    if (!code)
        code = lat__batch_new(&t->ahead, t->recipe, t->data, err);
    if (!code)
        code = make_memory(t, err);
    if (!code)
        code = make_activations(t, err);
    if (!code)
        code = make_contrast(t, err);
    if (!code)
        code = lat__train_pace(t, err);
    if (!code)
        code = lat__train_start(t, err);
    return code;
}

enum lat_code lat_trainer_new(struct lat_trainer **out,
                              const struct lat_recipe *r,
                              const struct lat_dataset *d,
                              const struct lat_kernel *kernel,
                              unsigned n_threads, struct lat_err *err)
{
    struct lat_trainer *t = lat_calloc(1, sizeof(*t));
    enum lat_code code;

    if (!t)
        return lat_fail(err, LAT_ENOMEM, "trainer");
    t->data = d;
    t->ctx.kernel = kernel;
    t->ctx.precision = (enum lat_precision)r->precision;
    code = make(t, r, n_threads, err);
    if (code) {
        lat_trainer_free(t);
        return lat_wrap(err, code, "training");
    }
    *out = t;
    return LAT_OK;
}

void lat_trainer_free(struct lat_trainer *t)
{
    if (!t)
        return;
    lat__team_await(t->team); /* it may still fill the batch ahead */
    lat__gated_trainer_free(t->gated);
    lat__contrast_free(t->contrast);
    lat__acts_free(t->task);
    lat__acts_free(t->encoder);
    lat__batch_free(t->batch);
    lat__batch_free(t->ahead);
    lat_free(t->ctx.scratch);
    lat_free(t->pace);
    lat_free(t->params);
    lat_free(t->best);
    lat_free(t->m);
    lat_free(t->v);
    lat_free(t->grads);
    lat_free(t->dz);
    lat_free(t->noisy);
    lat_free(t->running);
    lat__net_free(t->net);
    lat__team_free(t->team);
    lat_recipe_free(t->recipe);
    lat_free(t);
}

/* ---- sums ---- */

static void add_sums(struct lat__sums *s, const struct lat__losses *l,
                     double grad_norm)
{
    s->n++;
    s->loss += l->loss;
    s->task += l->task;
    s->inv += l->inv;
    s->var += l->var;
    s->neg += l->neg;
    s->nce += l->nce;
    s->grad_norm += grad_norm;
}

/* ---- the batch, and the one ahead ---- */

void lat__train_drop_ahead(struct lat_trainer *t)
{
    lat__team_await(t->team);
    t->is_ahead = false;
}

static void draw_ahead(struct lat_trainer *t)
{
    t->drawn = t->rng;
    lat__batch_draw(t->ahead, LAT_TRAIN, &t->drawn);
    lat__batch_fill_aside(t->ahead, t->team);
    t->is_ahead = true;
}

/* The batch of this step; that of the next is begun. */
static void take_batch(struct lat_trainer *t)
{
    struct lat__batch *used = t->batch;

    if (!t->is_ahead)
        draw_ahead(t);
    lat__train_drop_ahead(t);
    t->batch = t->ahead;
    t->ahead = used;
    t->rng = t->drawn;
    if (t->step + 1 < t->recipe->steps)
        draw_ahead(t);
}

/* ---- a step ---- */

/* Losses and gradients of the next batch.  What is not finite changes nothing
 * but scratch, once the caller has put generator and statistics back. */
static enum lat_code compute(struct lat_trainer *t, double *grad_norm,
                             struct lat_err *err)
{
    struct lat__losses l;

    take_batch(t);
    memset(t->grads, 0, t->net->n_trained * sizeof(*t->grads));
    l = lat__train_losses(t, true);
    *grad_norm = lat__norm(t->grads, t->net->n_trained, t->team);
    if (!isfinite(l.loss))
        return lat_fail(err, LAT_EDIVERGE, "step %zu: the loss is not finite",
                        t->step + 1);
    if (!isfinite(*grad_norm))
        return lat_fail(err, LAT_EDIVERGE, "step %zu: a gradient is not finite",
                        t->step + 1);
    add_sums(&t->sums, &l, *grad_norm);
    return LAT_OK;
}

static void update(struct lat_trainer *t, double grad_norm)
{
    const struct lat_recipe *r = t->recipe;
    const struct lat__adam adam = {t->params, t->m, t->v, t->net->n_trained,
                                   t->pace};
    double scale = 1.0;

    if (r->clip > 0.0 && grad_norm > r->clip)
        scale = r->clip / grad_norm;
    lat__adam_step(&adam, t->grads, scale, r, t->step, t->team);
    t->step++;
}

static bool validates(const struct lat_trainer *t)
{
    const struct lat_recipe *r = t->recipe;

    if (r->validate_every == 0 ||
        t->data->first[LAT_VALID + 1] == t->data->first[LAT_VALID])
        return false;
    return t->step % r->validate_every == 0 || t->step == r->steps;
}

enum lat_code lat_train_step(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat_rng rng = t->rng;
    float *running;
    double grad_norm;
    enum lat_code code;

    if (lat_train_finished(t))
        return lat_fail(err, LAT_EBUSY, "all %zu steps are done", t->step);
    if (t->gated)
        return lat__pictures_step(t, err);
    running = t->params + t->net->n_trained;
    memcpy(t->running, running, n_running(t) * sizeof(*running));
    code = compute(t, &grad_norm, err);
    if (code) {
        memcpy(running, t->running, n_running(t) * sizeof(*running));
        t->rng = rng;
        lat__train_drop_ahead(t);
        return code;
    }
    update(t, grad_norm);
    return validates(t) ? lat__train_validate(t, err) : LAT_OK;
}

bool lat_train_finished(const struct lat_trainer *t)
{
    return t->step >= t->recipe->steps;
}

struct lat_progress lat_train_progress(struct lat_trainer *t)
{
    const struct lat__sums *s = &t->sums;
    double n = s->n ? (double)s->n : 1.0;
    struct lat_progress p = {
        .step = t->step,
        .n_steps = t->recipe->steps,
        .loss = s->loss / n,
        .task = s->task / n,
        .inv = s->inv / n,
        .var = s->var / n,
        .neg = s->neg / n,
        .nce = s->nce / n,
        .grad_norm = s->grad_norm / n,
        .kl = s->kl / n,
        .shut = s->shut / n,
        .open = s->open / n,
        .likely = s->likely / n,
        .right = s->right / n,
        .rate = lat__rate_at(t->recipe, t->step ? t->step - 1 : 0),
        .valid_step = t->valid_step,
        .valid = t->valid_loss,
        .best_step = t->best_step,
        .best = t->best_loss,
    };

    if (t->gated)
        p.rate = lat__warm_rate(t->recipe->lr, t->step ? t->step - 1 : 0,
                                t->recipe->warm_up, t->recipe->steps);
    t->sums = (struct lat__sums){0};
    return p;
}
