/* objective.c - what may be learned, by name.  A new one is a row here. */
#include "../train.h"

static const struct lat__objective_row rows[] = {
    [LAT_PLAIN] = {.name = "plain"},
    [LAT_AUGMENT] = {.name = "augment", .views = true},
    /* the weights: w_inv, w_var, w_neg, w_nce, w_graded */
    [LAT_SCL] = {.name = "scl",
                 .views = true,
                 .contrast = true,
                 .weight = {1.0, 0.5, 0.5, 0.0, 0.0}},
    [LAT_SCL_NCE] = {.name = "scl-nce",
                     .views = true,
                     .contrast = true,
                     .weight = {0.0, 0.0, 0.0, 1.0, 0.0},
                     .kappa = 1.0},
    [LAT_SCL_GRADED] = {.name = "scl-graded",
                        .views = true,
                        .contrast = true,
                        .weight = {1.0, 0.0, 0.5, 0.0, 0.5}},
    [LAT_NT_XENT] = {.name = "nt-xent",
                     .views = true,
                     .contrast = true,
                     .whole = true,
                     .weight = {0.0, 0.0, 0.0, 1.0, 0.0}},
    [LAT_SUPCON] = {.name = "supcon",
                    .views = true,
                    .contrast = true,
                    .whole = true,
                    .pull = true,
                    .weight = {0.0, 0.0, 0.0, 1.0, 0.0}},
    [LAT_CONSISTENCY] = {.name = "consistency",
                         .views = true,
                         .contrast = true,
                         .whole = true,
                         .weight = {1.0, 0.0, 0.0, 0.0, 0.0}},
};

const struct lat__objective_row *lat__objective_row(size_t i)
{
    return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}
