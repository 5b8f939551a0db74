/*
 * precision.c - what a model loses in bfloat16, on windows of a split.
 *
 * The same windows go through two plans.  Their error is 1 - cosine between
 * the two latents of a window.  Of what a model is for, recall of the window
 * 75 ms later (by the invariant block, where there is one) or the share of
 * classes that its head says right is measured with either.
 */
#include "../measure.h"
#include "../plan.h"
#include "../views.h"

#include <math.h>
#include <string.h>

static const double later_ms = 75.0;

/* One precision: its plan, and the latents that it makes. */
struct side {
    struct lat_plan *plan;
    struct lat_workspace *ws[LAT_PARTS];
    const struct lat__windows *w;
    float *z;     /* (n, dims) of what stands in w */
    float *first; /* the same, of the windows where they are */
};

struct trial {
    struct lat__windows *w;
    struct side side[LAT_N_PRECISIONS];
    struct lat_range block;
    float *cut, *unit[2], *turned, *s; /* for recall */
};

static void side_fini(struct side *side)
{
    for (size_t i = 0; i < LAT_PARTS; i++)
        lat_workspace_free(side->ws[i]);
    lat_plan_unref(side->plan);
    lat_free(side->z);
    lat_free(side->first);
}

static enum lat_code side_make(struct side *side, struct lat_model *m,
                               const struct lat__windows *w,
                               enum lat_precision precision,
                               struct lat_err *err)
{
    enum lat_code code =
        lat_plan_new(&side->plan, m, w->ctx.kernel, precision, err);

    side->w = w;
    for (size_t i = 0; i < LAT_PARTS && !code; i++)
        code = lat_workspace_new(&side->ws[i], side->plan, err);
    if (code)
        return code;
    side->z = lat_calloc(w->n, w->dims * sizeof(*side->z));
    side->first = lat_calloc(w->n, w->dims * sizeof(*side->first));
    return side->z && side->first ? LAT_OK
                                  : lat_fail(err, LAT_ENOMEM, "latents");
}

/* Windows in w are conditioned already. */
static void embed_part(void *arg, size_t part)
{
    const struct side *side = arg;
    const struct lat__windows *w = side->w;
    const size_t len = w->window * w->channels;
    float *room = side->ws[part]->room;

    for (size_t i = lat__part_begin(w->n, part);
         i < lat__part_begin(w->n, part + 1); i++) {
        lat__plan_put(side->plan, room, w->x + i * len);
        lat__plan_encode(side->plan, room);
        memcpy(side->z + i * w->dims,
               room + side->plan->course[LAT_ENCODER].out,
               w->dims * sizeof(*side->z));
    }
}

static void embed(struct trial *t)
{
    for (int p = 0; p < LAT_N_PRECISIONS; p++)
        lat__team_run(t->w->ctx.team, embed_part, &t->side[p]);
}

/* ---- what is lost ------------------------------------------------------ */

static double cosine(const float *a, const float *b, size_t n)
{
    double aa = 0.0, bb = 0.0, ab = 0.0;

    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        ab += (double)a[i] * (double)b[i];
    }
    return aa > 0.0 && bb > 0.0 ? ab / sqrt(aa * bb) : 1.0;
}

static void measure_error(struct lat_precision_cost *out, const struct trial *t)
{
    const struct lat__windows *w = t->w;

    for (size_t i = 0; i < w->n; i++) {
        double error =
            1.0 - cosine(t->side[LAT_FLOAT32].z + i * w->dims,
                         t->side[LAT_BFLOAT16].z + i * w->dims, w->dims);

        out->mean_error += error / (double)w->n;
        out->largest_error = fmax(out->largest_error, error);
    }
}

static void unit_block(struct trial *t, float *unit, const float *z)
{
    const size_t dims = t->w->dims, n = t->w->n;
    const size_t width = t->block.end - t->block.begin;

    for (size_t i = 0; i < n; i++)
        memcpy(t->cut + i * width, z + i * dims + t->block.begin,
               width * sizeof(*t->cut));
    lat__unit_rows(unit, t->cut, NULL, n, width);
}

static double recall(struct trial *t, const struct side *side)
{
    const size_t width = t->block.end - t->block.begin;

    unit_block(t, t->unit[0], side->z);
    unit_block(t, t->unit[1], side->first);
    lat__similarities(t->s, t->unit[0], t->unit[1], t->turned, t->w->n, width,
                      &t->w->ctx);
    return lat__recall(t->s, t->w->n, 1);
}

static enum lat_code accuracy(double *out, const struct side *side,
                              struct lat_err *err)
{
    const struct lat__windows *w = side->w;
    float likely[LAT_LABELS_MAX];
    enum lat_code code = LAT_OK;
    size_t right = 0;

    for (size_t i = 0; i < w->n && !code; i++) {
        uint32_t best = 0;

        code = lat_plan_classes(side->plan, side->z + i * w->dims, likely, err);
        for (uint32_t k = 1; !code && k < w->card->n_labels; k++)
            best = likely[k] > likely[best] ? k : best;
        right += best == w->label[i];
    }
    *out = (double)right / (double)w->n;
    return code;
}

/* ---- of hearts, of movements ------------------------------------------- */

static enum lat_code of_hearts(struct lat_precision_cost *out, struct trial *t,
                               double rate_hz)
{
    const size_t size = t->w->n * t->w->dims * sizeof(float);

    lat__shifted_at(t->w, 0);
    embed(t);
    measure_error(out, t);
    for (int p = 0; p < LAT_N_PRECISIONS; p++)
        memcpy(t->side[p].first, t->side[p].z, size);
    lat__shifted_at(t->w, lat__phase_samples(later_ms, rate_hz));
    embed(t);
    for (int p = 0; p < LAT_N_PRECISIONS; p++)
        out->recall[p] = recall(t, &t->side[p]);
    return LAT_OK;
}

static enum lat_code of_movements(struct lat_precision_cost *out,
                                  struct trial *t, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    lat__turned_at(t->w, NULL);
    embed(t);
    measure_error(out, t);
    for (int p = 0; p < LAT_N_PRECISIONS && t->w->task && !code; p++)
        code = accuracy(&out->accuracy[p], &t->side[p], err);
    return code;
}

static enum lat_code make_rooms(struct trial *t, struct lat_err *err)
{
    const size_t n = t->w->n, dims = t->w->dims;
    const struct lat_card *card = t->w->card;

    t->block =
        card->partitioned ? card->blocks[LAT_INV] : (struct lat_range){0, dims};
    t->cut = lat_calloc(n, dims * sizeof(float));
    t->unit[0] = lat_calloc(n, dims * sizeof(float));
    t->unit[1] = lat_calloc(n, dims * sizeof(float));
    t->turned = lat_calloc(n, dims * sizeof(float));
    t->s = lat_calloc(n, n * sizeof(float));
    return t->cut && t->unit[0] && t->unit[1] && t->turned && t->s
               ? LAT_OK
               : lat_fail(err, LAT_ENOMEM, "%zu windows", n);
}

static void trial_fini(struct trial *t)
{
    for (int p = 0; p < LAT_N_PRECISIONS; p++)
        side_fini(&t->side[p]);
    lat__windows_free(t->w);
    lat_free(t->cut);
    lat_free(t->unit[0]);
    lat_free(t->unit[1]);
    lat_free(t->turned);
    lat_free(t->s);
}

enum lat_code lat_eval_precision(struct lat_precision_cost *out,
                                 struct lat_model *m,
                                 const struct lat_kernel *kernel,
                                 const struct lat_dataset *d,
                                 const struct lat_turn_ask *ask,
                                 struct lat_err *err)
{
    const bool hearts = lat_model_card(m)->task != LAT_TASK_CLASSES;
    struct lat_precision_cost cost = {.recall = {NAN, NAN},
                                      .accuracy = {NAN, NAN}};
    struct lat_ctx ctx = {.kernel = kernel};
    struct trial t = {0};
    enum lat_code code = lat__team_new(&ctx.team, ask->n_threads, err);

    if (!code)
        code = (hearts ? lat__shifted_new : lat__turned_new)(
            &t.w, m, d, ask->split, ask->n_windows, &ctx, err);
    if (!code)
        code = make_rooms(&t, err);
    for (int p = 0; p < LAT_N_PRECISIONS && !code; p++)
        code = side_make(&t.side[p], m, t.w, (enum lat_precision)p, err);
    if (!code) {
        cost.n_windows = t.w->n;
        code = hearts ? of_hearts(&cost, &t, d->rate_hz)
                      : of_movements(&cost, &t, err);
    }
    if (!code)
        *out = cost;
    trial_fini(&t);
    lat__team_free(ctx.team);
    return code ? lat_wrap(err, code, "precision") : LAT_OK;
}
