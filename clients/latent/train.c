/*
 * train.c - latent train: from a recipe and recordings to a model file.
 *
 * Checkpoints come by the clock and decide nothing: a run that was stopped and
 * resumed ends in the same bytes as one that was not.
 */
#include "catalog.h"
#include "data.h"
#include "measured.h"
#include "watch.h"

#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct cli_data data;
    const char *output, *checkpoint, *kernel;
    const char *from, *freeze, *early_lr, *old_data;
    struct cli_list set;
    uint64_t threads, every;
    bool resume;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"data", 'd', "DIR",
     "folder of recordings or images, a manifest of them, an archive of images",
     CLI_TEXT, AT(data.data)},
    {"valid", 0, "FILE", "manifest or archive to validate with", CLI_TEXT,
     AT(data.valid)},
    {"share", 0, "SHARE",
     "of a manifest's subjects, to validate with; default 0.2", CLI_NUMBER,
     AT(data.share)},
    {"out", 'o', "FILE", "the model file to write", CLI_TEXT, AT(output)},
    {"set", 's', "KEY=VALUE", "override a line of the recipe", CLI_LIST,
     AT(set)},
    {"from", 0, "MODEL", "go on from this model file", CLI_TEXT, AT(from)},
    {"freeze", 0, "N", "with --from: its first N layers stay as they are",
     CLI_TEXT, AT(freeze)},
    {"early-lr", 0, "SHARE", "with --from: of the first layer that learns",
     CLI_TEXT, AT(early_lr)},
    {"old-data", 0, "DIR",
     "with --from: the recordings that it learned from; how much it forgets",
     CLI_TEXT, AT(old_data)},
    {"checkpoint", 'c', "FILE", "default: the model file's name + .checkpoint",
     CLI_TEXT, AT(checkpoint)},
    {"every", 0, "SECONDS", "between checkpoints; default 60", CLI_COUNT,
     AT(every)},
    {"resume", 'r', NULL, "go on from the checkpoint", CLI_FLAG, AT(resume)},
    {"threads", 't', "N", "default: all processors", CLI_COUNT, AT(threads)},
    {"kernel", 0, "NAME", "blas, avx2 or avx512; default: the fastest",
     CLI_TEXT, AT(kernel)},
    {0},
};

/* ---- progress ---- */

struct show {
    bool terminal, images;
    double begun, shown, saved;
    size_t first_step;
};

static void print_losses(const struct lat_progress *p, bool images)
{
    if (images)
        printf("nce %.4f  kl %.2f  open %.1f %%  shut %.1f  classes %.4f "
               "(%.1f %% right)",
               p->nce, p->kl, 100.0 * p->open, p->shut, p->task,
               100.0 * p->right);
    else
        printf("task %.4f  inv %.4f  var %.4f  neg %.4f  nce %.4f", p->task,
               p->inv, p->var, p->neg, p->nce);
}

/* On a terminal one line that is written over, elsewhere a line now and then.
 */
static void show_progress(struct show *s, struct lat_trainer *t, bool last)
{
    double t_now = cli_now(), speed;
    char left[32];
    struct lat_progress p;

    if (!last && t_now - s->shown < (s->terminal ? 0.2 : 10.0))
        return;
    s->shown = t_now;
    p = lat_train_progress(t);
    speed = (double)(p.step - s->first_step) / fmax(t_now - s->begun, 1e-9);
    cli_time_left(left, sizeof(left),
                  (double)(p.n_steps - p.step) / fmax(speed, 1e-9));
    printf("%sstep %zu/%zu  loss %.4f  ", s->terminal ? "\r" : "", p.step,
           p.n_steps, p.loss);
    print_losses(&p, s->images);
    printf("  rate %.2e  %.1f steps/s  %s", p.rate, speed, left);
    if (p.valid_step)
        printf("  valid %.4f (best %.4f at %zu)", p.valid, p.best, p.best_step);
    printf(s->terminal && !last ? "\x1b[K" : "\n");
    fflush(stdout);
}

/* ---- the loop ---- */

static enum lat_code train(struct lat_trainer *t, const struct options *o,
                           const char *checkpoint, struct show *s,
                           struct lat_err *err)
{
    struct lat_progress p = lat_train_progress(t);
    enum lat_code code = LAT_OK;

    s->begun = s->saved = cli_now();
    s->first_step = p.step;
    for (size_t step = p.step; step < p.n_steps && !cli_interrupted(); step++) {
        code = lat_train_step(t, err);
        if (!code &&
            cli_now() - s->saved >= (double)(o->every ? o->every : 60)) {
            code = lat_train_save(t, checkpoint, err);
            s->saved = cli_now();
        }
        if (code)
            return code;
        show_progress(s, t, step + 1 == p.n_steps || cli_interrupted());
    }
    return LAT_OK;
}

/* What was reached is kept, whatever stopped us. */
static enum lat_code stop_early(struct lat_trainer *t, const char *checkpoint,
                                const char *why, struct lat_err *err)
{
    enum lat_code code = lat_train_save(t, checkpoint, err);

    if (code)
        return code;
    return lat_fail(err, LAT_ECANCEL,
                    "%s; go on by the same command with --resume (saved in %s)",
                    why, checkpoint);
}

/* ---- what came out ---- */

struct given {
    const struct options *o;
    const struct lat_kernel *kernel;
    const struct lat_dataset *d;
    struct lat_model *parent; /* or NULL */
};

/* What the parent knew on its own test set, and what is left of it. */
static enum lat_code measure_forgetting(struct lat_buf *json,
                                        struct lat_model *m,
                                        const struct given *g,
                                        struct lat_err *err)
{
    struct lat_model *const who[] = {g->parent, m};
    struct lat_buf figures[2] = {{0}, {0}};
    struct lat_recipe *r = NULL;
    struct lat_dataset *d = NULL;
    enum lat_code code = lat_recipe_of(&r, g->parent, err);

    if (!code)
        code = lat_dataset_open(&d, r, g->o->old_data, err);
    for (size_t i = 0; !code && i < 2; i++) {
        const struct cli_measured old = {g->kernel, d,
                                         cli_threads(g->o->threads)};

        code = cli_measure(&figures[i], who[i], &old, LAT_TEST, err);
    }
    if (!code && figures[1].len)
        lat_buf_printf(json, "%c\"forgetting\":{\"before\":%s},\"after\":%s}}",
                       json->len ? ',' : '{', figures[0].v, figures[1].v);
    lat_buf_fini(&figures[0]);
    lat_buf_fini(&figures[1]);
    lat_dataset_free(d);
    lat_recipe_free(r);
    return code ? lat_wrap(err, code, "--old-data") : LAT_OK;
}

/* The model file says of itself what was measured: written once to be
 * measured, and once more with the figures in its card. */
static enum lat_code publish(const struct lat_trainer *t, const struct given *g,
                             struct lat_err *err)
{
    const struct cli_measured on = {g->kernel, g->d,
                                    cli_threads(g->o->threads)};
    struct lat_model *m = NULL;
    struct lat_buf json = {0};
    enum lat_code code = lat_train_publish(t, g->o->output, NULL, err);

    if (!code)
        code = lat_model_read(&m, g->o->output, err);
    if (!code)
        code = cli_measure(&json, m, &on, LAT_VALID, err);
    if (!code)
        code = cli_measure(&json, m, &on, LAT_TEST, err);
    if (!code && g->o->old_data)
        code = measure_forgetting(&json, m, g, err);
    lat_buf_puts(&json, json.len ? "}" : "null");
    if (!code && json.failed)
        code = lat_fail(err, LAT_ENOMEM, "results");
    if (!code)
        code = lat_train_publish(t, g->o->output, json.v, err);
    lat_buf_fini(&json);
    lat_model_unref(m);
    return code;
}

static enum lat_code run_trainer(struct lat_trainer *t, const struct given *g,
                                 const char *checkpoint, struct lat_err *err)
{
    const struct options *o = g->o;
    struct show s = {.terminal = isatty(STDOUT_FILENO) == 1,
                     .images = lat_dataset_info(g->d).images};
    enum lat_code code = LAT_OK;

    if (g->parent)
        code = lat_train_from(t, g->parent, err);
    if (!code && o->resume)
        code = lat_train_load(t, checkpoint, err);
    if (!code)
        code = train(t, o, checkpoint, &s, err);
    if (code == LAT_EDIVERGE) { /* the last good state is worth keeping */
        struct lat_err why = *err;

        return stop_early(t, checkpoint, why.msg, err);
    }
    if (code)
        return code;
    if (!lat_train_finished(t))
        return stop_early(t, checkpoint, "interrupted", err);
    code = publish(t, g, err);
    if (!code) {
        remove(checkpoint);
        printf("wrote %s\n", o->output);
    }
    return code;
}

/* ---- from options to a trainer ---- */

/* Hours later is too late to learn that a folder is not there. */
static enum lat_code check_folder(const char *path, struct lat_err *err)
{
    char copy[4096];
    const char *dir;

    snprintf(copy, sizeof(copy), "%s", path);
    dir = dirname(copy);
    if (access(dir, W_OK | X_OK))
        return lat_fail(err, errno == ENOENT ? LAT_ENOENT : LAT_EIO,
                        "%s: cannot write into %s: %s", path, dir,
                        strerror(errno));
    return LAT_OK;
}

/* The recipe, as the model to go on from and the options would have it. */
static enum lat_code read_recipe(struct lat_recipe **r, struct lat_model **from,
                                 const struct options *o, const char *recipe,
                                 struct lat_err *err)
{
    char path[4096];
    enum lat_code code = cli_recipe_find(path, recipe, err);

    if (!code)
        code = lat_recipe_read(r, path, err);
    if (!code && o->from)
        code = lat_model_read(from, o->from, err);
    if (!code && o->from)
        code = lat_recipe_adopt(*r, *from, err);
    for (size_t i = 0; i < o->set.n && !code; i++)
        code = cli_recipe_set(*r, o->set.v[i], err);
    if (!code && o->freeze)
        code = lat_recipe_set(*r, "freeze", o->freeze, err);
    if (!code && o->early_lr)
        code = lat_recipe_set(*r, "early_lr", o->early_lr, err);
    return code;
}

static enum lat_code make_and_run(const struct options *o, const char *recipe,
                                  const char *checkpoint, struct lat_err *err)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_recipe *r = NULL;
    struct lat_dataset *d = NULL;
    struct lat_trainer *t = NULL;
    struct lat_model *from = NULL;
    enum lat_code code = check_folder(o->output, err);

    if (!code)
        code = check_folder(checkpoint, err);
    if (!code)
        code = lat_kernel_pick(&kernel, o->kernel, err);
    if (!code)
        code = read_recipe(&r, &from, o, recipe, err);
    if (!code)
        code = cli_data_open(&d, r, &o->data, err);
    if (!code) {
        cli_data_print(d);
        code = lat_trainer_new(&t, r, d, kernel, cli_threads(o->threads), err);
    }
    if (!code) {
        const struct given g = {o, kernel, d, from};

        code = run_trainer(t, &g, checkpoint, err);
    }
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_recipe_free(r);
    lat_model_unref(from);
    return code;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct lat_err err = {0};
    char checkpoint[4096];
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc)
        return cli_misuse(cmd, "one recipe must be given");
    if (!o.data.data || !o.output)
        return cli_misuse(cmd, "--data and --out must be given");
    if (!o.from && (o.freeze || o.early_lr || o.old_data))
        return cli_misuse(cmd, "--freeze, --early-lr and --old-data are for "
                               "training that goes on --from a model");
    if (o.checkpoint)
        snprintf(checkpoint, sizeof(checkpoint), "%s", o.checkpoint);
    else
        snprintf(checkpoint, sizeof(checkpoint), "%s.checkpoint", o.output);
    cli_catch_interrupts();
    return make_and_run(&o, argv[first], checkpoint, &err) ? cli_report(&err)
                                                           : CLI_OK;
}

const struct cli_command cli_train = {
    "train",
    "RECIPE --data DIR --out FILE",
    "Train an encoder by a recipe",
    "An interrupt (Ctrl-C) saves a checkpoint; --resume goes on from it, and "
    "ends in\nthe same bytes as a run that was not interrupted.\n",
    options,
    run,
};
