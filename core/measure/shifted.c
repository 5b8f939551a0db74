/* shifted.c - the same windows of a split's subjects, at any shift. */
#include "../measure.h"
#include "../views.h"

#include <math.h>

static const double far_ms = 500.0;

/* Evenly over the subject's records, far enough from their ends. */
static enum lat_code place_subject(struct lat__windows *w, size_t *at,
                                   const struct lat_dataset *d, size_t s,
                                   size_t n_windows, struct lat_err *err)
{
    const struct lat__subject *who = &d->subjects[s];
    size_t far = (size_t)lat__phase_samples(far_ms, d->rate_hz);

    for (size_t i = 0; i < n_windows; i++) {
        size_t which = i % who->n_records, nth = i / who->n_records;
        size_t of = (n_windows - which - 1) / who->n_records + 1, room;
        const struct lat__record *rec = &d->records[who->records[which]];

        if (rec->n < w->window + 2 * far + 1)
            return lat_fail(err, LAT_EUNFIT,
                            "record %s has %zu samples, %zu are needed",
                            rec->name, rec->n, w->window + 2 * far + 1);
        room = rec->n - w->window - 2 * far;
        w->record[*at] = rec;
        w->subject[*at] = s;
        w->begin[*at] =
            far + (size_t)(((double)nth + 0.5) * (double)room / (double)of);
        ++*at;
    }
    return LAT_OK;
}

enum lat_code lat__shifted_new(struct lat__windows **out,
                               const struct lat_model *m,
                               const struct lat_dataset *d,
                               enum lat_split split, size_t n_windows,
                               const struct lat_ctx *ctx, struct lat_err *err)
{
    size_t subjects = d->first[split + 1] - d->first[split], at = 0;
    struct lat__windows *w = NULL;
    enum lat_code code = lat__windows_make(&w, m, subjects * n_windows,
                                           LAT_TASK_RECONSTRUCTION, ctx, err);

    for (size_t s = d->first[split]; !code && s < d->first[split + 1]; s++)
        code = place_subject(w, &at, d, s, n_windows, err);
    if (code)
        lat__windows_free(w);
    else
        *out = w;
    return code;
}

static void cut(const struct lat__windows *w, float *x, size_t i)
{
    lat__phase_cut(x, w->window, w->record[i]->v, w->record[i]->n, w->begin[i],
                   w->shift);
}

void lat__shifted_at(struct lat__windows *w, long shift)
{
    w->shift = shift;
    lat__windows_embed(w, cut);
}

double lat__shifted_reconstruction(struct lat__windows *w)
{
    double sum = 0.0;
    size_t n;

    for (size_t i = 0; i < w->n; i += n) {
        const float *y, *x = w->x + i * w->window;

        n = lat__windows_rows(w, w->task, w->z, w->dims, i);
        y = w->task->act[w->net->task.n_layers].v;
        for (size_t j = 0; j < n * w->window; j++) {
            double d = (double)y[j] - (double)x[j];

            sum += d * d;
        }
    }
    return sum / (double)(w->n * w->window);
}
