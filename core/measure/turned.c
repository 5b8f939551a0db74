/* turned.c - the same windows of activities, each turned as it is told. */
#include "../measure.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64 }; /* how many go through the network at once */

/* Windows evenly over all samples of the subject's stretches. */
static void place_subject(struct lat__turned *w, size_t *at,
                          const struct lat_dataset *d, size_t s,
                          size_t n_windows)
{
    const struct lat__subject *who = &d->subjects[s];
    double all = 0.0;

    for (size_t i = 0; i < who->n_records; i++)
        all += (double)(d->records[who->records[i]].n - w->window + 1);
    for (size_t i = 0; i < n_windows; i++, ++*at) {
        double where = ((double)i + 0.5) * all / (double)n_windows;
        size_t k = 0;

        for (; k + 1 < who->n_records; k++) {
            double room =
                (double)(d->records[who->records[k]].n - w->window + 1);

            if (where < room)
                break;
            where -= room;
        }
        w->record[*at] = &d->records[who->records[k]];
        w->begin[*at] = (size_t)where;
        w->subject[*at] = s;
        w->label[*at] = w->record[*at]->label;
    }
}

static enum lat_code make_memory(struct lat__turned *w, struct lat_err *err)
{
    size_t n = w->n, len = w->window * w->channels;

    w->record = lat_calloc(n, sizeof(*w->record));
    w->begin = lat_calloc(n, sizeof(*w->begin));
    w->subject = lat_calloc(n, sizeof(*w->subject));
    w->label = lat_calloc(n, sizeof(*w->label));
    w->said = lat_calloc(n, sizeof(*w->said));
    w->x = lat_calloc(n, len * sizeof(*w->x));
    w->z = lat_calloc(n, w->dims * sizeof(*w->z));
    w->scratch = lat_calloc(
        LAT_PARTS, lat__conditioner_scratch(w->conditioner) * sizeof(double));
    w->ctx.scratch_len = lat__net_scratch(w->net, ROWS);
    w->ctx.scratch = lat_calloc(LAT_PARTS, w->ctx.scratch_len * sizeof(float));
    if (!w->record || !w->begin || !w->subject || !w->label || !w->said ||
        !w->x || !w->z || !w->scratch || !w->ctx.scratch)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    return LAT_OK;
}

static enum lat_code make(struct lat__turned *w, struct lat_err *err)
{
    const struct lat_card *card = w->card;
    enum lat_code code;

    code =
        lat__conditioner_new(&w->conditioner, &card->prep, card->input.rate_hz,
                             w->window, w->channels, err);
    if (!code)
        code = make_memory(w, err);
    if (!code)
        code = lat__acts_new(&w->encoder, &w->net->encoder, ROWS, LAT_NO_GRADS,
                             err);
    if (!code && card->task == LAT_TASK_CLASSES)
        code = lat__acts_new(&w->task, &w->net->task, ROWS, LAT_NO_GRADS, err);
    return code;
}

enum lat_code lat__turned_new(struct lat__turned **out,
                              const struct lat_model *m,
                              const struct lat_dataset *d, enum lat_split split,
                              size_t n_windows, const struct lat_ctx *ctx,
                              struct lat_err *err)
{
    size_t subjects = d->first[split + 1] - d->first[split], at = 0;
    struct lat__turned *w = lat_calloc(1, sizeof(*w));
    enum lat_code code;

    if (!w)
        return lat_fail(err, LAT_ENOMEM, "windows");
    w->model = m;
    w->card = lat_model_card(m);
    w->net = lat__model_net(m);
    w->dims = w->net->dims;
    w->ctx = *ctx;
    w->ctx.scratch = NULL;
    w->n = subjects * n_windows;
    w->window = w->card->input.window;
    w->channels = w->card->input.n_channels;
    code = make(w, err);
    if (code) {
        lat__turned_free(w);
        return code;
    }
    for (size_t s = d->first[split]; s < d->first[split + 1]; s++)
        place_subject(w, &at, d, s, n_windows);
    *out = w;
    return LAT_OK;
}

void lat__turned_free(struct lat__turned *w)
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
    lat_free(w->label);
    lat_free(w->said);
    lat_free(w->x);
    lat_free(w->z);
    lat_free(w);
}

static void cut_part(void *arg, size_t part)
{
    const struct lat__turned *w = arg;
    const size_t len = w->window * w->channels;
    double *scratch =
        w->scratch + part * lat__conditioner_scratch(w->conditioner);

    for (size_t i = lat__part_begin(w->n, part);
         i < lat__part_begin(w->n, part + 1); i++) {
        float *x = w->x + i * len;

        memcpy(x, w->record[i]->v + w->begin[i] * w->channels,
               len * sizeof(*x));
        if (w->rotation)
            lat__rotate(x, x, w->window, w->channels, &w->rotation[i]);
        lat__condition(w->conditioner, x, x, scratch);
    }
}

static uint32_t largest(const float *y, size_t n)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < n; i++)
        best = y[i] > y[best] ? i : best;
    return best;
}

static void say(struct lat__turned *w, size_t begin, size_t n)
{
    const size_t classes = w->card->n_labels;
    const float *y;

    lat__acts_rows(w->task, n);
    w->task->act[0].v = w->z + begin * w->dims;
    lat__model_task(&w->ctx, w->model, w->task);
    y = w->task->act[w->net->task.n_layers].v;
    for (size_t i = 0; i < n; i++)
        w->said[begin + i] = largest(y + i * classes, classes);
}

void lat__turned_at(struct lat__turned *w, const struct lat__rotation *rotation)
{
    const size_t len = w->window * w->channels;

    w->rotation = rotation;
    lat__team_run(w->ctx.team, cut_part, w);
    for (size_t i = 0; i < w->n; i += ROWS) {
        size_t n = w->n - i < ROWS ? w->n - i : ROWS;

        lat__acts_rows(w->encoder, n);
        w->encoder->act[0].v = w->x + i * len;
        lat__stack_eval(&w->ctx, lat__model_params(w->model), w->encoder);
        memcpy(w->z + i * w->dims, w->encoder->act[w->net->encoder.n_layers].v,
               n * w->dims * sizeof(*w->z));
        if (w->task)
            say(w, i, n);
    }
}

void lat__turned_count(const struct lat__turned *w, size_t *counts)
{
    for (size_t i = 0; i < w->n; i++)
        counts[w->label[i] * w->card->n_labels + w->said[i]]++;
}

double lat__turned_kept(const struct lat__turned *w, const uint32_t *said)
{
    size_t same = 0;

    for (size_t i = 0; i < w->n; i++)
        same += w->said[i] == said[i];
    return (double)same / (double)w->n;
}
