/* turned.c - the table of an evaluation under rotation. */
#include "turned.h"

#include <stdio.h>

bool cli_is_turned(const struct lat_model *m)
{
    return lat_model_card(m)->input.n_channels % 3 == 0;
}

static void print_head(const struct lat_turn_eval *e)
{
    printf("accuracy     %6.2f %% as recorded, %6.2f %% turned\n"
           "macro F1     %6.2f %% as recorded, %6.2f %% turned\n"
           "consistency  %6.2f %%\n\n",
           100.0 * e->accuracy, 100.0 * e->accuracy_turned, 100.0 * e->f1,
           100.0 * e->f1_turned, 100.0 * e->consistency);
    printf("%-12s", "angle");
    for (size_t k = 0; k < LAT_ANGLES; k += 2)
        printf(" %6.0f", e->degrees[k]);
    printf("\n%-12s", "accuracy");
    for (size_t k = 0; k < LAT_ANGLES; k += 2)
        printf(" %6.2f", 100.0 * e->accuracy_by_angle[k]);
    printf("\n%-12s", "consistency");
    for (size_t k = 0; k < LAT_ANGLES; k += 2)
        printf(" %6.2f", 100.0 * e->consistency_by_angle[k]);
    printf("\n\n");
}

static void print_row(const struct lat_turn_eval *e, int r)
{
    const struct lat_turn_row_eval *row = &e->rows[r];

    printf("%-11s %8.4f %8.4f", lat_turn_row_name((enum lat_turn_row)r),
           row->similarity, row->between);
    if (e->n_classes > 0)
        printf(" %8.3f %8.3f", row->class_linear, row->class_linear_turned);
    else
        printf(" %8s %8s", "", "");
    printf(" %8.3f", row->user_linear);
    if (r < LAT_TURN_RAW)
        printf(" %8.3f %8.3f", row->angle_linear, row->angle_mlp);
    printf("\n");
}

void cli_print_turned(const struct lat_turn_eval *e, const char *model)
{
    printf("%s on %zu users, %zu windows\n\n", model, e->n_users, e->n_windows);
    if (e->has_head)
        print_head(e);
    printf("%-11s %8s %8s %8s %8s %8s %8s %8s\n", "", "S", "N", "class",
           "turned", "user", "angle", "by MLP");
    for (int r = 0; r < LAT_N_TURN_ROWS; r++)
        if (e->rows[r].present)
            print_row(e, r);
    printf("\nturned: %d rotations of each window, uniform over all; F1: mean "
           "over classes;\nconsistency: share of turned windows that are said "
           "to be what they are said to be\nunturned; S: cosine of a window "
           "with itself turned; N: between users; class,\nturned: accuracy of "
           "a linear probe fitted on training users as recorded, of\nwindows "
           "as recorded and turned; user: of the test users, fitted on the "
           "first half of\nwhat each did and asked of the second; angle: R^2 "
           "of a probe of the rotation's "
           "angle\nfrom the pair of latents and their product, linear and by a "
           "small network.\n",
           LAT_TURNS);
}
