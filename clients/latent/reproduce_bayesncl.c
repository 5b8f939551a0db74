/* reproduce_bayesncl.c - BayesNCL, NCL and CL on CIFAR-10, with controls. */
#include "reproduce.h"

/* ---- rows: the first are the first to be run ---- */

static const char gated[] = "image-bayesncl";

/* A short run of the sweep. */
#define SWEEP(name, prior, price, by)                                   \
    {                                                                   \
        name prior "-" price, "sweep", gated,                           \
        {                                                               \
            "prior=" prior, "price=" price, "prior_by=" by, "steps=500" \
        }                                                               \
    }

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
     {"prior_by=activity", "prior=0.5", "price=3e-4"}},
    {"priced",
     "control of it: the same prior for all dimensions, the same price",
     gated,
     {"prior=0.5", "price=3e-4"}},
    SWEEP("rho-", "0.2", "3e-5", "all"),
    SWEEP("rho-", "0.2", "3e-4", "all"),
    SWEEP("rho-", "0.2", "3e-3", "all"),
    SWEEP("rho-", "0.5", "3e-5", "all"),
    SWEEP("rho-", "0.5", "3e-4", "all"),
    SWEEP("rho-", "0.5", "3e-3", "all"),
    SWEEP("rho-", "0.8", "3e-5", "all"),
    SWEEP("rho-", "0.8", "3e-4", "all"),
    SWEEP("rho-", "0.8", "3e-3", "all"),
    SWEEP("activity-", "0.2", "3e-4", "activity"),
    SWEEP("activity-", "0.2", "1e-2", "activity"),
    SWEEP("activity-", "0.5", "3e-4", "activity"),
    SWEEP("activity-", "0.5", "1e-3", "activity"),
    SWEEP("activity-", "0.8", "3e-4", "activity"),
    {0},
};

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

static const struct cli_column merged_head[] = {
    {"ten", "consistency", NULL, 2, true},
    {"five", "of_five", "semantic consistency by five classes", 2, true},
    {"two", "of_two", "semantic consistency by two", 2, true},
    {"ten, weighted", "weighted",
     "by ten, each dimension counted by the images that activate it: what is "
     "active on a few images alone cannot raise it",
     2, true},
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
    {"prior 0.5 by activity, price 3e-4", "by-activity", NULL},
    {"prior 0.5 for all, price 3e-4", "priced", NULL},
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

#define PLACE(prior, price)                            \
    {                                                  \
        prior ", " price, "rho-" prior "-" price, NULL \
    }
#define PLACE_BY_ACTIVITY(prior, price)                                     \
    {                                                                       \
        prior ", " price ", by activity", "activity-" prior "-" price, NULL \
    }

static const struct cli_line sweep[] = {
    PLACE("0.2", "3e-5"),
    PLACE("0.2", "3e-4"),
    PLACE("0.2", "3e-3"),
    PLACE("0.5", "3e-5"),
    PLACE("0.5", "3e-4"),
    PLACE("0.5", "3e-3"),
    PLACE("0.8", "3e-5"),
    PLACE("0.8", "3e-4"),
    PLACE("0.8", "3e-3"),
    PLACE_BY_ACTIVITY("0.2", "3e-4"),
    PLACE_BY_ACTIVITY("0.2", "1e-2"),
    PLACE_BY_ACTIVITY("0.5", "3e-4"),
    PLACE_BY_ACTIVITY("0.5", "1e-3"),
    PLACE_BY_ACTIVITY("0.8", "3e-4"),
    {0},
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
    {"By fewer classes",
     "The same latents, their dimensions judged by merged classes. Five: "
     "airplane and ship, automobile and truck, bird and frog, cat and dog, "
     "deer and horse. Two: vehicles (airplane, automobile, ship, truck) and "
     "animals. A dimension that tells nothing has 10, 20 and 60.",
     merged_head, headline, NULL},
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
    .measured = 2,
    .steps = 1500,
    .quick_steps = 40,
    .rows = rows,
    .sections = sections,
    .plots = plots,
    .open = cli_signal_open,
    .train = cli_signal_train,
    .measure = cli_images_measure,
    .close = cli_signal_close,
};
