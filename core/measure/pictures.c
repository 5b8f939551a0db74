/* pictures.c - images of a gallery through a model, many at once. */
#include "../measure.h"

#include <string.h>

enum { ROWS = 256 };

static const uint64_t view_seed = 0x7669657773;

enum lat_code lat__pictures_new(struct lat__pictures **out,
                                const struct lat_model *m,
                                const struct lat_ctx *ctx, struct lat_err *err)
{
    struct lat__pictures *p = lat_calloc(1, sizeof(*p));
    enum lat_code code = LAT_OK;

    if (!p)
        return lat_fail(err, LAT_ENOMEM, "images");
    p->model = m;
    p->card = lat_model_card(m);
    p->net = lat__model_net(m);
    p->ctx = *ctx;
    p->ctx.scratch_len = lat__net_scratch(p->net, ROWS, p->ctx.precision);
    p->ctx.scratch = lat_calloc(LAT_PARTS * p->ctx.scratch_len, sizeof(float));
    p->params = lat_calloc(p->net->n_params, sizeof(*p->params));
    if (!p->ctx.scratch || !p->params)
        code = lat_fail(err, LAT_ENOMEM, "%zu parameters", p->net->n_params);
    for (size_t s = 0; s < LAT_N_STACKS && !code; s++)
        if (p->net->stack[s].n_layers > 0)
            code = lat__acts_new(&p->acts[s], &p->net->stack[s], ROWS,
                                 LAT_NO_GRADS, err);
    if (code) {
        lat__pictures_free(p);
        return code;
    }
    memcpy(p->params, lat__model_params(m), p->net->n_params * sizeof(float));
    *out = p;
    return LAT_OK;
}

void lat__pictures_free(struct lat__pictures *p)
{
    if (!p)
        return;
    for (size_t s = 0; s < LAT_N_STACKS; s++)
        lat__acts_free(p->acts[s]);
    lat_free(p->ctx.scratch);
    lat_free(p->params);
    lat_free(p);
}

/* ---- images as they are served */

struct fill {
    const struct lat__pictures *p;
    const struct lat_gallery *gallery;
    size_t begin, n;
    struct lat_err err[LAT_PARTS];
    enum lat_code code[LAT_PARTS];
};

static enum lat_code fill_one(const struct fill *f, size_t i,
                              struct lat_err *err)
{
    size_t item = lat_input_floats(f->p->card);
    struct lat_image *image = NULL;
    struct lat_image_prepared *x = NULL;
    enum lat_code code =
        lat_gallery_image(&image, f->gallery, f->begin + i, 0, err);

    if (!code)
        code = lat_prepare_image(&x, f->p->card, image, err);
    if (!code)
        memcpy(f->p->acts[LAT_ENCODER]->act[0].v + i * item, x->x,
               item * sizeof(float));
    lat_image_prepared_free(x);
    lat_image_free(image);
    return code;
}

static void fill_part(void *arg, size_t part)
{
    struct fill *f = arg;

    for (size_t i = lat__part_begin(f->n, part);
         i < lat__part_begin(f->n, part + 1) && !f->code[part]; i++)
        f->code[part] = fill_one(f, i, &f->err[part]);
}

static enum lat_code fill_images(struct lat__pictures *p,
                                 const struct lat_gallery *gallery,
                                 size_t begin, size_t n, struct lat_err *err)
{
    struct fill f = {.p = p, .gallery = gallery, .begin = begin, .n = n};

    lat__team_run(p->ctx.team, fill_part, &f);
    for (size_t i = 0; i < LAT_PARTS; i++)
        if (f.code[i]) {
            if (err)
                *err = f.err[i];
            return f.code[i];
        }
    return LAT_OK;
}

/* ---- views of them */

static enum lat_code fill_views(struct lat__pictures *p,
                                const struct lat__pictures_ask *ask,
                                size_t begin, size_t n, struct lat_err *err)
{
    const struct lat_image_input *in = &p->card->image;
    struct lat__picture_batch b = {.gallery = ask->gallery,
                                   .views =
                                       lat__picture_views_published(in->width),
                                   .n = n,
                                   .n_views = ask->views};
    size_t shots[ROWS];
    uint64_t seeds[ROWS];
    struct lat_rng rng;

    memcpy(b.mean, in->mean, sizeof(b.mean));
    memcpy(b.deviation, in->deviation, sizeof(b.deviation));
    lat__rng_seed(&rng, view_seed ^ begin);
    for (size_t i = 0; i < n * ask->views; i++) {
        shots[i] = begin + i % n;
        seeds[i] = lat__rng_next(&rng);
    }
    return lat__picture_batch_fill(p->acts[LAT_ENCODER]->act[0].v, &b, shots,
                                   seeds, p->ctx.team, err);
}

/* ---- through the model */

static struct lat_tensor last(const struct lat__acts *a)
{
    return a->act[a->stack->n_layers];
}

static void run(struct lat__pictures *p, size_t rows, bool batch)
{
    struct lat__acts *encoder = p->acts[LAT_ENCODER];

    for (size_t s = 0; s < LAT_N_STACKS; s++)
        if (p->acts[s])
            lat__acts_rows(p->acts[s], rows);
    if (batch)
        lat__stack_forward(&p->ctx, p->params, encoder);
    else
        lat__stack_eval(&p->ctx, p->params, encoder);
    for (size_t s = LAT_PROJECTOR; s < LAT_N_STACKS; s++)
        if (p->acts[s]) {
            p->acts[s]->act[0].v = last(encoder).v;
            lat__stack_eval(&p->ctx, p->params, p->acts[s]);
        }
}

static void take(struct lat__picture_codes *out, const struct lat__pictures *p,
                 size_t at, size_t rows)
{
    const struct lat_card *card = p->card;
    const size_t dims = card->dims;
    struct lat_tensor h = last(p->acts[LAT_ENCODER]);
    const float *z =
        p->acts[LAT_PROJECTOR] ? last(p->acts[LAT_PROJECTOR]).v : h.v;
    const float *logit = out->p ? last(p->acts[LAT_GATES]).v : NULL;

    memcpy(out->h + at * card->features, h.v,
           rows * card->features * sizeof(float));
    for (size_t i = 0; i < rows; i++)
        lat__model_code(out->u + (at + i) * dims, z + i * dims,
                        logit ? logit + i * dims : NULL, card, card->gate.mode);
    for (size_t i = 0; logit && i < rows * dims; i++)
        out->p[at * dims + i] =
            (float)lat__sigmoid((double)logit[i] / card->gate.temperature);
}

static enum lat_code make_room(struct lat__picture_codes *c, size_t n,
                               const struct lat_card *card, struct lat_err *err)
{
    const bool gated = card->gate.mode != LAT_GATES_NONE;

    *c = (struct lat__picture_codes){.n = n};
    c->h = lat_calloc(n * card->features, sizeof(*c->h));
    c->u = lat_calloc(n * card->dims, sizeof(*c->u));
    c->label = lat_calloc(n, sizeof(*c->label));
    c->p = gated ? lat_calloc(n * card->dims, sizeof(*c->p)) : NULL;
    if (c->h && c->u && c->label && (c->p || !gated))
        return LAT_OK;
    lat__picture_codes_fini(c);
    return lat_fail(err, LAT_ENOMEM, "latents of %zu images", n);
}

enum lat_code lat__pictures_embed(struct lat__picture_codes *out,
                                  struct lat__pictures *p,
                                  const struct lat__pictures_ask *ask,
                                  struct lat_err *err)
{
    size_t n = lat_gallery_count(ask->gallery), views = ask->views;
    size_t each = views ? views : 1, some;
    struct lat__picture_codes c;
    enum lat_code code;

    n = ask->most && ask->most < n ? ask->most : n;
    code = make_room(&c, n * each, p->card, err);
    for (size_t at = 0; at < n && !code; at += some) {
        some = n - at < ROWS / each ? n - at : ROWS / each;
        if (views)
            code = fill_views(p, ask, at, some, err);
        else
            code = fill_images(p, ask->gallery, at, some, err);
        if (code)
            break;
        run(p, some * each, ask->batch);
        take(&c, p, at * each, some * each);
        for (size_t i = 0; i < some * each; i++)
            c.label[at * each + i] =
                views ? (uint32_t)(at + i % some)
                      : lat_gallery_label(ask->gallery, at + i);
    }
    if (code)
        lat__picture_codes_fini(&c);
    else
        *out = c;
    return code;
}

void lat__picture_codes_fini(struct lat__picture_codes *c)
{
    lat_free(c->h);
    lat_free(c->u);
    lat_free(c->p);
    lat_free(c->label);
    *c = (struct lat__picture_codes){0};
}
