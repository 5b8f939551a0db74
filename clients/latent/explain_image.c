/* explain_image.c - an image's dimensions, and who else has them. */
#include "explain.h"

#include "catalog.h"
#include "picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum lat_code open_plan(struct cli_explained *e,
                               const struct cli_asked *asked,
                               struct lat_err *err)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_model *model = NULL;
    char path[4096];
    enum lat_code code = cli_model_find(path, asked->models, asked->model, err);

    if (!code)
        code = lat_kernel_pick(&kernel, NULL, err);
    if (!code)
        code = lat_model_read(&model, path, err);
    if (!code)
        code = lat_plan_new(&e->plan, model, kernel, LAT_FLOAT32, err);
    lat_model_unref(model);
    if (!code)
        code = lat_workspace_new(&e->ws, e->plan, err);
    if (code)
        return code;
    cli_model_label(e->model, path);
    e->card = lat_plan_card(e->plan);
    e->mode = asked->gate_mode < 0 ? e->card->gate.mode
                                   : (enum lat_gate_mode)asked->gate_mode;
    return LAT_OK;
}

static enum lat_code embed(struct cli_explained *e,
                           const struct lat_image *image, float *z, float *open,
                           struct lat_err *err)
{
    struct lat_image_code made = {.latent = z, .probability = open};
    struct lat_image_prepared *p = NULL;
    enum lat_code code = lat_prepare_image(&p, e->card, image, err);

    if (!code)
        code = lat_embed_image(e->plan, e->ws, p->x, e->mode, &made, err);
    lat_image_prepared_free(p);
    return code;
}

static int larger(const void *a, const void *b)
{
    const struct cli_reason *x = a, *y = b;

    if (fabsf(x->value) > fabsf(y->value) || fabsf(x->value) < fabsf(y->value))
        return fabsf(x->value) > fabsf(y->value) ? -1 : 1;
    return x->dim < y->dim ? -1 : 1;
}

static enum lat_code list_reasons(struct cli_explained *e, struct lat_err *err)
{
    size_t dims = e->card->dims;

    e->reasons = lat_calloc(dims, sizeof(*e->reasons));
    if (!e->reasons)
        return lat_fail(err, LAT_ENOMEM, "%zu dimensions", dims);
    for (size_t i = 0; i < dims; i++) {
        if (e->open)
            e->expected += (double)e->open[i];
        if (e->z[i] > 0.0f || e->z[i] < 0.0f)
            e->reasons[e->n_reasons++] =
                (struct cli_reason){.dim = i,
                                    .value = e->z[i],
                                    .open = e->open ? e->open[i] : 1.0f};
    }
    qsort(e->reasons, e->n_reasons, sizeof(*e->reasons), larger);
    return LAT_OK;
}

/* ---- the reference set ---- */

/* What is looked at is spread evenly over the gallery. */
static size_t place(const struct cli_explained *e, size_t k)
{
    return k * lat_gallery_count(e->gallery) / e->n_reference;
}

static void keep_best(struct cli_reason *r, size_t image, float v, size_t most)
{
    size_t at = r->n_best;

    while (at > 0 && fabsf(r->best[at - 1].value) < fabsf(v))
        at--;
    if (at == most)
        return;
    if (r->n_best < most)
        r->n_best++;
    memmove(&r->best[at + 1], &r->best[at],
            (r->n_best - 1 - at) * sizeof(*r->best));
    r->best[at].image = image;
    r->best[at].value = v;
}

/* The class that most of the images that have the dimension are of. */
static void name(struct cli_explained *e, struct cli_reason *r,
                 const size_t *counts)
{
    size_t n = lat_gallery_classes(e->gallery), most = 0;

    for (size_t c = 1; c < n; c++)
        if (counts[c] > counts[most])
            most = c;
    if (r->support == 0 || counts[most] == 0)
        return;
    r->named = lat_gallery_class(e->gallery, most);
    r->share = (double)counts[most] / (double)r->support;
}

/* Of one image: each dimension that is looked for. */
static void look(struct cli_explained *e, const float *z, size_t image,
                 size_t *counts, size_t most)
{
    size_t classes = lat_gallery_classes(e->gallery);
    uint32_t label = lat_gallery_label(e->gallery, image);

    for (size_t k = 0; k < e->n_reasons; k++) {
        struct cli_reason *r = &e->reasons[k];
        float v = z[r->dim];

        if (!(v * r->value > 0.0f)) /* of the same sign */
            continue;
        r->support++;
        counts[k * classes + label]++;
        keep_best(r, image, v, most);
    }
}

static enum lat_code look_through(struct cli_explained *e, size_t most,
                                  struct lat_err *err)
{
    size_t classes = lat_gallery_classes(e->gallery);
    size_t *counts = lat_calloc(e->n_reasons * classes + 1, sizeof(*counts));
    float *z = lat_calloc(e->card->dims, sizeof(*z));
    enum lat_code code = LAT_OK;

    if (!counts || !z)
        code = lat_fail(err, LAT_ENOMEM, "a reference");
    for (size_t k = 0; k < e->n_reference && !code; k++) {
        struct lat_image *image = NULL;

        code = lat_gallery_image(&image, e->gallery, place(e, k), 0, err);
        if (!code)
            code = embed(e, image, z, NULL, err);
        if (!code)
            look(e, z, place(e, k), counts, most);
        lat_image_free(image);
    }
    for (size_t k = 0; k < e->n_reasons && !code; k++)
        name(e, &e->reasons[k], counts + k * classes);
    lat_free(z);
    lat_free(counts);
    return code;
}

static enum lat_code compare(struct cli_explained *e,
                             const struct cli_explain_ask *ask,
                             struct lat_err *err)
{
    enum lat_code code =
        lat_gallery_open(&e->gallery, ask->reference.v, ask->reference.n, err);

    if (code)
        return code;
    e->n_reference = lat_gallery_count(e->gallery);
    if (e->n_reference > ask->limit)
        e->n_reference = (size_t)ask->limit;
    return look_through(e, (size_t)ask->per, err);
}

enum lat_code cli_explain_image(struct cli_explained *e,
                                const struct cli_explain_ask *ask,
                                const char *path, struct lat_err *err)
{
    enum lat_code code = open_plan(e, &ask->asked, err);

    e->file = path;
    if (!code)
        code = cli_picture_fits(e->card, path, err);
    if (!code)
        code = cli_picture_read(&e->image, path, err);
    if (code)
        return code;
    e->z = lat_calloc(e->card->dims, sizeof(*e->z));
    e->open =
        e->card->gate.mode ? lat_calloc(e->card->dims, sizeof(*e->open)) : NULL;
    if (!e->z || (e->card->gate.mode && !e->open))
        return lat_fail(err, LAT_ENOMEM, "a code");
    code = embed(e, e->image, e->z, e->open, err);
    if (code)
        return lat_wrap(err, code, "%s", path);
    code = list_reasons(e, err);
    return code || !ask->reference.n ? code : compare(e, ask, err);
}

void cli_explained_fini(struct cli_explained *e)
{
    lat_gallery_close(e->gallery);
    lat_image_free(e->image);
    lat_free(e->reasons);
    lat_free(e->z);
    lat_free(e->open);
    lat_workspace_free(e->ws);
    lat_plan_unref(e->plan);
    *e = (struct cli_explained){0};
}
