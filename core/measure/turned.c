/* turned.c - the same windows of activities, each turned as it is told. */
#include "../measure.h"

#include <string.h>

/* Windows evenly over all samples of the subject's stretches. */
static void place_subject(struct lat__windows *w, size_t *at,
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

enum lat_code lat__turned_new(struct lat__windows **out,
                              const struct lat_model *m,
                              const struct lat_dataset *d, enum lat_split split,
                              size_t n_windows, const struct lat_ctx *ctx,
                              struct lat_err *err)
{
    size_t subjects = d->first[split + 1] - d->first[split], at = 0;
    enum lat_code code = lat__windows_make(out, m, subjects * n_windows,
                                           LAT_TASK_CLASSES, ctx, err);

    if (code)
        return code;
    for (size_t s = d->first[split]; s < d->first[split + 1]; s++)
        place_subject(*out, &at, d, s, n_windows);
    return LAT_OK;
}

static void cut(const struct lat__windows *w, float *x, size_t i)
{
    memcpy(x, w->record[i]->v + w->begin[i] * w->channels,
           w->window * w->channels * sizeof(*x));
    if (w->rotation)
        lat__rotate(x, x, w->window, w->channels, &w->rotation[i]);
}

static uint32_t largest(const float *y, size_t n)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < n; i++)
        best = y[i] > y[best] ? i : best;
    return best;
}

static void say(struct lat__windows *w)
{
    const size_t classes = w->card->n_labels;
    size_t n;

    for (size_t begin = 0; begin < w->n; begin += n) {
        const float *y;

        n = lat__windows_rows(w, w->task, w->z, w->dims, begin);
        y = w->task->act[w->net->task.n_layers].v;
        for (size_t i = 0; i < n; i++)
            w->said[begin + i] = largest(y + i * classes, classes);
    }
}

void lat__turned_at(struct lat__windows *w,
                    const struct lat__rotation *rotation)
{
    w->rotation = rotation;
    lat__windows_embed(w, cut);
    if (w->task)
        say(w);
}

void lat__turned_count(const struct lat__windows *w, size_t *counts)
{
    for (size_t i = 0; i < w->n; i++)
        counts[w->label[i] * w->card->n_labels + w->said[i]]++;
}

double lat__turned_kept(const struct lat__windows *w, const uint32_t *said)
{
    size_t same = 0;

    for (size_t i = 0; i < w->n; i++)
        same += w->said[i] == said[i];
    return (double)same / (double)w->n;
}
