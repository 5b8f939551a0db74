/* reproduce_bayesncl.c - BayesNCL, NCL and CL on CIFAR-10, with controls. */
#include "pictures.h"
#include "reproduce.h"

#include <math.h>
#include <stdlib.h>

/* ---- rows: the first are the first to be run ---- */

static const char gated[] = "image-bayesncl";
static const char quick_sweep[] = "steps=500";

static const struct cli_row rows[] = {
    {"bayesncl", "BayesNCL, straight-through gates", gated, {NULL}},
    {"ncl", "NCL: non-negative, no gates", "image-ncl", {NULL}},
    {"cl", "SimCLR: either sign, no gates", "image-cl", {NULL}},
    {"random-mask",
     "control: a random half of the dimensions is shut, the same for all",
     gated,
     {"gate=fixed"}},
    {"ncl-topk",
     "NCL, the larger half of each latent stays",
     "image-ncl",
     {"top_k=64"}},
    {"gumbel1", "gates with one Gumbel, as published", gated, {"gate=gumbel1"}},
    {"concrete", "gates with logistic noise", gated, {"gate=concrete"}},
    {"soft", "soft gates, trained and served so", gated, {"gate=soft"}},
    {"lambda-0", "control: no price", gated, {"price=0"}},
    {"not-isolated",
     "the gates' gradient goes on into the residual net",
     gated,
     {"isolated=no"}},
    {"head-1", "one layer of gates", gated, {"gate_layers=1"}},
    {"head-3", "three layers of gates", gated, {"gate_layers=3"}},
    {"cooled",
     "the gates' temperature falls from 1 to 0.1",
     gated,
     {"cool=0.1"}},
    {"by-activity",
     "a prior of each dimension, by 1 / activity",
     gated,
     {"prior_by=activity", "prior=0.2", "price=3e-3"}},
    {"activity-0.2-3e-3",
     "sweep",
     gated,
     {"prior_by=activity", "prior=0.2", "price=3e-3", quick_sweep}},
    {"activity-0.2-1e-2",
     "sweep",
     gated,
     {"prior_by=activity", "prior=0.2", "price=1e-2", quick_sweep}},
    {"activity-0.2-3e-2",
     "sweep",
     gated,
     {"prior_by=activity", "prior=0.2", "price=3e-2", quick_sweep}},
    {"activity-0.5-1e-2",
     "sweep",
     gated,
     {"prior_by=activity", "prior=0.5", "price=1e-2", quick_sweep}},
    {"rho-0.2-1e-2", "sweep", gated, {"prior=0.2", "price=1e-2", quick_sweep}},
    {"rho-0.2-3e-2", "sweep", gated, {"prior=0.2", "price=3e-2", quick_sweep}},
    {"rho-0.2-3e-5", "sweep", gated, {"prior=0.2", "price=3e-5", quick_sweep}},
    {"rho-0.2-3e-4", "sweep", gated, {"prior=0.2", "price=3e-4", quick_sweep}},
    {"rho-0.2-3e-3", "sweep", gated, {"prior=0.2", "price=3e-3", quick_sweep}},
    {"rho-0.5-3e-5", "sweep", gated, {"prior=0.5", "price=3e-5", quick_sweep}},
    {"rho-0.5-3e-4", "sweep", gated, {"prior=0.5", "price=3e-4", quick_sweep}},
    {"rho-0.5-3e-3", "sweep", gated, {"prior=0.5", "price=3e-3", quick_sweep}},
    {"rho-0.8-3e-5", "sweep", gated, {"prior=0.8", "price=3e-5", quick_sweep}},
    {"rho-0.8-3e-4", "sweep", gated, {"prior=0.8", "price=3e-4", quick_sweep}},
    {"rho-0.8-3e-3", "sweep", gated, {"prior=0.8", "price=3e-3", quick_sweep}},
    {0},
};

/* ---- what is measured ---- */

static void put_measures(struct cli_run *run, const char *part,
                         const struct lat_image_eval *e,
                         const struct lat_image_measures *m)
{
    cli_run_value(run, part, "consistency", m->consistency);
    cli_run_value(run, part, "consistency_sd", m->consistency_sd);
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
    lat_image_eval_free(e);
    return code;
}

static enum lat_code measure(struct cli_run *run, struct lat_err *err)
{
    struct lat_image_eval *e = NULL;
    struct lat_model *m = NULL;
    enum lat_code code = lat_model_read(&m, run->model, err);

    if (!code)
        code = cli_eval_images(&e, m, run->kernel, cli_signal_data(run),
                               LAT_TEST, run->threads, err);
    if (!code)
        code = put_all(run, e, err);
    if (!code)
        code = put_valid(run, m, err);
    lat_image_eval_free(e);
    lat_model_unref(m);
    return code;
}

/* ---- what is shown ---- */

static const struct cli_column head[] = {
    {"consistency", "consistency",
     "semantic consistency: of the test images that activate a dimension, the "
     "share of the most frequent class, mean over dimensions",
     2, true},
    {"by batch", "batch.consistency",
     "the same with statistics of 256 images in their order, as the published "
     "evaluator has them; all else is by running statistics, as served",
     2, true},
    {"H_s", "entropy_sum",
     "entropy of a dimension's activation summed by class, natural logarithm",
     3, false},
    {"active", "active", "dimensions that any test image activates", 1, true},
    {"sparsity", "sparsity", "numbers that are 0", 1, true},
    {"open", "open", "gates that are open", 1, true},
    {"orth.", "orthogonality", "mean |cosine| of two active dimensions", 3,
     false},
    {"SEPIN@10", "sepin_10",
     "rise of NT-Xent without a dimension, mean of the ten largest", 4, false},
    {"P@1", "p_at_1",
     "share of test images whose nearest other test image is of their class", 2,
     true},
    {"LP", "probe",
     "linear probe of the features, on 22,000 images as they are: of 100 test "
     "images right",
     2, true},
    {"LP latent", "probe_latent", "the same of the latent", 2, true},
    {"kNN latent", "knn_latent", "20 neighbours among the training images", 2,
     true},
    {0},
};

static const struct cli_line headline[] = {
    {"CL", "cl", NULL},
    {"NCL", "ncl", NULL},
    {"NCL + top-k", "ncl-topk", NULL},
    {"random mask", "random-mask", NULL},
    {"**BayesNCL (STE)**", "bayesncl", NULL},
    {"BayesNCL (one Gumbel)", "gumbel1", NULL},
    {"BayesNCL (concrete)", "concrete", NULL},
    {0},
};

static const struct cli_line ablations[] = {
    {"BayesNCL (STE)", "bayesncl", NULL},
    {"soft gates", "soft", NULL},
    {"lambda = 0", "lambda-0", NULL},
    {"no gradient isolation", "not-isolated", NULL},
    {"1-layer head", "head-1", NULL},
    {"3-layer head", "head-3", NULL},
    {"temperature 1 to 0.1", "cooled", NULL},
    {0},
};

static const struct cli_column sweep_head[] = {
    {"validation", "valid.consistency",
     "semantic consistency on the images that are held out of training: what "
     "prior and price are chosen by",
     2, true},
    {"test", "consistency", "the same on the test images", 2, true},
    {"open", "open", "gates that are open", 1, true},
    {"LP", "probe", "linear probe of the features, on the test images", 2,
     true},
    {0},
};

static const struct cli_line sweep[] = {
    {"0.2, 3e-5", "rho-0.2-3e-5", NULL}, {"0.2, 3e-4", "rho-0.2-3e-4", NULL},
    {"0.2, 3e-3", "rho-0.2-3e-3", NULL}, {"0.5, 3e-5", "rho-0.5-3e-5", NULL},
    {"0.5, 3e-4", "rho-0.5-3e-4", NULL}, {"0.5, 3e-3", "rho-0.5-3e-3", NULL},
    {"0.8, 3e-5", "rho-0.8-3e-5", NULL}, {"0.8, 3e-4", "rho-0.8-3e-4", NULL},
    {"0.8, 3e-3", "rho-0.8-3e-3", NULL}, {0},
};

/* Columns: consistency, by batch, H_s, active, sparsity, open, orthogonality,
 * SEPIN, P@1, LP. */
static const struct cli_quote quotes[] = {
    {"CL: paper's, CIFAR-10",
     {NULL, "10.00", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "87.88"}},
    {"NCL: paper's",
     {NULL, "53.82", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "87.80"}},
    {"NCL + top-k: paper's", {NULL, "51.81"}},
    {"BayesNCL (STE): paper's",
     {NULL, "56.50", NULL, NULL, NULL, NULL, NULL, NULL, "63.59", "88.02"}},
    {"BayesNCL (one Gumbel): paper's", {NULL, "53.68"}},
    {0},
};

/* On ImageNet-100: the paper has these of no other data. */
static const struct cli_quote ablation_quotes[] = {
    {"full: paper's, ImageNet-100",
     {NULL, "36.14", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "70.44"}},
    {"soft gate: paper's",
     {NULL, "33.15", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "69.87"}},
    {"no gradient isolation: paper's",
     {NULL, "22.29", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "67.47"}},
    {"1-layer head: paper's",
     {NULL, "40.85", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "69.55"}},
    {"3-layer head: paper's",
     {NULL, "26.37", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "68.09"}},
    {0},
};

static const struct cli_section sections[] = {
    {"Methods and controls", NULL, head, headline, quotes},
    {"What the gates are made of", NULL, head, ablations, ablation_quotes},
    {"Prior and price", "500 steps each.", sweep_head, sweep, NULL},
    {0},
};

static const struct cli_line drawn[] = {
    {"BayesNCL", "bayesncl", NULL},
    {"NCL", "ncl", NULL},
    {"random mask", "random-mask", NULL},
    {"CL", "cl", NULL},
    {0},
};

static const struct cli_line drawn_gates[] = {
    {"straight-through", "bayesncl", NULL},
    {"one Gumbel", "gumbel1", NULL},
    {"concrete", "concrete", NULL},
    {"soft", "soft", NULL},
    {"lambda = 0", "lambda-0", NULL},
    {"cooled", "cooled", NULL},
    {0},
};

static const struct cli_plot plots[] = {
    {"consistency.svg", "Consistency of each dimension",
     "share of the most frequent class among the test images that activate it",
     "dimension, the most consistent first", "dimension",
     "consistency_by_dimension", drawn, 0.0, 1.0},
    {"gates.svg", "Probabilities of gates", "share of all gates, in 20 bins",
     "probability of being open", "probability", "gate_histogram", drawn_gates,
     0.0, 0.5},
    {"precision.svg", "P@1 by the number of dimensions",
     "the dimensions of highest summed activation", "dimensions", "dimensions",
     "p_at_1_by_dimensions", drawn, 0.0, 1.0},
    {0},
};

const struct cli_table cli_table_bayesncl = {
    .name = "bayesncl",
    .title = "BayesNCL, NCL and CL on CIFAR-10",
    .text = "22,000 images of CIFAR-10's training part as JPEG (2,000 more are "
            "held out), measured on 1,992 of its test part. A small residual "
            "net (16, 32 and 64 channels, one block each), views of 24 x 24, "
            "latents of 128 dimensions, batches of 128, Adam. The paper "
            "(arXiv 2605.28441) trains a ResNet-18 for 200 epochs on 50,000 "
            "images: its figures stand beside ours for orientation, and they "
            "are by statistics of the batch.",
    .measured = 1,
    .steps = 1500,
    .quick_steps = 40,
    .rows = rows,
    .sections = sections,
    .plots = plots,
    .open = cli_signal_open,
    .train = cli_signal_train,
    .measure = measure,
    .close = cli_signal_close,
};
