/*
 * health.c - is it alive, has it started, should it be sent work?
 *
 * Ready means that a forward pass succeeded: the self-test of each model at
 * its loading, and the canary from then on.
 */
#include "../api.h"

static enum lat_code say(struct latd_req *req, bool well, const char *reason)
{
    struct lat_buf *b = &req->reply.body;

    if (well) {
        lat_buf_puts(b, "{\"status\":\"ok\"}\n");
        return LAT_OK;
    }
    req->reply.status = 503;
    latd_reply_header(&req->reply, "Retry-After", "1");
    lat_buf_printf(b, "{\"status\":\"unavailable\",\"reasons\":[\"%s\"]}\n",
                   reason);
    return LAT_OK;
}

static enum lat_code livez_reply(struct latd_req *req)
{
    return say(req, true, "");
}

static enum lat_code startupz_reply(struct latd_req *req)
{
    return say(req, atomic_load(&req->app->state) != LATD_LOADING,
               "model_loading");
}

static enum lat_code readyz_reply(struct latd_req *req)
{
    struct latd_app *app = req->app;

    switch (atomic_load(&app->state)) {
    case LATD_LOADING:
        return say(req, false, "model_loading");
    case LATD_DRAINING:
    case LATD_STOPPING:
        return say(req, false, "draining");
    case LATD_READY:
        break;
    }
    if (app->models && latd_models_count(app->models) == 0)
        return say(req, false, "no_models");
    if (atomic_load(&app->failing))
        return say(req, false, "inference_failing");
    return say(req, true, "");
}

const struct latd_handler latd_livez = {.reply = livez_reply};
const struct latd_handler latd_readyz = {.reply = readyz_reply};
const struct latd_handler latd_startupz = {.reply = startupz_reply};
