/* reproduce_signal.c - runs that train on recordings by a recipe. */
#include "catalog.h"
#include "reproduce.h"

#include <string.h>
#include <unistd.h>

struct signal_run {
    struct lat_recipe *recipe;
    struct lat_dataset *data;
};

struct lat_dataset *cli_signal_data(const struct cli_run *run)
{
    const struct signal_run *s = run->state;

    return s->data;
}

static enum lat_code set_number(struct lat_recipe *r, const char *key,
                                uint64_t value, struct lat_err *err)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return lat_recipe_set(r, key, text, err);
}

static enum lat_code read_recipe(struct cli_run *run, struct lat_err *err)
{
    struct signal_run *s = run->state;
    char path[4096];
    enum lat_code code = cli_recipe_find(path, run->row->recipe, err);

    if (!code)
        code = lat_recipe_read(&s->recipe, path, err);
    if (!code)
        code = set_number(s->recipe, "steps", run->steps, err);
    if (!code)
        code = lat_recipe_set(s->recipe, "name", run->row->name, err);
    for (size_t i = 0; !code && i < CLI_SETS_MAX && run->row->set[i]; i++)
        code = cli_recipe_set(s->recipe, run->row->set[i], err);
    return code ? code : set_number(s->recipe, "seed", 1, err);
}

/* What decides the result, but for the seed: what the recipe says, the
 * samples, how many windows are measured. */
static enum lat_code digest_setting(struct cli_run *run, struct lat_err *err)
{
    const struct signal_run *s = run->state;
    struct lat_buf said = {0};
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;

    lat_recipe_print_said(&said, s->recipe);
    lat_buf_printf(&said, "data %s\nwindows %zu\n", run->data_sha256,
                   run->windows);
    if (said.failed) {
        lat_buf_fini(&said);
        return lat_fail(err, LAT_ENOMEM, "recipe");
    }
    lat_sha256_init(&h);
    lat_sha256_add(&h, said.v, said.len);
    lat_sha256_end(&h, digest);
    lat_digest_hex(run->setting, digest);
    lat_buf_fini(&said);
    return LAT_OK;
}

/* A row may have said others than the table's. */
static void take_steps(struct cli_run *run)
{
    const char *line = strstr(run->recipe.v, "\nsteps = ");
    unsigned long long steps;

    if (line && sscanf(line, " steps = %llu", &steps) == 1)
        run->steps = steps;
}

enum lat_code cli_signal_open(struct cli_run *run, struct lat_err *err)
{
    struct signal_run *s = lat_calloc(1, sizeof(*s));
    enum lat_code code;

    run->state = s;
    if (!s)
        return lat_fail(err, LAT_ENOMEM, "a run");
    code = read_recipe(run, err);
    if (!code)
        code = lat_dataset_open(&s->data, s->recipe, run->data, err);
    if (code)
        return code;
    snprintf(run->data_sha256, sizeof(run->data_sha256), "%s",
             lat_dataset_info(s->data).digest);
    code = digest_setting(run, err);
    if (!code)
        code = set_number(s->recipe, "seed", run->seed, err);
    lat_recipe_print_said(&run->recipe, s->recipe);
    if (!code && run->recipe.failed)
        code = lat_fail(err, LAT_ENOMEM, "recipe");
    if (!code)
        take_steps(run);
    return code;
}

static enum lat_code step_through(struct cli_run *run, struct lat_trainer *t,
                                  struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    double loss = 0.0;

    while (!code && !lat_train_finished(t)) {
        struct lat_progress p;

        code = lat_train_step(t, err);
        if (code)
            break;
        p = lat_train_progress(t);
        loss += (p.loss - loss) * 0.05;
        switch (cli_run_step(run, p.step, p.n_steps, loss)) {
        case CLI_GO_ON:
            break;
        case CLI_SAVE:
            code = lat_train_save(t, run->checkpoint, err);
            break;
        case CLI_STOP:
            code = lat_train_save(t, run->checkpoint, err);
            if (!code)
                code = lat_fail(err, LAT_ECANCEL,
                                "interrupted; the same command goes on");
            break;
        }
    }
    return code;
}

enum lat_code cli_signal_train(struct cli_run *run, struct lat_err *err)
{
    struct signal_run *s = run->state;
    struct lat_trainer *t = NULL;
    enum lat_code code =
        lat_trainer_new(&t, s->recipe, s->data, run->kernel, run->threads, err);

    if (!code && access(run->checkpoint, R_OK) == 0)
        code = lat_train_load(t, run->checkpoint, err);
    if (!code)
        code = step_through(run, t, err);
    if (!code)
        code = lat_train_publish(t, run->model, NULL, err);
    lat_trainer_free(t);
    return code;
}

void cli_signal_close(struct cli_run *run)
{
    struct signal_run *s = run->state;

    if (!s)
        return;
    lat_dataset_free(s->data);
    lat_recipe_free(s->recipe);
    lat_free(s);
}

/* ---- under rotation ---- */

static void put_row(struct cli_run *run, const struct lat_turn_eval *e,
                    size_t r)
{
    const struct lat_turn_row_eval *v = &e->rows[r];
    const char *part = lat_turn_row_name((enum lat_turn_row)r);

    cli_run_value(run, part, "similarity", v->similarity);
    cli_run_value(run, part, "between", v->between);
    if (e->n_classes > 0) {
        cli_run_value(run, part, "class", v->class_linear);
        cli_run_value(run, part, "class_turned", v->class_linear_turned);
    }
    cli_run_value(run, part, "user", v->user_linear);
    if (r >= LAT_TURN_RAW)
        return;
    cli_run_value(run, part, "angle_r2_linear", v->angle_linear);
    cli_run_value(run, part, "angle_r2_mlp", v->angle_mlp);
    cli_run_list(run, part, "similarity_by_angle", v->curve, LAT_ANGLES);
}

void cli_run_turned(struct cli_run *run, const struct lat_turn_eval *e)
{
    cli_run_value(run, NULL, "users", (double)e->n_users);
    cli_run_value(run, NULL, "windows", (double)e->n_windows);
    cli_run_list(run, NULL, "degrees", e->degrees, LAT_ANGLES);
    if (e->has_head) {
        cli_run_value(run, NULL, "accuracy", e->accuracy);
        cli_run_value(run, NULL, "accuracy_turned", e->accuracy_turned);
        cli_run_value(run, NULL, "f1", e->f1);
        cli_run_value(run, NULL, "f1_turned", e->f1_turned);
        cli_run_value(run, NULL, "consistency", e->consistency);
        cli_run_list(run, NULL, "accuracy_by_angle", e->accuracy_by_angle,
                     LAT_ANGLES);
        cli_run_list(run, NULL, "consistency_by_angle", e->consistency_by_angle,
                     LAT_ANGLES);
    }
    if (e->rows[LAT_TURN_INV].present)
        cli_run_value(run, NULL, "separation",
                      e->rows[LAT_TURN_INV].similarity -
                          e->rows[LAT_TURN_VAR].similarity);
    for (size_t r = 0; r < LAT_N_TURN_ROWS; r++)
        if (e->rows[r].present)
            put_row(run, e, r);
}
