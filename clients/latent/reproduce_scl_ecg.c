/* reproduce_scl_ecg.c - SCL under phase shift, on MIT-BIH. */
#include "reproduce.h"

/* ---- rows: the first are the first to be run ---- */

static const char pooled_encoder[] =
    "encoder=conv1d 32 k25 s4 p12, batchnorm, relu, conv1d 64 k9 s2 p4, "
    "batchnorm, relu, conv1d 64 k7 s2 p3, batchnorm, relu, avgpool, "
    "linear 144";

static const struct cli_row rows[] = {
    {"scl", "SCL with its default weights", "ecg-scl-only", {NULL}},
    {"plain", "the task alone, windows as they are cut", "ecg-plain", {NULL}},
    {"augment",
     "the task alone on the same shifted windows, up to 150 ms",
     "ecg-augment",
     {NULL}},
    {"scl-graded",
     "SCL with a graded variant code",
     "ecg-scl-only",
     {"objective=scl-graded"}},
    {"scl-tuned",
     "SCL with a little NT-Xent and pooled first weights, as shipped",
     "ecg-scl",
     {NULL}},
    {"nt-xent",
     "NT-Xent on the whole latent",
     "ecg-scl-only",
     {"objective=nt-xent"}},
    {"scl-nce",
     "NT-Xent on the invariant block, the variant mechanism in its "
     "denominator",
     "ecg-scl-nce",
     {NULL}},
    {"scl-wvar0",
     "SCL without the variant mechanism",
     "ecg-scl-only",
     {"w_var=0"}},
    {"consistency",
     "views of a source pulled together in the whole latent",
     "ecg-scl-only",
     {"objective=consistency"}},
    {"supcon",
     "SupCon on the whole latent, windows of one patient are positives",
     "ecg-scl-only",
     {"objective=supcon"}},
    {"pooled",
     "SCL, but the encoder averages over time before its last layer",
     "ecg-scl-only",
     {pooled_encoder}},
    {"plain-pooled",
     "the task alone, with that encoder",
     "ecg-plain",
     {pooled_encoder}},
    {"augment-half",
     "augmentation at half strength, up to 75 ms",
     "ecg-augment",
     {"max_shift=75"}},
    {"augment-double",
     "augmentation at double strength, up to 300 ms",
     "ecg-augment",
     {"max_shift=300"}},
    {"scl-graded-1",
     "the graded code at weight 1",
     "ecg-scl-only",
     {"objective=scl-graded", "w_graded=1"}},
    {"scl-112-16-16",
     "SCL, blocks of 112, 16 and 16",
     "ecg-scl-only",
     {"invariant=112", "variant=16", "free=16"}},
    {"scl-32-16-96",
     "SCL, blocks of 32, 16 and 96",
     "ecg-scl-only",
     {"invariant=32", "variant=16", "free=96"}},
    {"scl-64-64-16",
     "SCL, blocks of 64, 64 and 16",
     "ecg-scl-only",
     {"invariant=64", "variant=64", "free=16"}},
    {"scl-64-80-0",
     "SCL without a free block",
     "ecg-scl-only",
     {"invariant=64", "variant=80", "free=0"}},
    {0},
};

/* ---- what is measured ---- */

static void put_phase(struct cli_run *run, const struct lat_eval *e)
{
    cli_run_value(run, NULL, "patients", (double)e->n_patients);
    cli_run_value(run, NULL, "windows", (double)e->n_windows);
    if (e->has_reconstruction)
        cli_run_value(run, NULL, "reconstruction", e->reconstruction);
    cli_run_value(run, NULL, "power", e->power);
    cli_run_list(run, NULL, "shift_ms", e->shift_ms, e->n_shifts);
    for (size_t r = 0; r < LAT_N_ROWS; r++) {
        const struct lat_row_eval *v = &e->rows[r];
        const char *part = lat_row_name((enum lat_row)r);

        if (!v->present)
            continue;
        cli_run_value(run, part, "s75", v->at_75);
        cli_run_value(run, part, "s150", v->mean_150);
        cli_run_value(run, part, "between", v->between);
        cli_run_value(run, part, "gap", v->at_75 - v->between);
        cli_run_value(run, part, "recall_1", v->recall_1);
        cli_run_value(run, part, "recall_5", v->recall_5);
        cli_run_value(run, part, "patient_map", v->patient_map);
        cli_run_list(run, part, "similarity", v->curve, e->n_shifts);
        cli_run_list(run, part, "similarity_centered", v->curve_centered,
                     e->n_shifts);
        cli_run_list(run, part, "recall_1_by_shift", v->curve_recall,
                     e->n_shifts);
        for (size_t i = 0; i < e->n_shifts; i++)
            if (e->shift_ms[i] == 75.0)
                cli_run_value(run, part, "s75_centered", v->curve_centered[i]);
    }
}

static enum lat_code measure_phase(struct cli_run *run, struct lat_model *m,
                                   struct lat_err *err)
{
    struct lat_eval *e = lat_calloc(1, sizeof(*e));
    enum lat_code code;

    if (!e)
        return lat_fail(err, LAT_ENOMEM, "an evaluation");
    code = lat_eval_phase(e, m, run->kernel, cli_signal_data(run), LAT_TEST,
                          run->windows, run->threads, err);
    if (!code)
        put_phase(run, e);
    lat_free(e);
    return code;
}

static enum lat_code measure_probes(struct cli_run *run, struct lat_model *m,
                                    struct lat_err *err)
{
    const struct lat_turn_ask ask = {LAT_TEST, run->windows, run->threads};
    struct lat_shift_probe p[LAT_N_BLOCKS + 1];
    enum lat_code code =
        lat_probe_shift(p, m, run->kernel, cli_signal_data(run), &ask, err);

    for (size_t r = 0; !code && r <= LAT_N_BLOCKS; r++) {
        const char *part = lat_row_name((enum lat_row)r);

        if (!p[r].present)
            continue;
        cli_run_value(run, part, "shift_r2_linear", p[r].linear);
        cli_run_value(run, part, "shift_r2_mlp", p[r].mlp);
    }
    return code;
}

static enum lat_code measure_hearts(struct cli_run *run, struct lat_model *m,
                                    struct lat_err *err)
{
    const struct lat_heart_ask ask = {LAT_TEST, run->windows, run->threads,
                                      run->data};
    struct lat_heart_probe p[LAT_N_BLOCKS + 1];
    enum lat_code code =
        lat_probe_heart(p, m, run->kernel, cli_signal_data(run), &ask, err);

    for (size_t r = 0; !code && r <= LAT_N_BLOCKS; r++) {
        const char *part = lat_row_name((enum lat_row)r);

        if (!p[r].present)
            continue;
        cli_run_value(run, part, "patient", p[r].patient);
        cli_run_value(run, part, "beat", p[r].beat);
        cli_run_value(run, part, "position_r2_linear", p[r].position_linear);
        cli_run_value(run, part, "position_r2_mlp", p[r].position_mlp);
    }
    return code;
}

static enum lat_code measure_swap(struct cli_run *run, struct lat_model *m,
                                  struct lat_err *err)
{
    const struct lat_turn_ask ask = {LAT_TEST, run->windows, run->threads};
    const struct lat_card *card = lat_model_card(m);
    struct lat_swap s;
    enum lat_code code;

    if (!card->partitioned || card->task != LAT_TASK_RECONSTRUCTION)
        return LAT_OK;
    code = lat_eval_swap(&s, m, run->kernel, cli_signal_data(run), &ask, err);
    if (!code) {
        cli_run_value(run, NULL, "swap_phase", s.phase);
        cli_run_value(run, NULL, "swap_form", s.form);
    }
    return code;
}

static enum lat_code measure(struct cli_run *run, struct lat_err *err)
{
    struct lat_model *m = NULL;
    enum lat_code code = lat_model_read(&m, run->model, err);

    if (!code)
        code = measure_phase(run, m, err);
    if (!code)
        code = measure_probes(run, m, err);
    if (!code)
        code = measure_hearts(run, m, err);
    if (!code)
        code = measure_swap(run, m, err);
    lat_model_unref(m);
    return code;
}

/* ---- what is shown ---- */

static const struct cli_line learned[] = {
    {"plain", "plain", NULL},
    {"plain, pooled encoder", "plain-pooled", NULL},
    {"augmentation, half", "augment-half", NULL},
    {"augmentation", "augment", NULL},
    {"augmentation, double", "augment-double", NULL},
    {"whole-latent consistency", "consistency", NULL},
    {"NT-Xent", "nt-xent", NULL},
    {"SupCon", "supcon", NULL},
    {"SCL, w_var = 0", "scl-wvar0", NULL},
    {"**SCL**", "scl", NULL},
    {"SCL, pooled encoder", "pooled", NULL},
    {"SCL-NCE", "scl-nce", NULL},
    {"SCL, graded", "scl-graded", NULL},
    {"SCL, graded, weight 1", "scl-graded-1", NULL},
    {"SCL, tuned", "scl-tuned", NULL},
    {"no learning: samples", "scl", "raw"},
    {"no learning: magnitude spectrum", "scl", "spectrum"},
    {"no learning: spectrum, Hann window", "scl", "spectrum-hann"},
    {0},
};

static const struct cli_column headline[] = {
    {"S(75 ms)", "@.s75",
     "cosine of a window's latent with that of the window 75 ms later, mean "
     "over test windows; of the invariant block where there is one, else of "
     "the whole latent",
     3, false},
    {"S(≤150)", "@.s150", "the same, mean over shifts of -150, -140 … 150 ms",
     3, false},
    {"S(75) c.", "@.s75_centered",
     "S(75 ms) after the mean latent is taken off", 3, false},
    {"N", "@.between", "mean cosine between windows of different patients", 3,
     false},
    {"gap", "@.gap", "S(75 ms) - N", 3, false},
    {"R@1", "@.recall_1",
     "share of windows, shifted 75 ms, whose most alike among all unshifted "
     "test windows is the same window; R@5: among the five most alike",
     3, false},
    {"R@5", "@.recall_5", NULL, 3, false},
    {"mAP", "@.patient_map",
     "mean average precision of the patient's other windows, for a window "
     "shifted 75 ms",
     3, false},
    {"error", "reconstruction",
     "mean squared error of the window that the decoder gives back, whose mean "
     "square is about 1",
     3, false},
    {0},
};

static const struct cli_quote headline_quotes[] = {
    {"without SCL: paper's, setting unknown", {"0.2", "0.25"}},
    {"SCL: paper's, setting unknown", {NULL, "0.91"}},
    {0},
};

static const struct cli_line blocks[] = {
    {"plain, all", "plain", "all"},
    {"augmentation, all", "augment", "all"},
    {"SCL, invariant", "scl", "invariant"},
    {"SCL, variant", "scl", "variant"},
    {"SCL, free", "scl", "free"},
    {"SCL w_var = 0, invariant", "scl-wvar0", "invariant"},
    {"SCL w_var = 0, variant", "scl-wvar0", "variant"},
    {"SCL-NCE, invariant", "scl-nce", "invariant"},
    {"SCL-NCE, variant", "scl-nce", "variant"},
    {"graded, invariant", "scl-graded", "invariant"},
    {"graded, variant", "scl-graded", "variant"},
    {"graded, free", "scl-graded", "free"},
    {"tuned, invariant", "scl-tuned", "invariant"},
    {"tuned, variant", "scl-tuned", "variant"},
    {"tuned, free", "scl-tuned", "free"},
    {0},
};

static const struct cli_column block_columns[] = {
    {"S(75 ms)", "@.s75", "as above, of this block", 3, false},
    {"N", "@.between", NULL, 3, false},
    {"shift, linear", "@.shift_r2_linear",
     "R² of a linear probe of the shift (up to 150 ms) from the pair of "
     "latents at unit length and their product, fitted on training patients, "
     "on test patients; MLP: of a network with 32 hidden units",
     3, false},
    {"shift, MLP", "@.shift_r2_mlp", NULL, 3, false},
    {"position, MLP", "@.position_r2_mlp",
     "R² of sine and cosine of where the window stands between two beats, from "
     "one latent, by that network",
     3, false},
    {"patient", "@.patient",
     "accuracy of a linear probe of the test patient, fitted on windows of the "
     "first half of each recording and asked of the second; what a block holds "
     "that it should not is leakage: shift and position in invariant, the "
     "patient in variant",
     1, true},
    {"beat", "@.beat",
     "mean over N, S and V of EC57 of the share of test patients' beats that a "
     "linear probe reads right; a guess has 33.3",
     1, true},
    {0},
};

static const struct cli_line swapped[] = {
    {"SCL, w_var = 0", "scl-wvar0", NULL}, {"SCL", "scl", NULL},
    {"SCL-NCE", "scl-nce", NULL},          {"SCL, graded", "scl-graded", NULL},
    {"SCL, tuned", "scl-tuned", NULL},     {0},
};

static const struct cli_column swap_columns[] = {
    {"phase", "swap_phase",
     "decoded from the invariant block of a window and the others of the "
     "window 75 ms later: share of test windows that are nearer to the later "
     "one; 100 where phase is in variant and free",
     1, true},
    {"form", "swap_form",
     "decoded from the invariant block of one patient's window and the others "
     "of another's: share of pairs whose magnitude spectrum is more like the "
     "one's; 100 where the form is in invariant",
     1, true},
    {"error", "reconstruction", "of windows that were not swapped", 3, false},
    {0},
};

static const struct cli_line sizes[] = {
    {"32 / 16 / 96", "scl-32-16-96", NULL},
    {"64 / 16 / 64", "scl", NULL},
    {"64 / 64 / 16", "scl-64-64-16", NULL},
    {"64 / 80 / 0", "scl-64-80-0", NULL},
    {"112 / 16 / 16", "scl-112-16-16", NULL},
    {0},
};

static const struct cli_section sections[] = {
    {"Shift, discrimination, task", NULL, headline, learned, headline_quotes},
    {"What each block holds", NULL, block_columns, blocks, NULL},
    {"Blocks swapped", NULL, swap_columns, swapped, NULL},
    {"Sizes of the blocks",
     "Invariant / variant / free, 144 in all; the figures are of the "
     "invariant block.",
     headline, sizes, NULL},
    {0},
};

static const struct cli_line drawn[] = {
    {"SCL", "scl", "invariant"},
    {"SCL variant", "scl", "variant"},
    {"SCL tuned", "scl-tuned", "invariant"},
    {"plain", "plain", "all"},
    {"augmentation", "augment", "all"},
    {"NT-Xent", "nt-xent", "all"},
    {"spectrum", "scl", "spectrum"},
    {"samples", "scl", "raw"},
    {0},
};

static const struct cli_plot plots[] = {
    {"similarity.svg", "Cosine of a window with itself, shifted",
     "mean over test windows; the band is one deviation over seeds",
     "shift / ms", "shift_ms", "@.similarity", drawn, -0.5, 1.0},
    {"recall.svg", "The same window found again, shifted",
     "recall@1 among all test windows", "shift / ms", "shift_ms",
     "@.recall_1_by_shift", drawn, 0.0, 1.0},
    {0},
};

const struct cli_table cli_table_scl_ecg = {
    .name = "scl-ecg",
    .title = "SCL under phase shift: MIT-BIH, one lead, windows of 2 s",
    .text = "Eight test patients whom no run has seen; the step that is kept "
            "is chosen on four validation patients. All rows have the same "
            "network, data and number of steps. The objective is our "
            "reconstruction of structured contrastive learning "
            "(arXiv 2511.14920), of which no code was published; the paper's "
            "figures are beside ours, for orientation alone: their setting is "
            "not known.",
    .measured = 2,
    .steps = 2500,
    .quick_steps = 60,
    .rows = rows,
    .sections = sections,
    .plots = plots,
    .open = cli_signal_open,
    .train = cli_signal_train,
    .measure = measure,
    .close = cli_signal_close,
};
