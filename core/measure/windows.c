/* windows.c - windows of a split's subjects, embedded as they are cut. */
#include "../measure.h"

#include <string.h>

enum { ROWS = 64 }; /* how many go through the network at once */

static enum lat_code make_memory(struct lat__windows *w, struct lat_err *err)
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
    w->ctx.scratch_len = lat__net_scratch(w->net, ROWS, w->ctx.precision);
    w->ctx.scratch = lat_calloc(LAT_PARTS, w->ctx.scratch_len * sizeof(float));
    if (!w->record || !w->begin || !w->subject || !w->label || !w->said ||
        !w->x || !w->z || !w->scratch || !w->ctx.scratch)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    return LAT_OK;
}

static enum lat_code make(struct lat__windows *w, enum lat_task kind,
                          struct lat_err *err)
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
    if (!code && card->task == kind)
        code = lat__acts_new(&w->task, &w->net->task, ROWS, LAT_NO_GRADS, err);
    return code;
}

enum lat_code lat__windows_make(struct lat__windows **out,
                                const struct lat_model *m, size_t n,
                                enum lat_task kind, const struct lat_ctx *ctx,
                                struct lat_err *err)
{
    struct lat__windows *w = lat_calloc(1, sizeof(*w));
    enum lat_code code;

    if (!w)
        return lat_fail(err, LAT_ENOMEM, "windows");
    w->model = m;
    w->card = lat_model_card(m);
    w->net = lat__model_net(m);
    w->ctx = *ctx;
    w->ctx.scratch = NULL;
    w->n = n;
    w->window = w->card->input.window;
    w->channels = w->card->input.n_channels;
    w->dims = w->net->dims;
    code = make(w, kind, err);
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
    lat_free(w->label);
    lat_free(w->said);
    lat_free(w->x);
    lat_free(w->z);
    lat_free(w);
}

struct cutting {
    struct lat__windows *w;
    void (*cut)(const struct lat__windows *w, float *x, size_t i);
};

static void cut_part(void *arg, size_t part)
{
    const struct cutting *c = arg;
    const struct lat__windows *w = c->w;
    double *scratch =
        w->scratch + part * lat__conditioner_scratch(w->conditioner);

    for (size_t i = lat__part_begin(w->n, part);
         i < lat__part_begin(w->n, part + 1); i++) {
        float *x = w->x + i * w->window * w->channels;

        c->cut(w, x, i);
        lat__condition(w->conditioner, x, x, scratch);
    }
}

size_t lat__windows_rows(struct lat__windows *w, struct lat__acts *a, float *in,
                         size_t width, size_t begin)
{
    size_t n = w->n - begin < ROWS ? w->n - begin : ROWS;

    lat__acts_rows(a, n);
    a->act[0].v = in + begin * width;
    lat__stack_eval(&w->ctx, lat__model_params(w->model), a);
    return n;
}

void lat__windows_embed(struct lat__windows *w,
                        void (*cut)(const struct lat__windows *w, float *x,
                                    size_t i))
{
    struct cutting c = {w, cut};
    size_t n;

    lat__team_run(w->ctx.team, cut_part, &c);
    for (size_t i = 0; i < w->n; i += n) {
        n = lat__windows_rows(w, w->encoder, w->x, w->window * w->channels, i);
        memcpy(w->z + i * w->dims, w->encoder->act[w->net->encoder.n_layers].v,
               n * w->dims * sizeof(*w->z));
    }
}
