/* recipe.c - what a job trains by: the parent's recipe, as the request changes
 * it. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EPOCHS = 10, VALIDATIONS = 20, WARM_UP_PART = 10 };

/* Of the rate that the parent was trained with: going on with all of it undoes
 * much of what it knows. */
static const double auto_multiplier = 0.1;

static bool is_of_images(const struct latd_run *run)
{
    return lat_model_card(run->parent)->modality == LAT_IMAGES;
}

static bool is_said(const struct latd_run *run, const char *key)
{
    for (size_t i = 0; i < run->ask.n_lines; i++)
        if (strcmp(run->ask.lines[i].key, key) == 0)
            return true;
    return false;
}

static enum lat_code set_count(struct latd_run *run, const char *key,
                               uint64_t n, struct lat_err *err)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return lat_recipe_set(run->recipe, key, text, err);
}

/* The value of a key as a number; every key of interest has one. */
static double number_of(const struct lat_recipe *r, const char *key)
{
    struct lat_buf all = {0};
    char line[40];
    const char *at;
    double v = 0.0;

    lat_recipe_print(&all, r);
    snprintf(line, sizeof(line), "\n%s = ", key);
    at = all.failed ? NULL : strstr(all.v, line);
    if (at && sscanf(at + strlen(line), "%lf", &v) != 1)
        v = 0.0;
    lat_buf_fini(&all);
    return v;
}

/* Whether the recipe has that line. */
static bool has_line(const struct lat_recipe *r, const char *line)
{
    struct lat_buf all = {0};
    char want[60];
    bool has;

    lat_recipe_print(&all, r);
    snprintf(want, sizeof(want), "\n%s\n", line);
    has = !all.failed && strstr(all.v, want);
    lat_buf_fini(&all);
    return has;
}

/* cl is SimCLR's; ncl has latents that are not negative, bayesncl gates over
 * them: the parent's, or the published ones. */
static enum lat_code set_image_objective(struct latd_run *run,
                                         struct lat_err *err)
{
    struct lat_recipe *r = run->recipe;
    const char *type = run->ask.objective;
    enum lat_code code = LAT_OK;

    if (strcmp(type, "cl") == 0) {
        code = lat_recipe_set(r, "nonnegativity", "none", err);
        if (!code)
            code = lat_recipe_set(r, "top_k", "0", err);
    } else if (*type && has_line(r, "nonnegativity = none")) {
        code = lat_recipe_set(r, "nonnegativity", "rep_relu", err);
    }
    if (!code && *type && !run->ask.gates)
        code = lat_recipe_set(r, "gate", "off", err);
    if (!code && run->ask.gates &&
        (has_line(r, "gate = off") || has_line(r, "gate = fixed")))
        code = lat_recipe_set(r, "gate", "ste", err);
    /* A job is to keep what validates best. */
    if (!code && has_line(r, "best = last"))
        code = lat_recipe_set(r, "best", "contrast", err);
    return code;
}

/* Another objective has weights of its own. */
static enum lat_code set_objective(struct latd_run *run, struct lat_err *err)
{
    static const char *const own[] = {"w_inv", "w_var",    "w_neg",
                                      "w_nce", "w_graded", "kappa"};
    enum lat_code code = LAT_OK;

    if (is_of_images(run))
        return set_image_objective(run, err);
    if (!run->ask.objective[0])
        return LAT_OK;
    code = lat_recipe_set(run->recipe, "objective", run->ask.objective, err);
    for (size_t i = 0; !code && i < sizeof(own) / sizeof(own[0]); i++)
        code = lat_recipe_set(run->recipe, own[i], "", err);
    return code;
}

static enum lat_code set_partitions(struct latd_run *run, struct lat_err *err)
{
    static const char *const keys[] = {"invariant", "variant", "free"};
    const size_t *p = run->ask.partitions;
    enum lat_code code = LAT_OK;

    if (p[0] + p[1] + p[2] == 0)
        return LAT_OK;
    for (size_t b = 0; !code && b < LAT_N_BLOCKS; b++)
        code = set_count(run, keys[b], p[b], err);
    return code;
}

static enum lat_code scale_rate(struct latd_run *run, const char *key,
                                struct lat_err *err)
{
    double by = run->ask.rate_multiplier;
    char text[40];

    if (is_said(run, key))
        return LAT_OK;
    snprintf(text, sizeof(text), "%.12g",
             number_of(run->recipe, key) * (by > 0.0 ? by : auto_multiplier));
    return lat_recipe_set(run->recipe, key, text, err);
}

/* The online classifier begins anew, at its own. */
static enum lat_code set_rate(struct latd_run *run, struct lat_err *err)
{
    enum lat_code code = scale_rate(run, "lr", err);

    if (!code && is_of_images(run))
        code = scale_rate(run, "gate_lr", err);
    return code;
}

static enum lat_code set_batch(struct latd_run *run, struct lat_err *err)
{
    uint64_t group = (uint64_t)number_of(run->recipe, "group");
    enum lat_code code;

    if (run->ask.batch_size == 0)
        return LAT_OK;
    code = set_count(run, "batch", run->ask.batch_size, err);
    if (!code && !is_said(run, "group") && group > 1 &&
        run->ask.batch_size % group != 0)
        code = set_count(run, "group", 1, err);
    return code;
}

enum lat_code latd_run_recipe(struct latd_run *run, struct lat_err *err)
{
    enum lat_code code = lat_recipe_like(&run->recipe, run->parent, err);

    if (!code)
        code = set_objective(run, err);
    if (!code) /* before the lines: they may say less */
        code = lat_recipe_adopt(run->recipe, run->parent, err);
    for (size_t i = 0; !code && i < run->ask.n_lines; i++)
        code = lat_recipe_set(run->recipe, run->ask.lines[i].key,
                              run->ask.lines[i].value, err);
    if (!code)
        code = set_partitions(run, err);
    if (!code)
        code = set_rate(run, err);
    if (!code)
        code = set_batch(run, err);
    if (!code)
        code = set_count(run, "seed", run->ask.seed, err);
    if (!code)
        code = lat_recipe_set(run->recipe, "name", run->job.output, err);
    return code ? lat_wrap(err, code, "objective") : LAT_OK;
}

/* Few images make a batch of all of them, if no one says how many. */
static enum lat_code count_images(struct latd_run *run, struct lat_err *err)
{
    size_t images = lat_dataset_info(run->data).records[LAT_TRAIN];
    double batch = number_of(run->recipe, "batch");
    enum lat_code code = LAT_OK;

    if (run->ask.batch_size == 0 && !is_said(run, "batch") &&
        batch > (double)images) {
        code = set_count(run, "batch", images, err);
        batch = (double)images;
    }
    run->steps_per_epoch = fmax(floor((double)images / batch), 1.0);
    return code;
}

static enum lat_code count_windows(struct latd_run *run)
{
    const struct lat_card *card = lat_model_card(run->parent);
    double windows = lat_dataset_info(run->data).seconds[LAT_TRAIN] *
                     card->input.rate_hz / (double)card->input.window;

    run->steps_per_epoch =
        fmax(ceil(windows / number_of(run->recipe, "batch")), 1.0);
    return LAT_OK;
}

enum lat_code latd_run_steps(struct latd_run *run, struct lat_err *err)
{
    uint64_t epochs = run->ask.n_epochs ? run->ask.n_epochs : EPOCHS, steps;
    enum lat_code code =
        is_of_images(run) ? count_images(run, err) : count_windows(run);

    if (!code && !is_said(run, "steps"))
        code =
            set_count(run, "steps",
                      (uint64_t)(run->steps_per_epoch * (double)epochs), err);
    steps = (uint64_t)number_of(run->recipe, "steps");
    if (!code && !is_said(run, "validate_every"))
        code = set_count(run, "validate_every",
                         steps > VALIDATIONS ? steps / VALIDATIONS : 1, err);
    if (!code && !is_said(run, "warm_up"))
        code = set_count(run, "warm_up", steps / WARM_UP_PART, err);
    run->job.total_steps = (int64_t)steps;
    if (run->ask.every_steps == 0)
        run->ask.every_steps = steps > 5 ? steps / 5 : 1;
    return code;
}
