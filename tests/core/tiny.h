/* tiny.h - a recipe of a few seconds and waves to learn from. */
#ifndef TESTS_TINY_H
#define TESTS_TINY_H

#include "recipes.h"

enum { SUBJECTS = 6, SAMPLES = 2000 };

static const struct line tiny[] = {
    {"window", "64"},
    {"rate", "100"},
    {"encoder", "conv1d 4 k5 s2 p2, batchnorm, relu, flatten, linear 12"},
    {"task", "linear 128, unflatten w32 c4, batchnorm, relu, upsample x2, "
             "conv1d 1 k5 p2"},
    {"invariant", "6"},
    {"variant", "3"},
    {"free", "3"},
    {"batch", "8"},
    {"group", "2"},
    {"steps", "6"},
    {"warm_up", "2"},
    {"high", "30"},
    {"validate_every", "2"},
    {"validate_windows", "8"},
    {"max_shift", "100"},
    {"stretch", "0.2"},
    {"lead_mix", "0.5"},
    {"noise", "0.1"},
    {"gain", "0.1"},
};

static inline struct lat_recipe *recipe(const char *objective)
{
    return recipe_of(tiny, sizeof(tiny) / sizeof(tiny[0]), objective);
}

/* Waves of a period of the subject's own; four to train on, one each else. */
static inline struct lat_dataset *dataset(const struct lat_recipe *r)
{
    struct lat_dataset *d = NULL;

    CHECK(lat__dataset_new(&d, SUBJECTS, NULL) == LAT_OK);
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct lat__record *rec = &d->records[i];
        double w = 0.2 + 0.07 * (double)i;

        snprintf(rec->name, sizeof(rec->name), "r%zu", i);
        rec->subject = i;
        rec->n = SAMPLES;
        rec->v = lat_calloc(SAMPLES, sizeof(float));
        rec->other = lat_calloc(SAMPLES, sizeof(float));
        assert_non_null(rec->v);
        assert_non_null(rec->other);
        for (size_t t = 0; t < SAMPLES; t++) {
            rec->v[t] = (float)(sin(w * (double)t) + sin(0.5 * (double)t));
            rec->other[t] = (float)cos(w * (double)t);
        }
        d->subjects[i].split = i < 4    ? LAT_TRAIN
                               : i == 4 ? LAT_VALID
                                        : LAT_TEST;
        d->subjects[i].n_records = 1;
    }
    d->n_records = d->n_subjects = SUBJECTS;
    d->first[LAT_VALID] = 4;
    d->first[LAT_TEST] = 5;
    d->first[LAT_N_SPLITS] = 6;
    lat__dataset_seal(d, r);
    return d;
}

#endif
