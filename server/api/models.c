/* models.c - which models there are, and what each wants and gives. */
#include "../api.h"
#include "../wire.h"

static void encode(struct latd_req *req, const struct latd_model *m)
{
    const struct latd_wire_model body = {
        .id = m->id,
        .created = m->created,
        .precision = lat_plan_precision(m->plan),
        .card = m->card,
        .max_inputs = req->app->config.max_inputs,
        .max_body_bytes = req->app->config.max_body_bytes,
        .max_samples = req->app->config.max_samples,
        .max_pixels = req->app->config.max_pixels,
    };

    latd_wire_model_encode(&req->reply.body, &body);
}

static enum lat_code index_reply(struct latd_req *req)
{
    struct lat_buf *b = &req->reply.body;
    struct latd_model **list = NULL;
    size_t n = 0;
    enum lat_code code =
        latd_models_list(req->app->models, &list, &n, &req->err);

    if (code)
        return code;
    lat_buf_puts(b, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            lat_buf_puts(b, ",");
        encode(req, list[i]);
    }
    lat_buf_puts(b, "]}");
    latd_models_list_free(list, n);
    latd_reply_etag_body(req);
    return LAT_OK;
}

static enum lat_code get_reply(struct latd_req *req)
{
    struct latd_model *m = NULL;
    enum lat_code code =
        latd_models_ref(req->app->models, req->param, &m, &req->err);

    if (code)
        return code;
    encode(req, m);
    latd_model_unref(m);
    latd_reply_etag_body(req);
    return LAT_OK;
}

const struct latd_handler latd_models_index = {.reply = index_reply};
const struct latd_handler latd_models_get = {.reply = get_reply};
