/* validate.c - what would be done with each input; nothing is embedded. */
#include "../api.h"

#include "inputs.h"

static enum lat_code encode(struct latd_req *req, const struct latd_inputs *in)
{
    struct latd_validate_item *items = lat_calloc(in->asked.n, sizeof(*items));
    enum lat_code code;

    if (!items)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu inputs", in->asked.n);
    for (size_t i = 0; i < in->asked.n; i++) {
        items[i].windows = in->prepared[i].windows;
        items[i].image = in->prepared[i].image;
        items[i].picture = in->asked.inputs[i].picture;
        items[i].err = &in->prepared[i].err;
    }
    code = latd_wire_validate_encode(&req->reply.body, in->model->id,
                                     in->model->card, items, in->asked.n,
                                     &req->err);
    lat_free(items);
    return code;
}

static enum lat_code validate_reply(struct latd_req *req)
{
    struct latd_inputs in = {0};
    enum lat_code code = latd_inputs_init(&in, req, true);

    if (code == LAT_OK)
        code = encode(req, &in);
    latd_inputs_fini(&in);
    return code;
}

const struct latd_handler latd_validate = {.reply = validate_reply};
