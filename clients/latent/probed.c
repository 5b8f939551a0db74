/* probed.c - see probed.h. */
#include "probed.h"

#include <math.h>
#include <stdio.h>

/* Of a shift up to 150 ms, probes fitted on the training patients. */
enum lat_code cli_print_shifts(struct lat_model *m,
                               const struct lat_kernel *kernel,
                               const struct lat_dataset *d,
                               const struct lat_turn_ask *ask,
                               struct lat_err *err)
{
    struct lat_shift_probe p[LAT_N_BLOCKS + 1];
    enum lat_code code = lat_probe_shift(p, m, kernel, d, ask, err);

    if (code)
        return code;
    printf("\nR^2 of the shift, up to 150 ms, from the pair of latents and "
           "their product,\nlinear and by a small network:\n");
    for (int r = 0; r <= LAT_N_BLOCKS; r++)
        if (p[r].present)
            printf("%-13s %8.3f %9.3f\n", lat_row_name((enum lat_row)r),
                   p[r].linear, p[r].mlp);
    return LAT_OK;
}

/* What the blocks hold of patient and beat, and bring when swapped. */
enum lat_code cli_print_hearts(struct lat_model *m,
                               const struct lat_kernel *kernel,
                               const struct lat_dataset *d,
                               const struct lat_heart_ask *ask,
                               struct lat_err *err)
{
    const struct lat_turn_ask turn = {ask->split, ask->n_windows,
                                      ask->n_threads};
    struct lat_heart_probe p[LAT_N_BLOCKS + 1];
    const struct lat_card *card = lat_model_card(m);
    struct lat_swap s;
    enum lat_code code = lat_probe_heart(p, m, kernel, d, ask, err);

    if (code)
        return code;
    printf("\nProbes: of the patient, from one half of the recordings to the "
           "other; of the beat\n(N, S, V); R^2 of the position in the beat, "
           "linear and by a small network:\n");
    for (int r = 0; r <= LAT_N_BLOCKS; r++)
        if (p[r].present)
            printf("%-13s %8.3f %9.3f %9.3f %9.3f\n",
                   lat_row_name((enum lat_row)r), p[r].patient, p[r].beat,
                   p[r].position_linear, p[r].position_mlp);
    if (!card->partitioned || card->task != LAT_TASK_RECONSTRUCTION)
        return LAT_OK;
    code = lat_eval_swap(&s, m, kernel, d, &turn, err);
    if (!code)
        printf("\nBlocks swapped: the phase follows variant and free in %.1f "
               "%%, the form follows\ninvariant in %.1f %%, the beat alone "
               "in %.1f %%\n",
               100.0 * s.phase, 100.0 * s.form, 100.0 * s.beat);
    return code;
}

/* What the model gives in bfloat16, beside float32. */
enum lat_code cli_print_precision(struct lat_model *m,
                                  const struct lat_kernel *kernel,
                                  const struct lat_dataset *d,
                                  const struct lat_turn_ask *ask,
                                  struct lat_err *err)
{
    struct lat_precision_cost c;
    enum lat_code code = lat_eval_precision(&c, m, kernel, d, ask, err);

    if (code)
        return code;
    printf("\nbfloat16 (%s) beside float32, %zu windows: 1 - cosine %.2g, at "
           "most %.2g\n",
           lat_kernel_way(kernel, LAT_BFLOAT16), c.n_windows, c.mean_error,
           c.largest_error);
    if (!isnan(c.recall[LAT_FLOAT32]))
        printf("recall of the window 75 ms later: %.4f, in float32 %.4f\n",
               c.recall[LAT_BFLOAT16], c.recall[LAT_FLOAT32]);
    if (!isnan(c.accuracy[LAT_FLOAT32]))
        printf("accuracy of the classes: %.4f, in float32 %.4f\n",
               c.accuracy[LAT_BFLOAT16], c.accuracy[LAT_FLOAT32]);
    return LAT_OK;
}
