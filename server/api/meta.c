/* meta.c - what the program says of itself: version, metrics, contract. */
#include "../api.h"

#include <config.h>

/* The kernel is picked before anything but probes is answered. */
static enum lat_code version_reply(struct latd_req *req)
{
    const struct lat_kernel *kernel = req->app->kernel;

    lat_buf_printf(&req->reply.body,
                   "{\"name\":\"latentd\",\"version\":\"%s\","
                   "\"commit\":\"%s\",\"blas\":\"%s\"",
                   PACKAGE_VERSION, LATD_COMMIT, LATD_BLAS);
    if (kernel)
        lat_buf_printf(&req->reply.body,
                       ",\"kernel\":{\"float32\":\"%s\",\"bfloat16\":\"%s\"}",
                       lat_kernel_way(kernel, LAT_FLOAT32),
                       lat_kernel_way(kernel, LAT_BFLOAT16));
    lat_buf_puts(&req->reply.body, "}\n");
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
