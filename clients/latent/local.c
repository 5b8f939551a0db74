/* local.c - embeddings in this process. */
#include "catalog.h"
#include "picture.h"

#include <string.h>

struct cli_local {
    struct lat_plan *plan;
    struct lat_workspace *ws;
    float *z;      /* (dims), and as many for gates */
    float *likely; /* (n_labels) */
    char label[CLI_LABEL_MAX];
};

static enum lat_code make_plan(struct cli_local *l, const char *path,
                               struct lat_err *err)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_model *model = NULL;
    enum lat_code code = lat_kernel_pick(&kernel, NULL, err);

    if (!code)
        code = lat_model_read(&model, path, err);
    if (!code)
        code = lat_plan_new(&l->plan, model, kernel, LAT_FLOAT32, err);
    lat_model_unref(model); /* the plan has its own */
    if (!code)
        code = lat_workspace_new(&l->ws, l->plan, err);
    return code;
}

enum lat_code cli_local_open(struct cli_local **out,
                             const struct cli_asked *asked, struct lat_err *err)
{
    struct cli_local *l = lat_calloc(1, sizeof(*l));
    char path[4096];
    enum lat_code code;

    if (!l)
        return lat_fail(err, LAT_ENOMEM, "a plan");
    code = cli_model_find(path, asked->models, asked->model, err);
    if (!code)
        code = make_plan(l, path, err);
    if (!code)
        cli_model_label(l->label, path);
    if (!code) {
        l->z = lat_calloc(lat_plan_card(l->plan)->dims, 2 * sizeof(*l->z));
        l->likely =
            lat_calloc(lat_plan_card(l->plan)->n_labels, sizeof(*l->likely));
        if (!l->z || !l->likely)
            code = lat_fail(err, LAT_ENOMEM, "an embedding");
    }
    if (code) {
        cli_local_close(l);
        return code;
    }
    *out = l;
    return LAT_OK;
}

void cli_local_close(struct cli_local *l)
{
    if (!l)
        return;
    lat_free(l->z);
    lat_free(l->likely);
    lat_workspace_free(l->ws);
    lat_plan_unref(l->plan);
    lat_free(l);
}

static enum lat_code windows_of(struct lat_windows **out, struct cli_local *l,
                                const struct cli_asked *asked, const char *path,
                                struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(l->plan);
    struct lat_signal *sig = NULL;
    enum lat_code code;

    if (asked->gate_mode > 0) /* hard or soft, as a server refuses it */
        return lat_fail(err, LAT_EUNFIT, "%s: model %s has no gates", path,
                        card->name);
    code = lat_signal_read(&sig, path, &asked->hints, err);
    if (code)
        return code; /* it names the file */
    code = lat_prepare(out, card, sig, &asked->cut, err);
    lat_signal_free(sig);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

/* What the head says of l->z, where it is asked and there is one. */
static enum lat_code say(struct cli_local *l, const struct cli_asked *asked,
                         struct cli_item *item, struct cli_embeddings *out,
                         struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(l->plan);

    if (!asked->include || card->task != LAT_TASK_CLASSES)
        return LAT_OK;
    out->n_labels = card->n_labels;
    memcpy(out->labels, card->labels, sizeof(out->labels));
    item->likely = l->likely;
    return lat_plan_classes(l->plan, l->z, l->likely, err);
}

static enum lat_code embed_picture(struct cli_local *l,
                                   const struct cli_asked *asked,
                                   const char *path, size_t file,
                                   struct cli_embeddings *out,
                                   struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(l->plan);
    enum lat_gate_mode mode = asked->gate_mode < 0
                                  ? card->gate.mode
                                  : (enum lat_gate_mode)asked->gate_mode;
    struct cli_item item = {.file = file};
    struct lat_image_code made = {.latent = l->z};
    struct lat_image_prepared *p = NULL;
    enum lat_code code = cli_picture_prepare(&p, card, path, err);

    if (code)
        return code;
    if (card->gate.mode)
        made.probability = item.open = l->z + card->dims;
    code = lat_embed_image(l->plan, l->ws, p->x, mode, &made, err);
    if (code)
        code = lat_wrap(err, code, "%s", path);
    else
        code = cli_embeddings_add(out, &item, l->z, card->dims, err);
    lat_image_prepared_free(p);
    return code;
}

enum lat_code cli_local_embed(struct cli_local *l,
                              const struct cli_asked *asked, const char *path,
                              size_t file, struct cli_embeddings *out,
                              struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(l->plan);
    struct lat_windows *windows = NULL;
    enum lat_code code = cli_picture_fits(card, path, err);

    if (code)
        return code;
    snprintf(out->model, sizeof(out->model), "%s", l->label);
    out->partitioned = card->partitioned;
    out->images = card->modality == LAT_IMAGES;
    memcpy(out->blocks, card->blocks, sizeof(out->blocks));
    if (out->images)
        return embed_picture(l, asked, path, file, out, err);
    code = windows_of(&windows, l, asked, path, err);
    if (code)
        return code;
    for (size_t i = 0; i < windows->n && !code; i++) {
        const struct lat_window *w = &windows->w[i];
        struct cli_item item = {.file = file, .rate_hz = windows->from_hz};

        if (asked->cut.mode != LAT_REJECT) { /* as a server says it */
            item.begin = w->begin;
            item.end = w->end;
        }
        code = lat_embed(l->plan, l->ws, w->x, l->z, err);
        if (!code)
            code = say(l, asked, &item, out, err);
        if (code)
            code = lat_wrap(err, code, "%s: window %zu", path, i);
        else
            code = cli_embeddings_add(out, &item, l->z, card->dims, err);
    }
    lat_windows_free(windows);
    return code;
}

static void join_names(char *out, size_t room, const struct lat_windows *w)
{
    size_t len = 0;

    for (size_t i = 0; i < w->n_used && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, "%s%s", i ? ", " : "",
                                w->used[i]);
}

static enum lat_code check_picture(struct cli_local *l, const char *path,
                                   struct cli_checked *out, struct lat_err *err)
{
    struct lat_image_prepared *p = NULL;
    enum lat_code code =
        cli_picture_prepare(&p, lat_plan_card(l->plan), path, err);

    if (code)
        return code;
    *out = (struct cli_checked){.n_windows = 1};
    snprintf(out->model, sizeof(out->model), "%s", l->label);
    snprintf(out->fitting, sizeof(out->fitting),
             "resized to %zu x %zu, the middle %zu x %zu", p->to_width,
             p->to_height, p->crop.width, p->crop.height);
    lat_image_prepared_free(p);
    return LAT_OK;
}

enum lat_code cli_local_check(struct cli_local *l,
                              const struct cli_asked *asked, const char *path,
                              struct cli_checked *out, struct lat_err *err)
{
    const struct lat_card *card = lat_plan_card(l->plan);
    struct lat_windows *w = NULL;
    enum lat_code code = cli_picture_fits(card, path, err);

    if (!code && card->modality == LAT_IMAGES)
        return check_picture(l, path, out, err);
    if (!code)
        code = windows_of(&w, l, asked, path, err);

    if (code)
        return code;
    *out = (struct cli_checked){.n_windows = w->n,
                                .n_missing = w->n_missing,
                                .from_hz = w->from_hz,
                                .to_hz = w->to_hz};
    snprintf(out->model, sizeof(out->model), "%s", l->label);
    join_names(out->used, sizeof(out->used), w);
    for (size_t i = 0; i < LAT_N_WARNINGS; i++)
        if (w->warned[i])
            snprintf(out->warnings[out->n_warnings++], sizeof(out->warnings[0]),
                     "%s", w->warnings[i]);
    lat_windows_free(w);
    return LAT_OK;
}
