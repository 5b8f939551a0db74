/* passes.c - see passes.h. */
#define _GNU_SOURCE /* strcasestr */
#include "passes.h"

#include <string.h>

enum lat_code latd_passes_init(struct latd_passes *p, struct latd_req *req,
                               const struct latd_inputs *in, size_t spare)
{
    size_t n = in->n_windows;

    p->n = n;
    p->items = lat_calloc(n + spare, sizeof(*p->items));
    p->recalls = lat_calloc(n, sizeof(*p->recalls));
    p->floats = latd_item_floats(in->model->card, in->parts);
    p->z = lat_calloc(n * p->floats, sizeof(*p->z));
    if (!p->items || !p->recalls || !p->z)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu windows", n);
    req->batch.items = p->items;
    req->batch.n = n + spare;
    latd_hist_count(&req->app->metrics->batch_inputs, n);
    latd_hist_count(&req->app->metrics->batch_samples, in->n_samples);
    return LAT_OK;
}

bool latd_passes_no_store(const struct latd_req *req)
{
    const char *control = latd_req_header(req, "Cache-Control");

    return control && strcasestr(control, "no-store");
}

void latd_passes_recall(struct latd_passes *p, struct latd_req *req,
                        const struct latd_inputs *in)
{
    size_t k = 0;
    bool fresh = latd_passes_no_store(req);

    for (size_t i = 0; i < in->asked.n; i++) {
        const struct latd_prepared *from = &in->prepared[i];

        for (size_t j = 0; j < latd_prepared_count(from); j++, k++) {
            const struct lat_window *w =
                from->windows ? &from->windows->w[j] : NULL;

            p->items[k].model = in->model;
            p->items[k].x = w ? w->x : from->image->x;
            p->items[k].y = p->z + k * p->floats;
            p->items[k].parts = in->parts;
            p->items[k].mode = in->mode;
            latd_recall_begin(&p->recalls[k], req, &p->items[k],
                              w ? w->digest : from->image->digest, fresh);
            req->compute |= p->recalls[k].how != LATD_RECALLED_HIT;
        }
    }
}

const struct latd_item *latd_passes_failed(const struct latd_passes *p,
                                           const struct latd_inputs *in,
                                           size_t i, size_t k)
{
    size_t n = latd_prepared_count(&in->prepared[i]);

    for (size_t j = 0; j < n; j++)
        if (p->items[k + j].code)
            return &p->items[k + j];
    return NULL;
}

void latd_passes_fini(struct latd_passes *p)
{
    for (size_t k = 0; p->recalls && k < p->n; k++)
        if (p->recalls[k].item)
            latd_recall_end(&p->recalls[k]);
    lat_free(p->z);
    lat_free(p->recalls);
    lat_free(p->items);
    *p = (struct latd_passes){0};
}
