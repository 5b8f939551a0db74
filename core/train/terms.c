/* terms.c - what a recipe means: lines that must fit, words, weights. */
#include "../train.h"
#include "../views.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double beyond_ms = 500.0; /* evaluation looks that far */

const struct lat__objective_row *lat__recipe_objective(
    const struct lat_recipe *r)
{
    return lat__objective_row(r->objective);
}

double lat__recipe_weight(const struct lat_recipe *r, enum lat__weight w)
{
    return isnan(r->weight[w]) ? lat__recipe_objective(r)->weight[w]
                               : r->weight[w];
}

double lat__recipe_kappa(const struct lat_recipe *r)
{
    return isnan(r->kappa) ? lat__recipe_objective(r)->kappa : r->kappa;
}

bool lat__recipe_has_classes(const struct lat_recipe *r)
{
    return *r->classes;
}

/* A view begins up to max_shift away and is up to exp(stretch) as long. */
size_t lat__recipe_reach(const struct lat_recipe *r)
{
    double shift = (double)lat__phase_samples(r->max_shift_ms, r->rate_hz);
    double most = exp(r->stretch);

    return (size_t)ceil(shift * most + (double)r->window * (most - 1.0)) + 2;
}

/* A window with all its views; of hearts also with the shifts of an
 * evaluation. */
size_t lat__recipe_least(const struct lat_recipe *r)
{
    size_t reach = lat__recipe_reach(r), far = 0;

    if (r->kind == LAT_WFDB)
        far = (size_t)lat__phase_samples(beyond_ms, r->rate_hz);
    return r->window + 2 * (reach > far ? reach : far) + 1;
}

static bool between(char c)
{
    return isspace((unsigned char)c) || c == ',';
}

bool lat__recipe_word(char word[LAT_NAME_MAX], const char **text)
{
    const char *s = *text;
    size_t n = 0;

    while (between(*s))
        s++;
    for (; *s && !between(*s); s++)
        if (n < LAT_NAME_MAX - 1)
            word[n++] = *s;
    word[n] = '\0';
    *text = s;
    return n > 0;
}

static size_t words(const char *text)
{
    char word[LAT_NAME_MAX];
    size_t n = 0;

    while (lat__recipe_word(word, &text))
        n++;
    return n;
}

bool lat__recipe_mixed(const struct lat_recipe *r)
{
    return words(r->unit) > 1;
}

void lat__recipe_unit(char unit[LAT_UNIT_MAX], const struct lat_recipe *r,
                      size_t k)
{
    const char *at = r->unit;
    char word[LAT_NAME_MAX] = "";
    size_t last = lat__recipe_mixed(r) ? k : 0, n = 0;

    while (n <= last && lat__recipe_word(word, &at))
        n++;
    snprintf(unit, LAT_UNIT_MAX, "%.*s", LAT_UNIT_MAX - 1,
             n > last ? word : "");
}

static enum lat_code check_units(const struct lat_recipe *r,
                                 struct lat_err *err)
{
    size_t units = words(r->unit), leads = words(r->leads);

    if (units == 1 || (r->kind != LAT_WFDB && units == leads))
        return LAT_OK;
    return lat_fail(err, LAT_EINVAL, "%zu units for %zu leads, must be one%s",
                    units, leads,
                    r->kind == LAT_WFDB ? "" : ", or one for each");
}

static enum lat_code check_weights(const struct lat_recipe *r,
                                   struct lat_err *err)
{
    const struct lat__objective_row *o = lat__recipe_objective(r);
    double all = 0.0;

    for (size_t i = 0; i < LAT_N_WEIGHTS; i++)
        all += lat__recipe_weight(r, (enum lat__weight)i);
    if (!o->contrast && all > 0.0)
        return lat_fail(err, LAT_EINVAL,
                        "objective %s has no w_inv, w_var, w_neg, w_nce, "
                        "w_graded",
                        o->name);
    if (o->contrast && (all <= 0.0 || r->lambda <= 0.0))
        return lat_fail(err, LAT_EINVAL,
                        "objective %s with nothing of its own: all weights "
                        "or lambda are 0",
                        o->name);
    if (o->contrast && r->views < 2)
        return lat_fail(err, LAT_EINVAL,
                        "views is %zu, objective %s wants 2 or more", r->views,
                        o->name);
    return LAT_OK;
}

/* Lines for recordings of hearts, and for those of movements. */
static enum lat_code check_kind(const struct lat_recipe *r, struct lat_err *err)
{
    if (r->kind == LAT_WFDB && r->max_rotation > 0.0)
        return lat_fail(err, LAT_EINVAL,
                        "max_rotation is for axes, dataset is wfdb");
    if (r->kind != LAT_WFDB &&
        (r->max_shift_ms > 0.0 || r->stretch > 0.0 || r->lead_mix > 0.0))
        return lat_fail(err, LAT_EINVAL,
                        "max_shift, stretch and lead_mix must be 0 for "
                        "activities");
    if (r->negatives == LAT_OTHER_CLASS && !*r->classes)
        return lat_fail(err, LAT_EINVAL,
                        "negatives of another class, but there are no classes");
    return LAT_OK;
}

enum lat_code lat__recipe_check(const struct lat_recipe *r, struct lat_err *err)
{
    const struct lat__objective_row *o = lat__recipe_objective(r);
    enum lat_code code = lat__recipe_foreign(r, err);

    if (code)
        return code;
    if (r->kind == LAT_PICTURES)
        return lat__pictures_check(r, err);
    if (r->batch % r->group != 0)
        return lat_fail(err, LAT_EINVAL,
                        "batch is %zu, not a multiple of group, %zu", r->batch,
                        r->group);
    if (r->w_task > 0.0 && !*r->task)
        return lat_fail(err, LAT_EINVAL, "w_task is %g, but there is no task",
                        r->w_task);
    if (r->task_noise > 0.0 && (!o->contrast || o->whole || r->w_task <= 0.0))
        return lat_fail(err, LAT_EINVAL,
                        "task_noise is for objectives with blocks, and a task; "
                        "objective is %s, w_task %g",
                        o->name, r->w_task);
    if (r->batch * r->views < 2)
        return lat_fail(err, LAT_EINVAL, "batch is 1, must be 2 or more");
    code = check_kind(r, err);
    if (!code)
        code = check_units(r, err);
    return code ? code : check_weights(r, err);
}
