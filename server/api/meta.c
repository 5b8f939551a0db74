/* meta.c - what the program says of itself: version, metrics, contract. */
#include "../api.h"

#include <config.h>

static enum lat_code version_reply(struct latd_req *req)
{
    lat_buf_printf(&req->reply.body,
                   "{\"name\":\"latentd\",\"version\":\"%s\","
                   "\"commit\":\"%s\",\"blas\":\"%s\"}\n",
                   PACKAGE_VERSION, LATD_COMMIT, LATD_BLAS);
    latd_reply_etag_body(req);
    return LAT_OK;
}

static enum lat_code metrics_reply(struct latd_req *req)
{
    req->reply.type = "text/plain; version=0.0.4; charset=utf-8";
    latd_metrics_print(req->app, &req->reply.body);
    return LAT_OK;
}

const struct latd_handler latd_version = {.reply = version_reply};
const struct latd_handler latd_metrics_text = {.reply = metrics_reply};
