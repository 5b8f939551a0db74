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
    {"scl-noise",
     "the graded code, and a decoder that is given variant and free with noise",
     "ecg-scl-only",
     {"objective=scl-graded", "task_noise=0.5"}},
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
        cli_run_value(run, NULL, "swap_beat", s.beat);
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
    .measured = 3,
    .steps = 2500,
    .quick_steps = 60,
    .rows = rows,
    .sections = cli_scl_ecg_sections,
    .plots = cli_scl_ecg_plots,
    .open = cli_signal_open,
    .train = cli_signal_train,
    .measure = measure,
    .close = cli_signal_close,
};
