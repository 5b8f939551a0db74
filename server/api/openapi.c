/* openapi.c - the contract itself, compiled in from schema/openapi.json. */
#include "openapi.h"

#include "../api.h"

static enum lat_code openapi_reply(struct latd_req *req)
{
    lat_buf_put(&req->reply.body, latd_openapi_json, latd_openapi_json_len);
    latd_reply_etag_body(req);
    return LAT_OK;
}

const struct latd_handler latd_openapi = {.reply = openapi_reply};
