/*
 * phase.c - the evaluation under phase shift: every row of features at every
 * shift, against the same windows unshifted.
 */
#include "../measure.h"
#include "../train.h"
#include "../views.h"

#include <math.h>
#include <string.h>

static const double key_ms = 75.0, near_ms = 150.0, last_ms = 500.0;

struct row {
    size_t dims;
    float *v;     /* (n, dims): the features at the present shift */
    float *base;  /* (n, dims): unit rows at shift 0 … */
    float *mean;  /* (dims): their mean before that … */
    float *still; /* … and unit rows with it taken off */
};

struct phase {
    struct lat_eval *e;
    struct lat__windows *w;
    struct row rows[LAT_N_ROWS];
    float *matrix, *bins; /* of the Fourier transform: (window, 2 bins) and
                             (n, 2 bins) */
    float *unit, *turned; /* (n, widest) */
    float *s;             /* (n, n) */
    struct lat__hit *order;
};

static const char *const row_names[LAT_N_ROWS] = {
    "invariant", "variant", "free", "all", "raw", "spectrum", "spectrum-hann"};

const char *lat_row_name(enum lat_row r)
{
    return row_names[r];
}

/* ---- memory ---- */

static size_t row_dims(const struct lat__windows *w, enum lat_row r)
{
    const struct lat_range *b = w->card->blocks;

    switch (r) {
    case LAT_ROW_INV:
    case LAT_ROW_VAR:
    case LAT_ROW_FREE:
        return w->card->partitioned ? b[r].end - b[r].begin : 0;
    case LAT_ROW_ALL:
        return w->net->dims;
    case LAT_ROW_RAW:
        return w->window;
    case LAT_ROW_SPECTRUM:
    case LAT_ROW_HANN:
        return lat__spectrum_bins(w->window);
    case LAT_N_ROWS:
        break;
    }
    return 0;
}

static bool make_row(struct row *row, size_t n, size_t dims)
{
    row->dims = dims;
    row->v = lat_calloc(n, dims * sizeof(float));
    row->base = lat_calloc(n, dims * sizeof(float));
    row->still = lat_calloc(n, dims * sizeof(float));
    row->mean = lat_calloc(dims, sizeof(float));
    return row->v && row->base && row->still && row->mean;
}

static enum lat_code make(struct phase *p, struct lat_err *err)
{
    size_t n = p->w->n, bins = lat__spectrum_bins(p->w->window);
    size_t widest = p->w->net->dims + p->w->window;
    bool made = true;

    for (size_t r = 0; r < LAT_N_ROWS; r++)
        made =
            made && make_row(&p->rows[r], n, row_dims(p->w, (enum lat_row)r));
    p->matrix = lat_calloc(p->w->window, 2 * bins * sizeof(float));
    p->bins = lat_calloc(n, 2 * bins * sizeof(float));
    p->unit = lat_calloc(n, widest * sizeof(float));
    p->turned = lat_calloc(n, widest * sizeof(float));
    p->s = lat_calloc(n, n * sizeof(float));
    p->order = lat_calloc(n, sizeof(*p->order));
    if (!made || !p->matrix || !p->bins || !p->unit || !p->turned || !p->s ||
        !p->order)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    lat__spectrum_matrix(p->matrix, p->w->window);
    return LAT_OK;
}

static void fini(struct phase *p)
{
    for (size_t r = 0; r < LAT_N_ROWS; r++) {
        lat_free(p->rows[r].v);
        lat_free(p->rows[r].base);
        lat_free(p->rows[r].still);
        lat_free(p->rows[r].mean);
    }
    lat_free(p->matrix);
    lat_free(p->bins);
    lat_free(p->unit);
    lat_free(p->turned);
    lat_free(p->s);
    lat_free(p->order);
}

/* ---- features ---- */

static void copy_block(const struct row *row, const struct lat__windows *w,
                       size_t begin)
{
    for (size_t i = 0; i < w->n; i++)
        memcpy(row->v + i * row->dims, w->z + i * w->net->dims + begin,
               row->dims * sizeof(float));
}

static void transform_part(void *arg, size_t part)
{
    const struct phase *p = arg;
    const struct lat__windows *w = p->w;
    size_t bins = lat__spectrum_bins(w->window);
    size_t begin = lat__part_begin(w->n, part);
    size_t end = lat__part_begin(w->n, part + 1);

    w->ctx.kernel->product(&(struct lat_product){
        .m = end - begin,
        .n = 2 * bins,
        .k = w->window,
        .a = w->x + begin * w->window,
        .a_row = w->window,
        .a_col = 1,
        .b = p->matrix,
        .b_row = 2 * bins,
        .c = p->bins + begin * 2 * bins,
        .c_row = 2 * bins,
    });
    for (size_t i = begin; i < end; i++) {
        const float *f = p->bins + i * 2 * bins;

        lat__spectrum(p->rows[LAT_ROW_SPECTRUM].v + i * bins, f, bins);
        lat__spectrum_hann(p->rows[LAT_ROW_HANN].v + i * bins, f, w->window);
    }
}

static void features_at(struct phase *p, double ms)
{
    struct lat__windows *w = p->w;

    lat__shifted_at(w, lat__phase_samples(ms, w->card->input.rate_hz));
    for (size_t b = 0; b < LAT_N_BLOCKS; b++)
        copy_block(&p->rows[b], w, w->card->blocks[b].begin);
    copy_block(&p->rows[LAT_ROW_ALL], w, 0);
    memcpy(p->rows[LAT_ROW_RAW].v, w->x, w->n * w->window * sizeof(float));
    lat__team_run(w->ctx.team, transform_part, p);
}

/* ---- figures ---- */

static void set_base(struct phase *p)
{
    for (size_t r = 0; r < LAT_N_ROWS; r++) {
        struct row *row = &p->rows[r];
        size_t n = p->w->n, dims = row->dims;

        if (dims == 0)
            continue;
        p->e->rows[r].present = true;
        lat__mean_row(row->mean, row->v, n, dims);
        lat__unit_rows(row->base, row->v, NULL, n, dims);
        lat__unit_rows(row->still, row->v, row->mean, n, dims);
        lat__similarities(p->s, row->base, row->base, p->turned, n, dims,
                          &p->w->ctx);
        p->e->rows[r].between = lat__mean_between(p->s, p->w->subject, n);
    }
}

/* One row at shift k of the list. */
static void measure_row(struct phase *p, size_t r, size_t k)
{
    struct lat_row_eval *e = &p->e->rows[r];
    const struct row *row = &p->rows[r];
    size_t n = p->w->n, dims = row->dims;

    lat__unit_rows(p->unit, row->v, row->mean, n, dims);
    e->curve_centered[k] = lat__mean_cosine(p->unit, row->still, n, dims);
    lat__unit_rows(p->unit, row->v, NULL, n, dims);
    e->curve[k] = lat__mean_cosine(p->unit, row->base, n, dims);
    lat__similarities(p->s, p->unit, row->base, p->turned, n, dims, &p->w->ctx);
    e->curve_recall[k] = lat__recall(p->s, n, 1);
    if (p->e->shift_ms[k] != key_ms)
        return;
    e->at_75 = e->curve[k];
    e->recall_1 = e->curve_recall[k];
    e->recall_5 = lat__recall(p->s, n, 5);
    e->patient_map = lat__mean_precision(p->s, p->w->subject, n, p->order);
}

static void list_shifts(struct lat_eval *e)
{
    e->shift_ms[e->n_shifts++] = 0.0;
    e->shift_ms[e->n_shifts++] = 5.0;
    for (double ms = 10.0; ms <= last_ms; ms += 10.0) {
        e->shift_ms[e->n_shifts++] = ms;
        if (ms < key_ms && ms + 10.0 > key_ms)
            e->shift_ms[e->n_shifts++] = key_ms;
    }
}

static void measure_near(struct phase *p)
{
    size_t n = 0;

    for (double ms = -near_ms; ms <= near_ms; ms += 10.0, n++) {
        features_at(p, ms);
        for (size_t r = 0; r < LAT_N_ROWS; r++) {
            const struct row *row = &p->rows[r];

            if (!p->e->rows[r].present)
                continue;
            lat__unit_rows(p->unit, row->v, NULL, p->w->n, row->dims);
            p->e->rows[r].mean_150 +=
                lat__mean_cosine(p->unit, row->base, p->w->n, row->dims);
        }
    }
    for (size_t r = 0; r < LAT_N_ROWS; r++)
        p->e->rows[r].mean_150 /= (double)n;
}

static void measure(struct phase *p)
{
    struct lat__windows *w = p->w;
    size_t len = w->n * w->window;

    features_at(p, 0.0);
    set_base(p);
    for (size_t i = 0; i < len; i++)
        p->e->power += (double)w->x[i] * (double)w->x[i] / (double)len;
    p->e->has_reconstruction = w->task;
    if (w->task)
        p->e->reconstruction = lat__shifted_reconstruction(w);
    for (size_t k = 0; k < p->e->n_shifts; k++) {
        features_at(p, p->e->shift_ms[k]);
        for (size_t r = 0; r < LAT_N_ROWS; r++)
            if (p->e->rows[r].present)
                measure_row(p, r, k);
    }
    measure_near(p);
}

static enum lat_code check(const struct lat_card *card, double rate_hz,
                           size_t n, struct lat_err *err)
{
    if (card->input.n_channels != 1)
        return lat_fail(err, LAT_EUNFIT,
                        "the model reads %zu channels, must be one",
                        card->input.n_channels);
    if (fabs(card->input.rate_hz - rate_hz) > 1e-6 * rate_hz)
        return lat_fail(err, LAT_EUNFIT, "the model reads %g Hz, the data %g",
                        card->input.rate_hz, rate_hz);
    if (n < 2)
        return lat_fail(err, LAT_EINVAL,
                        "fewer than two windows: no subject in the split?");
    return LAT_OK;
}

enum lat_code lat_eval_phase(struct lat_eval *out, struct lat_model *m,
                             const struct lat_kernel *kernel,
                             const struct lat_dataset *d, enum lat_split split,
                             size_t n_windows, unsigned n_threads,
                             struct lat_err *err)
{
    size_t subjects = d->first[split + 1] - d->first[split];
    struct lat_eval *e = lat_calloc(1, sizeof(*e));
    struct phase p = {.e = e};
    struct lat_ctx ctx = {.kernel = kernel};
    enum lat_code code =
        check(lat_model_card(m), d->rate_hz, subjects * n_windows, err);

    if (!code && !e)
        code = lat_fail(err, LAT_ENOMEM, "evaluation");
    if (!code)
        code = lat__team_new(&ctx.team, n_threads, err);
    if (!code)
        code = lat__shifted_new(&p.w, m, d, split, n_windows, &ctx, err);
    if (!code)
        code = make(&p, err);
    if (!code) {
        e->n_patients = subjects;
        e->n_windows = p.w->n;
        list_shifts(e);
        measure(&p);
        *out = *e;
    }
    fini(&p);
    lat__windows_free(p.w);
    lat__team_free(ctx.team);
    lat_free(e);
    return code ? lat_wrap(err, code, "evaluation") : LAT_OK;
}
