/* gated_draw.c - which images a step learns from, and the next one's views. */
#include "gated.h"

#include <string.h>

/* ---- made and unmade */

static void draw_free(struct lat__gated_draw *d)
{
    if (!d)
        return;
    lat_free(d->order);
    lat_free(d->shots);
    lat_free(d->seeds);
    lat_free(d->label);
    lat_free(d->uniform);
    lat_free(d->x);
    lat_free(d);
}

/* r is lent: it is the trainer's own. */
static enum lat_code draw_new(struct lat__gated_draw **out,
                              const struct lat__gated_recipe *r,
                              struct lat_err *err)
{
    size_t images = lat_gallery_count(r->data.gallery), rows = r->loss.rows;
    size_t side = r->data.views.size;
    struct lat__gated_draw *d = lat_calloc(1, sizeof(*d));

    if (!d)
        return lat_fail(err, LAT_ENOMEM, "a batch");
    d->order = lat_calloc(images, sizeof(*d->order));
    d->shots = lat_calloc(r->data.n, sizeof(*d->shots));
    d->seeds = lat_calloc(rows, sizeof(*d->seeds));
    d->label = lat_calloc(rows, sizeof(*d->label));
    d->uniform = lat_calloc(rows * r->dims, sizeof(*d->uniform));
    d->x = lat_calloc(rows, side * side * 3 * sizeof(*d->x));
    if (!d->order || !d->shots || !d->seeds || !d->label || !d->uniform ||
        !d->x) {
        draw_free(d);
        return lat_fail(err, LAT_ENOMEM, "batches of %zu images", r->data.n);
    }
    d->fill.x = d->x;
    d->fill.b = &r->data;
    d->fill.shots = d->shots;
    d->fill.seeds = d->seeds;
    for (size_t i = 0; i < images; i++)
        d->order[i] = i;
    d->at = images; /* shuffled at the first step */
    lat__rng_seed(&d->rng, r->seed);
    *out = d;
    return LAT_OK;
}

enum lat_code lat__gated_draws_new(struct lat__gated_trainer *t,
                                   struct lat_err *err)
{
    enum lat_code code = draw_new(&t->now, &t->recipe, err);

    return code ? code : draw_new(&t->ahead, &t->recipe, err);
}

void lat__gated_draws_free(struct lat__gated_trainer *t)
{
    lat__team_await(t->ctx.team);
    draw_free(t->now);
    draw_free(t->ahead);
}

/* ---- drawn */

static void shuffle(struct lat__gated_draw *d, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = lat__rng_below(&d->rng, i), k = d->order[i - 1];

        d->order[i - 1] = d->order[j];
        d->order[j] = k;
    }
    d->at = 0;
}

/* The next images, all once before any comes again; what is left at the end of
 * an epoch is dropped. */
static void draw(struct lat__gated_draw *d, const struct lat__gated_recipe *r)
{
    const struct lat__picture_batch *b = &r->data;
    size_t images = lat_gallery_count(b->gallery), rows = r->loss.rows;

    if (images - d->at < b->n)
        shuffle(d, images);
    for (size_t i = 0; i < b->n; i++)
        d->shots[i] = d->order[d->at++];
    for (size_t i = 0; i < rows; i++) {
        d->seeds[i] = lat__rng_next(&d->rng);
        d->label[i] = lat_gallery_label(b->gallery, d->shots[i % b->n]);
    }
    for (size_t i = 0; lat__gate_draws(r->loss.gate.kind) && i < rows * r->dims;
         i++)
        d->uniform[i] = (float)lat__rng_uniform(&d->rng);
}

/* ---- taken */

static void draw_ahead(struct lat__gated_trainer *t)
{
    struct lat__gated_draw *d = t->ahead;

    d->rng = t->now->rng;
    d->at = t->now->at;
    memcpy(d->order, t->now->order,
           lat_gallery_count(t->recipe.data.gallery) * sizeof(*d->order));
    draw(d, &t->recipe);
    lat__picture_fill_aside(&d->fill, t->ctx.team);
    t->is_ahead = true;
}

void lat__gated_drop_ahead(struct lat__gated_trainer *t)
{
    lat__team_await(t->ctx.team);
    t->is_ahead = false;
}

enum lat_code lat__gated_take(struct lat__gated_trainer *t, struct lat_err *err)
{
    struct lat__gated_draw *used = t->now;
    enum lat_code code;

    if (!t->is_ahead)
        draw_ahead(t);
    lat__gated_drop_ahead(t);
    t->now = t->ahead;
    t->ahead = used;
    t->part[LAT_PART_BODY].acts->act[0].v = t->now->x;
    code = lat__picture_filled(&t->now->fill, err);
    if (!code && t->step + 1 < t->recipe.steps)
        draw_ahead(t);
    return code;
}
