/* publish.c - what was learned, as a model file with its card. */
#include "../train.h"

#include <stdio.h>
#include <string.h>

/* ---- notes of the card, as JSON ---- */

void lat__put_string(struct lat_buf *b, const char *s)
{
    lat_buf_puts(b, "\"");
    for (; *s; s++)
        if (*s == '"' || *s == '\\')
            lat_buf_printf(b, "\\%c", *s);
        else if ((unsigned char)*s < ' ')
            lat_buf_printf(b, "\\u%04x", (unsigned)*s);
        else
            lat_buf_put(b, s, 1);
    lat_buf_puts(b, "\"");
}

static void put_method(struct lat_buf *b, const struct lat_recipe *r)
{
    const struct lat__objective_row *o = lat__recipe_objective(r);
    static const char *const names[LAT_N_WEIGHTS] = {"w_inv", "w_var", "w_neg",
                                                     "w_nce", "w_graded"};

    lat_buf_printf(b, "{\"objective\":\"%s\",\"w_task\":%.9g", o->name,
                   r->w_task);
    if (o->views)
        lat_buf_printf(b,
                       ",\"views\":%zu,\"max_shift_ms\":%.9g,"
                       "\"max_rotation_degrees\":%.9g,"
                       "\"stretch\":%.9g,\"lead_mix\":%.9g,"
                       "\"noise\":%.9g,\"gain\":%.9g",
                       r->views, r->max_shift_ms, r->max_rotation, r->stretch,
                       r->lead_mix, r->noise, r->gain);
    for (size_t i = 0; o->contrast && i < LAT_N_WEIGHTS; i++)
        lat_buf_printf(b, ",\"%s\":%.9g", names[i],
                       lat__recipe_weight(r, (enum lat__weight)i));
    if (o->contrast)
        lat_buf_printf(b,
                       ",\"lambda\":%.9g,\"tau\":%.9g,\"kappa\":%.9g,"
                       "\"m_var\":%.9g,\"m_neg\":%.9g",
                       r->lambda, r->tau, lat__recipe_kappa(r), r->m_var,
                       r->m_neg);
    lat_buf_puts(b, "}");
}

/* The records that were read, split by split; of activities the users. */
static void put_split(struct lat_buf *b, const struct lat_dataset *d)
{
    for (size_t s = 0; s < LAT_N_SPLITS; s++) {
        const char *comma = "";

        lat_buf_printf(b, "%s\"%s\":[", s ? "," : "{",
                       lat__split_name((enum lat_split)s));
        for (size_t i = d->first[s]; d->n_channels > 1 && i < d->first[s + 1];
             i++) {
            lat_buf_puts(b, comma);
            lat__put_string(b, d->subjects[i].name);
            comma = ",";
        }
        for (size_t i = 0; d->n_channels == 1 && i < d->n_records; i++) {
            if (d->subjects[d->records[i].subject].split != s)
                continue;
            lat_buf_puts(b, comma);
            lat__put_string(b, d->records[i].name);
            comma = ",";
        }
        lat_buf_puts(b, "]");
    }
    lat_buf_puts(b, "}");
}

void lat__put_parent(struct lat_buf *b, const struct lat_trainer *t)
{
    if (!*t->parent)
        return;
    lat_buf_puts(b, ",\"parent\":{\"name\":");
    lat__put_string(b, t->parent_name);
    lat_buf_printf(b, ",\"version\":%u,\"digest\":\"sha256:%s\"}",
                   t->parent_version, t->parent);
}

static void put_training(struct lat_buf *b, const struct lat_trainer *t)
{
    char hex[LAT_DIGEST_HEX];
    struct lat_buf recipe = {0};

    lat_digest_hex(hex, t->data->digest);
    lat_recipe_print(&recipe, t->recipe);
    lat_buf_puts(b, "{\"data\":");
    lat__put_string(b, t->recipe->data);
    lat_buf_printf(b, ",\"data_sha256\":\"%s\",\"split\":", hex);
    put_split(b, t->data);
    lat_buf_printf(b,
                   ",\"seed\":%zu,\"steps\":%zu,\"best_step\":%zu,"
                   "\"kernel\":\"%s\",\"recipe\":",
                   t->recipe->seed, t->step, t->best_step,
                   lat_kernel_way(t->ctx.kernel, t->ctx.precision));
    lat__put_string(b, recipe.failed ? "" : recipe.v);
    lat__put_parent(b, t);
    lat_buf_puts(b, "}");
    b->failed = b->failed || recipe.failed;
    lat_buf_fini(&recipe);
}

/* ---- the card ---- */

static void describe_input(struct lat_input *in, const struct lat_recipe *r,
                           size_t n_channels)
{
    const size_t most = sizeof(in->names) / sizeof(in->names[0]);
    const char *at = r->leads;

    in->n_channels = n_channels;
    while (in->n_names < most && lat__recipe_word(in->names[in->n_names], &at))
        in->n_names++;
    for (size_t k = 0; k < in->n_names; k++)
        lat__recipe_unit(in->units[k], r, k);
    if (!lat__recipe_mixed(r))
        memcpy(in->unit, in->units[0], sizeof(in->unit));
    in->rate_hz = r->rate_hz;
    in->window = r->window;
}

static void describe(struct lat_card *card, const struct lat_trainer *t)
{
    const struct lat_recipe *r = t->recipe;
    size_t at = 0;

    snprintf(card->name, sizeof(card->name), "%s", r->name);
    card->version = 1;
    card->dims = t->net->dims;
    card->partitioned =
        lat__recipe_objective(r)->contrast && !lat__recipe_objective(r)->whole;
    for (size_t b = 0; b < LAT_N_BLOCKS; b++) {
        card->blocks[b] = (struct lat_range){at, at + r->block[b]};
        at += r->block[b];
    }
    describe_input(&card->input, r, t->data->n_channels);
    card->prep = r->prep;
    if (!t->task)
        return;
    card->task = LAT_TASK_RECONSTRUCTION;
    if (!lat__recipe_has_classes(r))
        return;
    card->task = LAT_TASK_CLASSES;
    card->n_labels = t->data->n_classes;
    memcpy(card->labels, t->data->classes, sizeof(card->labels));
}

static enum lat_code read_layers(struct lat__architecture *a,
                                 const struct lat_trainer *t,
                                 struct lat_err *err)
{
    enum lat_code code =
        lat__layers_parse(&a->encoder, &a->n_encoder, t->recipe->encoder, err);

    if (!code && t->task)
        code = lat__layers_parse(&a->task, &a->n_task, t->recipe->task, err);
    return code;
}

static enum lat_code make_card(struct lat_buf *out, const struct lat_trainer *t,
                               const char *results, struct lat_err *err)
{
    struct lat_buf method = {0}, training = {0}, licence = {0};
    struct lat_card *card = lat_calloc(1, sizeof(*card));
    struct lat__architecture arch = {0};
    struct lat__card_notes notes = {.results = results};
    enum lat_code code;

    put_method(&method, t->recipe);
    put_training(&training, t);
    lat__put_string(&licence, t->recipe->licence);
    if (!card || method.failed || training.failed || licence.failed) {
        code = lat_fail(err, LAT_ENOMEM, "card");
        goto out;
    }
    notes.method = method.v;
    notes.training = training.v;
    notes.licence = *t->recipe->licence ? licence.v : NULL;
    describe(card, t);
    code = read_layers(&arch, t, err);
    if (!code)
        code = lat__card_encode(out, card, &arch, &notes, err);
out:
    lat__architecture_fini(&arch);
    lat_buf_fini(&method);
    lat_buf_fini(&training);
    lat_buf_fini(&licence);
    lat_free(card);
    return code;
}

static enum lat_code publish(const struct lat_trainer *t, bool best,
                             const char *path, const char *results,
                             struct lat_err *err)
{
    const float *params = best && t->best_step > 0 ? t->best : t->params;
    struct lat_buf card = {0}, file = {0};
    enum lat_code code;

    if (t->gated)
        return lat__pictures_publish(t, best, path, results, err);
    code = make_card(&card, t, results, err);
    if (!code)
        code = lat__model_encode(&file, t->net, params, card.v, err);
    if (!code)
        code = lat_file_write(path, file.v, file.len, err);
    lat_buf_fini(&card);
    lat_buf_fini(&file);
    return code ? lat_wrap(err, code, "model %s", t->recipe->name) : LAT_OK;
}

enum lat_code lat_train_publish(const struct lat_trainer *t, const char *path,
                                const char *results, struct lat_err *err)
{
    return publish(t, true, path, results, err);
}

enum lat_code lat_train_publish_step(const struct lat_trainer *t,
                                     const char *path, struct lat_err *err)
{
    return publish(t, false, path, NULL, err);
}
