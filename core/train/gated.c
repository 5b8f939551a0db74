/* gated.c - one step of learning gated latents, and codes of images. */
#include "gated.h"

#include <math.h>
#include <string.h>

/* ---- forward and backward */

static struct lat_tensor last(const struct lat_tensor *list,
                              const struct lat__acts *a)
{
    return list[a->stack->n_layers];
}

/* What a head reads is what the encoder wrote, in other words. */
static void read_features(const struct lat__gated_trainer *t,
                          struct lat__acts *head)
{
    head->act[0].v =
        last(t->part[LAT_PART_BODY].acts->act, t->part[LAT_PART_BODY].acts).v;
}

struct lat_gated_batch lat__gated_outputs(const struct lat__gated_trainer *t,
                                          bool gradients)
{
    const struct lat__acts *g = t->part[LAT_PART_GATES].acts;
    const struct lat__acts *z = t->projector;
    struct lat_gated_batch b = {
        .z = last(gradients ? z->dact : z->act, z),
        .uniform = t->now->uniform,
        .id = t->id,
    };

    if (g)
        b.logit = last(gradients ? g->dact : g->act, g);
    return b;
}

void lat__gated_forward(struct lat__gated_trainer *t, bool learns)
{
    struct lat__gated_net *p = t->part;
    void (*run)(const struct lat_ctx *, const float *,
                const struct lat__acts *) = lat__stack_eval;
    float *body = p[LAT_PART_BODY].params;

    if (learns)
        lat__stack_forward(&t->ctx, body, p[LAT_PART_BODY].acts);
    else
        run(&t->ctx, body, p[LAT_PART_BODY].acts);
    read_features(t, t->projector);
    run(&t->ctx, body, t->projector);
    for (size_t i = LAT_PART_GATES; i < LAT_N_GATED_PARTS; i++)
        if (p[i].net) {
            read_features(t, p[i].acts);
            run(&t->ctx, p[i].params, p[i].acts);
        }
}

static void learn_classes(struct lat__gated_trainer *t,
                          struct lat__gated_values *v)
{
    struct lat__gated_net *p = &t->part[LAT_PART_CLASSES];
    struct lat_tensor y;
    size_t classes;

    v->classes = v->right = 0.0;
    if (!p->net)
        return;
    y = last(p->acts->act, p->acts);
    classes = lat__item(y);
    v->classes = lat__cross_entropy(last(p->acts->dact, p->acts).v, y.v,
                                    t->now->label, y.n, classes);
    v->right = lat__classes_right(y.v, t->now->label, y.n, classes);
    lat__stack_backward(&t->ctx, p->grads, p->params, p->acts);
}

/* As the loss has them, before backward uses them up. */
static void count_gates(const struct lat__gated_trainer *t,
                        struct lat__gated_values *v)
{
    const struct lat__gated *g = &t->loss->gates;
    const struct lat_gated_spec *s = &t->loss->spec;
    size_t all = s->rows * s->dims, open = 0;
    double likely = 0.0;

    v->open = v->likely = 0.0;
    if (!t->part[LAT_PART_GATES].net)
        return;
    for (size_t i = 0; i < all; i++) {
        open += g->prob[i] > 0.5f;
        likely += (double)g->prob[i];
    }
    v->open = (double)open / (double)all;
    v->likely = likely / (double)s->rows;
}

static void backward(struct lat__gated_trainer *t,
                     const struct lat_gated_batch *b)
{
    struct lat__gated_net *body = &t->part[LAT_PART_BODY];
    struct lat__gated_net *gates = &t->part[LAT_PART_GATES];
    const struct lat_gated_batch d = lat__gated_outputs(t, true);
    struct lat_tensor dh = last(body->acts->dact, body->acts);

    lat__gated_loss_backward(&t->ctx, t->loss, &d, b);
    lat__stack_backward(&t->ctx, body->grads, body->params, t->projector);
    memcpy(dh.v, t->projector->dact[0].v, lat__count(dh) * sizeof(float));
    if (gates->net) {
        lat__stack_backward(&t->ctx, gates->grads, gates->params, gates->acts);
        for (size_t i = 0; t->recipe.not_isolated && i < lat__count(dh); i++)
            dh.v[i] += gates->acts->dact[0].v[i];
    }
    lat__stack_backward(&t->ctx, body->grads, body->params, body->acts);
}

/* ---- the step */

struct pace {
    enum lat__optimiser rule;
    struct lat__lars o;
    double rate;
    size_t step;
};

static void step_layer(struct lat__gated_net *p, const struct lat__layer *l,
                       const struct pace *how)
{
    for (size_t k = 0; k < l->n_params; k++) {
        const struct lat__param *par = &l->params[k];
        const struct lat__lars_tensor tensor = {
            p->params + par->offset, p->buf + par->offset,
            lat__param_count(par), par->n_dims == 1};

        if (par->trained && how->rule == LAT_ADAM)
            lat__lars_adam(&how->o, &tensor, p->square + par->offset,
                           p->grads + par->offset, how->rate, how->step);
        else if (par->trained)
            lat__lars_step(&how->o, &tensor, p->grads + par->offset, how->rate);
    }
}

static void step_stack(struct lat__gated_net *p, const struct lat__stack *s,
                       const struct pace *how)
{
    for (size_t i = 0; i < s->n_layers; i++)
        step_layer(p, &s->layers[i], how);
}

/* Early layers at their own pace, and those that are frozen not at all. */
static void step_encoder(struct lat__gated_net *p,
                         const struct lat__gated_recipe *r,
                         const struct pace *all)
{
    const struct lat__stack *s = &p->net->encoder;
    double early = r->early > 0.0 ? r->early : 1.0;

    for (size_t i = r->freeze; i < s->n_layers; i++) {
        struct pace how = *all;

        how.rate *= lat__layer_share(r->freeze, early, i, s->n_layers);
        step_layer(p, &s->layers[i], &how);
    }
}

static void update(struct lat__gated_trainer *t)
{
    const struct lat__gated_recipe *r = &t->recipe;
    const double rates[] = {r->rate, r->gate_rate, r->class_rate};

    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++) {
        struct lat__gated_net *p = &t->part[i];
        struct pace how = {
            r->rule, r->optimiser,
            lat__warm_rate(rates[i], t->step, r->warm_up, r->steps), t->step};

        if (!p->net)
            continue;
        if (i == LAT_PART_CLASSES)
            how.o.weight_decay = 0.0;
        if (r->rule == LAT_SGD)
            how.o.eta = 0.0;
        if (i == LAT_PART_BODY)
            step_encoder(p, r, &how);
        else
            step_stack(p, &p->net->encoder, &how);
        step_stack(p, &p->net->projector, &how);
    }
}

/* The running statistics into running, or back. */
static void keep_statistics(struct lat__gated_net *p, bool back)
{
    size_t n = p->net->n_params - p->net->n_trained;
    float *v = p->params + p->net->n_trained;

    memcpy(back ? v : p->running, back ? p->running : v, n * sizeof(*v));
}

double lat__gated_temperature(const struct lat__gated_recipe *r, size_t step)
{
    double first = r->loss.gate.temperature;
    double share = r->steps > 1 ? (double)step / (double)(r->steps - 1) : 1.0;

    return r->cool > 0.0 ? first * pow(r->cool / first, share) : first;
}

static void begin_step(struct lat__gated_trainer *t)
{
    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++)
        if (t->part[i].net)
            memset(t->part[i].grads, 0,
                   t->part[i].net->n_trained * sizeof(float));
    keep_statistics(&t->part[LAT_PART_BODY], false);
    if (t->recipe.cool > 0.0)
        t->loss->spec.gate.temperature =
            lat__gated_temperature(&t->recipe, t->step);
}

enum lat_code lat__gated_step(struct lat__gated_trainer *t,
                              struct lat__gated_values *v, struct lat_err *err)
{
    struct lat_gated_batch b;
    enum lat_code code;

    begin_step(t);
    code = lat__gated_take(t, err);
    if (code)
        return code;
    lat__gated_forward(t, true);
    b = lat__gated_outputs(t, false);
    v->loss = lat__gated_loss_forward(&t->ctx, t->loss, &b);
    count_gates(t, v);
    learn_classes(t, v);
    if (!isfinite(v->loss.total) || !isfinite(v->classes)) {
        keep_statistics(&t->part[LAT_PART_BODY], true);
        return lat_fail(err, LAT_EDIVERGE, "step %zu: the loss is %g", t->step,
                        v->loss.total);
    }
    backward(t, &b);
    update(t);
    t->step++;
    return LAT_OK;
}

/* ---- codes */

static enum lat_code put_image(struct lat__gated_trainer *t, float *x,
                               const struct lat_gallery *g, size_t i,
                               struct lat_err *err)
{
    size_t side = t->recipe.data.views.size;
    struct lat_image *image = NULL, *fitted = NULL;
    enum lat_code code = lat_gallery_image(&image, g, i, 0, err);

    if (!code)
        code = lat_image_fit(&fitted, image, side, side, err);
    if (!code)
        lat__picture_numbers(x, &t->recipe.data, fitted);
    lat_image_free(image);
    lat_image_free(fitted);
    return code;
}

static void take_rows(float *to, const float *from, size_t n, size_t width)
{
    if (to)
        memcpy(to, from, n * width * sizeof(*to));
}

void lat__gated_rows(struct lat__gated_trainer *t, size_t rows)
{
    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++)
        if (t->part[i].net)
            lat__acts_rows(t->part[i].acts, rows);
    lat__acts_rows(t->projector, rows);
}

/* The images from at on, at most a batch of them: *n. */
static enum lat_code put_images(struct lat__gated_trainer *t,
                                const struct lat__gated_ask *ask, size_t at,
                                size_t *n, struct lat_err *err)
{
    const struct lat__acts *encoder = t->part[LAT_PART_BODY].acts;
    size_t item = lat__item(encoder->act[0]), rows = t->recipe.loss.rows;
    enum lat_code code = LAT_OK;

    *n = ask->n - at < rows ? ask->n - at : rows;
    for (size_t i = 0; i < *n && !code; i++)
        code = put_image(t, encoder->act[0].v + i * item, ask->gallery,
                         ask->begin + at + i, err);
    return code;
}

enum lat_code lat__gated_embed(struct lat__gated_trainer *t, float *h, float *u,
                               const struct lat__gated_ask *ask,
                               struct lat_err *err)
{
    struct lat__gated_net *body = &t->part[LAT_PART_BODY];
    size_t some, features = body->net->features, dims = t->recipe.dims;

    for (size_t at = 0; at < ask->n; at += some) {
        enum lat_code code = put_images(t, ask, at, &some, err);
        struct lat_gated_batch b;

        if (code)
            return code;
        lat__gated_rows(t, some);
        keep_statistics(body, false);
        lat__gated_forward(t, ask->batch_statistics);
        keep_statistics(body, true);
        /* What stands in the rows beyond is ignored. */
        lat__gated_rows(t, t->recipe.loss.rows);
        b = lat__gated_outputs(t, false);
        lat__gated_codes(&t->ctx, t->loss, &b);
        take_rows(h ? h + at * features : NULL,
                  last(body->acts->act, body->acts).v, some, features);
        take_rows(u ? u + at * dims : NULL, t->loss->u, some, dims);
    }
    return LAT_OK;
}
