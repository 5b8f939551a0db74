/*
 * batch.c - windows drawn from records, and their views.
 *
 * What is drawn is drawn here in one fixed order; the arithmetic may then be
 * done by any number of threads.
 */
#include "../train.h"
#include "../views.h"

#include <math.h>
#include <stdlib.h>

/* Columns of the latent that are not invariant. */
static size_t beside(const struct lat_recipe *r)
{
    return r->block[LAT_VAR] + r->block[LAT_FREE];
}

enum lat_code lat__batch_new(struct lat__batch **out,
                             const struct lat_recipe *r,
                             const struct lat_dataset *d, struct lat_err *err)
{
    struct lat__batch *b = lat_calloc(1, sizeof(*b));
    bool contrast = lat__recipe_objective(r)->contrast;
    enum lat_code code;
    size_t rows;

    if (!b)
        return lat_fail(err, LAT_ENOMEM, "batch");
    b->recipe = r;
    b->data = d;
    /* Without transforms all views are one: as many windows, of one view. */
    b->n_views = lat__recipe_objective(r)->views || contrast ? r->views : 1;
    b->n = r->batch * r->views / b->n_views;
    rows = b->n * b->n_views;
    code = lat__conditioner_new(&b->conditioner, &r->prep, r->rate_hz,
                                r->window, d->n_channels, err);
    if (code)
        goto out;
    b->scratch_len = lat__conditioner_scratch(b->conditioner);
    b->at = lat_calloc(rows, sizeof(*b->at));
    b->subject = lat_calloc(b->n, sizeof(*b->subject));
    b->label = lat_calloc(rows, sizeof(*b->label));
    b->alone = lat_calloc(b->n, sizeof(*b->alone));
    b->graded = lat_calloc(b->n, b->n_views * b->n_views * sizeof(float));
    if (r->task_noise > 0.0)
        b->noise = lat_calloc(rows, (beside(r) + 1) * sizeof(*b->noise));
    b->order = lat_calloc(d->n_subjects, sizeof(*b->order));
    b->x = lat_calloc(rows, r->window * d->n_channels * sizeof(*b->x));
    b->other = lat_calloc(LAT_PARTS * r->window, sizeof(*b->other));
    b->scratch = lat_calloc(LAT_PARTS * b->scratch_len, sizeof(*b->scratch));
    if (!b->at || !b->subject || !b->label || !b->alone || !b->graded ||
        (r->task_noise > 0.0 && !b->noise) || !b->order || !b->x || !b->other ||
        !b->scratch)
        code = lat_fail(err, LAT_ENOMEM, "a batch of %zu windows", rows);
out:
    if (code)
        lat__batch_free(b);
    else
        *out = b;
    return code;
}

void lat__batch_free(struct lat__batch *b)
{
    if (!b)
        return;
    lat__conditioner_free(b->conditioner);
    lat_free(b->at);
    lat_free(b->subject);
    lat_free(b->label);
    lat_free(b->alone);
    lat_free(b->graded);
    lat_free(b->noise);
    lat_free(b->order);
    lat_free(b->x);
    lat_free(b->other);
    lat_free(b->scratch);
    lat_free(b);
}

/* The next subject of a random order of all; a new order when it is used up,
 * so that every subject comes as often as any other. */
static size_t next_subject(struct lat__batch *b, enum lat_split split,
                           size_t *left, struct lat_rng *rng)
{
    size_t first = b->data->first[split], i, s;

    if (*left == 0) {
        *left = b->data->first[split + 1] - first;
        for (i = 0; i < *left; i++)
            b->order[i] = first + i;
    }
    i = lat__rng_below(rng, *left);
    s = b->order[i];
    b->order[i] = b->order[--*left];
    return s;
}

/* A record of the subject, and how this group has its heart and lead. */
static struct lat__view_at draw_group(const struct lat__batch *b, size_t s,
                                      struct lat_rng *rng)
{
    const struct lat_recipe *r = b->recipe;
    const struct lat__subject *who = &b->data->subjects[s];
    size_t i = who->records[lat__rng_below(rng, who->n_records)];
    struct lat__view_at at = {.record = &b->data->records[i], .stretch = 1.0};

    if (!lat__recipe_objective(r)->views)
        return at;
    at.stretch = exp((2.0 * lat__rng_uniform(rng) - 1.0) * r->stretch);
    if (lat__rng_uniform(rng) < r->lead_mix && at.record->other)
        at.angle = 6.283185307179586 * lat__rng_uniform(rng);
    return at;
}

/* Where the window begins, with room for every view on both sides. */
static size_t draw_begin(const struct lat__batch *b,
                         const struct lat__record *rec, struct lat_rng *rng)
{
    size_t reach = lat__recipe_reach(b->recipe), hop = b->recipe->hop;
    size_t room = rec->n - b->recipe->window - 2 * reach;

    return reach + hop * lat__rng_below(rng, room / hop + 1);
}

/* Classes of sources and rows, where training may know them. */
static void set_labels(struct lat__batch *b)
{
    const struct lat_dataset *d = b->data;

    for (size_t i = 0; i < b->n; i++) {
        uint32_t label = b->at[i].record->label;

        if (d->n_classes == 0 || d->subjects[b->subject[i]].unlabelled)
            label = LAT_NO_LABEL;
        b->alone[i] =
            label != LAT_NO_LABEL ? label : LAT_NO_LABEL + 1 + (uint32_t)i;
        for (size_t v = 0; v < b->n_views; v++)
            b->label[v * b->n + i] = label;
    }
}

/* 1 - d / d_max: of rotations by the angle between them, up to 180 degrees,
 * otherwise of shifts, up to twice the largest. */
static float alike(const struct lat__batch *b, const struct lat__view_at *g,
                   const struct lat__view_at *h)
{
    const struct lat_recipe *r = b->recipe;
    long most = 2 * lat__phase_samples(r->max_shift_ms, r->rate_hz);
    struct lat__rotation between;

    if (r->max_rotation > 0.0) {
        lat__rotation_between(&between, &g->rotation, &h->rotation);
        return (float)(1.0 - lat__rotation_degrees(&between) / 180.0);
    }
    return most ? 1.0f - (float)labs(g->shift - h->shift) / (float)most : 1.0f;
}

static void set_graded(struct lat__batch *b)
{
    for (size_t w = 1; w < b->n_views; w++)
        for (size_t v = 0; v < w; v++)
            for (size_t i = 0; i < b->n; i++)
                b->graded[lat__view_pair(v, w) * b->n + i] =
                    alike(b, &b->at[v * b->n + i], &b->at[w * b->n + i]);
}

void lat__batch_draw(struct lat__batch *b, enum lat_split split,
                     struct lat_rng *rng)
{
    const struct lat_recipe *r = b->recipe;
    double most = lat__recipe_objective(r)->views ? r->max_shift_ms : 0.0;
    struct lat__view_at group = {0};
    size_t left = 0, s = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (i % r->group == 0) {
            s = next_subject(b, split, &left, rng);
            group = draw_group(b, s, rng);
        }
        b->subject[i] = (uint32_t)s;
        b->at[i] = group;
        b->at[i].begin = draw_begin(b, group.record, rng);
    }
    for (size_t i = 0; i < b->n * b->n_views; i++) {
        b->at[i] = b->at[i % b->n];
        b->at[i].shift = lat__phase_draw(rng, most, r->rate_hz);
        b->at[i].seed = lat__rng_next(rng);
        if (r->max_rotation > 0.0 && lat__recipe_objective(r)->views)
            lat__rotation_draw(&b->at[i].rotation, rng, r->max_rotation);
    }
    set_labels(b);
    if (lat__recipe_weight(r, LAT_W_GRADED) > 0.0)
        set_graded(b);
    for (size_t i = 0; b->noise && i < b->n * b->n_views * beside(r); i++)
        b->noise[i] = (float)lat__rng_normal(rng);
}

/* One lead of the view, or all axes, before it is conditioned. */
static void cut(float *x, const struct lat__view_at *at, const float *lead,
                size_t window, size_t channels)
{
    size_t n = at->record->n;

    if (channels > 1)
        lat__phase_cut(x, window * channels, lead, n * channels,
                       at->begin * channels, 0);
    else if (at->stretch == 1.0)
        lat__phase_cut(x, window, lead, n, at->begin, at->shift);
    else
        lat__stretch_cut(x, window, lead, n, at->begin, at->shift, at->stretch);
}

static void fill_row(const struct lat__batch *b, size_t i, float *other,
                     double *scratch)
{
    const struct lat__view_at *at = &b->at[i];
    const struct lat_recipe *r = b->recipe;
    const size_t channels = b->data->n_channels, len = r->window * channels;
    const bool views = lat__recipe_objective(r)->views;
    float *x = b->x + i * len;
    struct lat_rng rng;

    cut(x, at, at->record->v, r->window, channels);
    if (at->angle != 0.0) {
        cut(other, at, at->record->other, r->window, channels);
        lat__view_mix(x, other, r->window, at->angle);
    }
    if (views && r->max_rotation > 0.0)
        lat__rotate(x, x, r->window, channels, &at->rotation);
    lat__condition(b->conditioner, x, x, scratch);
    if (!views)
        return;
    lat__rng_seed(&rng, at->seed);
    lat__view_gain(x, len, r->gain, &rng);
    lat__view_noise(x, len, r->noise, &rng);
}

static void fill_part(void *arg, size_t part)
{
    const struct lat__batch *b = arg;
    size_t rows = b->n * b->n_views;

    for (size_t i = lat__part_begin(rows, part);
         i < lat__part_begin(rows, part + 1); i++)
        fill_row(b, i, b->other + part * b->recipe->window,
                 b->scratch + part * b->scratch_len);
}

void lat__batch_fill(struct lat__batch *b, struct lat_team *team)
{
    lat__team_run(team, fill_part, b);
}

void lat__batch_fill_aside(struct lat__batch *b, struct lat_team *team)
{
    lat__team_aside(team, fill_part, b);
}
