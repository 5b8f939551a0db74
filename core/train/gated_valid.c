/* gated_valid.c - the loss of images that are not learned from, and the best
 * parameters by it. */
#include "gated.h"

#include <math.h>
#include <string.h>

static const uint64_t valid_seed = 0x76616c6964;

struct trial {
    struct lat__picture_batch b;
    struct lat_gated_loss *loss; /* the trainer's, or one of fewer rows */
    uint32_t *id;                /* (2 b.n) */
};

static enum lat_code one_batch(struct lat__gated_trainer *t,
                               const struct trial *trial, size_t at,
                               struct lat_gated_value *v, struct lat_err *err)
{
    const struct lat__picture_batch *b = &trial->b;
    const struct lat__gate gate = t->loss->spec.gate;
    struct lat_gated_loss *loss = trial->loss;
    struct lat_gated_batch out;
    struct lat_rng rng;
    enum lat_code code;

    lat__rng_seed(&rng, t->recipe.seed ^ valid_seed ^ at);
    for (size_t i = 0; i < b->n; i++)
        t->now->shots[i] = at + i;
    for (size_t i = 0; i < 2 * b->n; i++)
        t->now->seeds[i] = lat__rng_next(&rng);
    code =
        lat__picture_batch_fill(t->part[LAT_PART_BODY].acts->act[0].v, b,
                                t->now->shots, t->now->seeds, t->ctx.team, err);
    if (code)
        return code;
    lat__gated_rows(t, 2 * b->n);
    lat__gated_forward(t, false);
    out = lat__gated_outputs(t, false);
    out.id = trial->id;
    loss->spec.gate = gate;
    if (lat__gate_draws(gate.kind))
        loss->spec.gate.kind = LAT_GATE_STE;
    *v = lat__gated_loss_forward(&t->ctx, loss, &out);
    loss->spec.gate = gate;
    lat__gated_rows(t, t->recipe.loss.rows);
    return LAT_OK;
}

static void trial_fini(struct trial *trial, const struct lat__gated_trainer *t)
{
    if (trial->loss != t->loss)
        lat__gated_loss_free(trial->loss);
    if (trial->id != t->id)
        lat_free(trial->id);
}

/* Batches as those of training, or one of all images where they are fewer. */
static enum lat_code trial_init(struct trial *trial,
                                struct lat__gated_trainer *t, size_t images,
                                struct lat_err *err)
{
    struct lat_gated_spec spec = t->recipe.loss;
    enum lat_code code;

    *trial = (struct trial){t->recipe.data, t->loss, t->id};
    if (images >= trial->b.n)
        return LAT_OK;
    trial->b.n = images;
    trial->loss = NULL;
    trial->id = lat_calloc(2 * images, sizeof(*trial->id));
    if (!trial->id)
        return lat_fail(err, LAT_ENOMEM, "%zu images", images);
    for (size_t i = 0; i < 2 * images; i++)
        trial->id[i] = (uint32_t)(i % images);
    spec.rows = 2 * images;
    code = lat__gated_loss_new(&trial->loss, &spec, err);
    if (code)
        trial_fini(trial, t);
    return code;
}

enum lat_code lat__gated_measure(struct lat__gated_trainer *t,
                                 const struct lat__gated_trial *what,
                                 struct lat_err *err)
{
    size_t images = lat_gallery_count(what->gallery), n = 0;
    struct trial trial;
    enum lat_code code;
    double sum = 0.0;

    images = what->n < images ? what->n : images;
    code = trial_init(&trial, t, images, err);
    if (code)
        return code;
    trial.b.gallery = what->gallery;
    for (size_t at = 0; at + trial.b.n <= images && !code;
         at += trial.b.n, n++) {
        struct lat_gated_value v = {0};

        code = one_batch(t, &trial, at, &v, err);
        sum += what->nce_only ? v.nce : v.total;
    }
    trial_fini(&trial, t);
    if (code)
        return code;
    t->valid = sum / (double)n;
    t->valid_step = t->step;
    if (!isfinite(t->valid))
        return lat_fail(err, LAT_EDIVERGE,
                        "step %zu: the validation loss is not finite", t->step);
    return LAT_OK;
}

static void keep(struct lat__gated_trainer *t)
{
    t->best = t->valid;
    t->best_step = t->step;
    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++)
        if (t->part[i].net)
            memcpy(t->part[i].best, t->part[i].params,
                   t->part[i].net->n_params * sizeof(float));
}

enum lat_code lat__gated_validate(struct lat__gated_trainer *t,
                                  const struct lat__gated_trial *trial,
                                  struct lat_err *err)
{
    enum lat_code code = lat__gated_measure(t, trial, err);

    if (!code && (t->best_step == 0 || t->valid < t->best || trial->last))
        keep(t);
    return code;
}
