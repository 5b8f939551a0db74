/*
 * rotation.c - the evaluation under rotation: what is said of each window, and
 * how alike its latent is, when the sensor is turned.
 */
#include "../measure.h"

#include <math.h>
#include <string.h>

static const uint64_t turn_seed = 0x7475726eu;

struct turn {
    struct lat_turn_eval *e;
    struct lat__windows *test, *fit;
    struct lat__rotation *rotation; /* of either's windows */
    double *degrees;                /* the angles of these */
    float *z;                       /* (test, dims): unturned … */
    uint32_t *said;                 /* … and what was said then */
    float *fit_z;                   /* (fit, dims): the same of the others */
    float *features[2];             /* (fit), (test): of a probe */
    float *answers[2];
    float *u, *v;   /* (test, widest): unit rows */
    float *s;       /* (test, test) */
    size_t *counts; /* (classes, classes): is, said */
    struct lat_rng rng;
};

static const char *const row_names[LAT_N_TURN_ROWS] = {
    "invariant", "variant", "free", "all", "raw", "norm", "spectrum"};

const char *lat_turn_row_name(enum lat_turn_row r)
{
    return row_names[r];
}

static size_t width(const struct turn *t, size_t r)
{
    return lat__turned_width(t->test, r);
}

static struct lat_range block(const struct turn *t, size_t r)
{
    if (r >= LAT_N_BLOCKS)
        return (struct lat_range){0, t->test->dims};
    return t->test->card->blocks[r];
}

/* ---- rotations ---------------------------------------------------------- */

/* Each measure has rotations of its own, the same for every model. */
static void begin(struct turn *t, uint64_t measure)
{
    lat__rng_seed(&t->rng, turn_seed + measure);
}

static void draw(struct turn *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        lat__rotation_draw(&t->rotation[i], &t->rng, 180.0);
        t->degrees[i] = lat__rotation_degrees(&t->rotation[i]);
    }
}

static void draw_by(struct turn *t, size_t n, double degrees)
{
    for (size_t i = 0; i < n; i++)
        lat__rotation_draw_by(&t->rotation[i], &t->rng, degrees);
}

/* ---- what is said, how alike it is -------------------------------------- */

static void clear(struct turn *t)
{
    memset(t->counts, 0,
           t->e->n_classes * t->e->n_classes * sizeof(*t->counts));
}

/* Unit rows of row r, of what was unturned and of what stands in test. */
static double mean_similarity(struct turn *t, size_t r, const float *base)
{
    size_t n = t->test->n, w = width(t, r);

    for (size_t i = 0; i < n; i++)
        lat__turned_row(t->v + i * w, t->test, t->test->z, r, i);
    lat__unit_rows(t->v, t->v, NULL, n, w);
    return lat__mean_cosine(t->v, base, n, w);
}

/* ---- probes ------------------------------------------------------------- */

/* R^2 of the angle, from the pair of latents before and after; r is a row of
 * the model's own. */
static enum lat_code probe_angle(struct turn *t, size_t r,
                                 const double *fit_deg, struct lat_err *err)
{
    struct lat__windows *sets[2] = {t->fit, t->test};
    const float *before[2] = {t->fit_z, t->z};
    const double *degrees[2] = {fit_deg, t->degrees};
    size_t w = width(t, r);
    struct lat__probe p = {.dims = 3 * w, .outs = 1, .seed = turn_seed};
    enum lat_code code;

    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s]->n; i++) {
            size_t at = i * t->test->dims + block(t, r).begin;

            lat__probe_pair(t->features[s] + i * 3 * w, before[s] + at,
                            sets[s]->z + at, w);
            t->answers[s][i] = (float)(degrees[s][i] / 180.0);
        }
    p.fit = (struct lat__probe_set){t->features[0], t->answers[0], t->fit->n};
    p.test = (struct lat__probe_set){t->features[1], t->answers[1], t->test->n};
    code = lat__probe_linear(&t->e->rows[r].angle_linear, &p, err);
    if (!code)
        code = lat__probe_mlp(&t->e->rows[r].angle_mlp, &p, err);
    return code;
}

/* Share of windows whose class a linear probe reads, fitted on windows as
 * recorded; test holds them as recorded, or turned. */
static enum lat_code probe_class(struct turn *t, size_t r, double *share,
                                 const float *fit_z, struct lat_err *err)
{
    struct lat__windows *sets[2] = {t->fit, t->test};
    const float *z[2] = {fit_z, t->test->z};
    size_t w = width(t, r), classes = t->e->n_classes;
    struct lat__probe p = {.dims = w, .outs = classes};

    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s]->n; i++) {
            lat__turned_row(t->features[s] + i * w, sets[s], z[s], r, i);
            for (size_t c = 0; c < classes; c++)
                t->answers[s][i * classes + c] = sets[s]->label[i] == c;
        }
    p.fit = (struct lat__probe_set){t->features[0], t->answers[0], t->fit->n};
    p.test = (struct lat__probe_set){t->features[1], t->answers[1], t->test->n};
    return lat__probe_classes(share, &p, err);
}

/* The users of the split, fitted on the first half of what each did and asked
 * of the second; test holds windows as recorded. */
static enum lat_code probe_user(struct turn *t, size_t r, struct lat_err *err)
{
    const struct lat__windows *test = t->test;
    size_t w = width(t, r), users = t->e->n_users, each = test->n / users;
    struct lat__probe p = {.dims = w, .outs = users};
    size_t n[2] = {0};

    for (size_t i = 0; i < test->n; i++) {
        size_t s = i % each >= each / 2, at = n[s]++;

        lat__turned_row(t->features[s] + at * w, test, test->z, r, i);
        for (size_t u = 0; u < users; u++)
            t->answers[s][at * users + u] = i / each == u;
    }
    if (n[0] == 0 || n[1] == 0)
        return LAT_OK;
    p.fit = (struct lat__probe_set){t->features[0], t->answers[0], n[0]};
    p.test = (struct lat__probe_set){t->features[1], t->answers[1], n[1]};
    return lat__probe_classes(&t->e->rows[r].user_linear, &p, err);
}

/* ---- the passes --------------------------------------------------------- */

static enum lat_code measure_still(struct turn *t, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    lat__turned_at(t->test, NULL);
    lat__turned_at(t->fit, NULL);
    memcpy(t->z, t->test->z, t->test->n * t->test->dims * sizeof(float));
    memcpy(t->said, t->test->said, t->test->n * sizeof(*t->said));
    memcpy(t->fit_z, t->fit->z, t->fit->n * t->fit->dims * sizeof(float));
    if (t->test->task) {
        clear(t);
        lat__turned_count(t->test, t->counts);
        t->e->accuracy = lat__accuracy(t->counts, t->e->n_classes);
        t->e->f1 = lat__macro_f1(t->counts, t->e->n_classes);
    }
    for (size_t r = 0; !code && r < LAT_N_TURN_ROWS; r++) {
        t->e->rows[r].present = width(t, r) > 0;
        if (width(t, r) > 0 && t->e->n_classes > 0)
            code =
                probe_class(t, r, &t->e->rows[r].class_linear, t->fit_z, err);
        if (!code && t->e->rows[r].present)
            code = probe_user(t, r, err);
    }
    return code;
}

/* Haar rotations, of what is said and of how alike it is. */
static void measure_said(struct turn *t)
{
    if (!t->test->task)
        return;
    begin(t, 1);
    clear(t);
    for (size_t k = 0; k < LAT_TURNS; k++) {
        draw(t, t->test->n);
        lat__turned_at(t->test, t->rotation);
        lat__turned_count(t->test, t->counts);
        t->e->consistency += lat__turned_kept(t->test, t->said) / LAT_TURNS;
    }
    t->e->accuracy_turned = lat__accuracy(t->counts, t->e->n_classes);
    t->e->f1_turned = lat__macro_f1(t->counts, t->e->n_classes);
}

static void measure_angles(struct turn *t)
{
    begin(t, 2);
    for (size_t k = 0; k < LAT_ANGLES; k++) {
        t->e->degrees[k] = 180.0 * (double)k / (LAT_ANGLES - 1);
        draw_by(t, t->test->n, t->e->degrees[k]);
        lat__turned_at(t->test, t->rotation);
        if (t->test->task) {
            clear(t);
            lat__turned_count(t->test, t->counts);
            t->e->accuracy_by_angle[k] =
                lat__accuracy(t->counts, t->e->n_classes);
            t->e->consistency_by_angle[k] = lat__turned_kept(t->test, t->said);
        }
        for (size_t r = 0; r < LAT_TURN_RAW; r++) {
            size_t n = t->test->n, w = width(t, r);

            if (w == 0)
                continue;
            for (size_t i = 0; i < n; i++)
                lat__turned_row(t->u + i * w, t->test, t->z, r, i);
            lat__unit_rows(t->u, t->u, NULL, n, w);
            t->e->rows[r].curve[k] = mean_similarity(t, r, t->u);
        }
    }
}

/* One Haar rotation of each window of both sets: similarity, probes. */
static enum lat_code measure_turned(struct turn *t, double *fit_degrees,
                                    struct lat_err *err)
{
    struct lat__windows *test = t->test;
    enum lat_code code = LAT_OK;
    struct lat_rng same;

    begin(t, 3);
    draw(t, t->fit->n);
    lat__turned_at(t->fit, t->rotation);
    memcpy(fit_degrees, t->degrees, t->fit->n * sizeof(*fit_degrees));
    same = t->rng;
    for (size_t r = 0; !code && r < LAT_N_TURN_ROWS; r++) {
        struct lat_turn_row_eval *e = &t->e->rows[r];
        size_t w = width(t, r);

        if (!e->present)
            continue;
        lat__turned_at(test, NULL);
        for (size_t i = 0; i < test->n; i++)
            lat__turned_row(t->u + i * w, test, t->z, r, i);
        lat__unit_rows(t->u, t->u, NULL, test->n, w);
        lat__similarities(t->s, t->u, t->u, t->v, test->n, w, &test->ctx);
        e->between = lat__mean_between(t->s, test->subject, test->n);
        t->rng = same;
        draw(t, test->n);
        lat__turned_at(test, t->rotation);
        e->similarity = mean_similarity(t, r, t->u);
        if (r < LAT_TURN_RAW)
            code = probe_angle(t, r, fit_degrees, err);
    }
    lat__turned_at(t->fit, NULL); /* x of raw and norm as recorded */
    for (size_t r = 0; !code && t->e->n_classes > 0 && r < LAT_N_TURN_ROWS; r++)
        if (t->e->rows[r].present)
            code = probe_class(t, r, &t->e->rows[r].class_linear_turned,
                               t->fit_z, err);
    return code;
}

/* ---- made and unmade ---------------------------------------------------- */

static enum lat_code make(struct turn *t, struct lat_err *err)
{
    size_t n = t->test->n, fit = t->fit->n, most = n > fit ? n : fit;
    size_t raw = t->test->window * t->test->channels, dims = t->test->dims;
    size_t widest = raw > 3 * dims ? raw : 3 * dims;
    size_t classes = t->e->n_classes;
    size_t outs = classes > t->e->n_users ? classes : t->e->n_users;

    t->rotation = lat_calloc(most, sizeof(*t->rotation));
    t->degrees = lat_calloc(2 * most, sizeof(*t->degrees));
    t->z = lat_calloc(n, dims * sizeof(float));
    t->said = lat_calloc(n, sizeof(*t->said));
    t->fit_z = lat_calloc(fit, dims * sizeof(float));
    t->features[0] = lat_calloc(most, widest * sizeof(float));
    t->features[1] = lat_calloc(most, widest * sizeof(float));
    t->answers[0] = lat_calloc(most, (outs + 1) * sizeof(float));
    t->answers[1] = lat_calloc(most, (outs + 1) * sizeof(float));
    t->u = lat_calloc(n, widest * sizeof(float));
    t->v = lat_calloc(n, widest * sizeof(float));
    t->s = lat_calloc(n, n * sizeof(float));
    t->counts = lat_calloc(classes * classes + 1, sizeof(*t->counts));
    if (!t->rotation || !t->degrees || !t->z || !t->said || !t->fit_z ||
        !t->features[0] || !t->features[1] || !t->answers[0] ||
        !t->answers[1] || !t->u || !t->v || !t->s || !t->counts)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    return LAT_OK;
}

static void fini(struct turn *t)
{
    lat__windows_free(t->test);
    lat__windows_free(t->fit);
    lat_free(t->rotation);
    lat_free(t->degrees);
    lat_free(t->z);
    lat_free(t->said);
    lat_free(t->fit_z);
    for (size_t s = 0; s < 2; s++) {
        lat_free(t->features[s]);
        lat_free(t->answers[s]);
    }
    lat_free(t->u);
    lat_free(t->v);
    lat_free(t->s);
    lat_free(t->counts);
}

static enum lat_code check(const struct lat_card *card,
                           const struct lat_dataset *d, enum lat_split split,
                           struct lat_err *err)
{
    const size_t *first = d->first;

    if (card->input.n_channels != d->n_channels || d->n_channels % 3 != 0)
        return lat_fail(err, LAT_EUNFIT,
                        "the model reads %zu channels, the data have %zu, must "
                        "be the same multiple of 3",
                        card->input.n_channels, d->n_channels);
    if (fabs(card->input.rate_hz - d->rate_hz) > 1e-6 * d->rate_hz)
        return lat_fail(err, LAT_EUNFIT, "the model reads %g Hz, the data %g",
                        card->input.rate_hz, d->rate_hz);
    if (card->task == LAT_TASK_CLASSES && card->n_labels != d->n_classes)
        return lat_fail(err, LAT_EUNFIT,
                        "the model has %zu classes, the data %zu",
                        card->n_labels, d->n_classes);
    for (size_t i = 0; card->task == LAT_TASK_CLASSES && i < d->n_classes; i++)
        if (strcmp(card->labels[i], d->classes[i]) != 0)
            return lat_fail(err, LAT_EUNFIT,
                            "class %zu is %s to the model, %s to the data", i,
                            card->labels[i], d->classes[i]);
    if (first[split + 1] == first[split] ||
        first[LAT_TRAIN + 1] == first[LAT_TRAIN])
        return lat_fail(err, LAT_EINVAL,
                        "no user in the split, or none to fit probes on");
    return LAT_OK;
}

enum lat_code lat_eval_rotation(struct lat_turn_eval *out, struct lat_model *m,
                                const struct lat_kernel *kernel,
                                const struct lat_dataset *d,
                                const struct lat_turn_ask *ask,
                                struct lat_err *err)
{
    struct lat_turn_eval *e = lat_calloc(1, sizeof(*e));
    struct turn t = {.e = e};
    struct lat_ctx ctx = {.kernel = kernel};
    enum lat_code code = check(lat_model_card(m), d, ask->split, err);

    if (!code && !e)
        code = lat_fail(err, LAT_ENOMEM, "evaluation");
    if (!code)
        code = lat__team_new(&ctx.team, ask->n_threads, err);
    if (!code)
        code = lat__turned_new(&t.test, m, d, ask->split, ask->n_windows, &ctx,
                               err);
    if (!code)
        code =
            lat__turned_new(&t.fit, m, d, LAT_TRAIN, ask->n_windows, &ctx, err);
    if (!code) {
        e->n_users = d->first[ask->split + 1] - d->first[ask->split];
        e->n_windows = t.test->n;
        e->n_classes = d->n_classes;
        e->has_head = t.test->task;
        code = make(&t, err);
    }
    if (!code)
        code = measure_still(&t, err);
    if (!code) {
        measure_said(&t);
        measure_angles(&t);
        code = measure_turned(
            &t, t.degrees + (t.test->n > t.fit->n ? t.test->n : t.fit->n), err);
    }
    if (!code)
        *out = *e;
    fini(&t);
    lat__team_free(ctx.team);
    lat_free(e);
    return code ? lat_wrap(err, code, "evaluation") : LAT_OK;
}
