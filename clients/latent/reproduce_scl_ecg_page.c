/* reproduce_scl_ecg_page.c - what the page of SCL under phase shift shows. */
#include "reproduce.h"

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
    {"SCL, graded, task noise", "scl-noise", NULL},
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
    {"task noise, invariant", "scl-noise", "invariant"},
    {"task noise, variant", "scl-noise", "variant"},
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
    {"SCL, w_var = 0", "scl-wvar0", NULL},
    {"SCL", "scl", NULL},
    {"SCL-NCE", "scl-nce", NULL},
    {"SCL, graded", "scl-graded", NULL},
    {"SCL, graded, task noise", "scl-noise", NULL},
    {"SCL, tuned", "scl-tuned", NULL},
    {0},
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
     "one's; 100 where the form is in invariant. Much of a spectrum is the "
     "rhythm, which goes with the phase of each beat",
     1, true},
    {"beat", "swap_beat",
     "share of the same pairs where the strongest 0.4 s of what is decoded lie "
     "better over some place of the one's window than over any of the other's, "
     "which asks for neither phase nor rhythm",
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

const struct cli_section cli_scl_ecg_sections[] = {
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
    {"graded variant", "scl-graded", "variant"},
    {"SCL tuned", "scl-tuned", "invariant"},
    {"plain", "plain", "all"},
    {"augmentation", "augment", "all"},
    {"NT-Xent", "nt-xent", "all"},
    {"spectrum", "scl", "spectrum"},
    {"samples", "scl", "raw"},
    {0},
};

const struct cli_plot cli_scl_ecg_plots[] = {
    {"similarity.svg", "Cosine of a window with itself, shifted",
     "mean over test windows; the band is one deviation over seeds",
     "shift / ms", "shift_ms", "@.similarity", drawn, -0.5, 1.0},
    {"recall.svg", "The same window found again, shifted",
     "recall@1 among all test windows", "shift / ms", "shift_ms",
     "@.recall_1_by_shift", drawn, 0.0, 1.0},
    {0},
};
