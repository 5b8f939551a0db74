/* windows.c - the same windows of a split's subjects, at any shift. */
#include "../measure.h"
#include "../train.h"
#include "../views.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64 }; /* how many go through the network at once */

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

static enum lat_code make_memory(struct lat__windows *w, struct lat_err *err)
{
    size_t n = w->n;

    w->record = lat_calloc(n, sizeof(*w->record));
    w->begin = lat_calloc(n, sizeof(*w->begin));
    w->subject = lat_calloc(n, sizeof(*w->subject));
    w->x = lat_calloc(n, w->window * sizeof(*w->x));
    w->z = lat_calloc(n, w->net->dims * sizeof(*w->z));
    w->scratch = lat_calloc(
        LAT_PARTS, lat__conditioner_scratch(w->conditioner) * sizeof(double));
    w->ctx.scratch_len = lat__net_scratch(w->net, ROWS);
    w->ctx.scratch = lat_calloc(LAT_PARTS, w->ctx.scratch_len * sizeof(float));
    if (!w->record || !w->begin || !w->subject || !w->x || !w->z ||
        !w->scratch || !w->ctx.scratch)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    return LAT_OK;
}

static enum lat_code make(struct lat__windows *w, struct lat_err *err)
{
    const struct lat_card *card = w->card;
    enum lat_code code;

    code = lat__conditioner_new(&w->conditioner, &card->prep,
                                card->input.rate_hz, w->window, 1, err);
    if (!code)
        code = make_memory(w, err);
    if (!code)
        code = lat__acts_new(&w->encoder, &w->net->encoder, ROWS, LAT_NO_GRADS,
                             err);
    if (!code && card->task == LAT_TASK_RECONSTRUCTION)
        code = lat__acts_new(&w->task, &w->net->task, ROWS, LAT_NO_GRADS, err);
    return code;
}

enum lat_code lat__windows_new(struct lat__windows **out,
                               const struct lat_model *m,
                               const struct lat_dataset *d,
                               enum lat_split split, size_t n_windows,
                               const struct lat_ctx *ctx, struct lat_err *err)
{
    size_t subjects = d->first[split + 1] - d->first[split], at = 0;
    struct lat__windows *w = lat_calloc(1, sizeof(*w));
    enum lat_code code;

    if (!w)
        return lat_fail(err, LAT_ENOMEM, "windows");
    w->model = m;
    w->card = lat_model_card(m);
    w->net = lat__model_net(m);
    w->ctx = *ctx;
    w->ctx.scratch = NULL;
    w->n = subjects * n_windows;
    w->window = w->card->input.window;
    code = make(w, err);
    for (size_t s = d->first[split]; !code && s < d->first[split + 1]; s++)
        code = place_subject(w, &at, d, s, n_windows, err);
    if (code)
        lat__windows_free(w);
    else
        *out = w;
    return code;
}

void lat__windows_free(struct lat__windows *w)
{
    if (!w)
        return;
    lat__acts_free(w->encoder);
    lat__acts_free(w->task);
    lat__conditioner_free(w->conditioner);
    lat_free(w->scratch);
    lat_free(w->ctx.scratch);
    lat_free(w->record);
    lat_free(w->begin);
    lat_free(w->subject);
    lat_free(w->x);
    lat_free(w->z);
    lat_free(w);
}

static void cut_part(void *arg, size_t part)
{
    const struct lat__windows *w = arg;
    double *scratch =
        w->scratch + part * lat__conditioner_scratch(w->conditioner);

    for (size_t i = lat__part_begin(w->n, part);
         i < lat__part_begin(w->n, part + 1); i++) {
        float *x = w->x + i * w->window;

        lat__phase_cut(x, w->window, w->record[i]->v, w->record[i]->n,
                       w->begin[i], w->shift);
        lat__condition(w->conditioner, x, x, scratch);
    }
}

/* Rows begin … of one stack; returns how many there were. */
static size_t run_rows(struct lat__windows *w, struct lat__acts *a, float *in,
                       size_t width, size_t begin)
{
    size_t n = w->n - begin < ROWS ? w->n - begin : ROWS;

    lat__acts_rows(a, n);
    a->act[0].v = in + begin * width;
    lat__stack_eval(&w->ctx, lat__model_params(w->model), a);
    return n;
}

void lat__windows_at(struct lat__windows *w, long shift)
{
    size_t dims = w->net->dims, n;

    w->shift = shift;
    lat__team_run(w->ctx.team, cut_part, w);
    for (size_t i = 0; i < w->n; i += n) {
        n = run_rows(w, w->encoder, w->x, w->window, i);
        memcpy(w->z + i * dims, w->encoder->act[w->net->encoder.n_layers].v,
               n * dims * sizeof(*w->z));
    }
}

double lat__windows_reconstruction(struct lat__windows *w)
{
    double sum = 0.0;
    size_t n;

    for (size_t i = 0; i < w->n; i += n) {
        const float *y, *x = w->x + i * w->window;

        n = run_rows(w, w->task, w->z, w->net->dims, i);
        y = w->task->act[w->net->task.n_layers].v;
        for (size_t j = 0; j < n * w->window; j++) {
            double d = (double)y[j] - (double)x[j];

            sum += d * d;
        }
    }
    return sum / (double)(w->n * w->window);
}
