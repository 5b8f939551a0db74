/* plan.c - a model made ready to serve, and windows served with it. */
#include "../plan.h"

#include "../base/team.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- plans */

enum lat_code lat_plan_new(struct lat_plan **out, struct lat_model *m,
                           const struct lat_kernel *kernel, struct lat_err *err)
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
    snprintf(p->arithmetic, sizeof(p->arithmetic), "float32/%s",
             lat_kernel_name(kernel));
    code = lat__conditioner_new(&p->conditioner, &card->prep, in->rate_hz,
                                in->window, in->n_channels, err);
    if (!code)
        code = lat__plan_fold(p, err);
    if (code) {
        lat_plan_unref(p);
        return lat_wrap(err, code, "model %s", card->name);
    }
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

const char *lat_plan_arithmetic(const struct lat_plan *p)
{
    return p->arithmetic;
}

/* ---- workspaces */

struct lat_workspace {
    const struct lat_plan *plan; /* whose layout it has; not followed */
    double *scratch;
    float *room;
};

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

static void run_product(const struct lat_plan *p, const struct lat__step *st,
                        float *room)
{
    p->kernel->product(&(struct lat_product){
        .m = st->m,
        .n = st->n,
        .k = st->k,
        .a = room + st->from,
        .a_row = st->stride,
        .a_col = 1,
        .b = p->weights + st->w,
        .b_row = st->w_row,
        .c = room + st->y,
        .c_row = st->n,
        .bias = p->weights + st->b,
        .relu = st->relu,
    });
}

static struct lat_tensor view(float *v, struct lat__shape s)
{
    return (struct lat_tensor){v, 1, s.h, s.w, s.c};
}

static void run_layer(const struct lat_plan *p, const struct lat__step *st,
                      float *room)
{
    const struct lat__layer *l = st->layer;
    const struct lat_ctx ctx = {.kernel = p->kernel};
    const struct lat__io io = {
        .y = view(room + st->y, l->out),
        .x = view(room + st->x, l->in),
        .z = view(room + st->z, l->with),
    };

    l->kind->forward(&ctx, l, lat__model_params(p->model), &io);
}

enum lat_code lat_embed(const struct lat_plan *p, struct lat_workspace *ws,
                        const float *x, float *y, struct lat_err *err)
{
    const size_t dims = lat_plan_card(p)->dims;

    assert(ws->plan == p);
    lat__condition(p->conditioner, ws->room + p->input, x, ws->scratch);
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct lat__step *st = &p->steps[i];

        if (st->product)
            run_product(p, st, ws->room);
        else
            run_layer(p, st, ws->room);
    }
    memcpy(y, ws->room + p->output, dims * sizeof(*y));
    for (size_t j = 0; j < dims; j++)
        if (!isfinite(y[j]))
            return lat_fail(err, LAT_ENONFINITE,
                            "latent value %zu is not finite", j);
    return LAT_OK;
}
