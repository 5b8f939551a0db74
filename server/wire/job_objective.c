/* job_objective.c - what is to be learned, as lines of a recipe. */
#include "job_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- lines of a recipe ------------------------------------------------- */

static enum lat_code add_line(struct latd_job_ask *ask, const char *key,
                              const char *value, struct lat_err *err)
{
    struct latd_job_line *l = &ask->lines[ask->n_lines];

    if (ask->n_lines == LATD_JOB_LINES_MAX || strlen(key) >= sizeof(l->key) ||
        strlen(value) >= sizeof(l->value))
        return lat_fail(err, LAT_EINVAL,
                        "%.40s is too long, or there is too much of it", key);
    memcpy(l->key, key, strlen(key) + 1);
    memcpy(l->value, value, strlen(value) + 1);
    ask->n_lines++;
    return LAT_OK;
}

static enum lat_code add_number(struct latd_job_ask *ask, const char *key,
                                double v, struct lat_err *err)
{
    char text[40];

    snprintf(text, sizeof(text), "%.12g", v);
    return add_line(ask, key, text, err);
}

/* A member that is a number, as a line of another name. */
struct word {
    const char *name, *key;
};

static enum lat_code add_numbers(struct latd_job_ask *ask, const json_t *obj,
                                 const struct word *words, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (; !code && words->name; words++) {
        double v = (double)NAN;

        code = latd_json_number(&v, obj, words->name, err);
        if (!code && !isnan(v))
            code = add_number(ask, words->key, v, err);
    }
    return code;
}

/* ---- views ------------------------------------------------------------- */

static const struct view {
    const char *name, *param, *key;
} views[] = {
    {"phase_shift", "max_ms", "max_shift"},
    {"gaussian_noise", "snr_db", "noise"},
    {"gain", "max", "gain"},
    {"time_stretch", "max", "stretch"},
    {"lead_mix", "chance", "lead_mix"},
    {"rotation", "max_degrees", "max_rotation"},
};

enum { N_VIEWS = sizeof(views) / sizeof(views[0]) };

static enum lat_code read_view(struct latd_job_ask *ask, bool seen[N_VIEWS],
                               const json_t *v, struct lat_err *err)
{
    static const char *const words[] = {
        "phase_shift", "gaussian_noise", "gain", "time_stretch",
        "lead_mix",    "rotation",       NULL,
    };
    double number = (double)NAN;
    int which = -1;
    enum lat_code code = latd_json_word(&which, v, "name", words, err);

    if (code)
        return code;
    if (which < 0)
        return lat_fail(err, LAT_EINVAL, "a view needs a name");
    code = latd_json_known(
        v, (const char *const[]){"name", views[which].param, NULL}, err);
    if (!code)
        code = latd_json_number(&number, v, views[which].param, err);
    if (!code && isnan(number))
        code = lat_fail(err, LAT_EINVAL, "view %s needs %s", words[which],
                        views[which].param);
    if (code)
        return code;
    seen[which] = true;
    if (strcmp(views[which].param, "snr_db") == 0)
        number = pow(10.0, -number / 20.0);
    return add_number(ask, views[which].key, number, err);
}

/* What is not named is not done. */
static enum lat_code read_views(struct latd_job_ask *ask, const json_t *obj,
                                struct lat_err *err)
{
    const json_t *list = latd_json_get(obj, "views");
    bool seen[N_VIEWS] = {false};
    enum lat_code code = LAT_OK;

    if (!list)
        return LAT_OK;
    if (!json_is_array(list))
        return lat_at(err,
                      lat_fail_word(err, LAT_EINVAL, "invalid_type",
                                    "views is not an array"),
                      "views");
    for (size_t i = 0; !code && i < json_array_size(list); i++) {
        code = read_view(ask, seen, json_array_get(list, i), err);
        if (code)
            code = lat_at(err, code, "views[%zu]", i);
    }
    for (size_t i = 0; !code && i < N_VIEWS; i++)
        if (!seen[i])
            code = add_line(ask, views[i].key, "0", err);
    return code;
}

/* ---- the recipe's own words -------------------------------------------- */

/* Lines that change what is learned, and not what the model reads. */
static const char *const recipe_keys[] = {
    "batch",     "views",    "group",      "max_shift",      "max_rotation",
    "noise",     "gain",     "stretch",    "lead_mix",       "negatives",
    "classes",   "labelled", "w_task",     "lambda",         "w_inv",
    "w_var",     "w_neg",    "w_nce",      "w_graded",       "kappa",
    "tau",       "m_var",    "m_neg",      "steps",          "lr",
    "warm_up",   "decay",    "final_rate", "weight_decay",   "beta1",
    "beta2",     "epsilon",  "clip",       "freeze",         "early_lr",
    "precision", "best",     "data",       "validate_every", "validate_windows",
    "licence",   NULL,
};

static enum lat_code add_value(struct latd_job_ask *ask, const char *key,
                               const json_t *value, struct lat_err *err)
{
    if (json_is_number(value))
        return add_number(ask, key, json_number_value(value), err);
    if (json_is_boolean(value))
        return add_line(ask, key, json_is_true(value) ? "yes" : "no", err);
    if (json_is_string(value))
        return add_line(ask, key, json_string_value(value), err);
    return lat_at(err,
                  lat_fail_word(err, LAT_EINVAL, "invalid_type",
                                "%s is not a number, a text, true or false",
                                key),
                  "%.40s", key);
}

/* In the table's order, so that the order in which they were sent says
 * nothing. */
static enum lat_code read_recipe(struct latd_job_ask *ask, const json_t *obj,
                                 struct lat_err *err)
{
    const json_t *recipe = latd_json_get(obj, "recipe");
    enum lat_code code = LAT_OK;

    if (!recipe)
        return LAT_OK;
    if (!json_is_object(recipe))
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "recipe is not an object");
    if (!code)
        code = latd_json_known(recipe, recipe_keys, err);
    for (size_t i = 0; !code && recipe_keys[i]; i++) {
        const json_t *value = latd_json_get(recipe, recipe_keys[i]);

        if (value)
            code = add_value(ask, recipe_keys[i], value, err);
    }
    return code ? lat_at(err, code, "recipe") : LAT_OK;
}

/* ---- the objective ----------------------------------------------------- */

enum lat_code latd_job_object(const json_t **out, const json_t *obj,
                              const char *name, const char *const *known,
                              struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    *out = latd_json_get(obj, name);
    if (!*out)
        return LAT_OK;
    if (!json_is_object(*out))
        code = lat_fail_word(err, LAT_EINVAL, "invalid_type",
                             "%s is not an object", name);
    else
        code = latd_json_known(*out, known, err);
    return code ? lat_at(err, code, "%s", name) : LAT_OK;
}

static enum lat_code read_partitions(struct latd_job_ask *ask,
                                     const json_t *obj, struct lat_err *err)
{
    static const char *const known[] = {"invariant", "variant", "free", NULL};
    const json_t *p = NULL;
    enum lat_code code = latd_job_object(&p, obj, "partitions", known, err);

    for (size_t b = 0; !code && p && b < LAT_N_BLOCKS; b++) {
        uint64_t width = 0;

        code = latd_json_whole(&width, p, known[b],
                               (struct latd_bounds){0, 1 << 16}, err);
        ask->partitions[b] = (size_t)width;
        if (code)
            code = lat_at(err, code, "partitions");
    }
    return code;
}

static enum lat_code read_weights(struct latd_job_ask *ask, const json_t *obj,
                                  struct lat_err *err)
{
    static const char *const known[] = {"inv",    "var",  "neg", "nce",
                                        "graded", "task", NULL};
    static const struct word words[] = {
        {"inv", "w_inv"}, {"var", "w_var"},       {"neg", "w_neg"},
        {"nce", "w_nce"}, {"graded", "w_graded"}, {"task", "w_task"},
        {NULL, NULL}};
    static const char *const sides[] = {"var", "neg", NULL};
    static const struct word margins[] = {
        {"var", "m_var"}, {"neg", "m_neg"}, {NULL, NULL}};
    const json_t *w = NULL, *m = NULL;
    enum lat_code code = latd_job_object(&w, obj, "weights", known, err);

    if (!code && w) {
        code = add_numbers(ask, w, words, err);
        code = code ? lat_at(err, code, "weights") : LAT_OK;
    }
    if (!code)
        code = latd_job_object(&m, obj, "margins", sides, err);
    if (!code && m) {
        code = add_numbers(ask, m, margins, err);
        code = code ? lat_at(err, code, "margins") : LAT_OK;
    }
    return code;
}

/* A member that is a text, as a line of the same name. */
static enum lat_code add_text(struct latd_job_ask *ask, const json_t *obj,
                              const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    return code || !text ? code : add_line(ask, name, text, err);
}

enum lat_code latd_job_objective(struct latd_job_ask *ask, const json_t *root,
                                 struct lat_err *err)
{
    static const char *const known[] = {
        "type",        "weights", "partitions", "views",  "margins",
        "temperature", "kappa",   "lambda",     "freeze", "early_lr",
        "negatives",   "classes", "recipe",     NULL};
    static const char *const types[] = {"plain",   "augment",     "scl",
                                        "scl-nce", "scl-graded",  "nt-xent",
                                        "supcon",  "consistency", NULL};
    static const struct word words[] = {
        {"temperature", "tau"}, {"kappa", "kappa"},       {"lambda", "lambda"},
        {"freeze", "freeze"},   {"early_lr", "early_lr"}, {NULL, NULL}};
    static const char *const texts[] = {"negatives", "classes"};
    const json_t *o = NULL;
    int type = -1;
    enum lat_code code = latd_job_object(&o, root, "objective", known, err);

    if (code || !o)
        return code;
    code = latd_json_word(&type, o, "type", types, err);
    if (!code && type >= 0)
        snprintf(ask->objective, sizeof(ask->objective), "%s", types[type]);
    if (!code)
        code = read_weights(ask, o, err);
    if (!code)
        code = read_partitions(ask, o, err);
    if (!code)
        code = read_views(ask, o, err);
    if (!code)
        code = add_numbers(ask, o, words, err);
    for (size_t i = 0; !code && i < sizeof(texts) / sizeof(texts[0]); i++)
        code = add_text(ask, o, texts[i], err);
    if (!code)
        code = read_recipe(ask, o, err);
    return code ? lat_at(err, code, "objective") : LAT_OK;
}
