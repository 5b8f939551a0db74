/* model.c - one model: its name, its file, and what serving it takes. */
#include "model.h"

#include "../log.h"
#include "../precision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void latd_model_unref(struct latd_model *m)
{
    if (!m || atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    for (unsigned i = 0; m->ws && i < m->n_ws; i++)
        lat_workspace_free(m->ws[i]);
    lat_free(m->ws);
    lat_plan_unref(m->plan);
    lat_free(m);
}

struct latd_model *latd_model_ref(struct latd_model *m)
{
    atomic_fetch_add(&m->refs, 1);
    return m;
}

bool latd_model_parse(struct latd_model *m, const char *file)
{
    const char *dot = strrchr(file, '.'), *at = strrchr(file, '@');
    size_t len;
    char *end = NULL;
    unsigned long version = 1;

    if (file[0] == '.' || !dot || strcmp(dot, ".safetensors") != 0)
        return false;
    len = (size_t)((at ? at : dot) - file);
    if (at) {
        version = strtoul(at + 1, &end, 10);
        if (end != dot || version < 1 || version > 999999999)
            return false;
    }
    if (len < 1 || len > LATD_MODEL_MAX - 13)
        return false;
    memcpy(m->name, file, len);
    m->name[len] = '\0';
    m->version = (unsigned)version;
    snprintf(m->id, sizeof(m->id), "%.99s@%u", m->name, m->version);
    return true;
}

void latd_model_stamp(struct latd_model *m, const struct stat *st)
{
    m->created = st->st_mtim.tv_sec;
    m->stamp[0] = st->st_size;
    m->stamp[1] = st->st_mtim.tv_sec;
    m->stamp[2] = st->st_mtim.tv_nsec;
    m->stamp[3] = (int64_t)st->st_ino;
}

static enum lat_code make_workspaces(struct latd_model *m, unsigned n,
                                     struct lat_err *err)
{
    m->ws = lat_calloc(n, sizeof(struct lat_workspace *));
    if (!m->ws)
        return lat_fail(err, LAT_ENOMEM, "%u workspaces", n);
    for (m->n_ws = 0; m->n_ws < n; m->n_ws++) {
        enum lat_code code = lat_workspace_new(&m->ws[m->n_ws], m->plan, err);

        if (code)
            return code;
    }
    return LAT_OK;
}

enum lat_code latd_model_load(struct latd_model *m,
                              const struct latd_models_options *opt,
                              struct lat_err *err)
{
    struct lat_model *file = NULL;
    enum lat_precision precision;
    enum lat_code code =
        latd_precision_of(&precision, opt->precision, m->name, err);

    if (code == LAT_OK)
        code = lat_model_read(&file, m->path, err);
    if (code == LAT_OK)
        code = lat_plan_new(&m->plan, file, opt->kernel, precision, err);
    lat_model_unref(file); /* the plan has its own */
    if (code == LAT_OK)
        code = make_workspaces(m, opt->infer_threads, err);
    if (code == LAT_OK)
        code = lat_plan_self_test(m->plan, opt->infer_threads, err);
    if (code)
        return code;
    m->card = lat_plan_card(m->plan);
    m->series = latd_metrics_series(opt->metrics, m->name);
    return LAT_OK;
}

void latd_model_log(const struct latd_model *m, uint64_t ns)
{
    struct latd_line line;

    latd_line_begin(&line, LATD_INFO, "model loaded, self-test passed");
    latd_line_text(&line, "model", m->id);
    latd_line_text(&line, "digest", m->card->digest);
    latd_line_text(&line, "arithmetic", lat_plan_arithmetic(m->plan));
    latd_line_count(&line, "dimensions", m->card->dims);
    latd_line_ms(&line, "ms", (double)ns / 1e6);
    latd_line_end(&line);
}
