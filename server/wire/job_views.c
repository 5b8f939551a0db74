/* job_views.c - the views of an objective, as lines of a recipe. */
#include "job_parts.h"

#include <math.h>
#include <string.h>

/* off: what its line says when it is not done. */
static const struct view {
    const char *name, *param, *key, *off;
    bool images;
} views[] = {
    {"phase_shift", "max_ms", "max_shift", "0", false},
    {"gaussian_noise", "snr_db", "noise", "0", false},
    {"gain", "max", "gain", "0", false},
    {"time_stretch", "max", "stretch", "0", false},
    {"lead_mix", "chance", "lead_mix", "0", false},
    {"rotation", "max_degrees", "max_rotation", "0", false},
    {"crop", "min_area", "area", "1", true},
    {"colour_jitter", "chance", "jitter", "0", true},
    {"greyscale", "chance", "grey", "0", true},
    {"gaussian_blur", "chance", "blur", "0", true},
    {"flip", "chance", "flip", "0", true},
};

enum { N_VIEWS = sizeof(views) / sizeof(views[0]) };

static enum lat_code read_view(struct latd_job_ask *ask, bool seen[N_VIEWS],
                               const json_t *v, struct lat_err *err)
{
    static const char *const words[] = {
        "phase_shift", "gaussian_noise", "gain", "time_stretch",
        "lead_mix",    "rotation",       "crop", "colour_jitter",
        "greyscale",   "gaussian_blur",  "flip", NULL,
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
    if (!code)
        code = latd_job_claim(
            ask, views[which].images ? LATD_FOR_IMAGES : LATD_FOR_SIGNALS,
            words[which], "name", err);
    if (code)
        return code;
    seen[which] = true;
    if (strcmp(views[which].param, "snr_db") == 0)
        number = pow(10.0, -number / 20.0);
    return latd_job_number(ask, views[which].key, number, err);
}

/* What is not named is not done. */
enum lat_code latd_job_views(struct latd_job_ask *ask, const json_t *objective,
                             struct lat_err *err)
{
    const json_t *list = latd_json_get(objective, "views");
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
    if (!code && ask->kind == LATD_FOR_ANY) /* an empty list */
        code = latd_job_claim(ask, LATD_FOR_SIGNALS, "views", "views", err);
    for (size_t i = 0; !code && i < N_VIEWS; i++)
        if (!seen[i] && views[i].images == (ask->kind == LATD_FOR_IMAGES))
            code = latd_job_line(ask, views[i].key, views[i].off, err);
    return code;
}
