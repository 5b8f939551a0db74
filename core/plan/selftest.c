/*
 * selftest.c - the same window, the same bytes, on this processor.
 *
 * The window is embedded alone, then by several threads at once, each after
 * another window and in a workspace of its own.  Of images that have heads
 * every other part has its heads run together with those of the other image.
 */
#include "../plan.h"

#include "../base/team.h"

#include <math.h>
#include <string.h>

struct trial {
    const struct lat_plan *p;
    const float *x, *other; /* two windows */
    float *y;               /* LAT_PARTS embeddings of x */
    struct lat_workspace *ws[LAT_PARTS];
    enum lat_code code[LAT_PARTS];
};

/* x in the last slot, something else in the others. */
static enum lat_code embed_among(const struct trial *t,
                                 struct lat_workspace *ws, float *y)
{
    struct lat_image_code code = {.latent = y};
    const size_t n = lat_plan_slots(t->p);

    lat_slot_encode(t->p, ws, 0, t->other);
    lat_slot_encode(t->p, ws, n - 1, t->x);
    lat_slots_project(t->p, ws, n);
    return lat_slot_read(t->p, ws, n - 1, lat_plan_card(t->p)->gate.mode, &code,
                         NULL);
}

static void run_part(void *arg, size_t part)
{
    struct trial *t = arg;
    const bool among = part % 2 && lat_plan_slots(t->p) > 1;
    float *y = t->y + part * lat_plan_card(t->p)->dims;

    t->code[part] = lat_embed(t->p, t->ws[part], t->other, y, NULL);
    if (!t->code[part] && among)
        t->code[part] = embed_among(t, t->ws[part], y);
    else if (!t->code[part])
        t->code[part] = lat_embed(t->p, t->ws[part], t->x, y, NULL);
}

/* Beats that no two samples of which are alike. */
static void fill(float *x, size_t n, double phase)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(exp(8.0 * (cos(0.017 * (double)i + phase) - 1.0)) +
                       0.1 * sin(0.61 * (double)i + phase));
}

static enum lat_code compare(const struct trial *t, const float *alone,
                             struct lat_err *err)
{
    size_t dims = lat_plan_card(t->p)->dims;

    for (size_t part = 0; part < LAT_PARTS; part++) {
        if (t->code[part])
            return lat_fail(err, t->code[part],
                            "self-test: the window cannot be embedded");
        if (memcmp(t->y + part * dims, alone, dims * sizeof(*alone)) != 0)
            return lat_fail(err, LAT_ENONFINITE,
                            "self-test: kernel %s gives the same window other "
                            "bytes beside others",
                            t->p->kernel->name);
    }
    return LAT_OK;
}

static enum lat_code run(struct trial *t, unsigned n_threads, float *alone,
                         struct lat_err *err)
{
    struct lat_team *team = NULL;
    enum lat_code code = LAT_OK;

    for (size_t part = 0; part < LAT_PARTS && !code; part++)
        code = lat_workspace_new(&t->ws[part], t->p, err);
    if (!code)
        code = lat_embed(t->p, t->ws[0], t->x, alone, err);
    if (!code)
        code = lat__team_new(&team, n_threads, err);
    if (!code) {
        lat__team_run(team, run_part, t);
        code = compare(t, alone, err);
    }
    lat__team_free(team);
    for (size_t part = 0; part < LAT_PARTS; part++)
        lat_workspace_free(t->ws[part]);
    return code;
}

enum lat_code lat_plan_self_test(const struct lat_plan *p, unsigned n_threads,
                                 struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(p);
    size_t n = lat_input_floats(card);
    float *v = lat_calloc(2 * n + (LAT_PARTS + 1) * card->dims, sizeof(*v));
    struct trial t = {.p = p};
    enum lat_code code;

    if (!v)
        return lat_fail(err, LAT_ENOMEM, "self-test");
    fill(v, n, 0.0);
    fill(v + n, n, 1.0);
    t.x = v;
    t.other = v + n;
    t.y = v + 2 * n;
    code = run(&t, n_threads, v + 2 * n + LAT_PARTS * card->dims, err);
    lat_free(v);
    return code;
}
