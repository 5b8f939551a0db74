/* pictures.h - what is measured of models of images. */
#ifndef CLI_PICTURES_H
#define CLI_PICTURES_H

#include "../../core/latent.h"

bool cli_is_of_images(const struct lat_model *m);
/* A model and data of one kind. */
LAT_MUST_CHECK enum lat_code cli_check_kind(const struct lat_model *m,
                                            const struct lat_dataset *d,
                                            struct lat_err *err);
/* On a split of the data; probes are fitted on those to train on. */
LAT_MUST_CHECK enum lat_code cli_eval_images(
    struct lat_image_eval **out, struct lat_model *m,
    const struct lat_kernel *kernel, const struct lat_dataset *d,
    enum lat_split split, unsigned n_threads, struct lat_err *err);
void cli_print_image_eval(const struct lat_image_eval *e, const char *model);

#endif
