/* reproduce_scl_imu.c - SCL under rotation, on HAPT. */
#include "reproduce.h"

/* ---- rows: the first are the first to be run ---- */

static const char pooled_encoder[] =
    "encoder=conv1d 64 k5 p2, batchnorm, relu, maxpool k2, "
    "conv1d 128 k8 p4, batchnorm, relu, maxpool k2, "
    "conv1d 128 k8 p4, batchnorm, relu, maxpool k2, avgpool, linear 64";
static const char six[] = "classes=WALKING, WALKING_UPSTAIRS, "
                          "WALKING_DOWNSTAIRS, SITTING, STANDING, LAYING";

static const struct cli_row rows[] = {
    {"scl", "SCL with its default weights", "imu-scl", {NULL}},
    {"augment",
     "the task alone on windows turned any way",
     "imu-scl",
     {"objective=augment"}},
    {"plain",
     "the task alone, windows as recorded",
     "imu-scl",
     {"objective=plain"}},
    {"scl-1", "SCL, labels of one user", "imu-scl", {"labelled=1"}},
    {"augment-1",
     "augmentation, labels of one user",
     "imu-scl",
     {"objective=augment", "labelled=1"}},
    {"scl-2", "SCL, labels of two users", "imu-scl", {"labelled=1 3"}},
    {"augment-2",
     "augmentation, labels of two users",
     "imu-scl",
     {"objective=augment", "labelled=1 3"}},
    {"scl-graded",
     "SCL with a graded variant code",
     "imu-scl",
     {"objective=scl-graded"}},
    {"scl-unlabelled",
     "SCL without labels, no task",
     "imu-scl",
     {"w_task=0", "negatives=other-source"}},
    {"nt-xent-unlabelled",
     "NT-Xent without labels, no task",
     "imu-scl",
     {"objective=nt-xent", "w_task=0", "negatives=other-source"}},
    {"scl-45",
     "SCL, trained with rotations up to 45 degrees",
     "imu-scl",
     {"max_rotation=45"}},
    {"augment-45",
     "augmentation, trained with rotations up to 45 degrees",
     "imu-scl",
     {"objective=augment", "max_rotation=45"}},
    {"nt-xent",
     "NT-Xent on the whole latent",
     "imu-scl",
     {"objective=nt-xent"}},
    {"scl-nce",
     "NT-Xent on the invariant block, the variant mechanism in its "
     "denominator",
     "imu-scl",
     {"objective=scl-nce"}},
    {"scl-wvar0", "SCL without the variant mechanism", "imu-scl", {"w_var=0"}},
    {"supcon", "SupCon on the whole latent", "imu-scl", {"objective=supcon"}},
    {"consistency",
     "views of a source pulled together in the whole latent",
     "imu-scl",
     {"objective=consistency"}},
    {"pooled",
     "SCL, but the encoder averages over time before its last layer",
     "imu-scl",
     {pooled_encoder}},
    {"six", "SCL, six classes", "imu-scl", {six, "task=linear 6"}},
    {"six-augment",
     "augmentation, six classes",
     "imu-scl",
     {"objective=augment", six, "task=linear 6"}},
    {"augment-half",
     "augmentation at half strength, rotations up to 90 degrees",
     "imu-scl",
     {"objective=augment", "max_rotation=90"}},
    {"augment-double",
     "augmentation at double strength: four views of each of half as many "
     "windows, for no rotation is larger than any",
     "imu-scl",
     {"objective=augment", "views=4", "batch=32"}},
    {"scl-5", "SCL, labels of five users", "imu-scl", {"labelled=1 3 6 7 14"}},
    {"augment-5",
     "augmentation, labels of five users",
     "imu-scl",
     {"objective=augment", "labelled=1 3 6 7 14"}},
    {"scl-10",
     "SCL, labels of ten users",
     "imu-scl",
     {"labelled=1 3 6 7 14 15 16 19 23 25"}},
    {"augment-10",
     "augmentation, labels of ten users",
     "imu-scl",
     {"objective=augment", "labelled=1 3 6 7 14 15 16 19 23 25"}},
    {"six-plain",
     "the task alone, six classes",
     "imu-scl",
     {"objective=plain", six, "task=linear 6"}},
    {"twelve",
     "SCL, twelve classes",
     "imu-scl",
     {"classes=*", "task=linear 12"}},
    {"twelve-augment",
     "augmentation, twelve classes",
     "imu-scl",
     {"objective=augment", "classes=*", "task=linear 12"}},
    {"scl-48-8-8",
     "SCL, blocks of 48, 8 and 8",
     "imu-scl",
     {"invariant=48", "variant=8", "free=8"}},
    {"scl-16-16-32",
     "SCL, blocks of 16, 16 and 32",
     "imu-scl",
     {"invariant=16", "variant=16", "free=32"}},
    {"scl-32-32-0",
     "SCL without a free block",
     "imu-scl",
     {"invariant=32", "variant=32", "free=0"}},
    {0},
};

/* ---- what is measured ---- */

static enum lat_code measure(struct cli_run *run, struct lat_err *err)
{
    const struct lat_turn_ask ask = {LAT_TEST, run->windows, run->threads};
    struct lat_turn_eval e;
    struct lat_model *m = NULL;
    enum lat_code code = lat_model_read(&m, run->model, err);

    if (!code)
        code = lat_eval_rotation(&e, m, run->kernel, cli_signal_data(run), &ask,
                                 err);
    if (!code)
        cli_run_turned(run, &e);
    lat_model_unref(m);
    return code;
}

/* ---- what is shown ---- */

static const struct cli_column head[] = {
    {"Acc₀", "accuracy",
     "share of test windows whose class the model's head says, as recorded", 1,
     true},
    {"Acc_R", "accuracy_turned",
     "the same, mean over 20 rotations of each window, uniform over all", 1,
     true},
    {"F1_R", "f1_turned", "mean over classes of F1, of the turned windows", 1,
     true},
    {"consistency", "consistency",
     "share of turned windows whose class is said to be that of the unturned "
     "window; a constant answer has 100, so read it beside Acc_R",
     1, true},
    {"S", "@.similarity",
     "cosine of a window's latent with that of the window turned, of the "
     "invariant block where there is one, else of the whole latent",
     3, false},
    {"S_inv - S_var", "separation", "the same of the two blocks", 3, false},
    {"N", "@.between", "mean cosine between windows of different users", 3,
     false},
    {"probe_R", "@.class_turned",
     "accuracy on turned windows of a linear probe of the class that was "
     "fitted on all training users' windows, as recorded",
     1, true},
    {0},
};

static const struct cli_line learned[] = {
    {"plain", "plain", NULL},
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
    {"no learning: samples", "scl", "raw"},
    {"no learning: length of acceleration", "scl", "norm"},
    {"no learning: magnitude spectrum", "scl", "spectrum"},
    {0},
};

static const struct cli_column no_head[] = {
    {"class", "@.class",
     "accuracy of a linear probe of the class, fitted on training users' "
     "windows as recorded, on test users' windows as recorded",
     1, true},
    {"class, turned", "@.class_turned", "the same probe, on turned windows", 1,
     true},
    {"S", "@.similarity",
     "cosine of a window with itself turned, over rotations uniform over all",
     3, false},
    {"N", "@.between", "between windows of different users", 3, false},
    {"angle, linear", "@.angle_r2_linear",
     "R² of a linear probe of the angle of rotation from the pair of latents "
     "at unit length and their product; MLP: of a network with 32 hidden "
     "units",
     3, false},
    {"angle, MLP", "@.angle_r2_mlp", NULL, 3, false},
    {"user", "@.user",
     "accuracy of a linear probe of the test user, fitted on the first half of "
     "what each did and asked of the second; what a block holds that it should "
     "not is leakage: the angle in invariant, class and user in variant",
     1, true},
    {0},
};

static const struct cli_line blocks[] = {
    {"plain, all", "plain", "all"},
    {"augmentation, all", "augment", "all"},
    {"SCL, invariant", "scl", "invariant"},
    {"SCL, variant", "scl", "variant"},
    {"SCL, free", "scl", "free"},
    {"SCL w_var = 0, variant", "scl-wvar0", "variant"},
    {"SCL-NCE, invariant", "scl-nce", "invariant"},
    {"SCL-NCE, variant", "scl-nce", "variant"},
    {"graded, invariant", "scl-graded", "invariant"},
    {"graded, variant", "scl-graded", "variant"},
    {"graded, free", "scl-graded", "free"},
    {"no learning: samples", "scl", "raw"},
    {"no learning: length of acceleration", "scl", "norm"},
    {"no learning: magnitude spectrum", "scl", "spectrum"},
    {0},
};

static const struct cli_line unlabelled[] = {
    {"SCL, invariant", "scl-unlabelled", "invariant"},
    {"SCL, all", "scl-unlabelled", "all"},
    {"NT-Xent, all", "nt-xent-unlabelled", "all"},
    {"no learning: samples", "scl", "raw"},
    {"no learning: length of acceleration", "scl", "norm"},
    {"no learning: magnitude spectrum", "scl", "spectrum"},
    {0},
};

static const struct cli_line few[] = {
    {"1 user, augmentation", "augment-1", NULL},
    {"1 user, SCL", "scl-1", NULL},
    {"2 users, augmentation", "augment-2", NULL},
    {"2 users, SCL", "scl-2", NULL},
    {"5 users, augmentation", "augment-5", NULL},
    {"5 users, SCL", "scl-5", NULL},
    {"10 users, augmentation", "augment-10", NULL},
    {"10 users, SCL", "scl-10", NULL},
    {"12 users, augmentation", "augment", NULL},
    {"12 users, SCL", "scl", NULL},
    {0},
};

static const struct cli_line angles[] = {
    {"augmentation", "augment-45", NULL},
    {"SCL", "scl-45", NULL},
    {0},
};

static const struct cli_line finer[] = {
    {"six, plain", "six-plain", NULL},
    {"six, augmentation", "six-augment", NULL},
    {"six, SCL", "six", NULL},
    {"twelve, augmentation", "twelve-augment", NULL},
    {"twelve, SCL", "twelve", NULL},
    {0},
};

static const struct cli_line sizes[] = {
    {"16 / 16 / 32", "scl-16-16-32", NULL},
    {"32 / 16 / 16", "scl", NULL},
    {"32 / 32 / 0", "scl-32-32-0", NULL},
    {"48 / 8 / 8", "scl-48-8-8", NULL},
    {0},
};

static const struct cli_quote head_quotes[] = {
    {"SCL on WISDM, six classes: paper's, setting unknown",
     {NULL, "86.65", NULL, "95.38"}},
    {0},
};

static const struct cli_section sections[] = {
    {"Four classes, all labels", NULL, head, learned, head_quotes},
    {"Few labels",
     "Labels of some of the twelve training users alone; the windows of the "
     "others have none, and only the contrastive terms see them.",
     head, few, NULL},
    {"Trained with rotations up to 45 degrees, tested on all", NULL, head,
     angles, NULL},
    {"Trained without labels", NULL, no_head, unlabelled, NULL},
    {"What each block holds", NULL, no_head, blocks, NULL},
    {"Six and twelve classes",
     "Sitting, standing and lying differ in the direction of gravity alone, "
     "which a rotation takes away: with six classes about 65 % is all that "
     "can be had, and what is above it is read from traces of the sensor's "
     "bias.",
     head, finer, NULL},
    {"Sizes of the blocks", "Invariant / variant / free, 64 in all.", head,
     sizes, NULL},
    {0},
};

static const struct cli_line drawn[] = {
    {"SCL", "scl", NULL},
    {"augmentation", "augment", NULL},
    {"plain", "plain", NULL},
    {"SCL, to 45°", "scl-45", NULL},
    {"augmentation, to 45°", "augment-45", NULL},
    {"SCL, 1 user", "scl-1", NULL},
    {"augmentation, 1 user", "augment-1", NULL},
    {0},
};

static const struct cli_line drawn_blocks[] = {
    {"SCL invariant", "scl", "invariant"},
    {"SCL variant", "scl", "variant"},
    {"SCL free", "scl", "free"},
    {"graded variant", "scl-graded", "variant"},
    {"augmentation", "augment", "all"},
    {"plain", "plain", "all"},
    {0},
};

static const struct cli_plot plots[] = {
    {"accuracy.svg", "Accuracy by the angle of rotation",
     "of test windows, about random axes; the band is one deviation over "
     "seeds",
     "angle / degrees", "degrees", "accuracy_by_angle", drawn, 0.0, 1.0},
    {"similarity.svg", "Cosine of a window with itself, turned",
     "mean over test windows", "angle / degrees", "degrees",
     "@.similarity_by_angle", drawn_blocks, -0.5, 1.0},
    {0},
};

const struct cli_table cli_table_scl_imu = {
    .name = "scl-imu",
    .title = "SCL under rotation: HAPT, accelerometer, windows of 2.56 s",
    .text = "Six test users whom no run has seen; the step that is kept is "
            "chosen on two validation users. All rows have the same network, "
            "data and number of steps. Classes: walking, upstairs, "
            "downstairs, still. The objective is our reconstruction of "
            "structured contrastive learning (arXiv 2511.14920), of which no "
            "code was published; the paper's figures are beside ours, for "
            "orientation alone: their setting is not known.",
    .measured = 2,
    .steps = 2500,
    .quick_steps = 40,
    .rows = rows,
    .sections = sections,
    .plots = plots,
    .open = cli_signal_open,
    .train = cli_signal_train,
    .measure = measure,
    .close = cli_signal_close,
};
