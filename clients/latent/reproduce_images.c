/* reproduce_images.c - what is measured of a model of CIFAR-10's images. */
#include "reproduce.h"

#include <math.h>
#include <stdlib.h>

/* Of CIFAR-10's ten, in their order: airplane, automobile, bird, cat, deer,
 * dog, frog, horse, ship, truck. */
static const uint32_t five[] = {0, 1, 2, 3, 4, 3, 2, 4, 0, 1};
static const uint32_t two[] = {0, 0, 1, 1, 1, 1, 1, 1, 0, 0};
static const struct lat_merge merges[] = {{five, 10}, {two, 10}};

static void put_measures(struct cli_run *run, const char *part,
                         const struct lat_image_eval *e,
                         const struct lat_image_measures *m)
{
    cli_run_value(run, part, "consistency", m->consistency);
    cli_run_value(run, part, "consistency_sd", m->consistency_sd);
    cli_run_value(run, part, "weighted", m->consistency_weighted);
    cli_run_value(run, part, "of_five", m->consistency_merged[0]);
    cli_run_value(run, part, "of_two", m->consistency_merged[1]);
    cli_run_value(run, part, "entropy_sum", m->entropy_sum);
    cli_run_value(run, part, "entropy_mean", m->entropy_mean);
    cli_run_value(run, part, "entropy_count", m->entropy_count);
    cli_run_value(run, part, "active", (double)m->n_active / (double)e->dims);
    cli_run_value(run, part, "sparsity", m->sparsity);
    cli_run_value(run, part, "orthogonality", m->overlap);
    cli_run_value(run, part, "orthogonality_published", m->overlap_published);
    cli_run_value(run, part, "effective_rank", m->rank);
    cli_run_value(run, part, "sepin_1", m->sepin_1);
    cli_run_value(run, part, "sepin_10", m->sepin_10);
    cli_run_value(run, part, "sepin", m->sepin);
    cli_run_value(run, part, "zero_latents",
                  (double)m->n_shut / (double)e->n_test);
    if (e->gated)
        cli_run_value(run, part, "open", m->open);
    for (size_t k = 0; k < LAT_TOP; k += k == 0 ? 4 : 5) {
        char name[16];

        snprintf(name, sizeof(name), "p_at_%zu", k + 1);
        cli_run_value(run, part, name, m->precision[m->n_cuts - 1][k]);
    }
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

/* Dimensions that any image activates, the most consistent first. */
static enum lat_code put_dims(struct cli_run *run,
                              const struct lat_image_eval *e,
                              struct lat_err *err)
{
    double *sorted = lat_calloc(e->dims, sizeof(*sorted));
    double *place = lat_calloc(e->dims, sizeof(*place));
    size_t n = 0;

    if (!sorted || !place) {
        lat_free(sorted);
        lat_free(place);
        return lat_fail(err, LAT_ENOMEM, "%zu dimensions", e->dims);
    }
    for (size_t k = 0; k < e->dims; k++) {
        place[k] = (double)(k + 1);
        if (isfinite(e->running.by_dim[k]))
            sorted[n++] = e->running.by_dim[k];
    }
    qsort(sorted, n, sizeof(*sorted), falling);
    cli_run_list(run, NULL, "consistency_by_dimension", sorted, n);
    cli_run_list(run, NULL, "dimension", place, e->dims);
    lat_free(sorted);
    lat_free(place);
    return LAT_OK;
}

static void put_lists(struct cli_run *run, const struct lat_image_eval *e)
{
    const struct lat_image_measures *m = &e->running;
    double cut[LAT_CUTS], first[LAT_CUTS], bins[LAT_GATE_BINS];

    for (size_t i = 0; i < m->n_cuts; i++) {
        cut[i] = (double)m->cut[i];
        first[i] = m->precision[i][0];
    }
    for (size_t i = 0; i < LAT_GATE_BINS; i++)
        bins[i] = ((double)i + 0.5) / LAT_GATE_BINS;
    cli_run_list(run, NULL, "dimensions", cut, m->n_cuts);
    cli_run_list(run, NULL, "p_at_1_by_dimensions", first, m->n_cuts);
    cli_run_list(run, NULL, "probability", bins, LAT_GATE_BINS);
    if (e->gated)
        cli_run_list(run, NULL, "gate_histogram", m->gates, LAT_GATE_BINS);
}

static enum lat_code put_all(struct cli_run *run,
                             const struct lat_image_eval *e,
                             struct lat_err *err)
{
    put_measures(run, NULL, e, &e->running);
    put_measures(run, "batch", e, &e->batch);
    cli_run_value(run, NULL, "probe", e->probe_first);
    cli_run_value(run, NULL, "probe_five", e->probe_five);
    cli_run_value(run, NULL, "knn", e->knn);
    cli_run_value(run, NULL, "probe_latent", e->running.probe_first);
    cli_run_value(run, NULL, "knn_latent", e->running.knn);
    put_lists(run, e);
    return put_dims(run, e, err);
}

/* Prior and price are to be chosen where the test images play no part. */
static enum lat_code put_valid(struct cli_run *run, struct lat_model *m,
                               struct lat_err *err)
{
    const struct lat_image_ask ask = {
        .test = lat_dataset_gallery(cli_signal_data(run), LAT_VALID),
        .n_threads = run->threads,
    };
    struct lat_image_eval *e = NULL;
    enum lat_code code = LAT_OK;

    if (!ask.test)
        return LAT_OK;
    code = lat_eval_images(&e, m, run->kernel, &ask, err);
    if (!code)
        cli_run_value(run, "valid", "consistency", e->running.consistency);
    if (!code)
        cli_run_value(run, "valid", "weighted",
                      e->running.consistency_weighted);
    lat_image_eval_free(e);
    return code;
}

enum lat_code cli_images_measure(struct cli_run *run, struct lat_err *err)
{
    const struct lat_dataset *d = cli_signal_data(run);
    const struct lat_image_ask ask = {
        .train = lat_dataset_gallery(d, LAT_TRAIN),
        .test = lat_dataset_gallery(d, LAT_TEST),
        .n_threads = run->threads,
        .merges = merges,
        .n_merges = sizeof(merges) / sizeof(merges[0]),
    };
    struct lat_image_eval *e = NULL;
    struct lat_model *m = NULL;
    enum lat_code code = lat_model_read(&m, run->model, err);

    if (!code)
        code = lat_eval_images(&e, m, run->kernel, &ask, err);
    if (!code)
        code = put_all(run, e, err);
    if (!code)
        code = put_valid(run, m, err);
    lat_image_eval_free(e);
    lat_model_unref(m);
    return code;
}
