/* objective.c - what may be learned, by name.  A new one is a row here. */
#include "../train.h"

#define NO_CONTRAST        \
    {                      \
        0.0, 0.0, 0.0, 0.0 \
    }

static const struct lat__objective_row rows[] = {
    [LAT_PLAIN] = {"plain", false, false, NO_CONTRAST, 0.0},
    [LAT_AUGMENT] = {"augment", true, false, NO_CONTRAST, 0.0},
    /* the weights: w_inv, w_var, w_neg, w_nce */
    [LAT_SCL] = {"scl", true, true, {1.0, 0.5, 0.5, 0.0}, 0.0},
    [LAT_SCL_NCE] = {"scl-nce", true, true, {0.0, 0.0, 0.0, 1.0}, 1.0},
};

const struct lat__objective_row *lat__objective_row(size_t i)
{
    return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}
