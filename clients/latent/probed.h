/* probed.h - what is asked of a model beside its table, measured and printed.
 */
#ifndef CLI_PROBED_H
#define CLI_PROBED_H

#include "../../core/latent.h"

/* R^2 of the shift from pairs of latents. */
LAT_MUST_CHECK enum lat_code cli_print_shifts(struct lat_model *m,
                                              const struct lat_kernel *kernel,
                                              const struct lat_dataset *d,
                                              const struct lat_turn_ask *ask,
                                              struct lat_err *err);
/* What the blocks hold of patient and beat, and bring when swapped. */
LAT_MUST_CHECK enum lat_code cli_print_hearts(struct lat_model *m,
                                              const struct lat_kernel *kernel,
                                              const struct lat_dataset *d,
                                              const struct lat_heart_ask *ask,
                                              struct lat_err *err);
/* What bfloat16 costs. */
LAT_MUST_CHECK enum lat_code cli_print_precision(
    struct lat_model *m, const struct lat_kernel *kernel,
    const struct lat_dataset *d, const struct lat_turn_ask *ask,
    struct lat_err *err);

#endif
