/* job_objective.c - what is to be learned, as lines of a recipe. */
#include "job_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- lines of a recipe ------------------------------------------------- */

enum lat_code latd_job_line(struct latd_job_ask *ask, const char *key,
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

enum lat_code latd_job_number(struct latd_job_ask *ask, const char *key,
                              double v, struct lat_err *err)
{
    char text[40];

    snprintf(text, sizeof(text), "%.12g", v);
    return latd_job_line(ask, key, text, err);
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
            code = latd_job_number(ask, words->key, v, err);
    }
    return code;
}

/* ---- the recipe's own words -------------------------------------------- */

/* Lines that change what is learned, and not what the model reads.  Those that
 * are not for its kind are refused when the job is looked into. */
static const char *const recipe_keys[] = {
    "batch",
    "views",
    "group",
    "max_shift",
    "max_rotation",
    "noise",
    "gain",
    "stretch",
    "lead_mix",
    "negatives",
    "classes",
    "labelled",
    "w_task",
    "lambda",
    "w_inv",
    "w_var",
    "w_neg",
    "w_nce",
    "w_graded",
    "kappa",
    "tau",
    "m_var",
    "m_neg",
    "steps",
    "lr",
    "warm_up",
    "decay",
    "final_rate",
    "weight_decay",
    "beta1",
    "beta2",
    "epsilon",
    "clip",
    "freeze",
    "early_lr",
    "precision",
    "best",
    "data",
    "validate_every",
    "validate_windows",
    "licence",
    "validate_images",
    "area",
    "jitter",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "grey",
    "blur",
    "flip",
    "nonnegativity",
    "top_k",
    "gate",
    "isolated",
    "temperature",
    "cool",
    "prior",
    "prior_by",
    "price",
    "optimiser",
    "eta",
    "momentum",
    "gate_lr",
    "class_lr",
    NULL,
};

static enum lat_code add_value(struct latd_job_ask *ask, const char *key,
                               const json_t *value, struct lat_err *err)
{
    if (json_is_number(value))
        return latd_job_number(ask, key, json_number_value(value), err);
    if (json_is_boolean(value))
        return latd_job_line(ask, key, json_is_true(value) ? "yes" : "no", err);
    if (json_is_string(value))
        return latd_job_line(ask, key, json_string_value(value), err);
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

enum lat_code latd_job_claim(struct latd_job_ask *ask, enum latd_job_for kind,
                             const char *what, const char *where,
                             struct lat_err *err)
{
    static const char *const kinds[] = {"any model", "signals", "images"};

    if (ask->kind == LATD_FOR_ANY) {
        ask->kind = kind;
        snprintf(ask->kind_by, sizeof(ask->kind_by), "%s", what);
    }
    if (ask->kind == kind)
        return LAT_OK;
    return lat_at(err,
                  lat_fail(err, LAT_EINVAL, "%s is for %s, and %s for %s", what,
                           kinds[kind], ask->kind_by, kinds[ask->kind]),
                  "%s", where);
}

static enum lat_code read_type(struct latd_job_ask *ask, const json_t *o,
                               struct lat_err *err)
{
    static const char *const types[] = {
        "plain",  "augment",     "scl", "scl-nce", "scl-graded", "nt-xent",
        "supcon", "consistency", "cl",  "ncl",     "bayesncl",   NULL};
    enum { FIRST_OF_IMAGES = 8, WITH_GATES = 10 };
    int type = -1;
    enum lat_code code = latd_json_word(&type, o, "type", types, err);

    if (code || type < 0)
        return code;
    snprintf(ask->objective, sizeof(ask->objective), "%s", types[type]);
    ask->gates = type == WITH_GATES;
    return latd_job_claim(
        ask, type < FIRST_OF_IMAGES ? LATD_FOR_SIGNALS : LATD_FOR_IMAGES,
        "type", "type", err);
}

/* Members that only signals have. */
static enum lat_code claim_signals(struct latd_job_ask *ask, const json_t *o,
                                   struct lat_err *err)
{
    static const char *const names[] = {"weights",   "margins", "partitions",
                                        "negatives", "classes", "kappa",
                                        "lambda",    NULL};
    enum lat_code code = LAT_OK;

    for (size_t i = 0; names[i] && !code; i++)
        if (latd_json_get(o, names[i]))
            code =
                latd_job_claim(ask, LATD_FOR_SIGNALS, names[i], names[i], err);
    return code;
}

/* A member that is a text, as a line of the same name. */
static enum lat_code add_text(struct latd_job_ask *ask, const json_t *obj,
                              const char *name, struct lat_err *err)
{
    const char *text = NULL;
    enum lat_code code = latd_json_text(&text, obj, name, err);

    return code || !text ? code : latd_job_line(ask, name, text, err);
}

static const char *const objective_names[] = {
    "type",          "weights",     "partitions",
    "views",         "margins",     "kappa",
    "lambda",        "temperature", "freeze",
    "early_lr",      "negatives",   "classes",
    "gate",          "prior",       "price",
    "top_k",         "prior_by",    "gate_temperature",
    "nonnegativity", "recipe",      NULL,
};

enum lat_code latd_job_objective(struct latd_job_ask *ask, const json_t *root,
                                 struct lat_err *err)
{
    static const struct word words[] = {
        {"temperature", "tau"}, {"kappa", "kappa"},       {"lambda", "lambda"},
        {"freeze", "freeze"},   {"early_lr", "early_lr"}, {NULL, NULL}};
    static const char *const texts[] = {"negatives", "classes"};
    const json_t *o = NULL;
    enum lat_code code =
        latd_job_object(&o, root, "objective", objective_names, err);

    if (code || !o)
        return code;
    code = read_type(ask, o, err);
    if (!code)
        code = claim_signals(ask, o, err);
    if (!code)
        code = latd_job_gates(ask, o, err);
    if (!code)
        code = read_weights(ask, o, err);
    if (!code)
        code = read_partitions(ask, o, err);
    if (!code)
        code = latd_job_views(ask, o, err);
    if (!code)
        code = add_numbers(ask, o, words, err);
    for (size_t i = 0; !code && i < sizeof(texts) / sizeof(texts[0]); i++)
        code = add_text(ask, o, texts[i], err);
    if (!code)
        code = read_recipe(ask, o, err);
    return code ? lat_at(err, code, "objective") : LAT_OK;
}
