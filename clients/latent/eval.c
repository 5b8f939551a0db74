/* eval.c - latent eval: what the papers report, of one model. */
#include "catalog.h"
#include "null.h"
#include "pictures.h"
#include "plot.h"
#include "probed.h"
#include "turned.h"

#include <math.h>
#include <string.h>

/* Of a patient: every window is compared with every other. */
enum { WINDOWS_MAX = 1000 };

struct options {
    const char *models, *data, *recipe, *split, *json, *svg, *kernel;
    struct cli_list set;
    uint64_t windows, threads;
    bool probe, bfloat16;
    const char *write_null;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"data", 'd', "DIR", "folder of recordings", CLI_TEXT, AT(data)},
    {"recipe", 'r', "FILE", "whose split; default: the one of the model's name",
     CLI_TEXT, AT(recipe)},
    {"set", 's', "KEY=VALUE", "override a line of the recipe", CLI_LIST,
     AT(set)},
    {"split", 0, "SPLIT", "train, valid or test; default test", CLI_TEXT,
     AT(split)},
    {"windows", 'n', "N", "windows of each patient; default 60, at most 1000",
     CLI_COUNT, AT(windows)},
    {"probe", 0, NULL, "read the shift out of pairs of latents, too", CLI_FLAG,
     AT(probe)},
    {"bfloat16", 0, NULL, "what bfloat16 costs this model, too", CLI_FLAG,
     AT(bfloat16)},
    {"write-null", 0, "FILE",
     "write the model there, with how alike different subjects are in its card",
     CLI_TEXT, AT(write_null)},
    {"json", 'j', "FILE", "write the numbers there", CLI_TEXT, AT(json)},
    {"svg", 0, "FILE", "draw S(D) there", CLI_TEXT, AT(svg)},
    {"models", 0, "DIR", "where models are; default: LATENT_MODELS", CLI_TEXT,
     AT(models)},
    {"threads", 't', "N", "default: all processors", CLI_COUNT, AT(threads)},
    {"kernel", 0, "NAME", "blas, avx2 or avx512; default: the fastest",
     CLI_TEXT, AT(kernel)},
    {0},
};

/* ---- the table ---- */

/* S less the mean latent, at 75 ms. */
static double centered_75(const struct lat_eval *e,
                          const struct lat_row_eval *row)
{
    for (size_t i = 0; i < e->n_shifts; i++)
        if (e->shift_ms[i] == 75.0)
            return row->curve_centered[i];
    return NAN;
}

static void print_table(const struct lat_eval *e, const char *model)
{
    printf("%s on %zu patients, %zu windows\n\n", model, e->n_patients,
           e->n_windows);
    printf("%-13s %8s %9s %9s %9s %9s %8s %8s %8s\n", "", "S(75)", "S(<=150)",
           "S(75) c.", "N", "gap", "R@1", "R@5", "mAP");
    for (int r = 0; r < LAT_N_ROWS; r++) {
        const struct lat_row_eval *row = &e->rows[r];

        if (!row->present)
            continue;
        printf("%-13s %8.4f %9.4f %9.4f %9.4f %9.4f %8.3f %8.3f %8.3f\n",
               lat_row_name((enum lat_row)r), row->at_75, row->mean_150,
               centered_75(e, row), row->between, row->at_75 - row->between,
               row->recall_1, row->recall_5, row->patient_map);
    }
    printf("\nS: cosine of a window with itself shifted (at 75 ms; mean up to "
           "150 ms; at\n75 ms less the mean latent); N: between "
           "patients; gap: S(75) - N;\nR@k: recall of the window shifted "
           "75 ms; mAP: of the patient's other windows.\n");
    if (e->has_reconstruction)
        printf("Reconstruction: mean squared error %.6f of a mean square of "
               "%.6f\n",
               e->reconstruction, e->power);
}

/* ---- JSON ---- */

static void put_card(struct lat_buf *b, const struct lat_card *card)
{
    lat_buf_puts(b, "{\"model\": ");
    cli_put_string(b, card->name);
    lat_buf_printf(b,
                   ", \"version\": %u, \"digest\": \"sha256:%s\", "
                   "\"evaluation\": ",
                   card->version, card->digest);
}

static void put_json(struct lat_buf *b, const struct lat_eval *e,
                     const struct lat_card *card)
{
    put_card(b, card);
    lat_eval_print(b, e);
    lat_buf_puts(b, "}\n");
}

/* Its end as well; b is used up. */
static enum lat_code write_json(const struct options *o, struct lat_buf *b,
                                struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    lat_buf_puts(b, "}\n");
    if (o->json)
        code = cli_write(b, o->json, err);
    lat_buf_fini(b);
    return code;
}

/* ---- of movements ---- */

static enum lat_code eval_turned(const struct options *o, struct lat_model *m,
                                 const struct lat_kernel *kernel,
                                 const struct lat_dataset *d,
                                 enum lat_split split, struct lat_err *err)
{
    const struct lat_turn_ask ask = {
        split, o->windows ? (size_t)o->windows : 60, cli_threads(o->threads)};
    const struct lat_card *card = lat_model_card(m);
    struct lat_turn_eval e;
    struct lat_buf b = {0};
    enum lat_code code;

    if (o->svg)
        return lat_fail(err, LAT_EINVAL,
                        "--svg: there is no picture of %s, which reads axes",
                        card->name);
    code = lat_eval_rotation(&e, m, kernel, d, &ask, err);
    if (code)
        return code;
    cli_print_turned(&e, card->name);
    put_card(&b, card);
    lat_turn_eval_print(&b, &e);
    code = write_json(o, &b, err);
    if (!code && o->bfloat16)
        code = cli_print_precision(m, kernel, d, &ask, err);
    return code;
}

static enum lat_code eval_images(const struct options *o, struct lat_model *m,
                                 const struct lat_kernel *kernel,
                                 const struct lat_dataset *d,
                                 enum lat_split split, struct lat_err *err)
{
    const struct lat_card *card = lat_model_card(m);
    struct lat_image_eval *e = NULL;
    struct lat_buf b = {0};
    enum lat_code code;

    if (o->svg || o->probe || o->windows)
        return lat_fail(err, LAT_EINVAL,
                        "--svg, --probe and --windows are not for %s, which "
                        "reads images",
                        card->name);
    code =
        cli_eval_images(&e, m, kernel, d, split, cli_threads(o->threads), err);
    if (code)
        return code;
    cli_print_image_eval(e, card->name);
    put_card(&b, card);
    lat_image_eval_print(&b, e);
    code = write_json(o, &b, err);
    lat_image_eval_free(e);
    return code;
}

/* ---- the run ---- */

static enum lat_code write_files(const struct options *o,
                                 const struct lat_eval *e,
                                 const struct lat_card *card,
                                 struct lat_err *err)
{
    struct lat_buf json = {0}, svg = {0};
    char name[96];
    enum lat_code code = LAT_OK;

    snprintf(name, sizeof(name), "%s@%u", card->name, card->version);
    put_json(&json, e, card);
    cli_plot_eval(&svg, e, name);
    if (o->json)
        code = cli_write(&json, o->json, err);
    if (!code && o->svg)
        code = cli_write(&svg, o->svg, err);
    lat_buf_fini(&json);
    lat_buf_fini(&svg);
    return code;
}

static enum lat_code open_data(struct lat_dataset **out,
                               const struct options *o,
                               const struct lat_card *card, struct lat_err *err)
{
    struct lat_recipe *r = NULL;
    char path[4096];
    enum lat_code code =
        cli_recipe_find(path, o->recipe ? o->recipe : card->name, err);

    if (!code)
        code = lat_recipe_read(&r, path, err);
    for (size_t i = 0; i < o->set.n && !code; i++)
        code = cli_recipe_set(r, o->set.v[i], err);
    if (!code)
        code = lat_dataset_open(out, r, o->data, err);
    lat_recipe_free(r);
    return code;
}

static enum lat_code eval_phase(const struct options *o, struct lat_model *m,
                                const struct lat_kernel *kernel,
                                const struct lat_dataset *d,
                                enum lat_split split, struct lat_err *err)
{
    const struct lat_turn_ask ask = {
        split, o->windows ? (size_t)o->windows : 60, cli_threads(o->threads)};
    const struct lat_heart_ask hearts = {split, ask.n_windows, ask.n_threads,
                                         o->data};
    struct lat_eval *e = lat_calloc(1, sizeof(*e));
    enum lat_code code =
        e ? LAT_OK : lat_fail(err, LAT_ENOMEM, "an evaluation");

    if (!code)
        code = lat_eval_phase(e, m, kernel, d, split, ask.n_windows,
                              ask.n_threads, err);
    if (!code) {
        print_table(e, lat_model_card(m)->name);
        code = write_files(o, e, lat_model_card(m), err);
    }
    if (!code && o->probe)
        code = cli_print_shifts(m, kernel, d, &ask, err);
    if (!code && o->probe)
        code = cli_print_hearts(m, kernel, d, &hearts, err);
    if (!code && o->bfloat16)
        code = cli_print_precision(m, kernel, d, &ask, err);
    lat_free(e);
    return code;
}

static enum lat_code eval(const struct options *o, const char *name,
                          enum lat_split split, struct lat_err *err)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_model *m = NULL;
    struct lat_dataset *d = NULL;
    char path[4096];
    enum lat_code code = lat_kernel_pick(&kernel, o->kernel, err);

    if (!code)
        code = cli_model_find(path, o->models, name, err);
    if (!code)
        code = lat_model_read(&m, path, err);
    if (!code)
        code = open_data(&d, o, lat_model_card(m), err);
    if (!code)
        code = cli_check_kind(m, d, err);
    if (!code && o->write_null) {
        const struct cli_null how = {o->write_null, (size_t)o->windows,
                                     cli_threads(o->threads)};

        code = cli_null_write(&how, path, m, kernel, d, err);
    } else if (!code && cli_is_of_images(m)) {
        code = eval_images(o, m, kernel, d, split, err);
    } else if (!code && cli_is_turned(m)) {
        code = eval_turned(o, m, kernel, d, split, err);
    } else if (!code) {
        code = eval_phase(o, m, kernel, d, split, err);
    }
    lat_dataset_free(d);
    lat_model_unref(m);
    return code;
}

static enum lat_split split_of(const char *word)
{
    static const char *const words[] = {"train", "valid", "test"};
    int s = 0;

    if (!word)
        return LAT_TEST;
    while (s < LAT_N_SPLITS && strcmp(word, words[s]) != 0)
        s++;
    return (enum lat_split)s;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc)
        return cli_misuse(cmd, "one model must be given");
    if (!o.data)
        return cli_misuse(cmd, "--data must be given");
    if (split_of(o.split) == LAT_N_SPLITS)
        return cli_misuse(cmd, "--split %s: must be train, valid or test",
                          o.split);
    if (o.windows > WINDOWS_MAX)
        return cli_misuse(cmd, "--windows %llu: must be at most %d",
                          (unsigned long long)o.windows, WINDOWS_MAX);
    return eval(&o, argv[first], split_of(o.split), &err) ? cli_report(&err)
                                                          : CLI_OK;
}

const struct cli_command cli_eval = {
    "eval",
    "MODEL --data DIR",
    "Measure a model on patients that it has not seen",
    "The split is the recipe's; compare models on the test part only when all "
    "else\nis decided.\n",
    options,
    run,
};
