/* meta.c - what the program says of itself: version, metrics, contract. */
#include "../api.h"

#include <config.h>

static enum lat_code version_reply(struct latd_req *req)
{
    lat_buf_printf(&req->reply.body,
                   "{\"name\":\"latentd\",\"version\":\"%s\"}\n",
                   PACKAGE_VERSION);
    return LAT_OK;
}

const struct latd_handler latd_version = {.reply = version_reply};
