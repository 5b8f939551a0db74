/* body.c - what kind of body it is, before anybody looks inside. */
#include "formats.h"

#include <string.h>
#include <strings.h>

static const char accepted[] =
    "application/json, multipart/form-data, application/octet-stream, "
    "text/csv, application/x-npy, application/edf, image/jpeg or image/png";

enum lat_code latd_wire_kind(enum latd_kind *kind, const struct latd_body *body,
                             struct lat_err *err)
{
    char type[64];
    size_t len;

    if (body->encoding && strcasecmp(body->encoding, "identity") != 0)
        return lat_fail(err, LAT_EMEDIA,
                        "Content-Encoding %.40s is not taken, only identity",
                        body->encoding);
    if (!body->type)
        return lat_fail(err, LAT_EMEDIA, "no Content-Type, expected %s",
                        accepted);
    len = strcspn(body->type, "; \t");
    if (len < sizeof(type)) {
        memcpy(type, body->type, len);
        type[len] = '\0';
        if (latd_kind_of(kind, type))
            return LAT_OK;
    }
    return lat_fail(err, LAT_EMEDIA, "Content-Type %.60s, expected %s",
                    body->type, accepted);
}
