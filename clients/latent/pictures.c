/* pictures.c - measures of models of images, as a table for people. */
#include "pictures.h"

#include <math.h>
#include <stdio.h>

bool cli_is_of_images(const struct lat_model *m)
{
    return lat_model_card(m)->modality == LAT_IMAGES;
}

enum lat_code cli_check_kind(const struct lat_model *m,
                             const struct lat_dataset *d, struct lat_err *err)
{
    const bool images = lat_dataset_info(d).images;

    if (images != cli_is_of_images(m))
        return lat_fail(err, LAT_EUNFIT, "model %s reads %ss, the data are %ss",
                        lat_model_card(m)->name,
                        lat_modality_name(lat_model_card(m)->modality),
                        lat_modality_name(images ? LAT_IMAGES : LAT_SIGNALS));
    return LAT_OK;
}

enum lat_code cli_eval_images(struct lat_image_eval **out, struct lat_model *m,
                              const struct lat_kernel *kernel,
                              const struct lat_dataset *d, enum lat_split split,
                              unsigned n_threads, struct lat_err *err)
{
    const struct lat_image_ask ask = {
        .train = split == LAT_TRAIN ? NULL : lat_dataset_gallery(d, LAT_TRAIN),
        .test = lat_dataset_gallery(d, split),
        .n_threads = n_threads,
    };

    return lat_eval_images(out, m, kernel, &ask, err);
}

struct line {
    const char *name;
    double scale;
    size_t at; /* in struct lat_image_measures */
};

#define LINE(name, scale, field)                                \
    {                                                           \
        name, scale, offsetof(struct lat_image_measures, field) \
    }

static const struct line lines[] = {
    LINE("semantic consistency / %", 100, consistency),
    LINE("  its deviation over dimensions", 100, consistency_sd),
    LINE("  weighted by activity / %", 100, consistency_weighted),
    LINE("entropy of summed activation", 1, entropy_sum),
    LINE("entropy of mean activation", 1, entropy_mean),
    LINE("entropy of counts", 1, entropy_count),
    LINE("sparsity / %", 100, sparsity),
    LINE("not negative / %", 100, not_negative),
    LINE("orthogonality", 1, overlap),
    LINE("  as the released code has it", 1, overlap_published),
    LINE("effective rank (entropy)", 1, rank),
    LINE("SEPIN@1", 1, sepin_1),
    LINE("SEPIN@10", 1, sepin_10),
    LINE("SEPIN of all", 1, sepin),
};

static double value(const struct lat_image_measures *m, const struct line *l)
{
    return l->scale * *(const double *)((const char *)m + l->at);
}

static void print_precision(const struct lat_image_eval *e)
{
    static const size_t at[] = {1, 3, 5, 10};

    printf("\nretrieval among the test images, by the first dimensions "
           "(running statistics)\n%10s",
           "");
    for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++)
        printf("   P@%-4zu", at[k]);
    for (size_t i = 0; i < e->running.n_cuts; i++) {
        printf("\n%10zu", e->running.cut[i]);
        for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++)
            printf(" %7.2f ", 100.0 * e->running.precision[i][at[k] - 1]);
    }
    printf("\n");
}

static void print_probes(const struct lat_image_eval *e)
{
    if (e->n_train == 0)
        return;
    printf("\nright of 100 test images, learned from %zu%22s%10s\n", e->n_train,
           "features", "latent");
    printf("%-46s%18.2f%10.2f\n", "linear probe, first guess",
           100.0 * e->probe_first, 100.0 * e->running.probe_first);
    printf("%-46s%18.2f%10.2f\n", "linear probe, five guesses",
           100.0 * e->probe_five, 100.0 * e->running.probe_five);
    printf("%-46s%18.2f%10.2f\n", "20 nearest neighbours", 100.0 * e->knn,
           100.0 * e->running.knn);
}

void cli_print_image_eval(const struct lat_image_eval *e, const char *model)
{
    printf("%s on %zu images of %zu classes\n\n%-34s%12s%12s\n", model,
           e->n_test, e->classes, "statistics of", "the run", "the batch");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        printf("%-34s%12.4f%12.4f\n", lines[i].name,
               value(&e->running, &lines[i]), value(&e->batch, &lines[i]));
    printf("%-34s%12zu%12zu  of %zu\n", "active dimensions",
           e->running.n_active, e->batch.n_active, e->dims);
    printf("%-34s%12zu%12zu\n", "latents of zeros", e->running.n_shut,
           e->batch.n_shut);
    if (e->gated)
        printf("%-34s%12.2f%12.2f\n", "open gates / %", 100.0 * e->running.open,
               100.0 * e->batch.open);
    print_precision(e);
    print_probes(e);
}
