/*
 * pictures.c - recipes of pictures: what they mean, the images that they name,
 * and a trainer of gated latents behind the trainer that all see.
 */
#include "gated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the lines mean */

/* Exactly n numbers, from least to most, with blanks or commas between. */
static enum lat_code numbers(double *out, size_t n, const char *text,
                             const char *key, struct lat_err *err)
{
    char word[LAT_NAME_MAX];
    const char *at = text;
    size_t k = 0;
    bool good = true;

    for (; good && lat__recipe_word(word, &at); k++) {
        char *end;
        double v = strtod(word, &end);

        good = k < n && !*end && v >= 0.0 && v <= 1.0;
        if (good)
            out[k] = v;
    }
    if (!good || k != n)
        return lat_fail(err, LAT_EINVAL,
                        "%s is \"%s\", must be %zu numbers from 0 to 1", key,
                        text, n);
    return LAT_OK;
}

static enum lat_code read_blocks(struct lat__resnet *r, const char *text,
                                 struct lat_err *err)
{
    char word[LAT_NAME_MAX];
    const char *at = text;
    size_t n = 0;
    bool good = true;

    memset(r->blocks, 0, sizeof(r->blocks));
    for (; good && lat__recipe_word(word, &at); n++) {
        char *end;
        unsigned long blocks = strtoul(word, &end, 10);

        good = n < LAT_RESNET_STAGES && !*end && blocks >= 1 && blocks <= 16;
        if (good)
            r->blocks[n] = blocks;
    }
    if (!good || n == 0)
        return lat_fail(err, LAT_EINVAL,
                        "blocks is \"%s\", must be 1 to %d numbers from 1 to "
                        "16",
                        text, LAT_RESNET_STAGES);
    return LAT_OK;
}

static void read_views(struct lat__picture_views *v,
                       const struct lat__picture_recipe *p)
{
    *v = lat__picture_views_published(p->size);
    v->area[0] = p->area;
    v->jitter = p->jitter;
    v->brightness = p->brightness;
    v->contrast = p->contrast;
    v->saturation = p->saturation;
    v->hue = p->hue;
    v->grey = p->grey;
    v->blur = p->blur;
    v->flip = p->flip;
}

static void read_loss(struct lat_gated_spec *s, const struct lat_recipe *r)
{
    const struct lat__picture_recipe *p = &r->image;

    s->nonneg = (enum lat_nonneg)p->nonneg;
    s->top_k = p->top_k;
    s->gate.kind = (enum lat__gate_kind)p->gate;
    s->gate.temperature = p->temperature;
    s->prior = p->prior;
    s->by_activity = p->prior_by == LAT_PRIOR_BY_ACTIVITY;
    s->lambda = p->price;
    s->tau = r->tau;
}

enum lat_code lat__pictures_translate(struct lat__gated_recipe *g,
                                      const struct lat_recipe *r,
                                      struct lat_err *err)
{
    const struct lat__picture_recipe *p = &r->image;
    enum lat_code code = read_blocks(&g->resnet, p->blocks, err);

    g->resnet.width = p->width;
    g->resnet.small = p->stem == 0;
    g->resnet.stem_pad = p->stem_pad;
    g->hidden = p->hidden;
    g->dims = p->dims;
    g->gate_layers = p->gate_layers;
    g->not_isolated = !p->isolated;
    read_loss(&g->loss, r);
    read_views(&g->data.views, p);
    g->data.n = r->batch;
    if (!code)
        code = numbers(g->data.mean, 3, p->mean, "mean", err);
    if (!code)
        code = numbers(g->data.deviation, 3, p->deviation, "deviation", err);
    g->rule = (enum lat__optimiser)p->optimiser;
    g->optimiser = (struct lat__lars){r->weight_decay, p->eta, p->momentum,
                                      r->beta2, r->epsilon};
    if (g->rule == LAT_ADAM)
        g->optimiser.momentum = r->beta1;
    g->cool = isnan(p->cool) ? 0.0 : p->cool;
    g->rate = r->lr;
    g->gate_rate = p->gate_lr;
    g->class_rate = p->class_lr;
    g->steps = r->steps;
    g->warm_up = r->warm_up;
    g->freeze = r->freeze;
    g->early = r->early_lr;
    g->seed = r->seed;
    g->precision = (enum lat_precision)r->precision;
    return code;
}

enum lat_code lat__pictures_check(const struct lat_recipe *r,
                                  struct lat_err *err)
{
    const struct lat__picture_recipe *p = &r->image;
    struct lat__gated_recipe g = {0};
    enum lat_code code = lat__pictures_translate(&g, r, err);

    for (size_t i = 0; i < 3 && !code; i++)
        if (g.data.deviation[i] < 1e-3)
            code = lat_fail(err, LAT_EINVAL,
                            "deviation is %g, must be 0.001 or more",
                            g.data.deviation[i]);
    if (!code && p->top_k > p->dims)
        code = lat_fail(err, LAT_EINVAL, "top_k is %zu of %zu dimensions",
                        p->top_k, p->dims);
    if (!code && r->best == LAT_BEST_TASK)
        code = lat_fail(err, LAT_EINVAL,
                        "best is task, must be loss, contrast or last");
    return code;
}

/* ---- what is read */

static enum lat_code open_split(struct lat_gallery **out, const char *list,
                                const char *dir, struct lat_err *err)
{
    enum { PATHS_MAX = 64 };
    char word[LAT_NAME_MAX];
    struct lat_buf paths[PATHS_MAX] = {{0}};
    const char *text[PATHS_MAX];
    enum lat_code code = LAT_OK;
    size_t n = 0;

    for (; n < PATHS_MAX && lat__recipe_word(word, &list); n++) {
        lat_buf_printf(&paths[n], "%s/%s", dir, word);
        if (paths[n].failed)
            code = lat_fail(err, LAT_ENOMEM, "path");
        text[n] = paths[n].v;
    }
    if (!code && n > 0)
        code = lat_gallery_open(out, text, n, err);
    for (size_t i = 0; i < n; i++)
        lat_buf_fini(&paths[i]);
    return code;
}

static void digest_gallery(struct lat_sha256 *h, const struct lat_gallery *g)
{
    for (size_t i = 0; g && i < g->n; i++) {
        const struct lat__shot *s = &g->shots[i];
        const uint64_t head[2] = {s->label, s->len};

        lat_sha256_add(h, head, sizeof(head));
        if (s->data)
            lat_sha256_add(h, s->data, s->len);
        else
            lat_sha256_add(h, s->path, strlen(s->path) + 1);
    }
}

/* Each so many images of the training part are set aside. */
static enum lat_code hold_out(struct lat_dataset *d, const struct lat_recipe *r,
                              const char *dir, struct lat_err *err)
{
    enum lat_code code;

    if (r->image.hold_out == 0)
        return LAT_OK;
    if (d->gallery[LAT_VALID])
        return lat_fail(err, LAT_EINVAL,
                        "hold_out and valid both say what is validated on");
    if (r->image.hold_out < 2)
        return lat_fail(err, LAT_EINVAL, "hold_out is 1, must be 2 or more");
    code = open_split(&d->gallery[LAT_VALID], r->lists[LAT_TRAIN], dir, err);
    if (code)
        return code;
    lat__gallery_thin(d->gallery[LAT_VALID], r->image.hold_out, true);
    lat__gallery_thin(d->gallery[LAT_TRAIN], r->image.hold_out, false);
    return LAT_OK;
}

enum lat_code lat__pictures_open(struct lat_dataset **out,
                                 const struct lat_recipe *r, const char *dir,
                                 struct lat_err *err)
{
    struct lat_dataset *d = NULL;
    struct lat_sha256 h;
    enum lat_code code = lat__dataset_new(&d, 1, err);

    for (size_t s = 0; s < LAT_N_SPLITS && !code; s++)
        code = open_split(&d->gallery[s], r->lists[s], dir, err);
    if (!code && !d->gallery[LAT_TRAIN] && !d->gallery[LAT_TEST])
        code = lat_fail(err, LAT_EINVAL, "neither train nor test is said");
    if (!code && d->gallery[LAT_TRAIN])
        code = hold_out(d, r, dir, err);
    if (code) {
        lat_dataset_free(d);
        return lat_wrap(err, code, "data %s", dir);
    }
    lat_sha256_init(&h);
    for (size_t s = 0; s < LAT_N_SPLITS; s++)
        digest_gallery(&h, d->gallery[s]);
    lat_sha256_end(&h, d->digest);
    *out = d;
    return LAT_OK;
}

const struct lat_gallery *lat_dataset_gallery(const struct lat_dataset *d,
                                              enum lat_split split)
{
    return d->gallery[split];
}

/* ---- the trainer */

enum lat_code lat__pictures_start(struct lat_trainer *t, struct lat_err *err)
{
    struct lat__gated_recipe g = {0};
    enum lat_code code = lat__pictures_translate(&g, t->recipe, err);

    if (code)
        return code;
    g.data.gallery = t->data->gallery[LAT_TRAIN];
    if (!g.data.gallery)
        return lat_fail(err, LAT_EINVAL, "no images to train on");
    code = lat__gated_trainer_new(&t->gated, &g, t->ctx.kernel, t->team, err);
    if (!code && t->data->fed)
        lat_digest_hex(t->gated->images, t->data->digest);
    return code;
}

void lat__pictures_note(struct lat_trainer *t)
{
    const struct lat__gated_trainer *g = t->gated;

    t->step = g->step;
    t->valid_step = g->valid_step;
    t->valid_loss = g->valid;
    t->best_step = g->best_step;
    t->best_loss = g->best;
}

static struct lat__gated_trial trial_of(const struct lat_trainer *t)
{
    const struct lat_recipe *r = t->recipe;

    return (struct lat__gated_trial){
        .gallery = t->data->gallery[LAT_VALID],
        .n = r->image.validate_images,
        .nce_only = r->best == LAT_BEST_CONTRAST,
        .last = r->best == LAT_LAST,
    };
}

/* One image has no other to be told from. */
static bool can_validate(const struct lat_trainer *t)
{
    const struct lat_gallery *g = t->data->gallery[LAT_VALID];

    return g && lat_gallery_count(g) >= 2;
}

static enum lat_code validate(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat__gated_trial trial = trial_of(t);
    const struct lat_recipe *r = t->recipe;

    if (r->validate_every == 0 || !can_validate(t))
        return LAT_OK;
    if (t->gated->step % r->validate_every != 0 && t->gated->step != r->steps)
        return LAT_OK;
    return lat__gated_validate(t->gated, &trial, err);
}

enum lat_code lat__pictures_measure(struct lat_trainer *t, struct lat_err *err)
{
    const struct lat__gated_trial trial = trial_of(t);
    enum lat_code code = LAT_OK;

    if (can_validate(t))
        code = lat__gated_measure(t->gated, &trial, err);
    if (!code)
        lat__pictures_note(t);
    return code;
}

enum lat_code lat__pictures_step(struct lat_trainer *t, struct lat_err *err)
{
    struct lat__gated_values v;
    enum lat_code code = lat__gated_step(t->gated, &v, err);

    if (code)
        return code;
    t->sums.n++;
    t->sums.loss += v.loss.total;
    t->sums.nce += v.loss.nce;
    t->sums.kl += v.loss.kl;
    t->sums.shut += (double)v.loss.n_shut;
    t->sums.task += v.classes;
    t->sums.right += v.right;
    t->sums.open += v.open;
    t->sums.likely += v.likely;
    code = validate(t, err);
    lat__pictures_note(t);
    return code;
}
