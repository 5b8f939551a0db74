/* gated_valid.c - the loss of images that are not learned from, and the best
 * parameters by it. */
#include "gated.h"

#include <math.h>
#include <string.h>

static const uint64_t valid_seed = 0x76616c6964;

static enum lat_code one_batch(struct lat__gated_trainer *t,
                               const struct lat__picture_batch *b, size_t at,
                               struct lat_gated_value *v, struct lat_err *err)
{
    const struct lat__gate gate = t->loss->spec.gate;
    struct lat_gated_batch out;
    struct lat_rng rng;
    enum lat_code code;

    lat__rng_seed(&rng, t->recipe.seed ^ valid_seed ^ at);
    for (size_t i = 0; i < b->n; i++)
        t->shots[i] = at + i;
    for (size_t i = 0; i < t->recipe.loss.rows; i++)
        t->seeds[i] = lat__rng_next(&rng);
    code = lat__picture_batch_fill(t->part[LAT_PART_BODY].acts->act[0].v, b,
                                   t->shots, t->seeds, t->ctx.team, err);
    if (code)
        return code;
    lat__gated_forward(t, false);
    out = lat__gated_outputs(t, false);
    if (lat__gate_draws(gate.kind))
        t->loss->spec.gate.kind = LAT_GATE_STE;
    *v = lat__gated_loss_forward(&t->ctx, t->loss, &out);
    t->loss->spec.gate = gate;
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
    struct lat__picture_batch b = t->recipe.data;
    size_t images = lat_gallery_count(trial->gallery), n = 0;
    double sum = 0.0;

    b.gallery = trial->gallery;
    images = trial->n < images ? trial->n : images;
    for (size_t at = 0; at + b.n <= images; at += b.n, n++) {
        struct lat_gated_value v;
        enum lat_code code = one_batch(t, &b, at, &v, err);

        if (code)
            return code;
        sum += trial->nce_only ? v.nce : v.total;
    }
    t->valid = sum / (double)n;
    t->valid_step = t->step;
    if (!isfinite(t->valid))
        return lat_fail(err, LAT_EDIVERGE,
                        "step %zu: the validation loss is not finite", t->step);
    if (t->best_step == 0 || t->valid < t->best || trial->last)
        keep(t);
    return LAT_OK;
}
