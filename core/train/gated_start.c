/* gated_start.c - a trainer of gated latents: its nets and its memory. */
#include "gated.h"

static const struct lat__gated_recipe *recipe(
    const struct lat__gated_trainer *t)
{
    return &t->recipe;
}

bool lat__gated_learns(const struct lat__gated_recipe *r)
{
    return r->loss.gate.kind != LAT_GATE_OFF &&
           r->loss.gate.kind != LAT_GATE_FIXED;
}

/* "linear 2048, relu, linear 256", of three layers half of hidden between. */
void lat__gated_head_print(struct lat_buf *out, size_t layers, size_t hidden,
                           size_t dims)
{
    if (layers > 1)
        lat_buf_printf(out, "linear %zu, relu, ", hidden);
    if (layers > 2)
        lat_buf_printf(out, "linear %zu, relu, ", hidden / 2);
    lat_buf_printf(out, "linear %zu", dims);
}

static enum lat_code net_new(struct lat__net **out, struct lat__shape input,
                             struct lat_buf *encoder, struct lat_buf *projector,
                             struct lat_err *err)
{
    struct lat__layer_spec *e = NULL, *k = NULL;
    struct lat__net_spec spec = {.input = input};
    enum lat_code code = LAT_OK;

    if (encoder->failed || projector->failed)
        code = lat_fail(err, LAT_ENOMEM, "a net");
    if (!code)
        code = lat__layers_parse(&e, &spec.n_encoder, encoder->v, err);
    if (!code)
        code = lat__layers_parse(&k, &spec.n_projector,
                                 projector->v ? projector->v : "", err);
    spec.encoder = e;
    spec.projector = k;
    if (!code)
        code = lat__net_new(out, &spec, err);
    lat_free(e);
    lat_free(k);
    lat_buf_fini(encoder);
    lat_buf_fini(projector);
    return code;
}

enum lat_code lat__gated_body_new(struct lat__net **out,
                                  const struct lat__gated_recipe *r,
                                  struct lat_err *err)
{
    size_t side = r->data.views.size;
    struct lat_buf encoder = {0}, projector = {0};

    lat__resnet_print(&encoder, &r->resnet);
    lat__gated_head_print(&projector, 2, r->hidden, r->dims);
    return net_new(out, (struct lat__shape){side, side, 3}, &encoder,
                   &projector, err);
}

/* A head over h: a vector comes in as so many samples of one channel. */
enum lat_code lat__gated_head_new(struct lat__net **out,
                                  const struct lat__gated_head *head,
                                  struct lat_err *err)
{
    struct lat_buf encoder = {0}, projector = {0};

    lat_buf_puts(&encoder, "flatten, ");
    lat__gated_head_print(&encoder, head->layers, head->hidden, head->dims);
    return net_new(out, (struct lat__shape){1, head->features, 1}, &encoder,
                   &projector, err);
}

static enum lat_code part_init(struct lat__gated_net *p, size_t rows,
                               enum lat__grads grads, struct lat_rng *rng,
                               struct lat_err *err)
{
    const struct lat__net *net = p->net;

    p->params = lat_calloc(net->n_params, sizeof(*p->params));
    p->grads = lat_calloc(net->n_trained, sizeof(*p->grads));
    p->buf = lat_calloc(net->n_trained, sizeof(*p->buf));
    p->square = lat_calloc(net->n_trained, sizeof(*p->square));
    p->best = lat_calloc(net->n_params, sizeof(*p->best));
    p->running =
        lat_calloc(net->n_params - net->n_trained + 1, sizeof(*p->running));
    if (!p->params || !p->grads || !p->buf || !p->square || !p->best ||
        !p->running)
        return lat_fail(err, LAT_ENOMEM, "%zu parameters", net->n_params);
    lat__net_init(net, p->params, rng);
    return lat__acts_new(&p->acts, &net->encoder, rows, grads, err);
}

static enum lat_code freeze(struct lat__gated_trainer *t, struct lat_err *err)
{
    struct lat__acts *encoder = t->part[LAT_PART_BODY].acts;

    if (t->recipe.freeze > encoder->stack->n_layers)
        return lat_fail(err, LAT_EINVAL,
                        "freeze is %zu of an encoder of %zu layers",
                        t->recipe.freeze, encoder->stack->n_layers);
    encoder->frozen = t->recipe.freeze;
    return LAT_OK;
}

static enum lat_code parts_new(struct lat__gated_trainer *t,
                               struct lat_err *err)
{
    const struct lat__gated_recipe *r = recipe(t);
    size_t rows = r->loss.rows, features;
    size_t classes = lat_gallery_classes(r->data.gallery);
    struct lat__gated_net *p = t->part;
    enum lat_code code = lat__gated_body_new(&p[LAT_PART_BODY].net, r, err);

    if (code)
        return code;
    features = p[LAT_PART_BODY].net->features;
    if (lat__gated_learns(r))
        code = lat__gated_head_new(
            &p[LAT_PART_GATES].net,
            &(struct lat__gated_head){features, r->gate_layers, r->hidden,
                                      r->dims},
            err);
    if (!code && classes > 0)
        code = lat__gated_head_new(
            &p[LAT_PART_CLASSES].net,
            &(struct lat__gated_head){features, 1, 0, classes}, err);
    for (size_t i = 0; i < LAT_N_GATED_PARTS && !code; i++)
        if (p[i].net)
            code = part_init(&p[i], rows,
                             i == LAT_PART_GATES ? LAT_GRADS_IN : LAT_GRADS,
                             &t->now->rng, err);
    if (!code)
        code = lat__acts_new(&t->projector, &p[LAT_PART_BODY].net->projector,
                             rows, LAT_GRADS_IN, err);
    return code ? code : freeze(t, err);
}

static enum lat_code lists_new(struct lat__gated_trainer *t,
                               struct lat_err *err)
{
    size_t rows = t->recipe.loss.rows, n = t->recipe.data.n;
    enum lat_code code = lat__gated_draws_new(t, err);

    if (code)
        return code;
    t->id = lat_calloc(rows, sizeof(*t->id));
    t->fixed = lat_calloc(t->recipe.dims, sizeof(*t->fixed));
    if (!t->id || !t->fixed)
        return lat_fail(err, LAT_ENOMEM, "batches of %zu images", n);
    for (size_t i = 0; i < rows; i++)
        t->id[i] = (uint32_t)(i % n);
    return LAT_OK;
}

static enum lat_code scratch_new(struct lat__gated_trainer *t,
                                 struct lat_err *err)
{
    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++)
        if (t->part[i].net) {
            size_t n = lat__net_scratch(t->part[i].net, t->recipe.loss.rows,
                                        t->ctx.precision);

            if (n > t->ctx.scratch_len)
                t->ctx.scratch_len = n;
        }
    t->ctx.scratch =
        lat_calloc(LAT_PARTS * t->ctx.scratch_len, sizeof(*t->ctx.scratch));
    return t->ctx.scratch ? LAT_OK : lat_fail(err, LAT_ENOMEM, "scratch");
}

static enum lat_code check(const struct lat__gated_recipe *r,
                           struct lat_err *err)
{
    size_t images = lat_gallery_count(r->data.gallery);

    if (r->data.n < 2 || r->data.n > images)
        return lat_fail(err, LAT_EINVAL,
                        "batches of %zu images, must be 2 to the %zu there are",
                        r->data.n, images);
    if (r->gate_layers < 1 || r->gate_layers > 3)
        return lat_fail(err, LAT_EINVAL,
                        "%zu layers of gates, must be 1, 2 or 3",
                        r->gate_layers);
    if (r->loss.top_k > r->dims)
        return lat_fail(err, LAT_EINVAL, "the largest %zu of %zu dimensions",
                        r->loss.top_k, r->dims);
    return LAT_OK;
}

enum lat_code lat__gated_trainer_new(struct lat__gated_trainer **out,
                                     const struct lat__gated_recipe *r,
                                     const struct lat_kernel *kernel,
                                     struct lat_team *team, struct lat_err *err)
{
    struct lat__gated_trainer *t = NULL;
    enum lat_code code = check(r, err);

    if (code)
        return code;
    t = lat_calloc(1, sizeof(*t));
    if (!t)
        return lat_fail(err, LAT_ENOMEM, "a trainer");
    t->recipe = *r;
    t->recipe.data.n_views = 2;
    t->recipe.loss.rows = 2 * r->data.n;
    t->recipe.loss.dims = r->dims;
    t->ctx = (struct lat_ctx){
        .kernel = kernel, .team = team, .precision = r->precision};
    code = lists_new(t, err);
    if (!code && r->loss.gate.kind == LAT_GATE_FIXED)
        lat__gate_fix(t->fixed, r->dims, &t->now->rng);
    t->recipe.loss.gate.fixed = t->fixed;
    if (!code)
        code = parts_new(t, err);
    if (!code)
        code = scratch_new(t, err);
    if (!code)
        code = lat__gated_loss_new(&t->loss, &t->recipe.loss, err);
    if (code) {
        lat__gated_trainer_free(t);
        return code;
    }
    *out = t;
    return LAT_OK;
}

void lat__gated_trainer_free(struct lat__gated_trainer *t)
{
    if (!t)
        return;
    lat__gated_draws_free(t);
    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++) {
        lat__acts_free(t->part[i].acts);
        lat_free(t->part[i].params);
        lat_free(t->part[i].grads);
        lat_free(t->part[i].buf);
        lat_free(t->part[i].square);
        lat_free(t->part[i].best);
        lat_free(t->part[i].running);
        lat__net_free(t->part[i].net);
    }
    lat__acts_free(t->projector);
    lat__gated_loss_free(t->loss);
    lat_free(t->ctx.scratch);
    lat_free(t->id);
    lat_free(t->fixed);
    lat_free(t);
}
