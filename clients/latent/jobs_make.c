/* jobs_make.c - options, as the body of a request for a job. */
#include "jobs.h"

#include <stdlib.h>
#include <string.h>

static bool put(json_t *to, const char *name, json_t *v)
{
    return json_object_set_new(to, name, v) == 0;
}

static bool put_text(json_t *to, const char *name, const char *text)
{
    return !text || put(to, name, json_string(text));
}

/* As a number where it is one. */
static json_t *value_of(const char *text)
{
    char *end;
    double v = strtod(text, &end);

    return *text && !*end ? json_real(v) : json_string(text);
}

static bool put_pairs(json_t *to, const struct cli_list *list, bool numbers)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *is = strchr(list->v[i], '=');
        char name[80];

        if (!is || (size_t)(is - list->v[i]) >= sizeof(name))
            return false;
        snprintf(name, sizeof(name), "%.*s", (int)(is - list->v[i]),
                 list->v[i]);
        if (!put(to, name, numbers ? value_of(is + 1) : json_string(is + 1)))
            return false;
    }
    return true;
}

static bool put_hyper(json_t *root, const struct cli_jobs_options *o)
{
    json_t *h = json_object();
    bool ok = true;

    if (o->epochs)
        ok = ok && put(h, "n_epochs", json_integer((json_int_t)o->epochs));
    if (o->batch)
        ok = ok && put(h, "batch_size", json_integer((json_int_t)o->batch));
    if (o->rate)
        ok = ok && put(h, "learning_rate_multiplier", value_of(o->rate));
    return ok && put(root, "hyperparameters", h);
}

static bool put_objective(json_t *root, const struct cli_jobs_options *o)
{
    json_t *obj = json_object(), *recipe = json_object();
    bool ok = put_text(obj, "type", o->objective) &&
              put_text(obj, "gate", o->gate) &&
              put_pairs(recipe, &o->set, true);

    ok = put(obj, "recipe", recipe) && ok;
    return put(root, "objective", obj) && ok;
}

static bool fill(json_t *root, const struct cli_jobs_options *o)
{
    json_t *metadata = json_object();
    bool ok = put_text(root, "model", o->model) &&
              put_text(root, "training_file", o->train) &&
              put_text(root, "validation_file", o->valid) &&
              put_text(root, "suffix", o->suffix) && put_hyper(root, o) &&
              put_objective(root, o) &&
              put_pairs(metadata, &o->metadata, false);

    if (o->seed)
        ok = ok && put(root, "seed", json_integer((json_int_t)o->seed));
    return put(root, "metadata", metadata) && ok;
}

enum lat_code cli_jobs_body(struct lat_buf *out,
                            const struct cli_jobs_options *o,
                            struct lat_err *err)
{
    json_t *root = json_object();
    char *text = NULL;
    enum lat_code code = LAT_OK;

    if (!fill(root, o))
        code = lat_fail(err, LAT_EINVAL,
                        "--set and --metadata want KEY=VALUE, all else UTF-8");
    else if (!(text = json_dumps(root, JSON_COMPACT)))
        code = lat_fail(err, LAT_ENOMEM, "the request");
    else
        lat_buf_puts(out, text);
    free(text);
    json_decref(root);
    return code;
}
