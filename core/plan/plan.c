/* plan.c - a model made ready to serve, and windows served with it. */
#include "../plan.h"

#include "../base/team.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- plans */

enum lat_code lat_plan_new(struct lat_plan **out, struct lat_model *m,
                           const struct lat_kernel *kernel,
                           enum lat_precision precision, struct lat_err *err)
{
    const struct lat_card *card = lat_model_card(m);
    const struct lat_input *in = &card->input;
    struct lat_plan *p = lat_calloc(1, sizeof(*p));
    enum lat_code code;

    if (!p)
        return lat_fail(err, LAT_ENOMEM, "a plan");
    atomic_init(&p->refs, 1);
    p->model = lat_model_ref(m);
    p->kernel = kernel;
    p->precision = precision;
    snprintf(p->arithmetic, sizeof(p->arithmetic), "%s/%s",
             lat_precision_name(precision), lat_kernel_way(kernel, precision));
    code = lat__plan_fold(p, err);
    if (!code && card->modality == LAT_SIGNALS)
        code = lat__conditioner_new(&p->conditioner, &card->prep, in->rate_hz,
                                    in->window, in->n_channels, err);
    if (code) {
        lat_plan_unref(p);
        return lat_wrap(err, code, "model %s", card->name);
    }
    if (p->conditioner)
        p->scratch = lat__conditioner_scratch(p->conditioner);
    *out = p;
    return LAT_OK;
}

struct lat_plan *lat_plan_ref(struct lat_plan *p)
{
    atomic_fetch_add(&p->refs, 1);
    return p;
}

void lat_plan_unref(struct lat_plan *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) > 1)
        return;
    lat__conditioner_free(p->conditioner);
    lat_model_unref(p->model);
    lat_free(p->weights);
    lat_free(p->steps);
    lat_free(p);
}

const struct lat_card *lat_plan_card(const struct lat_plan *p)
{
    return lat_model_card(p->model);
}

enum lat_precision lat_plan_precision(const struct lat_plan *p)
{
    return p->precision;
}

const char *lat_plan_arithmetic(const struct lat_plan *p)
{
    return p->arithmetic;
}

/* ---- workspaces */

enum lat_code lat_workspace_new(struct lat_workspace **out,
                                const struct lat_plan *p, struct lat_err *err)
{
    struct lat_workspace *ws = lat_calloc(1, sizeof(*ws));

    if (ws) {
        ws->plan = p;
        ws->room = lat_calloc(p->room, sizeof(*ws->room));
        ws->scratch = lat_calloc(p->scratch, sizeof(*ws->scratch));
    }
    if (!ws || !ws->room || !ws->scratch) {
        lat_workspace_free(ws);
        return lat_fail(err, LAT_ENOMEM, "a workspace of %zu floats", p->room);
    }
    *out = ws;
    return LAT_OK;
}

void lat_workspace_free(struct lat_workspace *ws)
{
    if (!ws)
        return;
    lat_free(ws->room);
    lat_free(ws->scratch);
    lat_free(ws);
}

/* ---- windows */

static enum lat_code check_finite(const float *y, size_t n, struct lat_err *err)
{
    for (size_t j = 0; j < n; j++)
        if (!isfinite(y[j]))
            return lat_fail(err, LAT_ENONFINITE,
                            "latent value %zu is not finite", j);
    return LAT_OK;
}

enum lat_code lat_embed(const struct lat_plan *p, struct lat_workspace *ws,
                        const float *x, float *y, struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(p);
    struct lat_image_code code = {.latent = y};

    assert(ws->plan == p);
    if (card->modality == LAT_IMAGES)
        return lat_embed_image(p, ws, x, card->gate.mode, &code, err);
    lat__condition(p->conditioner, ws->room + p->course[LAT_ENCODER].in.at, x,
                   ws->scratch);
    lat__plan_encode(p, ws->room);
    memcpy(y, ws->room + p->course[LAT_ENCODER].out, card->dims * sizeof(*y));
    return check_finite(y, card->dims, err);
}

/* ---- images */

static enum lat_code check_outputs(const float *z, const float *logit,
                                   size_t dims, bool gated, struct lat_err *err)
{
    enum lat_code code = check_finite(z, dims, err);

    if (!code && gated && check_finite(logit, dims, NULL))
        code = lat_fail(err, LAT_ENONFINITE, "a gate is not finite");
    return code;
}

static void put_gates(struct lat_image_code *out, const float *logit,
                      const struct lat_card *card)
{
    for (size_t i = 0; i < card->dims && out->logit; i++)
        out->logit[i] = logit[i];
    for (size_t i = 0; i < card->dims && out->probability; i++)
        out->probability[i] =
            (float)lat__sigmoid((double)logit[i] / card->gate.temperature);
}

size_t lat_plan_slots(const struct lat_plan *p)
{
    return p->n_slots;
}

void lat_slot_encode(const struct lat_plan *p, struct lat_workspace *ws,
                     size_t slot, const float *x)
{
    assert(ws->plan == p && slot < p->n_slots);
    assert(lat_plan_card(p)->modality == LAT_IMAGES);
    lat__plan_put(p, ws->room, x);
    lat__plan_encode(p, ws->room);
    lat__plan_keep(p, ws->room, slot);
}

void lat_slots_project(const struct lat_plan *p, struct lat_workspace *ws,
                       size_t n)
{
    assert(ws->plan == p && n <= p->n_slots);
    lat__plan_head(p, ws->room, LAT_PROJECTOR, n);
    lat__plan_head(p, ws->room, LAT_GATES, n);
}

enum lat_code lat_slot_read(const struct lat_plan *p,
                            const struct lat_workspace *ws, size_t slot,
                            enum lat_gate_mode mode, struct lat_image_code *out,
                            struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(p);
    const bool gated = card->gate.mode != LAT_GATES_NONE;
    const float *room = ws->room + slot * p->slot;
    const float *logit = room + p->course[LAT_GATES].out;
    const float *h = room + p->course[LAT_PROJECTOR].in.at;
    const float *z = room + p->course[LAT_PROJECTOR].out;
    enum lat_code code;

    assert(ws->plan == p && slot < p->n_slots);
    if (!gated && (mode != LAT_GATES_NONE || out->logit || out->probability))
        return lat_fail(err, LAT_EUNFIT, "model %s has no gates", card->name);
    code = check_outputs(z, logit, card->dims, gated, err);
    if (code)
        return code;
    if (gated)
        put_gates(out, logit, card);
    if (out->features)
        memcpy(out->features, h, card->features * sizeof(*h));
    out->all_shut = !lat__model_code(out->latent, z, logit, card, mode);
    return check_finite(out->latent, card->dims, err);
}

enum lat_code lat_embed_image(const struct lat_plan *p,
                              struct lat_workspace *ws, const float *x,
                              enum lat_gate_mode mode,
                              struct lat_image_code *out, struct lat_err *err)
{
    lat_slot_encode(p, ws, 0, x);
    lat_slots_project(p, ws, 1);
    return lat_slot_read(p, ws, 0, mode, out, err);
}
