/* heads.c - see heads.h. */
#include "heads.h"

enum lat_code latd_heads_say(float **room, struct latd_embed_item *items,
                             size_t n, const struct latd_embed_req *asked,
                             const struct latd_model *m, struct lat_err *err)
{
    const struct lat_card *card = m->card;
    enum lat_code code = LAT_OK;
    float *v;

    *room = NULL;
    if (!(asked->include & LATD_INCLUDE_TASK) ||
        card->task != LAT_TASK_CLASSES || n == 0)
        return LAT_OK;
    v = lat_calloc(n, card->n_labels * sizeof(*v));
    if (!v)
        return lat_fail(err, LAT_ENOMEM, "%zu answers of the head", n);
    for (size_t i = 0; !code && i < n; i++) {
        if (!items[i].z)
            continue;
        items[i].likely = v + i * card->n_labels;
        code =
            lat_plan_classes(m->plan, items[i].z, v + i * card->n_labels, err);
    }
    if (code)
        lat_free(v);
    else
        *room = v;
    return code;
}
