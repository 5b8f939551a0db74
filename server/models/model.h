/*
 * model.h - one model, as the files of models.h share it.
 */
#ifndef LATD_MODELS_MODEL_H
#define LATD_MODELS_MODEL_H

#include "../models.h"

#include <sys/stat.h>

struct latd_model *latd_model_ref(struct latd_model *m);
/* The name of NAME.safetensors or NAME@VERSION.safetensors; false for anything
 * else. */
bool latd_model_parse(struct latd_model *m, const char *file);
/* What tells that a file is another: size, times, number. */
void latd_model_stamp(struct latd_model *m, const struct stat *st);
/* Reads, plans and proves the model of m->path. */
LAT_MUST_CHECK enum lat_code latd_model_load(
    struct latd_model *m, const struct latd_models_options *opt,
    struct lat_err *err);
void latd_model_log(const struct latd_model *m, uint64_t ns);

#endif
