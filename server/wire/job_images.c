/* job_images.c - what of an objective is of images alone. */
#include "job_parts.h"

#include <math.h>
#include <string.h>

static const struct number {
    const char *name, *key;
    bool of_gates;
} numbers[] = {
    {"prior", "prior", true},
    {"price", "price", true},
    {"gate_temperature", "temperature", true},
    {"top_k", "top_k", false},
};

static const struct text {
    const char *name;
    bool of_gates;
    const char *words[10];
} texts[] = {
    {"gate", true, {"ste", "gumbel1", "concrete", "soft", NULL}},
    {"prior_by", true, {"all", "activity", NULL}},
    {"nonnegativity",
     false,
     {"none", "relu", "rep_relu", "gelu", "softplus", "exp", "sigmoid",
      "leaky_relu", NULL}},
};

/* Whoever speaks of gates wants some: cl and ncl have none. */
static enum lat_code claim(struct latd_job_ask *ask, const char *name,
                           bool of_gates, struct lat_err *err)
{
    enum lat_code code = latd_job_claim(ask, LATD_FOR_IMAGES, name, name, err);

    if (code || !of_gates)
        return code;
    if (*ask->objective && !ask->gates)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "%s is for gates, which bayesncl has and %s has "
                               "not",
                               name, ask->objective),
                      "%s", name);
    ask->gates = true;
    return LAT_OK;
}

static enum lat_code read_number(struct latd_job_ask *ask, const json_t *o,
                                 const struct number *n, struct lat_err *err)
{
    double v = (double)NAN;
    enum lat_code code = latd_json_number(&v, o, n->name, err);

    if (code || isnan(v))
        return code;
    code = claim(ask, n->name, n->of_gates, err);
    return code ? code : latd_job_number(ask, n->key, v, err);
}

static enum lat_code read_text(struct latd_job_ask *ask, const json_t *o,
                               const struct text *t, struct lat_err *err)
{
    int which = -1;
    enum lat_code code = latd_json_word(&which, o, t->name, t->words, err);

    if (code || which < 0)
        return code;
    code = claim(ask, t->name, t->of_gates, err);
    return code ? code : latd_job_line(ask, t->name, t->words[which], err);
}

enum lat_code latd_job_gates(struct latd_job_ask *ask, const json_t *objective,
                             struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !code; i++)
        code = read_number(ask, objective, &numbers[i], err);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !code; i++)
        code = read_text(ask, objective, &texts[i], err);
    return code;
}
