/*
 * validate.c - what the recipe calls best, over fixed windows of the
 * validation split: always the same ones, with the running statistics.
 */
#include "../train.h"

#include <math.h>
#include <string.h>

/* So that they are not the windows of the first steps. */
static const uint64_t valid_seed = 0x76616c6964u;

static double choice(const struct lat_recipe *r, const struct lat__losses *l)
{
    switch ((enum lat__best)r->best) {
    case LAT_BEST_LOSS:
        break;
    case LAT_BEST_TASK:
        return l->task;
    case LAT_BEST_CONTRAST:
        return l->contrast;
    case LAT_LAST:
        return 0.0;
    }
    return l->loss;
}

static void measure(struct lat_trainer *t)
{
    const struct lat_recipe *r = t->recipe;
    size_t subjects = t->data->first[LAT_VALID + 1] - t->data->first[LAT_VALID];
    size_t n = (subjects * r->validate_windows + t->batch->n - 1) / t->batch->n;
    struct lat_rng rng;
    double sum = 0.0;

    lat__rng_seed(&rng, r->seed ^ valid_seed);
    for (size_t i = 0; i < n; i++) {
        struct lat__losses l;

        lat__batch_draw(t->batch, LAT_VALID, &rng);
        lat__batch_fill(t->batch, t->team);
        l = lat__train_losses(t, false);
        sum += choice(r, &l);
    }
    t->valid_loss = sum / (double)n;
    t->valid_step = t->step;
}

enum lat_code lat_train_measure(struct lat_trainer *t, struct lat_err *err)
{
    if (t->gated)
        return lat__pictures_measure(t, err);
    if (t->data->first[LAT_VALID + 1] == t->data->first[LAT_VALID])
        return LAT_OK;
    measure(t);
    if (!isfinite(t->valid_loss))
        return lat_fail(err, LAT_EDIVERGE, "the validation loss is not finite");
    return LAT_OK;
}

enum lat_code lat__train_validate(struct lat_trainer *t, struct lat_err *err)
{
    measure(t);
    if (!isfinite(t->valid_loss))
        return lat_fail(err, LAT_EDIVERGE,
                        "step %zu: the validation loss is not finite", t->step);
    if (t->best_step == 0 || t->valid_loss < t->best_loss ||
        t->recipe->best == LAT_LAST) {
        t->best_loss = t->valid_loss;
        t->best_step = t->step;
        memcpy(t->best, t->params, t->net->n_params * sizeof(*t->best));
    }
    return LAT_OK;
}
